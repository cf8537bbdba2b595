"""``python -m tfdash.demo``: serve the simulated platform; one JSON line on stdout says where, then it serves."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from tfdash.demo.options import DemoOptions

_USAGE = 64


def _ports(text: str) -> tuple[int, int, int]:
    numbers = [int(part) for part in text.split(",")]
    if len(numbers) != 3 or any(not 0 <= n <= 65535 for n in numbers):
        raise argparse.ArgumentTypeError("three port numbers, as 0,0,0")
    return numbers[0], numbers[1], numbers[2]


def options(argv: list[str]) -> tuple[DemoOptions, bool]:
    """(the options, whether to end with the parent)."""
    parser = argparse.ArgumentParser(prog="python -m tfdash.demo", description=__doc__)
    parser.add_argument("--scenario", default="busy")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument(
        "--start",
        type=float,
        default=None,
        help="simulated start, epoch seconds (default: the scenario's, else now)",
    )
    parser.add_argument("--pods", type=int, default=2000, help="how many, in the scenario scale")
    parser.add_argument("--ports", type=_ports, default=(0, 0, 0), help="development,staging,production")
    parser.add_argument("--history", type=int, default=20_000, help="events remembered for each kind")
    parser.add_argument("--bookmark-seconds", type=float, default=60.0)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--with-parent", action="store_true", help="end when stdin ends")
    given = parser.parse_args(argv)
    found = DemoOptions(
        scenario=given.scenario,
        seed=given.seed,
        speed=given.speed,
        start=given.start,
        folder=given.folder,
        pods=given.pods,
        ports=given.ports,
        history=given.history,
        bookmark_seconds=given.bookmark_seconds,
    )
    return found, given.with_parent


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    chosen, with_parent = options(sys.argv[1:])
    problems = chosen.problems()
    if problems:
        print(f"tfdash demo: {problems[0]}", file=sys.stderr)
        return _USAGE
    from tfdash.demo.scenarios.scenario import ScenarioError
    from tfdash.demo.serve import serve

    try:
        asyncio.run(serve(chosen, until_stdin_ends=with_parent))
    except ScenarioError as error:
        print(f"tfdash demo: {error}", file=sys.stderr)
        return _USAGE
    except OSError as error:
        print(f"tfdash demo: cannot serve: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
