"""``tfdash procedures``: what is carried out step by step, on the command line."""

from __future__ import annotations

import argparse
import importlib

_MODULES = {
    **dict.fromkeys(("list", "check", "show"), "procedures_told"),
    "export": "procedures_export",
    **dict.fromkeys(("run", "resume"), "procedures_run"),
}


def command(args: argparse.Namespace) -> int:
    name = "procedures_evidence" if getattr(args, "run", "") else _MODULES[args.what]
    module = importlib.import_module(f"tfdash.cli.{name}")
    code: int = module.command(args)
    return code
