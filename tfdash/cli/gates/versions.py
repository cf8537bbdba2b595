"""``tfdash gate versions``: may the next version of Kubernetes go to production?"""

from __future__ import annotations

import argparse
from typing import Any

from tfdash.cli.headless import settle
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN
from tfdash.model.kubecluster import Node
from tfdash.model.verdict import Level, Verdict
from tfdash.model.versions import VersionsState
from tfdash.playbook.versions.production import PRODUCTION
from tfdash.report.gates.answer import GateAnswer, question
from tfdash.sources.base import ALL
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.why import behind

SECTION = "versions"
_FIRST = 20.0  # seconds for all sources to settle


def ask(args: argparse.Namespace) -> GateAnswer:
    """Exit 0: it may; 1: it may not yet, or none waits; 2: that is not known, or this is not production."""
    from tfdash.cli.compose import board_of, clock_of
    from tfdash.cli.recorded import chosen
    from tfdash.config.load import load

    config = chosen(args)
    clock = clock_of(config)
    board, _ = board_of(config, load(config.path), clock, remembering=True)
    late = settle(board, {Node.KIND: ALL}, max(_FIRST, args.wait))
    state = board.assessment.versions
    unread = next((s.sentence for s in board.assessment.sections if s.id == SECTION and s.unknown), "")
    board.stop()
    reason = f"not settled: {', '.join(late)}" if late else ""
    code = code_in(state)
    code = UNKNOWN if reason and code == OK else code
    explained = explain(state, clock.now()) if args.explain else []
    first, *others = lines(state, unread)
    return GateAnswer(
        code,
        first,
        [first, *others, *explained],
        {**as_json(state, code, reason), "explained": explained},
        question(
            code,
            "Kubernetes",
            "the next version may go to production",
            first,
            [*others, *explained],
            safe(reason),
        ),
        clock.now(),
        safe(reason),
    )


def explain(state: VersionsState | None, now: float) -> list[str]:
    """All that was said of what runs and of what is to come, with its arithmetic."""
    told = []
    for verdict in state.verdicts if state is not None else ():
        told += ["", f"{states.of_verdict(verdict).text}  {safe(verdict.sentence)}", *behind(verdict, now)]
    return told


def answer_of(state: VersionsState | None) -> Verdict | None:
    """What the rule says of production's next version; None where it was not asked."""
    return next((v for v in state.verdicts if v.rule == PRODUCTION), None) if state is not None else None


def code_in(state: VersionsState | None) -> int:
    answer = answer_of(state)
    if state is None or answer is None or answer.level in (Level.UNKNOWN, Level.IDLE):
        return UNKNOWN
    return OK if answer.level < Level.PAUSED and state.next else FINDINGS


def _others(state: VersionsState | None) -> list[Verdict]:
    """What else is worse than well, told and no part of the answer."""
    told = [v for v in state.verdicts if v.rule != PRODUCTION and v.level > Level.OK] if state else []
    return sorted(told, key=lambda v: -v.level)


def lines(state: VersionsState | None, unread: str = "") -> list[str]:
    """``unread``: what of the clusters could not be read."""
    answer = answer_of(state)
    word = {OK: "yes", FINDINGS: "no", UNKNOWN: "not known"}[code_in(state)]
    said = unread or ("this is not production" if state is not None else "nothing was read")
    if answer is not None:
        said = answer.sentence
    return [
        f"{word}: {safe(said)}",
        *(f"  {states.of_level(v.level).text}  {safe(v.sentence)}" for v in _others(state)),
    ]


def as_json(state: VersionsState | None, code: int, reason: str) -> dict[str, Any]:
    answer = answer_of(state)
    return {
        "schema_version": 1,
        "exit_code": code,
        "reason": safe(reason) or None,
        "next": safe(state.next) or None if state is not None else None,
        "running": safe(state.running) if state is not None else None,
        "level": answer.level.name if answer is not None else None,
        "sentence": safe(answer.sentence) if answer is not None else None,
        "findings": [
            {"level": v.level.name, "rule": v.rule, "sentence": safe(v.sentence)} for v in _others(state)
        ],
    }
