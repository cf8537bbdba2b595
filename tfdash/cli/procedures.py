"""``tfdash procedures``: what is carried out step by step, on the command line."""

from __future__ import annotations

import argparse
import importlib

_MODULES = {
    **dict.fromkeys(("list", "check", "show"), "procedures_told"),
    "export": "procedures_export",
}


def command(args: argparse.Namespace) -> int:
    module = importlib.import_module(f"tfdash.cli.{_MODULES[args.what]}")
    code: int = module.command(args)
    return code
