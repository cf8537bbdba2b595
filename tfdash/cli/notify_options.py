"""What ``tfdash notify`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    """``where`` adds the options that say which configuration and environment are meant."""
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    preview = whats.add_parser(
        "preview",
        help="a message as each channel would get it; nothing is sent",
        epilog="a name that is not there is answered by those that are. Exit 1: its template goes wrong, and what would be sent says so.",
    )
    where(preview, scoped=False)
    preview.add_argument("template", metavar="TEMPLATE", help="its name, as: waits")
    preview.add_argument(
        "--value",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="what it speaks of, in place of the example's",
    )
    preview.add_argument(
        "--to",
        action="append",
        default=[],
        metavar="CHANNEL",
        help="these channels, and not all that take it",
    )
    preview.add_argument("--format", choices=("text", "json"), default="text")
    test = whats.add_parser(
        "test",
        help="try a channel: shows the message, and sends it with --act",
        epilog="exit codes: 0 it took it, 1 it did not, 2 that is not known yet, or nothing was sent (without --act)",
    )
    where(test, scoped=False)
    test.add_argument("channel", metavar="CHANNEL", help="its name in [notify.channels]")
    test.add_argument("--act", action="store_true", help="send it")
    queue = whats.add_parser(
        "queue",
        help="what waits to be told, what was told, and what was not",
        epilog="exit codes: 0 nothing waits in vain, 1 something does, or was not told in the last day, 2 the queue cannot be read",
    )
    where(queue, scoped=False)
    queue.add_argument(
        "--all", action="store_true", help="also what was told, of all configurations of this user"
    )
    queue.add_argument("--format", choices=("text", "json"), default="text")
