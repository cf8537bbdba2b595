"""The words of ``tfdash record``, and of recording beside a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tfdash.cli import anonymise_options


def beside(parser: argparse.ArgumentParser) -> None:
    """Of a command that shows, too."""
    parser.add_argument(
        "--record", metavar="FILE", default="", help="record what is seen and judged, for tfdash replay"
    )
    anonymise_options.add(parser, of=" in it")


def _some(duration: Callable[[str], float]) -> Callable[[str], float]:
    """A time that is not none: 0 would be taken for "without end"."""

    def read(text: str) -> float:
        seconds = duration(text)
        if not seconds:
            raise argparse.ArgumentTypeError(f"{text} is no time; without --for it records until ctrl+c")
        return seconds

    return read


def _size(text: str) -> int:
    """Bytes."""
    from tfdash.recording.settings import LEAST, parse_size, write_size

    try:
        size = parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if size < LEAST:
        raise argparse.ArgumentTypeError(f"{text} holds no picture; write at least {write_size(LEAST)}")
    return size


def add(parser: argparse.ArgumentParser, duration: Callable[[str], float]) -> None:
    parser.add_argument(
        "file", nargs="?", default="", metavar="FILE", help="a new file (tfdash-ENVIRONMENT-TIME.tfrec)"
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        type=_some(duration),
        default=None,
        metavar="DURATION",
        help='for so long, "2h"; without it until ctrl+c',
    )
    parser.add_argument(
        "--size",
        type=_size,
        default=0,
        metavar="SIZE",
        help='of the file, at most, "500MB": it ends there ([recording] file_size)',
    )
    anonymise_options.add(parser)
