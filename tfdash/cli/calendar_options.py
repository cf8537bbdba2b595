"""What ``tfdash calendar`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from tfdash.cli import exit_codes, recorded_options

_TOLD = {
    "list": "every promise at each place, and how it stands",
    "due": "what is overdue or due, the worst first",
    "next": "the next dates, the nearest first",
    "audit": "month by month what was kept, with the share of it",
}


def _years(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= 20:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of years from 1 to 20")


def add(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    """``where`` adds the options that say which configuration, environment and cluster are meant."""
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    _promises(whats, where)
    export = whats.add_parser(
        "export",
        help="promises and release calendar as iCalendar (.ics)",
        epilog="Written again to the same file, entries keep their UIDs, rise in SEQUENCE where their time is another one, and stay as "
        "CANCELLED where they were withdrawn. Exit 2: the dates that depend on when something was last done could not be read.",
    )
    where(export, scoped=False)
    of = export.add_mutually_exclusive_group()
    of.add_argument("--owner", default="", metavar="NAME", help="the promises of this owner alone")
    of.add_argument(
        "--per-owner",
        default="",
        metavar="DIR",
        help="a file for each owner, and one for the release calendar",
    )
    export.add_argument(
        "--years", type=_years, default=5, metavar="N", help="for how many years moved dates are told (5)"
    )
    to = export.add_mutually_exclusive_group()
    to.add_argument("-o", "--output", default="", metavar="FILE", help="write there; stdout without it")
    to.add_argument(
        "--previous",
        default="",
        metavar="FILE",
        help="what was written before, where the answer goes to stdout",
    )


def _promises(whats: argparse._SubParsersAction[Any], where: Callable[..., None]) -> None:
    made = {}
    for what, told in (
        *_TOLD.items(),
        ("adopt", "take over when each was done last, and from when account is kept (CSV)"),
        ("sign-off", "say that one was done, as whom the server knows you"),
    ):
        made[what] = whats.add_parser(
            what,
            help=told,
            epilog=exit_codes.CALENDAR,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        where(made[what], scoped=False)
    for what in _TOLD:
        recorded_options.add(made[what])
        made[what].add_argument("--item", metavar="NAME", default="", help="this item alone")
        made[what].add_argument("--format", choices=("text", "json"), default="text")
    adopt, sign = made["adopt"], made["sign-off"]
    adopt.add_argument("file", metavar="FILE", help="with the columns item, place, done and start")
    sign.add_argument("item", metavar="ITEM", help="as calendar list names it")
    sign.add_argument("--place", metavar="PLACE", default="", help="where, as calendar list names it")
    sign.add_argument(
        "--done", metavar="TIME", default="", help='when (now): "2026-11-26 10:30" or "2026-11-26"'
    )
    sign.add_argument("--note", metavar="TEXT", default="", help="what was done")
    sign.add_argument("--link", metavar="URL", default="", help="where more of it stands")
    sign.add_argument("--proof", metavar="FILE", default="", help="whose SHA-256 is recorded")
    for acting in (adopt, sign):
        acting.add_argument("--reason", metavar="TEXT", default="", help="stands in the audit log")
        acting.add_argument("--act", action="store_true", help="record it; without, only what would be")
