"""``tfdash gate certificates``: are all renewed in time? One line a finding."""

from __future__ import annotations

import argparse

from tfdash.cli.gateresources import as_json, code_in, lines, sections_of
from tfdash.cli.headless import no_namespace, settle
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import OK, UNKNOWN, program
from tfdash.model.kinds import JUDGED
from tfdash.model.verdict import Level
from tfdash.text import safe

_FIRST = 20.0  # seconds for all sources to settle
SECTIONS = ("certificates",)
LEAST = Level.MOVING
"""What is under way is told: it may wait for an issuer that there is not."""


def gate_certificates(args: argparse.Namespace) -> int:
    """Exit 0: all in order, or under way, which is told; 1: something is WARN or BREACH; 2: something is not known."""
    from tfdash.cli.compose import board_of, clock_of, judge_of, scope_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    judge = judge_of(settings, of=SECTIONS)
    board, sources = board_of(config, settings, clock_of(config), probing=True, judge=judge)
    scope = scope_of(args, config.environment, sources)
    late = settle(board, dict.fromkeys(JUDGED, scope), max(_FIRST, args.wait))
    found = sections_of(board.picture, board.assessment, args.namespace, SECTIONS)
    nowhere = no_namespace(board, scope, _FIRST) if args.namespace else ""
    board.stop()
    reason = nowhere or (f"not settled: {', '.join(late)}" if late else "")
    code = UNKNOWN if nowhere or (reason and code_in(found) == OK) else code_in(found)
    text = as_json(found, code, reason, LEAST) if args.format == "json" else "\n".join(lines(found, LEAST))
    code = deliver(text, code)
    if reason:
        narrate(f"{program()}: {safe(reason)}")
    return code
