"""The words of a command that takes a recording in the place of clusters. Imports nothing heavy: the parser reads it for the help."""

from __future__ import annotations

import argparse


class Unsaid(float):
    """A number that nobody typed: what is typed and would not be heeded is refused."""


def add(parser: argparse.ArgumentParser, *, at: bool = True) -> None:
    """``at`` False: the command has an ``--at`` of its own, which is the moment of a recording where one is named."""
    parser.add_argument(
        "--recording",
        default="",
        metavar="FILE",
        help="of a recording or bundle",
    )
    if at:
        parser.add_argument(
            "--at",
            default="",
            metavar="TIME",
            help='that moment of it: "10:42", "-10m" (end)',
        )
