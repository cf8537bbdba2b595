"""``tfdash gate resources``: is the platform inside its bands and quotas? One line a finding."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection

from tfdash.cli.headless import no_namespace, settle, weeks_judged, weeks_lacking, weeks_of_these
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import OK, UNKNOWN, program
from tfdash.judging.narrowed import sections_within
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import JUDGED
from tfdash.model.picture import Picture
from tfdash.model.section import SectionFinding, SectionState
from tfdash.model.verdict import Level
from tfdash.report.gather import code_of, counted
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.found import where

_FIRST = 20.0  # seconds for all sources to settle
SECTIONS = ("resources", "quotas")


def gate_resources(args: argparse.Namespace) -> int:
    """Exit 0: all in order; 1: something is WARN or BREACH; 2: something is not known. With ``--wait`` it waits for what is not seen
    for long enough, and for the days of use that the store does not keep."""
    from tfdash.cli.compose import board_of, clock_of, judge_of, scope_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    judge = judge_of(settings, of=SECTIONS)
    board, sources = board_of(
        config, settings, clock_of(config), probing=True, remembering=True, weeks=True, judge=judge
    )
    scope = scope_of(args, config.environment, sources)
    weeks_of_these(board, scope, ask=args.wait > 0)

    def enough(settled: bool, took: float) -> bool:
        if not settled:
            return False
        found = sections_of(board.picture, board.assessment, args.namespace)
        return took >= args.wait or (code_in(found) != UNKNOWN and weeks_judged(board))

    late = settle(board, dict.fromkeys(JUDGED, scope), max(_FIRST, args.wait), enough=enough)
    found = sections_of(board.picture, board.assessment, args.namespace)
    lacking = weeks_lacking(board)
    nowhere = no_namespace(board, scope, _FIRST) if args.namespace else ""
    board.stop()
    reason = nowhere or (f"not settled: {', '.join(late)}" if late else "")
    code = UNKNOWN if reason and code_in(found) == OK else code_in(found)
    code = UNKNOWN if nowhere else code
    text = as_json(found, code, reason) if args.format == "json" else "\n".join(lines(found))
    code = deliver(text, code)
    if reason:
        narrate(f"{program()}: {safe(reason)}")
    if lacking:
        narrate(f"{program()}: {lacking}; --wait 10m asks for them, {program()} rightsize keeps them too")
    return code


def sections_of(
    picture: Picture, assessment: Assessment, namespace: str, ids: Collection[str] = SECTIONS
) -> tuple[SectionState, ...]:
    """Those of the resources, or of ``ids``; of one namespace where one is named."""
    every = sections_within(picture, assessment, {namespace}) if namespace else assessment.sections
    return tuple(s for s in every if s.id in ids)


def code_in(found: tuple[SectionState, ...]) -> int:
    """As every gate has it; sections that nobody judged are not known."""
    return code_of([Level(s.level) for s in found] or [Level.UNKNOWN], ())


def _findings(section: SectionState, least: Level) -> list[SectionFinding]:
    return [f for f in section.findings if f.level >= least]


def lines(found: tuple[SectionState, ...], least: Level = Level.PAUSED) -> list[str]:
    """The line of each section, and below it one a finding: what somebody answers for too, waived or kept up, which is no fault."""
    told = []
    for section in found:
        state = states.LOADING if section.loading else states.of_level(Level(section.level))
        told.append(f"{section.title}: {state.text}  {safe(section.sentence)}")
        for one in _findings(section, least):
            of = where(one.subject)
            told.append(
                f"  {states.of_level(one.level).text}  {safe(one.sentence)}{f'  ({of})' if of else ''}"
            )
    return told


def as_json(found: tuple[SectionState, ...], code: int, reason: str, least: Level = Level.PAUSED) -> str:
    """With how many findings there are of each level."""
    findings = [(section, one) for section in found for one in _findings(section, least)]
    return json.dumps(
        {
            "schema_version": 1,
            "exit_code": code,
            "counts": counted(one.level for _, one in findings),
            "reason": safe(reason) or None,
            "sections": [
                {"id": s.id, "level": Level(s.level).name, "sentence": safe(s.sentence)} for s in found
            ],
            "findings": [
                {
                    "section": section.id,
                    "level": one.level.name,
                    "subject": where(one.subject) or None,
                    "sentence": safe(one.sentence),
                    "since": one.since,
                }
                for section, one in findings
            ],
        },
        indent=2,
        ensure_ascii=False,
    )
