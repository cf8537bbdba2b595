"""What ``tfdash wallboard`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tfdash.cli import anonymise_options
from tfdash.spelling import nearest
from tfdash.views.wall.names import WALL_IDS

LEAST = 3.0
"""Seconds that a page is shown at least: nobody reads one that is gone before."""


def add(
    parser: argparse.ArgumentParser, where: Callable[..., None], duration: Callable[[str], float]
) -> None:
    """``where`` adds the options that say which configuration, environments and cluster are meant."""
    where(parser, several=True)
    parser.add_argument(
        "--pages",
        metavar="NAME,NAME",
        default=",".join(WALL_IDS),
        help=f"which take turns, in which order (all): {', '.join(WALL_IDS)}",
    )
    parser.add_argument(
        "--rotate", type=duration, default=20.0, metavar="DURATION", help="how long each is shown (20s)"
    )
    parser.add_argument(
        "--kiosk", action="store_true", help="no key does anything, ctrl+c among them; SIGTERM ends it"
    )
    parser.add_argument("--ascii", action="store_true", help="plain signs alone; by itself where TERM=linux")
    parser.add_argument(
        "--heartbeat",
        metavar="FILE",
        default="",
        help="touch this file while all goes on; for who watches it",
    )
    parser.add_argument(
        "--theme", choices=("dark", "light", "ansi", "colour-blind"), default="", help="colours"
    )
    anonymise_options.add(parser, file=False)
    parser.add_argument("--debug", action="store_true", help="write more to the log")


def pages_of(text: str) -> tuple[list[str], str]:
    """The ids of the pages, and what is wrong with them, "" where nothing is."""
    pages = [name.strip() for name in text.split(",")]
    wrong = next((name for name in pages if name not in WALL_IDS), None)
    if wrong is not None:
        return [], f'--pages: there is no page "{wrong}" of a wall; {nearest(wrong, WALL_IDS)}'
    return list(dict.fromkeys(pages)), ""
