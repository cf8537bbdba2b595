"""What ``tfdash report`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable

FORMATS = ("text", "md", "html", "json")
SUFFIXES = {"text": "txt", "md": "md", "html": "html"}
KINDS = {
    "release": "one release from its start to its end: verdicts, lead time, who",
    "daily": "what is new, ended and open since the last one, for the on-call of the morning",
    "weekly": "what to decide, which rule was broken for how long, releases, promises",
    "audit": "which promise was kept with what evidence, who approved what, what was not observed",
}
_SPANNED = ("audit", "release")  # of a time that is asked for; the others follow the last of their kind


def add(
    parser: argparse.ArgumentParser,
    where: Callable[[argparse.ArgumentParser], None],
    duration: Callable[[str], float],
    made_by: type[argparse.ArgumentParser],
) -> None:
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=made_by)
    for name, told in KINDS.items():
        made = kinds.add_parser(name, help=told)
        where(made)
        made.add_argument("--format", choices=FORMATS, default="text")
        made.add_argument(
            "--wait",
            type=duration,
            default=20.0,
            metavar="DURATION",
            help="longest wait for what is so now (20s)",
        )
        made.add_argument(
            "-o",
            "--output",
            default="",
            metavar="FILE",
            help="write there, a finished file in one step"
            + ("" if name in _SPANNED else "; the next report of its kind begins where this one ends"),
        )
        made.add_argument(
            "--from",
            dest="since",
            default="",
            metavar="TIME",
            required=name == "audit",
            help='"2026-11-24", "2026-11-24 10:00" or "7d"'
            + ("" if name == "audit" else "; else since the last one"),
        )
        if name in _SPANNED:
            made.add_argument("--to", default="", metavar="TIME", required=name == "audit", help="until then")
        else:
            made.add_argument(
                "--last",
                default="",
                metavar="FILE",
                help="the last one in JSON, for a machine without memory",
            )
        if name == "release":
            made.add_argument(
                "--workload",
                metavar="NAME",
                required=True,
                help="its name, or NAMESPACE/NAME: its newest release",
            )
