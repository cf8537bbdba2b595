"""What ``tfdash incident-bundle`` takes. Imports nothing heavy: the parser reads it for the help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tfdash.cli import anonymise_options
from tfdash.cli.recorded_options import Unsaid


def add(parser: argparse.ArgumentParser, duration: Callable[[str], float]) -> None:
    """``duration`` reads a time."""
    parser.add_argument(
        "--last",
        type=duration,
        default=1800.0,
        metavar="DURATION",
        help="so much, up to the end of the recording that ends last (30m)",
    )
    parser.add_argument(
        "--recording",
        default="",
        metavar="FILE",
        help="of this recording or bundle; without it of what this machine's terminals keep",
    )
    parser.add_argument(
        "--at",
        default="",
        metavar="TIME",
        help='of a recording: up to that moment of it, "10:42", "-10m" (end)',
    )
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE", help="the file (tfdash-ENVIRONMENT-TIME.zip)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal")
    parser.add_argument(
        "--wait",
        type=duration,
        default=Unsaid(20.0),
        metavar="DURATION",
        help="longest wait for all sources (20s)",
    )
    anonymise_options.add(parser)


def command_line(config: Path | None, given: Mapping[str, str]) -> tuple[str, ...]:
    """What makes a bundle from within another command: ``given`` by option, without those that are "". The folder that it is
    run in is no place to import from."""
    words = {"--config": str(config or ""), **given}
    return (
        *(sys.executable, "-P", "-m", "tfdash", "incident-bundle"),
        *(part for option, value in words.items() if value for part in (option, value)),
    )
