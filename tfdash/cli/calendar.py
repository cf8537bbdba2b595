"""``tfdash calendar``: the dated promises on the command line."""

from __future__ import annotations

import argparse
import importlib

_MODULES = {
    "export": "calendar_export",
    **dict.fromkeys(("list", "due", "next", "audit"), "calendar_told"),
    **dict.fromkeys(("adopt", "sign-off"), "calendar_acting"),
}


def command(args: argparse.Namespace) -> int:
    module = importlib.import_module(f"tfdash.cli.{_MODULES[args.what]}")
    code: int = module.command(args)
    return code
