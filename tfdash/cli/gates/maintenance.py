"""``tfdash gate maintenance``: are the dated promises kept? One line a finding."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from tfdash.cli.gates.baseline_file import asked_of, with_baseline_written
from tfdash.cli.promises import AskedPromises, asked, without_memory
from tfdash.item_place import place_of
from tfdash.model.maintenance import ItemStanding, ItemState
from tfdash.model.section import SectionFinding
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.playbook.maintenance.section import rule_of
from tfdash.report.gates.answer import Explained, GateAnswer, GateCase
from tfdash.report.gates.judged import Suite, judged
from tfdash.report.maintenance import clash_lines, counts, json_of, worst_first
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.calendar.item import account_lines

_TOLD = (ItemStanding.OVERDUE, ItemStanding.NO_EVIDENCE, ItemStanding.WAIVED, ItemStanding.IN_PROGRESS)
_NOT_KNOWN = (ItemStanding.NO_EVIDENCE, ItemStanding.NOT_WATCHED, ItemStanding.WITHDRAWN)


def ask(args: argparse.Namespace) -> GateAnswer | int:
    """Exit 0: none is overdue; 1: one is; 2: of one it is not known."""
    from tfdash.cli.compose import clock_of
    from tfdash.cli.recorded import chosen

    config = chosen(args)
    environment = config.environment.name
    against = asked_of(args, environment, clock_of(config).now())
    told = asked(args, config)
    if isinstance(told, int):
        return told
    suite = suite_of(told.states, bool(args.item))
    more = without_memory(told.states, told.store, against.fail_on) if not args.item else ()
    suites = [
        suite._replace(level=max(suite.level, *(f.level for f in more)), findings=[*suite.findings, *more])
        if more
        else suite
    ]
    result = judged(suites, against, explained=_explained(told) if args.explain else None)
    first, *rest = lines(told.states)
    rest += [f"  {states.of_level(f.level).text}  {f.sentence}" for f in more]
    document = json_of("list", told.states, told.now, result.code)
    answer = GateAnswer(
        result.code,
        first,
        [first, *rest, *_ways(told), *_arithmetic(result.cases), *result.lines],
        {
            **document,
            "gate": args.what,
            "reason": "; ".join(f.sentence for f in more) or None,
            **result.document,
        },
        result.cases,
        told.now,
    )
    return with_baseline_written(answer, args, suites, environment, against)


def suite_of(found: Mapping[Subject, ItemState], named: bool) -> Suite:
    """``named``: one item is asked for, of which an answer is not known while nobody watches it; of all it is told and no fault."""

    def level(state: ItemState) -> Level:
        return Level.UNKNOWN if named and state.standing in _NOT_KNOWN else state.level

    findings = [
        SectionFinding(
            level=level(s),
            sentence=s.sentence,
            subject=s.subject,
            since=s.since,
            rule=rule_of(s),
            waived=s.standing is ItemStanding.WAIVED,
        )
        for s in sorted(found.values(), key=worst_first)
        if level(s) > Level.OK
    ]
    worst = max((f.level for f in findings), default=Level.OK)
    return Suite("maintenance", "Maintenance", lines(found)[0], worst, findings)


def _explained(told: AskedPromises) -> Explained:
    def explained(finding: SectionFinding) -> tuple[str, ...]:
        state = told.states.get(finding.of) if finding.of is not None else None
        return tuple(account_lines(state, told.zone)) if state is not None else ()

    return explained


def _arithmetic(cases: Sequence[GateCase]) -> list[str]:
    return [line for c in cases if c.details for line in ("", c.name, *c.details)]


def _ways(told: AskedPromises) -> list[str]:
    """What lies in the way of the next windows: told, and no fault."""
    return [f"  {line}" for line in clash_lines(list(told.states.values()), told.zone)]


def lines(found: Mapping[Subject, ItemState]) -> list[str]:
    """How many stand how, and below it one line a finding."""
    told = [f"{count} {word}" for word, count in counts(list(found.values())).items() if count]
    findings = sorted((s for s in found.values() if s.standing in _TOLD), key=worst_first)
    shared: dict[str, list[ItemState]] = {}
    for state in findings:  # one cause is one line
        shared.setdefault(state.cause or state.sentence + place_of(state.subject), []).append(state)
    return [
        ", ".join(told) or "no promise is dated",
        *(f"  {states.of_level(several[0].level).text}  {_finding(several)}" for several in shared.values()),
    ]


def _finding(several: Sequence[ItemState]) -> str:
    first = several[0]
    if len(several) == 1:
        return f"{safe(first.sentence)}  ({safe(place_of(first.subject))})"
    return f"{counted(len(several), 'promise')} not known: {safe(first.cause)}"
