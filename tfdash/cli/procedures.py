"""``tfdash procedures``: what is carried out step by step, on the command line."""

from __future__ import annotations

import argparse
import importlib

from tfdash.cli.output import narrate
from tfdash.cli.parser import USAGE, program

_MODULES = {
    **dict.fromkeys(("list", "check", "show"), "procedures_told"),
    "export": "procedures_export",
    "learn": "procedures_learn",
    **dict.fromkeys(("run", "resume"), "procedures_run"),
}


def command(args: argparse.Namespace) -> int:
    if args.what == "export" and bool(args.id) == bool(args.run):
        narrate(f"{program()}: export is of a procedure by its ID, or of a run by --run RUN")
        return USAGE
    name = "procedures_evidence" if getattr(args, "run", "") else _MODULES[args.what]
    module = importlib.import_module(f"tfdash.cli.{name}")
    code: int = module.command(args)
    return code
