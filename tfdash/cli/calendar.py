"""``tfdash calendar``: the dated promises on the command line."""

from __future__ import annotations

import argparse
import importlib

_MODULES = {"export": "calendar_export"}


def command(args: argparse.Namespace) -> int:
    module = importlib.import_module(f"tfdash.cli.{_MODULES[args.what]}")
    code: int = module.command(args)
    return code
