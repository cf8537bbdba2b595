"""What ``tfdash demo`` takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from tfdash.demo.options import SCENARIOS


class _Scenarios(tuple[str, ...]):
    """The shipped ones by name, or a file of one's own."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or str(name).endswith(".toml")


def add(parser: argparse.ArgumentParser, screens: Sequence[str], seed: Callable[[str], int]) -> None:
    parser.add_argument(
        "--serve", action="store_true", help="serve without a screen; prints kubeconfig and configuration"
    )
    parser.add_argument(
        "--where",
        action="store_true",
        help="the kubeconfig and configuration of the demos that run, for another shell",
    )
    parser.add_argument(
        "--scenario",
        choices=_Scenarios(SCENARIOS),
        default="busy",
        metavar="NAME",
        help=f"what happens there (busy): {', '.join(SCENARIOS)}, or a .toml file",
    )
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="same seed, same world")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="how fast its clock runs")
    parser.add_argument("--read-only", action="store_true", help="only look")
    parser.add_argument("--screen", choices=screens, metavar="NAME", default="overview")
    parser.add_argument("-e", "--environment", metavar="NAME", default="")
    parser.add_argument("--theme", choices=("dark", "light", "ansi", "colour-blind"), default="")
