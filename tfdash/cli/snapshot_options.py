"""What ``tfdash snapshot`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tfdash.cli import anonymise_options, recorded_options
from tfdash.cli.recorded_options import Unsaid
from tfdash.model.kinds import LIST_SCREENS
from tfdash.report.formats import FORMATS
from tfdash.views.pages import HEADLESS

ALL = "all"
REPORTED = (*HEADLESS, *LIST_SCREENS, ALL)


class _Screens(tuple[str, ...]):
    """Those of the program by name, or a kind that only the server knows: it is asked when the command runs."""

    def __contains__(self, name: object) -> bool:
        return bool(str(name))


def add(
    parser: argparse.ArgumentParser, duration: Callable[[str], float], count: Callable[[str], int]
) -> None:
    """``duration`` and ``count`` read a time and a number of columns."""
    parser.add_argument(
        "--screen",
        choices=_Screens(REPORTED),
        metavar="NAME",
        default="overview",
        help=f"{', '.join(HEADLESS)}; {ALL}: every page in one; or a list: {', '.join(LIST_SCREENS[:3])}, any kind that the server serves, as kubectl names it",
    )
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        metavar="FORMAT",
        default="text",
        help="; ".join(f"{one.name}: {one.help}" for one in FORMATS.values()),
    )
    recorded_options.add(parser)
    parser.add_argument(
        "--wait",
        type=duration,
        default=Unsaid(20.0),
        metavar="DURATION",
        help="longest wait for all sources (20s)",
    )
    parser.add_argument(
        "--width", type=count, default=0, metavar="COLUMNS", help="cut text to so many columns"
    )
    parser.add_argument(
        "-o",
        "--output",
        default="",
        metavar="FILE",
        help="a finished file, in one step; else stdout",
    )
    anonymise_options.add(parser)
