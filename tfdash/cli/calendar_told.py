"""``tfdash calendar list | due | next | audit``: how the dated promises stand by what is on record."""

from __future__ import annotations

import argparse
from zoneinfo import ZoneInfo

from tfdash.cli.output import deliver
from tfdash.cli.parser import UNKNOWN, USAGE
from tfdash.cli.promises import SECTIONS, of_item, states_of


def command(args: argparse.Namespace) -> int:
    """Exit 1: one of what is asked for is overdue; 2: of one it is not known."""
    from tfdash.cli.compose import board_of, clock_of, judge_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.report.maintenance import answer

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    clock = clock_of(config)
    board, _ = board_of(config, settings, clock, remembering=True, judge=judge_of(settings, of=SECTIONS))
    found = states_of(board, settings)
    board.stop()
    if found is None:
        return UNKNOWN
    if args.item and not (found := of_item(found, args.item)):
        return USAGE
    text, code = answer(
        args.what, found, args.format, clock.now(), ZoneInfo(config.zone), settings.maintenance.look_back
    )
    return deliver(text, code)
