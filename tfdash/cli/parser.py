"""The command line: what can be said, and the help. Imports nothing of ours but the version and the tables of
kinds, pages and scenarios; durations and namespaces to check."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from tfdash import __version__
from tfdash.demo.options import SCENARIOS
from tfdash.durations import parse_duration
from tfdash.model.kinds import LIST_SCREENS
from tfdash.namespaces import check_namespace
from tfdash.views.pages import FIRST, HEADLESS

OK, FINDINGS, UNKNOWN, ERROR, USAGE, INTERRUPTED = 0, 1, 2, 3, 64, 130
_CODES = """\
exit codes:
  0  ok            1  findings (WARN or BREACH)      2  data that is unknown
  3  error         64 wrong usage or configuration   130 interrupted

stdout is data, stderr is narration.
"""
_RELEASE = """\
exit codes:
  0  open, or an approved emergency    1  closed    2  open, but the clock could not be checked
"""
_CANARY = """\
exit codes:
  0  every trigger passes and the hold is over
  1  a trigger is breached, or the release is stuck or aborted
  2  not known: held yet, too little traffic, no metrics, no release in flight
"""
_ABOUT = ("-h", "--help", "--version")
SCREENS = (*FIRST, *LIST_SCREENS)
REPORTED = (*HEADLESS, *LIST_SCREENS)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see: {self.prog} --help", file=sys.stderr)
        raise SystemExit(USAGE)

    def _print_message(self, message: str, file: Any = None) -> None:
        """argparse passes over a help that could not be written; here it is no yes."""
        try:
            print(message, end="", file=file or sys.stderr)
        except (OSError, ValueError):
            raise SystemExit(ERROR) from None


class _Screens(tuple[str, ...]):
    """Those of the program by name, or a kind that only the server knows: it is asked when the command runs."""

    def __contains__(self, name: object) -> bool:
        return bool(str(name))


class _Scenarios(tuple[str, ...]):
    """The shipped ones by name, or a file of one's own."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or str(name).endswith(".toml")


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


def _where(parser: argparse.ArgumentParser, *, scoped: bool = True) -> None:
    parser.add_argument(
        "--config", metavar="FILE", help="configuration (default: $TFDASH_CONFIG, then the platform's folder)"
    )
    parser.add_argument(
        "-e", "--environment", metavar="NAME", default="", help="environment of the configuration"
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


def _run(parser: argparse.ArgumentParser) -> None:
    _where(parser)
    parser.add_argument("--debug", action="store_true", help="write more to the log")
    parser.add_argument(
        "--screen", choices=SCREENS, metavar="NAME", default="", help=f"first screen: {', '.join(SCREENS)}"
    )
    acts = parser.add_mutually_exclusive_group()
    acts.add_argument("--read-only", action="store_true", help="never act, whatever the configuration says")
    acts.add_argument("--act", action="store_true", help="act for [actions] elevation, 15 minutes by default")
    parser.add_argument(
        "--theme", choices=("dark", "light", "ansi", "colour-blind"), default="", help="colours"
    )


def _audit(parser: argparse.ArgumentParser) -> None:
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=_Parser)
    tail = whats.add_parser("tail", help="the last entries, of this user's terminals and the shared store")
    tail.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    tail.add_argument("-l", "--lines", type=int, default=20, metavar="N", help="how many (20)")
    verify = whats.add_parser(
        "verify", help="is it whole; exit 0 yes, 1 no, 2 something could not be looked at"
    )
    verify.add_argument(
        "--anchor", action="append", default=[], metavar="FILE", help="heads that somebody else kept"
    )
    verify.add_argument("--format", choices=("text", "json"), default="text")
    export = whats.add_parser("export", help="all entries, for other tools")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl")
    migrate = whats.add_parser("migrate", help="make the shared store's tables, as their owner")
    for one in (tail, verify, export, migrate):
        one.add_argument("--config", metavar="FILE", help="configuration")
    for one in (tail, verify, export):
        one.add_argument(
            "--file", action="append", default=[], metavar="DB", help="these files, not this user's folder"
        )
        one.add_argument("--local", action="store_true", help="leave the shared store out")
    for one in (tail, export):
        one.add_argument("--kind", action="append", default=[], metavar="KIND", help="intent, outcome, ...")
        one.add_argument("-e", "--environment", default="", metavar="NAME")
        one.add_argument("--since", default="", metavar="TIME", help='"2026-11-24 10:00" (UTC), "2h"')
        one.add_argument("--grep", default="", metavar="TEXT", help="in actor, target, action, sentence")


