"""What ``tfdash calendar`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def _years(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= 20:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of years from 1 to 20")


def add(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    """``where`` adds the options that say which configuration, environment and cluster are meant."""
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
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
