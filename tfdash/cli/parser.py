"""The command line: what can be said, and the help. Imports nothing of ours but the version, the tables of kinds, pages and
scenarios, and what checks a word."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any, NoReturn

from tfdash import __version__
from tfdash.cli import (
    audit_options,
    bundle_options,
    calendar_options,
    demo_options,
    exit_codes,
    notify_options,
    procedures_options,
    recorded_options,
    recording_options,
    replay_options,
    report_options,
    snapshot_options,
    wall_options,
)
from tfdash.cli.gates import FORMATS as GATE_FORMATS
from tfdash.cli.gates import GATES, OF_FINDINGS
from tfdash.durations import parse_duration
from tfdash.model.kinds import LIST_SCREENS
from tfdash.namespaces import check_namespace
from tfdash.spelling import closest, nearest
from tfdash.text import safe
from tfdash.views.pages import FIRST

OK, FINDINGS, UNKNOWN, ERROR, USAGE, INTERRUPTED = 0, 1, 2, 3, 64, 130
_LISTED = 30  # so many choices are listed beside the nearest
_ABOUT = ("-h", "--help", "--version")
_NAMESPACED = re.compile("-[nA]|--(namespace|all-namespaces)(=|$)")


class _Parser(argparse.ArgumentParser):
    whole = False  # it is of the whole platform, and takes no namespace

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """What is no choice, with the nearest and with all that there are, unless they are too many for a sentence."""
        if action.choices is not None and value not in action.choices:
            valid = [str(choice) for choice in action.choices]
            noun = "screen of the program's own " if isinstance(action.choices, _FirstScreens) else ""
            told = f'there is no {noun}"{safe(str(value))}"; {nearest(str(value), valid)}'
            if told.endswith("?") and len(valid) <= _LISTED:
                told += f" there is: {', '.join(valid)}"
            if isinstance(action.choices, _FirstScreens):
                word = safe(str(value))
                told += "" if told.endswith("?") else ";"
                told += f" a kind that only the server has opens with :{word} in the terminal; tfdash snapshot --screen {word} writes it"
            raise argparse.ArgumentError(action, told)

    def error(self, message: str) -> NoReturn:
        end = "" if message.endswith("?") else ";"
        print(f"{self.prog}: {message}{end} see: {self.prog} --help", file=sys.stderr)
        raise SystemExit(USAGE)

    def _print_message(self, message: str, file: Any = None) -> None:
        """argparse passes over a help that could not be written; here it is no yes."""
        try:
            print(message, end="", file=file or sys.stderr)
        except (OSError, ValueError):
            raise SystemExit(ERROR) from None


class _FirstScreens(tuple[str, ...]):
    """Those of the program. A kind that only the server knows is found once it is asked, which a terminal does after it began."""


SCREENS = _FirstScreens((*FIRST, *LIST_SCREENS))


def _count(text: str) -> int:
    """A number of lines or columns."""
    if text.isascii() and text.isdigit() and len(text) < 8:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _duration(text: str) -> float:
    """Seconds of ``30s`` or ``15m``."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _namespace(text: str) -> str:
    try:
        return check_namespace(text) if text else ""
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def program() -> str:
    """How we were called: ``kubectl tfdash`` as a plug-in."""
    return "kubectl tfdash" if sys.argv[0].endswith("kubectl-tfdash") else "tfdash"


def _where(parser: argparse.ArgumentParser, *, scoped: bool = True, several: bool = False) -> None:
    parser.add_argument(
        "--config", metavar="FILE", help="configuration (else $TFDASH_CONFIG, the usual folder)"
    )
    parser.add_argument(
        "-e",
        "--environment",
        metavar="NAME",
        action="append" if several else "store",
        default=None if several else "",
        help=f"environment of the configuration{'; more than once: each of them' if several else ''}",
    )
    parser.add_argument(
        "--kubeconfig", metavar="FILE", default="", help="kubeconfig instead of the configured one"
    )
    parser.add_argument("--context", metavar="NAME", default="", help="context of the kubeconfig")
    if scoped:
        group = parser.add_mutually_exclusive_group()
        group.add_argument(
            "-n", "--namespace", type=_namespace, metavar="NAME", default="", help="this namespace alone"
        )
        group.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")
    elif isinstance(parser, _Parser):
        parser.whole = True


