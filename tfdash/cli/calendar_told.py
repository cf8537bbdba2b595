"""``tfdash calendar list | due | next | audit``: how the dated promises stand by what is on record."""

from __future__ import annotations

import argparse

from tfdash.cli.output import deliver
from tfdash.cli.promises import asked


def command(args: argparse.Namespace) -> int:
    """Exit 1: one of what is asked for is overdue; 2: of one it is not known."""
    from tfdash.cli.recorded import chosen
    from tfdash.report.maintenance import answer

    told = asked(args, chosen(args))
    if isinstance(told, int):
        return told
    text, code = answer(args.what, told.states, args.format, told.now, told.zone, told.look_back)
    return deliver(text, code)
