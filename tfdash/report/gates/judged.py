"""Findings of a gate, held against what is asked: the mildest that fails, and a baseline. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tfdash.model.section import SectionFinding
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.report.gates.answer import (
    DEFAULT,
    Explained,
    GateCase,
    GateStanding,
    code_of_standings,
    counted_standings,
    in_words,
    standing_of,
    told_apart,
)
from tfdash.report.gates.baseline import (
    NEVER,
    Baseline,
    Compared,
    KnownFinding,
    compared,
    may_be_known,
    told_of,
)
from tfdash.text import safe
from tfdash.views.found import where
from tfdash.views.times import iso


class GateTerms(NamedTuple):
    """``writes``: a baseline is made of what is found, so that all of it counts as known."""

    fail_on: str = DEFAULT
    baseline: Baseline | None = None
    writes: bool = False
    namespace: str = ""


class Suite(NamedTuple):
    """A section: its title, its own sentence, and all that it tells."""

    id: str
    title: str
    sentence: str
    level: Level
    findings: Sequence[SectionFinding]


class Judged(NamedTuple):
    """``cases``: of every finding, in the order of the suites, and one of each that is well. ``lines``: what is said besides them;
    ``document``: what its JSON has of it."""

    code: int
    cases: tuple[GateCase, ...]
    lines: tuple[str, ...]
    document: Mapping[str, Any]

    def of(self, suite: Suite) -> list[GateCase]:
        return [case for case in self.cases if case.suite == suite.title and case.finding is not None]


def judged(
    suites: Sequence[Suite], asked: GateTerms, reason: str = "", explained: Explained | None = None
) -> Judged:
    """``reason``: why all is in doubt."""
    told = [(suite.id, finding) for suite in suites for finding in suite.findings]
    against = _against(told, suites, asked, blind=bool(reason))
    cases: list[GateCase] = []
    place = 0
    for suite in suites:
        mine = []
        for finding in suite.findings:
            known = (asked.writes and may_be_known(suite.id, finding)) or place in against.known
            standing = standing_of(finding, asked.fail_on, known)
            mine.append(
                GateCase(
                    suite.title,
                    _name(finding),
                    standing,
                    safe(finding.sentence),
                    finding.level,
                    explained(finding) if explained is not None else (),
                    finding,
                    against.notes.get(place, "") if standing is GateStanding.FAILS else "",
                )
            )
            place += 1
        if not any(case.standing in (GateStanding.FAILS, GateStanding.UNKNOWN) for case in mine):
            mine.append(GateCase(suite.title, "in order", None, safe(suite.sentence), suite.level))
        cases += told_apart(mine)
    code = code_of_standings((case.standing for case in cases), reason, asked.fail_on)
    return Judged(
        code, tuple(cases), tuple(_besides(against, asked, cases, code)), _document(cases, asked, against)
    )


def _against(
    told: list[tuple[str, SectionFinding]], suites: Sequence[Suite], asked: GateTerms, *, blind: bool
) -> Compared:
    if asked.baseline is None:
        return Compared(frozenset(), {}, (), ())
    dark = {s.id for s in suites if blind or any(f.level is Level.UNKNOWN for f in s.findings)}
    return compared(asked.baseline, told, {s.id for s in suites}, asked.namespace, dark)


def _name(finding: SectionFinding) -> str:
    at = where(finding.of)
    rule = safe(finding.rule)
    return f"{rule}: {at}" if rule and at else at or rule or "not known"


def _besides(against: Compared, asked: GateTerms, cases: Sequence[GateCase], code: int) -> list[str]:
    lines = [f"no longer there: {told_of(one)}" for one in against.gone]
    lines += [f"in the baseline, and not known now: {told_of(one)}" for one in against.unseen]
    if against.gone:
        lines.append(
            f"{counted(len(against.gone), 'finding')} of the baseline no longer there: write it anew"
        )
    set_aside = {GateStanding.WAIVED, GateStanding.IN_BASELINE} & {case.standing for case in cases}
    below = any(c.standing is GateStanding.TOLD and c.level >= Level.WARN for c in cases)
    if asked.baseline is not None or asked.writes or set_aside or below:
        lines.append(in_words(cases, code))
    return lines


def _document(cases: Sequence[GateCase], asked: GateTerms, against: Compared) -> dict[str, Any]:
    baseline = asked.baseline
    return {
        "fail_on": asked.fail_on,
        "standings": counted_standings(cases),
        "baseline": None
        if baseline is None
        else {
            "written_at": iso(baseline.written_at),
            "written_by": safe(baseline.written_by),
            "gone": [_gone(one) for one in against.gone],
            "not_known_now": [_gone(one) for one in against.unseen],
        },
    }


def _gone(one: KnownFinding) -> dict[str, Any]:
    return {
        "section": safe(one.section),
        "rule": safe(one.rule),
        "level": one.level.name,
        "subject": where(one.subject) or None,
        "sentence": safe(one.sentence),
    }


def never_excused(suites: Sequence[Suite]) -> int:
    """How many findings no baseline takes, for what they are of."""
    return sum(s.id in NEVER and f.level >= Level.WARN and not f.waived for s in suites for f in s.findings)


def mark(case: GateCase) -> str:
    """What is written behind a finding's line, where its standing is not what its level says."""
    if case.standing is GateStanding.IN_BASELINE:
        return "  [in the baseline]"
    if case.standing is GateStanding.TOLD and case.level >= Level.WARN:
        return "  [below --fail-on]"
    return f"  [new: {case.note}]" if case.note else ""
