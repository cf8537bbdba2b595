"""Of findings that are equally bad the gravest stands first, in the section as on the page; and each finding can be gone to."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, picture
from tfdash.gravity import GRAVEST_FIRST, gravity, only_too_much
from tfdash.judging.judge import judge_all
from tfdash.model.assessment import Assessment
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.usage import NodeMetrics, Usage, usage_key
from tfdash.model.verdict import Evidence, Level, UnknownKind, Verdict
from tfdash.playbook.registry import RULES
from tfdash.playbook.resources.policy import Price
from tfdash.playbook.resources.section import SECTION, read
from tfdash.playbook.section import Findings
from tfdash.playbook.waivers import RESOURCE_RULES
from tfdash.quantities import amounts
from tfdash.setting import Unfit
from tfdash.views.found import found_rows
from tfdash.views.resources.columns import VIEWS
from tfdash.views.resources.head import head_lines
from tfdash.views.resources.rows import of_object, sight

WEB = Subject(REF, "Deployment", "shop", "web")


def verdict(rule: str, subject: Subject = WEB, measured: float | None = None, **more: Any) -> Verdict:
    return Verdict(
        level=Level.WARN, rule=f"resources.{rule}", subject=subject, sentence=rule, measured=measured, **more
    )


BAND: dict[str, Any] = {"band": (60.0, 80.0), "limit": 100.0}
ORDER = (
    verdict("fits", measured=0.0, limit=9.0, evidence=Evidence(objects=(WEB._replace(kind="Pod"),))),
    verdict("fits", measured=1.0, limit=2.0),  # pods would not fit, and none waits
    verdict("volume", measured=93.0, band=(None, 80.0)),
    verdict("hpa", measured=8.0, limit=8.0),
    verdict("band.cpu", measured=104.0, **BAND),
    verdict("band.memory", measured=91.0, **BAND),
    verdict("limits"),
    verdict("rightsize"),
    verdict("band.cpu", measured=1.0, **BAND),
    verdict("band.cpu", measured=40.0, **BAND),
)


def test_what_stops_pods_is_said_before_what_costs_money() -> None:
    assert sorted(reversed(ORDER), key=gravity) == list(ORDER)
    assert [only_too_much(v) for v in ORDER] == [False] * 7 + [True] * 3
    subjects = [
        WEB._replace(name=f"web-{90 - i}") for i in range(len(ORDER))
    ]  # their names would say the contrary
    told = {
        s: (msgspec.structs.replace(one, subject=s, sentence=s.name),)
        for s, one in zip(subjects, ORDER, strict=True)
    }
    section = read(Findings(told, {}, {}, {}, None))
    of_page = [s.name for s, v in told.items() if v[0].rule != "resources.limits"]  # which Quotas tells
    assert [f.sentence for f in section.findings] == of_page
    assert section.detail == of_page[0]


def test_one_row_says_the_gravest_first() -> None:
    seen = sight(
        picture(),
        Assessment(at=NOW, number=1, workloads={}, verdicts={WEB: tuple(reversed(ORDER))}),
        None,
        NOW,
    )
    assert of_object(seen, *WEB[:4]).verdicts == ORDER


def test_each_rule_has_its_place() -> None:
    told = [rule for alike in GRAVEST_FIRST for rule in alike]
    assert len(told) == len(set(told)) and set(told) == set(RESOURCE_RULES)


def _who() -> list[tuple[str, str]]:
    """Rules and whom they judge; what is used has a row for as long as it is there."""
    said = {
        id: rule for rule in RULES for id in RESOURCE_RULES if id == rule.id or id.startswith(f"{rule.id}.")
    }
    return sorted({(id, k.KIND) for id, rule in said.items() for k in rule.judges if k is not Usage})


THERE = (
    HorizontalPodAutoscaler(namespace="shop", name="one", target_kind="Deployment", target_name="web"),
    ResourceQuota(namespace="shop", name="one"),
)


@pytest.mark.parametrize(("rule", "kind"), _who())
def test_each_finding_has_a_row_to_go_to(rule: str, kind: str) -> None:
    """On the page of resources, or on the list that its section names: Enter on it in the Overview leads there."""
    subject = Subject(REF, kind, "" if kind == "Node" else "shop", "one")
    about = Verdict(level=Level.WARN, rule=rule, subject=subject, sentence="something")
    assessment = Assessment(at=NOW, number=1, workloads={}, verdicts={subject: (about,)})
    seen = sight(picture(*THERE), assessment, None, NOW)
    there = any(row.subject[:4] == subject[:4] for view in VIEWS for row in view.rows(seen))
    mine = read(Findings(assessment.verdicts, {}, {}, {}, None))
    assert there or any(f.page not in ("", SECTION.target) for f in mine.findings)


def test_a_section_counts_whom_it_is_about_and_not_words() -> None:
    """As its page has rows and the Overview lines: two words of one workload are one."""
    both = (verdict("band.cpu", measured=40.0, **BAND), verdict("rightsize"))
    other = WEB._replace(name="api")
    told = {WEB: both, other: (verdict("rightsize", other),)}
    section = read(Findings(told, {}, {}, {}, None))
    rows = found_rows(
        [SectionState(id="r", title="R", level=Level.WARN, sentence="", findings=section.findings)]
    )
    assert (section.many, len(section.findings), len(rows)) == (2, 3, 2)


@pytest.mark.parametrize(
    ("levels", "first"), [((4, 6), "Quotas"), ((6, 4), "Resources"), ((0, 1), "Resources")]
)
def test_the_worse_section_is_told_first(levels: tuple[int, int], first: str) -> None:
    both = zip(("Resources", "Quotas"), levels, strict=True)
    said = [SectionState(id=t.lower(), title=t, level=Level(level), sentence=t) for t, level in both]
    top, other = ("".join(c if isinstance(c, str) else c[0] for c in line) for line in head_lines(said))
    assert first in top and first not in other


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW + 7200, "by its clock it was 2h from now, so that its clock is wrong"),
        (NOW - 7200, "by its clock it was 2h ago"),
    ],
)
def test_a_node_whose_clock_is_off_says_so(at: float, words: str) -> None:
    key = usage_key("Node", "", "n1")
    use = Usage(
        namespace="", name=key.name, of="Node", called="n1", at=0.0, window=0.0, source="metrics.k8s.io",
        allocatable=amounts({"cpu": "4", "memory": "8Gi"}), pods=12,
    )  # fmt: skip
    measured = NodeMetrics(namespace="", name="n1", at=at, window=15.0, usage=amounts({"cpu": "1"}))
    told = judge_all(picture(use, measured), NOW).verdicts[Subject(REF, "Usage", "", key.name)]
    for one in told:
        assert one.level is Level.UNKNOWN and one.sentence.endswith(words), one.sentence


@pytest.mark.parametrize(
    ("price", "why"),
    [
        ({"core_hour": 0.03}, "gib_hour: is not said, and core_hour is"),
        ({"gib_hour": 0.03}, "core_hour: is not said, and gib_hour is"),
        ({"node_hour": 1.0, "core_hour": 0.03}, "gib_hour: is not said"),
        ({}, "node_hour: is no price"),
    ],
)
def test_a_price_of_cores_alone_is_none(price: dict[str, float], why: str) -> None:
    """Else memory would cost nothing, and nobody had said so."""
    with pytest.raises(Unfit, match=why):
        Price(**price)


@pytest.mark.parametrize("why", [UnknownKind.LOADING, UnknownKind.NO_DATA])
def test_what_is_still_to_be_read_makes_no_row_of_its_own(why: UnknownKind) -> None:
    """Else each pod would stand among the workloads for a moment."""
    blind = Verdict(level=Level.UNKNOWN, rule="resources.fits", subject=WEB, sentence="", unknown=why)
    assessment = Assessment(at=NOW, number=1, workloads={}, verdicts={WEB: (blind,)})
    rows = VIEWS[0].rows(sight(picture(), assessment, None, NOW))
    assert len(rows) == (why is not UnknownKind.LOADING)
