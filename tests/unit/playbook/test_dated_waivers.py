"""Waivers of what is told of certificates and of versions: shown as waived everywhere, hidden nowhere, and no way round the soak."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.reports import snapshot_of
from tests.unit.cli.gated import gated
from tests.unit.playbook import making
from tests.unit.playbook.certificates.kept import DAY, certificate, issuer
from tests.unit.playbook.versions.making import HOUR, NOW
from tests.unit.playbook.versions.test_stored import PDB, release
from tests.unit.report.test_versions_report import stored
from tests.unit.test_judging_versions import ALL, NOTHING, picture
from tfdash.cli.gates import versions as gateversions
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.dated_rules import HELM, SERVED, SUPPORT
from tfdash.model.picture import Change, Picture
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.policies import Policies
from tfdash.playbook.versions.production import PRODUCTION as MAY_GO
from tfdash.playbook.waivers import FindingWaiver, Waivers
from tfdash.views.versions import lines

ZONE = ZoneInfo("UTC")


def waiver(rule: str, ends: float, **over: str) -> FindingWaiver:
    until = datetime.fromtimestamp(ends, UTC).replace(tzinfo=None)
    return FindingWaiver(rule=rule, who="jo", why="ticket 42", until=until, **over)


def judge_of(*table: FindingWaiver) -> Judge:
    return Judge(policies=Policies(waivers=Waivers(table)))


def said(assessment: Assessment, rule: str) -> list[Verdict]:
    assert assessment.versions is not None
    return [v for v in assessment.versions.verdicts if v.rule == rule and v.level > Level.OK]


# -- versions ------------------------------------------------------------------------------------------------------------

BROKEN = stored(picture(NOW, {"old": "v1.34.9"}), release(PDB), release(PDB, called="api"))


def test_one_release_is_waived_until_its_day_and_the_other_is_not() -> None:
    judge = judge_of(waiver(HELM, NOW + HOUR, namespace="shop", kind="StoredRelease", name="web"))
    found, _ = judge.assess(BROKEN, ALL, NOW)
    told = {v.subject.name: v for v in said(found, HELM)}
    assert (told["web"].level, told["web"].waived) == (Level.PAUSED, True)
    assert told["web"].sentence.startswith(
        "waived by jo until 2026-11-24 16:00: ticket 42; Helm cannot upgrade shop/web"
    )
    assert told["api"].level is Level.BREACH
    due = judge.due_at()
    assert due is not None and due <= NOW + HOUR
    found, _ = judge.assess(BROKEN, NOTHING, NOW + HOUR)
    assert [v.level for v in said(found, HELM) if v.subject.name == "web"] == [Level.BREACH], "by itself"


def test_what_is_waived_is_counted_and_shown_as_that_on_page_report_gate_and_overview() -> None:
    found, _ = judge_of(waiver("versions.*", NOW + DAY)).assess(BROKEN, ALL, NOW)
    state = found.versions
    assert state is not None
    waived = [v for v in state.verdicts if v.waived]
    assert {v.rule for v in waived} >= {HELM, SUPPORT}
    assert not [v for v in state.verdicts if v.level >= Level.WARN]
    page = "\n".join(lines(state, BROKEN.store_state.versions, "UTC"))
    gate = "\n".join(gateversions.lines(state))
    report, _ = snapshot_of(BROKEN, found, "versions", None, "text", NOW, ZONE)
    document = json.loads(snapshot_of(BROKEN, found, "versions", None, "json", NOW, ZONE)[0])
    for text in (page, gate, report):
        assert text.count("waived by jo until 2026-11-25 15:00: ticket 42; ") == len(waived)
    assert document["counts"]["PAUSED"] == len(waived) and document["counts"]["BREACH"] == 0
    section = next(s for s in found.sections if s.id == "versions")
    assert len([f for f in section.findings if "waived by jo" in f.sentence]) == len(waived)
    assert section.level is not Level.OK


def test_what_is_to_happen_before_production_is_not_waived_by_any_pattern() -> None:
    found, _ = judge_of(waiver("*", NOW + DAY)).assess(BROKEN, ALL, NOW)
    [verdict] = said(found, MAY_GO) or [v for v in found.versions.verdicts if v.rule == MAY_GO]  # type: ignore[union-attr]
    assert not verdict.waived
    plain, _ = judge_of().assess(BROKEN, ALL, NOW)
    assert verdict in plain.versions.verdicts  # type: ignore[union-attr]
    assert gateversions.code_in(found.versions) == gateversions.code_in(plain.versions)


def test_what_is_not_known_is_not_waived() -> None:
    odd = stored(picture(NOW, {"a": "v1.37.2"}), release(odd="1 of 2 objects cannot be read"))
    found, _ = judge_of(waiver("*", NOW + DAY)).assess(odd, ALL, NOW)
    assert [(v.level, v.waived) for v in said(found, HELM)] == [(Level.UNKNOWN, False)]


# -- certificates --------------------------------------------------------------------------------------------------------

EXPIRED = certificate(
    name="old", uid="o", secret="o", not_after=making.NOW - DAY, renewal=making.NOW - 40 * DAY
)


def _kept(p: Picture, *table: FindingWaiver) -> Assessment:
    keys = {(making.REF, kind): None for kind in p.clusters[making.REF].kinds}
    change = Change(keys=keys, freshness=frozenset(), signals=None, store=None)
    return judge_of(*table).assess(p, change, making.NOW)[0]


def test_a_certificate_is_waived_as_a_finding_of_resources_is() -> None:
    p = making.picture(EXPIRED, certificate(), issuer())
    mine = waiver("certificates.managed", making.NOW + DAY, namespace="a", kind="Certificate", name="old")
    for table, worst in (((), Level.BREACH), ((mine,), Level.PAUSED)):
        found = _kept(p, *table)
        sections = tuple(s for s in found.sections if s.id == "certificates")
        told = [f for f in sections[0].findings if f.subject is not None and f.subject.name == "old"]
        assert [f.level for f in told] == [worst]
        answer = gated(sections, "certificates")
        assert ("waived by jo" in "\n".join(answer.lines)) is bool(table)
        text, _ = snapshot_of(p, found, "certificates", None, "text", making.NOW, ZONE)
        assert ("waived by jo" in text) is bool(table)
        assert answer.document["counts"]["PAUSED"] == answer.document["standings"]["waived"] == len(table)
        assert answer.code == (0 if table else 1)


def test_a_waiver_of_a_warning_leaves_what_it_becomes() -> None:
    late = certificate(name="old", uid="o", secret="o", renewal=making.NOW - 40 * DAY)
    for one, level in ((late, Level.PAUSED), (EXPIRED, Level.BREACH)):
        found = _kept(making.picture(one, issuer()), waiver("certificates.*", making.NOW + DAY, worst="warn"))
        [said_of] = [
            f for s in found.sections if s.id == "certificates" for f in s.findings if f.level >= Level.PAUSED
        ]
        assert said_of.level is level
    gone = _kept(making.picture(EXPIRED, issuer()), waiver("certificates.*", making.NOW + DAY))
    assert next(f.level for s in gone.sections if s.id == "certificates" for f in s.findings) is Level.PAUSED


def test_a_waiver_of_one_rule_leaves_the_others() -> None:
    p = making.picture(EXPIRED, issuer())
    found = _kept(p, waiver(SERVED, making.NOW + DAY))
    section = next(s for s in found.sections if s.id == "certificates")
    assert section.level is Level.BREACH
