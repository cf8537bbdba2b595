"""What ``tfdash procedures`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from tfdash.cli import exit_codes

_TOLD = {
    "list": ("those that ship, and your own", ("text", "json")),
    "check": ("is each file right; what is not, with line, key and remedy", ("text", "json")),
    "show": ("one, step by step, with the lines that do the same without tfdash", ("text", "json", "md")),
    "export": ("one as a file that is read, printed and ticked without tfdash", ("md", "html")),
}


def add(
    parser: argparse.ArgumentParser, where: Callable[..., None], kind: type[argparse.ArgumentParser]
) -> None:
    """``where`` adds the options that say which configuration and cluster are meant."""
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=kind)
    for what, (told, formats) in _TOLD.items():
        made = whats.add_parser(
            what,
            help=told,
            epilog=exit_codes.PROCEDURES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.add_argument("--format", choices=formats, default=formats[0])
        _ADDS[what](made, where)


def _config(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    parser.add_argument(
        "--config", metavar="FILE", help="configuration (else $TFDASH_CONFIG, the usual folder)"
    )


def _check(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    _config(parser, where)
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="these alone; none: all of [procedures] folder"
    )


def _show(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    _config(parser, where)
    parser.add_argument("id", metavar="ID", help="as procedures list names it")
    parser.add_argument(
        "--difference", action="store_true", help="what differs from the shipped one in whose place it stands"
    )


def _export(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    where(parser, scoped=False)
    parser.add_argument("id", metavar="ID", help="as procedures list names it")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help='what an input is, as service="Deployment shop/checkout"; more than once: each of them',
    )
    parser.add_argument("-o", "--output", default="", metavar="FILE", help="write there; stdout without it")


_ADDS: dict[str, Callable[[Any, Any], None]] = {
    "list": _config,
    "check": _check,
    "show": _show,
    "export": _export,
}