def _run(parser: argparse.ArgumentParser) -> None:
    _where(parser)
    parser.add_argument("--debug", action="store_true", help="write more to the log")
    parser.add_argument(
        "--screen", choices=SCREENS, metavar="NAME", default="", help=f"first screen: {', '.join(SCREENS)}"
    )
    recording_options.beside(parser)
    acts = parser.add_mutually_exclusive_group()
    acts.add_argument("--read-only", action="store_true", help="never act, whatever the configuration says")
    acts.add_argument("--act", action="store_true", help="act for [actions] elevation, 15 minutes by default")
    parser.add_argument(
        "--theme", choices=("dark", "light", "ansi", "colour-blind"), default="", help="colours"
    )


def build() -> argparse.ArgumentParser:
    """The whole parser. ``run`` is what happens without a command."""
    return _built(program())


@cache
def _built(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=prog,
        description="A terminal that says whether a platform obeys its deployment playbook.",
        epilog=exit_codes.CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tfdash {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _run(commands.add_parser("run", help="the interactive terminal (default)"))
    wall_options.add(
        commands.add_parser("wallboard", help="the screen on a wall: looks on, and cannot act"),
        _where,
        _duration,
    )
    record = commands.add_parser("record", help="record what is seen and judged, without a screen")
    _where(record)
    recording_options.add(record, _duration)
    replay = commands.add_parser("replay", help="every screen at any time of a recording, no cluster needed")
    replay_options.add(replay, SCREENS, _namespace)
    bundle = commands.add_parser(
        "incident-bundle",
        help="the last minutes in one file, for who was not there",
        description="Recording, audit excerpt, snapshot and doctor of the last minutes in one archive,\nwithout secrets. It lists what it holds before it writes.",
        epilog=exit_codes.BUNDLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _where(bundle)
    bundle_options.add(bundle, _duration)
    snapshot = commands.add_parser(
        "snapshot",
        help="one screen or all, on stdout or in a file",
    )
    _where(snapshot)
    snapshot_options.add(snapshot, _duration, _count)
    doctor = commands.add_parser(
        "doctor", help="is each source reached, as whom, with which rights; what to fix"
    )
    _where(doctor)
    doctor.add_argument("--format", choices=("text", "json"), default="text")
    gate = commands.add_parser("gate", help="may we? exit 0 yes, 1 no, 2 not known; with the reason")
    gates = gate.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=_Parser)
    for what, told in GATES.items():
        made = gates.add_parser(
            what, help=told.help, epilog=told.codes, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        _where(made, scoped=told.scoped)
        made.add_argument("--format", choices=GATE_FORMATS, default="text")
        made.add_argument("--explain", action="store_true", help="with the arithmetic behind it")
        made.add_argument(
            "--report",
            action="append",
            default=[],
            metavar="FILE",
            help="write it there too: .xml JUnit, .md, .json or .txt",
        )
        made.add_argument(
            "--wait",
            type=_duration,
            metavar="DURATION",
            default=recorded_options.Unsaid(0.0),
            help=told.waits,
        )
        recorded_options.add(made, at=not any(flag == "--at" for flag, _ in told.options))
        for flag, how in (*told.options, *(OF_FINDINGS if told.findings else ())):
            made.add_argument(flag, **how)
    rightsize = commands.add_parser(
        "rightsize",
        help="what each workload should ask for, by two weeks of its use",
        epilog=exit_codes.RIGHTSIZE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _where(rightsize)
    recorded_options.add(rightsize)
    rightsize.add_argument(
        "--export",
        choices=("kustomize", "patch", "csv"),
        default="",
        help="a kustomize component, kubectl patch commands, or rows, instead of the table",
    )
    rightsize.add_argument(
        "--wait",
        type=_duration,
        default=recorded_options.Unsaid(600.0),
        metavar="DURATION",
        help="longest wait for the history (10m); days that are over are kept",
    )
    report_options.add(
        commands.add_parser(
            "report",
            help="a release, a day, a week, an audit",
            epilog="exit codes: 0 written, 2 written and something that it tells could not be read, 3 not written",
        ),
        _where,
        _duration,
        _Parser,
    )
    audit_options.add(
        commands.add_parser("audit", help="the audit log: show, check, export it"), _Parser, _count
    )
    calendar_options.add(
        commands.add_parser(
            "calendar",
            help="the dated promises: list, adopt, sign off, audit, export",
        ),
        _where,
    )
    procedures_options.add(
        commands.add_parser(
            "procedures", help="what is carried out step by step: list, check, show, export, rehearse, learn"
        ),
        _where,
        _Parser,
    )
    notify_options.add(
        commands.add_parser("notify", help="messages to people: preview, try a channel, what waits"), _where
    )
    demo_options.add(commands.add_parser("demo", help="the program on a simulated platform"), SCREENS, _seed)
    config = commands.add_parser("config", help="check, show or describe the configuration")
    config.add_argument("what", choices=("check", "show", "schema", "example", "path"))
    config.add_argument("--config", metavar="FILE")
    schema = commands.add_parser("schema", help="the JSON Schema of what a command writes")
    schema.add_argument(
        "document", nargs="*", metavar="COMMAND", help="as: gate canary; none: which there are"
    )
    completion = commands.add_parser("completion", help="print the completion script of a shell")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


def parse(argv: list[str]) -> argparse.Namespace:
    """Options without a command belong to ``run``; those before a command to that."""
    parser = build()
    options = _options(parser)
    argv = _commands_first(parser, argv, options)
    if empty := _empty(argv, options):  # as by a variable that is not set
        parser.error(f"{safe(empty)} is given nothing: give it a value, or leave it out")
    if not argv or (argv[0].startswith("-") and argv[0] not in _ABOUT):
        argv = ["run", *argv]
    args, odd = parser.parse_known_args(argv)
    if odd:
        _refuse(parser, args, odd)
    return args


def _no_command(word: str, commands: Iterable[str]) -> str:
    return f'no command "{safe(word)}"; {nearest(word, commands)}'


def _refuse(parser: argparse.ArgumentParser, args: argparse.Namespace, odd: list[str]) -> NoReturn:
    """Say what the command that is meant does not take, and of an option the nearest that it does."""
    for name in (args.command, getattr(args, "what", "")):
        parser = subcommands(parser).get(name, parser)
    parser.error(_not_understood(parser, odd))


def _not_understood(parser: argparse.ArgumentParser, odd: list[str]) -> str:
    option = next((word for word in odd if word.startswith("--")), "").partition("=")[0]
    if getattr(parser, "whole", False) and _NAMESPACED.match(odd[0]):
        given = option or odd[0][:2]
        return f"it is of the whole platform and takes no namespace; leave {given} out"
    meant = closest(option, parser._option_string_actions) if option else ""
    return f"not understood: {safe(' '.join(odd))}" + (f'; did you mean "{meant}"?' if meant else "")


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """By name; {} where there are none."""
    for action in parser._subparsers._group_actions if parser._subparsers else ():
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _options(parser: argparse.ArgumentParser) -> dict[str, bool]:
    """The options of all commands: does it take a value."""
    found = {option: action.nargs is None for action in parser._actions for option in action.option_strings}
    for child in subcommands(parser).values():
        found |= _options(child)
    return found


def _width(word: str, options: dict[str, bool]) -> int:
    """How many words an option is, its value among them; 0 for one that no command has. A long one may be shortened, the
    value of a short one may stand in its word."""
    name, given, _ = word.partition("=")
    long = name.startswith("--")
    meant = [option for option in options if option.startswith(name)] if long else [name[:2]]
    if not options.keys() & meant:
        return 0
    return 2 if not given and (long or name in meant) and any(map(options.get, meant)) else 1


def _empty(argv: list[str], options: dict[str, bool]) -> str:
    """The first option whose value is the empty text; "" where there is none."""
    split = next((name for name, value in pairwise(argv) if value == "" and _width(name, options) == 2), "")
    return split or next((w[:-1] for w in argv if w.startswith("--") and w.find("=") == len(w) - 1), "")


def _commands_first(
    parser: argparse.ArgumentParser, argv: list[str], options: dict[str, bool], whole: bool = True
) -> list[str]:
    """``--config F gate -e X release`` as ``gate release --config F -e X``. ``whole``: the program's own words, which may name no command."""
    children, at = subcommands(parser), 0
    leading: list[str] = []
    while children and at < len(argv) and argv[at].startswith("-"):
        wide = _width(argv[at], options)
        if argv[at] in _ABOUT and leading and not whole:
            return argv[at:]  # no command is named that could take what stands before
        if not wide or argv[at] in _ABOUT:
            return argv  # argparse says what is wrong with it
        leading.append(argv[at])
        at += wide
    if not children or (at >= len(argv) and whole):
        return argv
    if at >= len(argv):
        parser.error(f"say which: {', '.join(children)}")
    if argv[at] not in children:
        parser.error(_no_command(argv[at], children))
    name, others = argv[at], [*argv[:at], *argv[at + 1 :]]
    taken = _options(children[name])
    foreign = [word for word in leading if not _width(word, taken)]
    if foreign and not subcommands(children[name]):  # their values are none of the command's words
        children[name].error(_not_understood(children[name], foreign))
    return [name, *_commands_first(children[name], others, options, whole=False)]
