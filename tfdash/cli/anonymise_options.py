"""``--anonymise``, of each command that hands something on. Imports nothing heavy: the parser reads it for the help."""

from __future__ import annotations

import argparse


def add(parser: argparse.ArgumentParser, *, file: bool = True, of: str = "") -> None:
    """``file``: a file comes of it, and who made it may keep its table. ``of`` says whose names, where that is not plain."""
    parser.add_argument("--anonymise", action="store_true", help=f"aliases for the names{of}")
    if file:
        parser.add_argument(
            "--aliases", metavar="FILE", default="", help="the same; the table of them is for you alone"
        )