def build() -> argparse.ArgumentParser:
    """The whole parser. ``run`` is what happens without a command."""
    parser = _Parser(
        prog=program(),
        description="A terminal that says whether a platform obeys its deployment playbook.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tfdash {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _run(commands.add_parser("run", help="the interactive terminal (default)"))
    snapshot = commands.add_parser(
        "snapshot", help="one screen as text or JSON on stdout, no terminal needed"
    )
    _where(snapshot)
    snapshot.add_argument(
        "--screen",
        choices=_Screens(REPORTED),
        metavar="NAME",
        default="overview",
        help=f"{', '.join(REPORTED)}; or any kind that the server serves, as kubectl names it",
    )
    snapshot.add_argument("--format", choices=("text", "json"), default="text")
    snapshot.add_argument(
        "--wait", type=_duration, default=20.0, metavar="DURATION", help="longest wait for all sources (20s)"
    )
    snapshot.add_argument(
        "--width", type=int, default=0, metavar="COLUMNS", help="cut text to so many columns"
    )
    doctor = commands.add_parser(
        "doctor", help="is each source reached, as whom, with which rights; what to fix"
    )
    _where(doctor)
    doctor.add_argument("--format", choices=("text", "json"), default="text")
    gate = commands.add_parser("gate", help="may we? exit 0 yes, 1 no, 2 not known; with the reason")
    gates = gate.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=_Parser)
    release = gates.add_parser(
        "release",
        help="does the release calendar allow a standard release",
        epilog=_RELEASE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _where(release, scoped=False)
    release.add_argument(
        "--at",
        metavar="TIME",
        default="",
        help='another time: "2026-11-26 10:30", "2026-11-26" or "Thursday"',
    )
    release.add_argument(
        "--no-clock-check", action="store_true", help="do not compare our clock with the API server's"
    )
    release.add_argument(
        "--emergency-approver", metavar="NAME", default="", help="who approved an emergency fix"
    )
    release.add_argument("--emergency-reason", metavar="TEXT", default="", help="why it cannot wait")
    canary = gates.add_parser(
        "canary",
        help="may a release go on, by the playbook's rollback triggers",
        epilog=_CANARY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _where(canary)
    canary.add_argument("--workload", metavar="NAME", required=True, help="its name, or NAMESPACE/NAME")
    canary.add_argument(
        "--wait",
        type=_duration,
        metavar="DURATION",
        default=0.0,
        help='wait so long for a decision, e.g. "15m"',
    )
    for parser_of in (release, canary):
        parser_of.add_argument("--format", choices=("text", "json"), default="text")
    _audit(commands.add_parser("audit", help="the audit log: show, check, export it"))
    demo = commands.add_parser("demo", help="the program on a simulated platform")
    demo.add_argument(
        "--serve", action="store_true", help="serve without a screen; prints kubeconfig and configuration"
    )
    demo.add_argument(
        "--where",
        action="store_true",
        help="the kubeconfig and configuration of the demos that run, for another shell",
    )
    demo.add_argument(
        "--scenario",
        choices=_Scenarios(SCENARIOS),
        default="busy",
        metavar="NAME",
        help=f"what happens there (busy): {', '.join(SCENARIOS)}, or a .toml file",
    )
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same world")
    demo.add_argument("--speed", type=float, default=1.0, metavar="X", help="how fast its clock runs")
    demo.add_argument("--read-only", action="store_true", help="only look")
    demo.add_argument("--screen", choices=SCREENS, metavar="NAME", default="overview")
    demo.add_argument("-e", "--environment", metavar="NAME", default="")
    demo.add_argument("--theme", choices=("dark", "light", "ansi", "colour-blind"), default="")
    config = commands.add_parser("config", help="check, show or describe the configuration")
    config.add_argument("what", choices=("check", "show", "schema", "example", "path"))
    config.add_argument("--config", metavar="FILE")
    completion = commands.add_parser("completion", help="print the completion script of a shell")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


def parse(argv: list[str]) -> argparse.Namespace:
    """Options without a command belong to ``run``; those before a command to that."""
    parser = build()
    argv = _commands_first(parser, argv, _with_value(parser))
    commands = subcommands(parser)
    if not argv or (argv[0].startswith("-") and argv[0] not in _ABOUT):
        argv = ["run", *argv]
    elif not argv[0].startswith("-") and argv[0] not in commands:
        parser.error(f'no command "{argv[0]}"; there is: {", ".join(sorted(commands))}')
    return parser.parse_args(argv)


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """By name; {} where there are none."""
    for action in parser._subparsers._group_actions if parser._subparsers else ():
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _with_value(parser: argparse.ArgumentParser) -> set[str]:
    """The options of all commands that take a value."""
    own = {option for action in parser._actions if action.nargs is None for option in action.option_strings}
    return own.union(*map(_with_value, subcommands(parser).values()))


def _commands_first(parser: argparse.ArgumentParser, argv: list[str], with_value: set[str]) -> list[str]:
    """``--config F gate -e X release`` as ``gate release --config F -e X``."""
    children, at = subcommands(parser), 0
    while children and at < len(argv) and argv[at].startswith("-") and argv[at] not in _ABOUT:
        at += 2 if argv[at] in with_value else 1
    if at >= len(argv) or argv[at] not in children:
        return argv
    name, others = argv[at], [*argv[:at], *argv[at + 1 :]]
    return [name, *_commands_first(children[name], others, with_value)]
