"""``python -m benchmarks.holding --pods 10000``: how long the screen's loop is held, and when everything is there.

The application runs headless in this process against a fresh real control plane: the loop is asked to wake every
millisecond, and what it comes later is told. From outside (``benchmarks.terminal``) only a key that meets it shows that.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import threading
import time
from typing import Any

from benchmarks.terminal import restart_counts, settle
from screens.app import TfdashApp
from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tfdash.board.board import Board
from tfdash.cli import running
from tfdash.model.update import Update

SIZE = (180, 50)
WAKES = 0.001  # seconds between two wakes of the loop


async def lags(until: asyncio.Event) -> list[float]:
    """How many seconds late the loop woke, again and again."""
    found = []
    while not until.is_set():
        at = time.perf_counter()
        await asyncio.sleep(WAKES)
        found.append(max(0.0, time.perf_counter() - at - WAKES))
    return found


async def whole(board: Board) -> None:
    """Until every list that is wanted has come, and what came is judged."""
    loop, there = asyncio.get_running_loop(), asyncio.Event()

    def heard(_: Update | None = None) -> None:
        judged = bool(board.assessment.sections) and board.assessment.number >= board.picture.number
        if judged and not board.unsettled():
            loop.call_soon_threadsafe(there.set)

    stop = board.subscribe(heard)
    heard()
    await there.wait()
    stop()


async def measured(app: TfdashApp, cluster: Cluster, began: float) -> dict[str, Any]:
    told: dict[str, Any] = {}

    async def during(name: str, seconds: float) -> None:
        end = asyncio.Event()
        task = asyncio.ensure_future(lags(end))
        await asyncio.sleep(seconds)
        end.set()
        told[name] = spread(await task)

    end = asyncio.Event()
    start = asyncio.ensure_future(lags(end))
    await whole(app.board)
    told["everything_s"] = time.perf_counter() - began
    end.set()
    told["held_while_listing_ms"] = spread(await start)
    await asyncio.sleep(5)
    await during("held_at_rest_ms", 20)
    stop = threading.Event()
    changer = threading.Thread(target=restart_counts, args=(cluster, 50, stop), daemon=True)
    changer.start()
    await asyncio.sleep(3)
    await during("held_while_changing_ms", 20)
    stop.set()
    return told


def spread(late: list[float]) -> dict[str, float]:
    ordered = sorted(t * 1000 for t in late)
    return {
        "median": statistics.median(ordered),
        "p99": ordered[round(0.99 * (len(ordered) - 1))],
        "worst": ordered[-1],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    args = parser.parse_args()
    told: dict[str, Any] = {}
    with Cluster() as cluster:
        world.add_nodes(cluster, max(5, args.pods // 400))
        world.many_pods(cluster, 100, args.pods // 100, 1)
        settle(cluster)
        began = time.perf_counter()

        def run_headless(self: TfdashApp) -> int | None:
            async def drive(pilot: Any) -> None:
                told.update(await measured(self, cluster, began))
                self.exit()

            self.run(headless=True, size=SIZE, auto_pilot=drive)
            return self.return_code or None

        TfdashApp.run_in_terminal = run_headless  # type: ignore[method-assign]  # all runs as it is, but for the terminal
        running.run(
            argparse.Namespace(
                config="",
                environment="",
                kubeconfig=str(cluster.kubeconfig("admin")),
                context="",
                namespace="bench-00",
                all_namespaces=False,
                debug=False,
                screen="pods",
                theme="",
                read_only=True,
                act=False,
            )
        )
    for name, value in told.items():
        shown = (
            "  ".join(f"{k} {v:.1f}" for k, v in value.items()) if isinstance(value, dict) else f"{value:.2f}"
        )
        print(f"{name:26}{shown}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
