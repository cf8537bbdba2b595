"""The gates of sections: what each tells, one line a finding. Exit 1 where something is WARN or BREACH, 2 where something is not known."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from tfdash.cli.gates import GATES, Gate
from tfdash.cli.gates.baseline_file import asked_of, with_baseline_written
from tfdash.cli.headless import no_namespace, settle, weeks_judged, weeks_lacking, weeks_of_these
from tfdash.cli.parser import UNKNOWN, program
from tfdash.judging.narrowed import sections_within
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import JUDGED
from tfdash.model.made import MADE
from tfdash.model.picture import Picture
from tfdash.model.section import MOST, SectionFinding, SectionState
from tfdash.model.verdict import Level, Verdict
from tfdash.report.gates.answer import OK, GateAnswer, findings_of, in_doubt
from tfdash.report.gates.judged import Judged, Suite, judged, mark
from tfdash.report.gather import counted
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.found import where
from tfdash.views.why import behind

_FIRST = 20.0  # seconds for all sources to settle


def ask(args: argparse.Namespace) -> GateAnswer | int:
    """With ``--wait`` it waits for what is not seen for long enough, and for the days of use that the store does not keep."""
    from tfdash.cli.compose import board_of, clock_of, scope_of
    from tfdash.cli.promises import SECTIONS, live_kinds, without_memory
    from tfdash.cli.recorded import chosen
    from tfdash.config.load import load

    gate = GATES[args.what]
    config = chosen(args)
    clock = clock_of(config)
    asked = asked_of(args, config.environment.name, clock.now())
    settings = load(config.path)
    board, sources = board_of(
        config, settings, clock, probing=True, remembering=gate.store, weeks=gate.weeks, of=gate.sections
    )
    scope = scope_of(args, config.environment, sources)
    if gate.weeks:
        weeks_of_these(board, scope, ask=args.wait > 0)

    def found_now() -> tuple[SectionState, ...]:
        return sections_of(board.picture, board.assessment, asked.namespace, gate.sections)

    def enough(settled: bool, took: float) -> bool:
        if not settled:
            return False
        return took >= args.wait or (
            judged(suites_of(found_now()), asked).code != UNKNOWN and weeks_judged(board)
        )

    kinds = {**(live_kinds(settings) if gate.store else {}), **dict.fromkeys(kinds_of(gate.sections), scope)}
    late = settle(board, kinds, max(_FIRST, args.wait), enough=enough if gate.weeks else None)
    picture, assessment = board.picture, board.assessment
    found = sections_of(picture, assessment, asked.namespace, gate.sections)
    lacking = weeks_lacking(board) if gate.weeks else ""
    nowhere = no_namespace(board, scope, _FIRST) if asked.namespace else ""
    board.stop()
    promises = assessment.maintenance or {}
    more = without_memory(promises, picture.store_state, asked.fail_on) if gate.store else ()
    if not asked.namespace:
        found = tuple(with_more(s, more) if s.id in SECTIONS else s for s in found)
    reason = why_in_doubt(found, late, nowhere)
    remedy = f"; --wait 10m asks for them, {program()} rightsize keeps them too"
    days = f"{lacking}{remedy if config.recorded is None else ' then'}" if lacking else ""

    def explained(finding: SectionFinding) -> tuple[str, ...]:
        return tuple(line for v in verdicts_of(assessment, finding) for line in behind(v, clock.now()))

    result = judged(suites_of(found), asked, reason, explained if args.explain else None)
    if days and (code := without_weeks(result.code, asked.fail_on)) != result.code:
        result, reason = result._replace(code=code), safe(days)
    answer = answer_of(found, result, gate, args.what, reason, (days,) if days else (), clock.now())
    return with_baseline_written(answer, args, suites_of(found), config.environment.name, asked, days)


def why_in_doubt(found: Sequence[SectionState], late: Sequence[str], nowhere: str = "") -> str:
    """Why nothing of it is a yes, "" where it may be one."""
    return safe(
        nowhere or (f"not settled: {', '.join(late)}" if late else "" if found else "nothing was judged")
    )


def kinds_of(ids: Collection[str]) -> tuple[str, ...]:
    """Which kinds are read for the sections of ``ids``, () is all: those that they rest on; where one of these is made of others, every one."""
    from tfdash.playbook.registry import SECTIONS, kinds_behind

    wanted = kinds_behind(section for section in SECTIONS if section.id in ids) if ids else MADE.keys()
    return JUDGED if MADE.keys() & wanted else tuple(kind for kind in JUDGED if kind in wanted)


def with_more(section: SectionState, more: tuple[SectionFinding, ...]) -> SectionState:
    """The section with findings that its gate has beside its own."""
    level = Level(max(section.level, *(f.level for f in more))) if more else section.level
    return msgspec.structs.replace(section, level=level, findings=(*section.findings, *more))


def without_weeks(code: int, fail_on: str) -> int:
    """The code where days of use were not read: bands warn, and a warning that was not looked for is no yes to who asks for warnings."""
    return UNKNOWN if code == OK and fail_on != "breach" else code


def sections_of(
    picture: Picture, assessment: Assessment, namespace: str, ids: Collection[str]
) -> tuple[SectionState, ...]:
    """Those of ``ids``, () is all; of one namespace where one is named; with every finding. () where nothing was judged."""
    if not assessment.sections:
        return ()
    if namespace:
        return sections_within(picture, assessment, {namespace}, ids, sys.maxsize)
    mine = [s for s in assessment.sections if not ids or s.id in ids]
    long = {s.id for s in mine if len(s.findings) > MOST}  # which the judge cuts: all of them are asked for
    whole = sections_within(picture, assessment, None, long, sys.maxsize) if long else ()
    return tuple(next((w for w in whole if w.id == s.id), s) for s in mine)


def suites_of(found: Sequence[SectionState]) -> list[Suite]:
    return [Suite(s.id, s.title, s.sentence, Level(s.level), findings_of(s)) for s in found]


def verdicts_of(assessment: Assessment, finding: SectionFinding) -> list[Verdict]:
    """What the rule behind a finding said of its object."""
    subject = finding.of
    if subject is None:
        return []
    said = assessment.verdicts.get(subject) or assessment.verdicts.get(subject._replace(uid=""), ())
    more = assessment.versions.verdicts if assessment.versions is not None else ()
    return [v for v in (*said, *more) if v.rule == finding.rule and v.sentence == finding.sentence]


def answer_of(
    found: Sequence[SectionState],
    result: Judged,
    gate: Gate,
    what: str,
    reason: str,
    told: tuple[str, ...],
    now: float,
) -> GateAnswer:
    least = Level[gate.least]
    return GateAnswer(
        result.code,
        "; ".join(f"{s.title}: {_state(s)} {safe(s.sentence)}" for s in found),
        [*lines(found, result, least), *result.lines],
        document(found, result, what, reason, least),
        (
            *(c for c in result.cases if c.finding is None or c.level >= least),
            *in_doubt(what, reason, result.code),
        ),
        now,
        reason,
        told,
    )


def _state(section: SectionState) -> str:
    return (states.LOADING if section.loading else states.of_level(Level(section.level))).text


def lines(found: Sequence[SectionState], result: Judged, least: Level) -> list[str]:
    """The line of each section, and below it one a finding: what somebody answers for too, waived or kept up, which is no fault."""
    told = []
    for section, suite in zip(found, suites_of(found), strict=True):
        told.append(f"{section.title}: {_state(section)}  {safe(section.sentence)}")
        cases = [c for c in result.of(suite) if c.level >= least and c.finding in section.findings]
        for case in cases[:MOST]:
            of = where(case.finding.subject if case.finding is not None else None)
            at = f"  ({of})" if of else ""
            told.append(f"  {states.of_level(case.level).text}  {case.sentence}{at}{mark(case)}")
            told += [f"  {line}" for line in case.details]
        if len(cases) > MOST:
            told.append(f"  {len(cases) - MOST} more of {section.title}: --format json has them all")
    return told


def document(
    found: Sequence[SectionState], result: Judged, what: str, reason: str, least: Level
) -> dict[str, Any]:
    """With how many findings there are of each level."""
    rows = [
        (section, case)
        for section, suite in zip(found, suites_of(found), strict=True)
        for case in result.of(suite)
        if case.level >= least and case.finding in section.findings
    ]
    return {
        "schema_version": 1,
        "gate": what,
        "exit_code": result.code,
        "counts": counted(case.level for _, case in rows),
        "reason": reason or None,
        **result.document,
        "sections": [{"id": s.id, "level": Level(s.level).name, "sentence": safe(s.sentence)} for s in found],
        "findings": [
            {
                "section": section.id,
                "level": case.level.name,
                "subject": where(case.finding.subject) or None,
                "sentence": case.sentence,
                "since": case.finding.since,
                "rule": safe(case.finding.rule) or None,
                "standing": case.standing,
                "note": case.note or None,
                "many": case.finding.many,
                "explained": list(case.details),
            }
            for section, case in rows
            if case.finding is not None
        ],
    }
