"""What ``tfdash replay`` takes. Imports nothing heavy: the parser reads it for the help."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add(parser: argparse.ArgumentParser, screens: tuple[str, ...], namespace: Callable[[str], str]) -> None:
    """``screens`` that it may begin with; ``namespace`` checks the name of one."""
    parser.add_argument("file", metavar="FILE", help="a recording, the folder of a ring, or a bundle")
    parser.add_argument("--at", metavar="TIME", default="", help='stand there: "10:42", "+10m", "end"')
    parser.add_argument("--then", action="store_true", help="as it was judged then, not by today's policy")
    parser.add_argument("--config", metavar="FILE", help="configuration whose policy it is judged by")
    parser.add_argument(
        "-n", "--namespace", type=namespace, metavar="NAME", default="", help="this one alone"
    )
    parser.add_argument("--screen", choices=screens, metavar="NAME", default="", help="first screen")
    parser.add_argument("--debug", action="store_true", help="write more to the log")
    parser.add_argument(
        "--theme", choices=("dark", "light", "ansi", "colour-blind"), default="", help="colours"
    )
