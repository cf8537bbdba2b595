"""What ``tfdash procedures`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from tfdash.cli import exit_codes

_TOLD = {
    "list": ("those that ship, and your own", ("text", "json")),
    "check": ("is each file right; what is not, with line, key and remedy", ("text", "json")),
    "show": (
        "one, step by step, with the lines that do the same without tfdash",
        ("text", "json", "md", "toml"),
    ),
    "export": (
        "one as a file that is read, printed and ticked without tfdash; with --run what was done in a run of it",
        ("md", "html", "json"),
    ),
    "run": ("--dry: rehearse one from its first step to its last, and do nothing", ("text", "json", "md")),
    "learn": ("what people noted in runs of one, as a change of its file", ("patch",)),
    "resume": ("take up a run that another terminal handed over as a file", ("text",)),
}

_CODES = {
    "learn": exit_codes.PROCEDURES_LEARN,
    "run": exit_codes.PROCEDURES_RUN,
    "resume": exit_codes.PROCEDURES_RESUME,
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
            epilog=_CODES.get(what, exit_codes.PROCEDURES),
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


def _inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help='what an input is, as service="Deployment shop/checkout"; more than once: each of them',
    )


def _run(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    where(parser, scoped=False)
    parser.add_argument("id", metavar="ID", help="as procedures list names it")
    _inputs(parser)
    parser.add_argument(
        "--dry", action="store_true", help="the one way here: checks are asked, nothing is done"
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="why it is rehearsed")
    parser.add_argument(
        "--act",
        action="store_true",
        help="remember it as a rehearsal, and have the server try what would be sent",
    )


def _resume(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    where(parser, scoped=False)
    parser.add_argument("file", metavar="FILE", help="as it was handed over")
    parser.add_argument("--act", action="store_true", help="take it up; without, only what it holds")


def _learn(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    where(parser, scoped=False)
    parser.add_argument(
        "id", metavar="ID", help="as procedures list names it; or a run: what was noted in that one"
    )


def _export(parser: argparse.ArgumentParser, where: Callable[..., None]) -> None:
    where(parser, scoped=False)
    parser.add_argument("id", nargs="?", default="", metavar="ID", help="as procedures list names it")
    parser.add_argument(
        "--run", default="", metavar="RUN", help="what was done in this run, with its evidence"
    )
    _inputs(parser)
    parser.add_argument(
        "--filled",
        action="store_true",
        help="read the cluster, and put in what there is today and how it stands",
    )
    parser.add_argument(
        "--act", action="store_true", help="with --filled: remember it, so that the calendar knows its age"
    )
    parser.add_argument(
        "--cluster",
        default="",
        metavar="NAME",
        help="with --filled: of the environment's clusters (the first)",
    )
    parser.add_argument("-o", "--output", default="", metavar="FILE", help="write there; stdout without it")


_ADDS: dict[str, Callable[[Any, Any], None]] = {
    "list": _config,
    "check": _check,
    "show": _show,
    "export": _export,
    "learn": _learn,
    "run": _run,
    "resume": _resume,
}
