"""The words of ``tfdash record``, and of recording beside a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def beside(parser: argparse.ArgumentParser) -> None:
    """Of a command that shows, too."""
    parser.add_argument(
        "--record", metavar="FILE", default="", help="record what is seen and judged, for tfdash replay"
    )


def add(parser: argparse.ArgumentParser, duration: Callable[[str], float]) -> None:
    parser.add_argument(
        "file", nargs="?", default="", metavar="FILE", help="a new file (tfdash-ENVIRONMENT-TIME.tfrec)"
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        type=duration,
        default=0.0,
        metavar="DURATION",
        help='for so long, "2h"; without it until ctrl+c',
    )
