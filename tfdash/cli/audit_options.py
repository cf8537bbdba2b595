"""The words of ``tfdash audit``."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add(
    parser: argparse.ArgumentParser, made: type[argparse.ArgumentParser], count: Callable[[str], int]
) -> None:
    """``made``: the class of the parsers below it; ``count``: reads a whole number."""
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=made)
    tail = whats.add_parser("tail", help="the last entries, of this user's terminals and the shared store")
    tail.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    tail.add_argument("-l", "--lines", type=count, default=20, metavar="N", help="how many (20)")
    verify = whats.add_parser(
        "verify", help="is it whole; exit 0 yes, 1 no, 2 something could not be looked at"
    )
    verify.add_argument(
        "--anchor", action="append", default=[], metavar="FILE", help="heads that somebody else kept"
    )
    verify.add_argument("--format", choices=("text", "json"), default="text")
    export = whats.add_parser("export", help="all entries, for other tools")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl")
    migrate = whats.add_parser("migrate", help="make the shared store's tables, as their owner")
    for one in (tail, verify, export, migrate):
        one.add_argument("--config", metavar="FILE", help="configuration")
    for one in (tail, verify, export):
        one.add_argument(
            "--file", action="append", default=[], metavar="DB", help="these files, not this user's folder"
        )
        one.add_argument("--local", action="store_true", help="leave the shared store out")
    for one in (tail, export):
        one.add_argument("--kind", action="append", default=[], metavar="KIND", help="intent, outcome, ...")
        one.add_argument("-e", "--environment", default="", metavar="NAME")
        one.add_argument("--since", default="", metavar="TIME", help='"2026-11-24 10:00" (UTC), "2h"')
        one.add_argument("--grep", default="", metavar="TEXT", help="in actor, target, action, sentence")
