"""Waivers: what they cover, until when, and what is said of a finding meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.playbook.making import NOW, REF, deployment, picture
from tests.unit.playbook.resources.test_bands import usage
from tfdash.config.load import table_of
from tfdash.config.problems import ConfigError
from tfdash.config.settings import Settings
from tfdash.judging.judge import Judge
from tfdash.model.dated_rules import OF_CERTIFICATES, OF_VERSIONS
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.certificates import section as certificates
from tfdash.playbook.policies import Policies
from tfdash.playbook.registry import RULES
from tfdash.playbook.resources.section import OF_QUOTAS, OF_RESOURCES
from tfdash.playbook.versions.production import PRODUCTION, SOAK
from tfdash.playbook.waivers import RESOURCE_RULES, WAIVABLE, FindingWaiver, Waivers, said_of_ended

HOT = usage(*(90.0,) * 61)
ENDS = NOW + 3600
WEB = Subject(REF, "Deployment", "a", "checkout")


def waiver(ends: float = ENDS, **over: Any) -> FindingWaiver:
    until = datetime.fromtimestamp(ends, UTC).replace(tzinfo=None)
    return FindingWaiver(
        **({"rule": "resources.band.cpu", "who": "jo", "why": "ticket 42", "until": until} | over)
    )


def started(*table: FindingWaiver, now: float = NOW) -> tuple[Judge, Picture]:
    judge = Judge(policies=Policies(waivers=Waivers(table)))
    seen = picture(deployment(), HOT)
    keys = {(REF, kind): None for kind in seen.clusters[REF].kinds}
    judge.assess(seen, Change(keys=keys, freshness=frozenset(), signals=None, store=None), now)
    return judge, seen


def cpu(judge: Judge, seen: Picture, now: float) -> Verdict:
    told = judge.assess(seen, Change(keys={}, freshness=frozenset(), signals=None, store=None), now)[0]
    return next(v for v in told.verdicts[WEB] if v.rule == "resources.band.cpu")


def test_what_is_waived_is_neither_a_finding_nor_well_and_comes_back_by_itself() -> None:
    judge, seen = started(waiver())
    told = cpu(judge, seen, NOW)
    assert (told.level, told.waived) == (Level.PAUSED, True)
    assert told.sentence.startswith(
        "waived by jo until 1970-01-12 14:46: ticket 42; checkout: cpu 90 % of its request"
    )
    due = judge.due_at()
    assert due is not None and due <= ENDS  # what is due before is the soak's
    assert cpu(judge, seen, ENDS - 1).waived
    back = cpu(judge, seen, ENDS)
    assert (back.level, back.waived) == (Level.WARN, False)


@pytest.mark.parametrize(
    ("over", "covered"),
    [
        ({}, True),
        ({"rule": "resources.band.*"}, True),
        ({"rule": "resources.band.memory"}, False),
        ({"environment": "prod*", "namespace": "a", "kind": "Deployment", "name": "check*"}, True),
        ({"environment": "staging"}, False),
        ({"namespace": "b"}, False),
        ({"kind": "StatefulSet"}, False),
        ({"name": "web"}, False),
    ],
)
def test_what_it_covers(over: dict[str, Any], covered: bool) -> None:
    assert waiver(**over).covers("resources.band.cpu", WEB) is covered


def test_what_a_namespace_uses_is_that_namespace() -> None:
    shop = Subject(REF, "Usage", "", "Namespace/shop")
    assert waiver(namespace="shop", kind="Namespace", name="shop").covers("resources.band.cpu", shop)
    assert not waiver(namespace="a").covers("resources.band.cpu", shop)


def test_only_what_these_pages_tell_may_be_waived() -> None:
    """Resources, certificates, and what version runs."""
    of_resources = {rule for rule in (*OF_RESOURCES, *OF_QUOTAS) if rule != "resources.band"}
    assert of_resources == set(RESOURCE_RULES)
    assert of_resources | {*OF_CERTIFICATES, *OF_VERSIONS} == set(WAIVABLE)
    dated = {rule.id for rule in RULES if rule.id.startswith(("resources.", "certificates."))}
    assert dated - {"resources.band"} <= set(WAIVABLE) >= set(certificates.SECTION.behind or ())
    assert not {PRODUCTION, SOAK} & set(WAIVABLE)


def test_one_that_ended_is_said_and_has_no_effect() -> None:
    judge, seen = started(waiver(NOW))
    assert cpu(judge, seen, NOW).level is Level.WARN
    (words,) = said_of_ended(Waivers((waiver(NOW),)), NOW)
    assert words.startswith("the waiver of resources.band.cpu by jo ended 1970-01-12 13:46")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"rule": "resources.limit"}, 'did you mean "resources.limits"?'),
        ({"rule": "workload.serves"}, "is no rule that can be waived"),
        ({"rule": "versions.production"}, "is no rule that can be waived"),
        ({"rule": "versions.soak"}, "is no rule that can be waived"),
        ({"who": " "}, "a waiver names who answers for it"),
        ({"until": "soon"}, "is no local time"),
    ],
)
def test_what_cannot_be_meant_is_refused(row: dict[str, str], told: str) -> None:
    good = {"rule": "resources.*", "who": "jo", "why": "ticket 42", "until": "2027-01-31"}
    assert table_of(Settings, {"policy": {"waivers": [good]}}).policy.waivers[0].namespace == "*"
    with pytest.raises(ConfigError) as caught:
        table_of(Settings, {"policy": {"waivers": [good | row]}})
    assert told in str(caught.value)
