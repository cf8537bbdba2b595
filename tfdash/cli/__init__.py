"""The commands. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def entry() -> NoReturn:
    """The console script. Leaves without the interpreter's own teardown: with 10,000 pods that takes a second."""
    from tfdash.cli.output import delivered, hold_standard_streams, write_whatever_the_encoding

    hold_standard_streams()
    write_whatever_the_encoding()
    for name in ("SIGTERM", "SIGHUP"):  # the terminal program has its own, once it is there
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one
            signal.signal(number, _ended)
    try:
        code = main()
    except SystemExit as leaving:  # argparse: --help, --version, wrong usage
        code = leaving.code if isinstance(leaving.code, int) else 0
    _end_commands()
    if "logging" in sys.modules:
        sys.modules["logging"].shutdown()
    os._exit(delivered(code))


def _ended(number: int, frame: FrameType | None) -> None:
    """End as the signal would have us end, after what we started."""
    _end_commands()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _end_commands() -> None:
    if "tfdash.process" in sys.modules:
        sys.modules["tfdash.process"].end_commands()


def main(argv: list[str] | None = None) -> int:
    """The entry point; returns the exit code (see ``parser``). A crash is 3 and leaves a report."""
    from tfdash.cli import parser

    try:
        args = parser.parse(sys.argv[1:] if argv is None else argv)
        return _dispatch(args.command, args)
    except KeyboardInterrupt:
        return parser.INTERRUPTED
    except BrokenPipeError:  # the reader went away in the midst of a stream
        return parser.ERROR
    except Exception as error:
        from tfdash.cli.crash import report

        return report(error)


_MODULES = {
    "run": "running",
    "wallboard": "wallboard",
    "record": "recording",
    "replay": "replay",
    "incident-bundle": "incident_bundle",
    "snapshot": "snapshot",
    "doctor": "doctor",
    "gate": "gate",
    "rightsize": "rightsize",
    "audit": "audit",
    "report": "report",
    "calendar": "calendar",
    "procedures": "procedures",
    "notify": "notify",
    "demo": "demo",
    "config": "config",
    "schema": "schema",
    "completion": "completion",
}


def _dispatch(command: str, args: argparse.Namespace) -> int:
    module = importlib.import_module(f"tfdash.cli.{_MODULES[command]}")
    code: int = module.command(args)
    return code
