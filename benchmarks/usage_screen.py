"""``python -m benchmarks.usage_screen``: from a poll of what is used to the row drawn on the Resources page, with 1,000 workloads.

The application runs headless in this process against pictures that are played to it, so that it shares the interpreter with the
board's thread as it does for a person. Wall time goes from the publication of what is used to its last word, and from there to the next
look of the page; beside it stands the screen's own time for its looks at the whole page.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any

from benchmarks.usage import REF, T0, Bench, body, drained
from screens.pages.resources.resources import ResourcesScreen
from tests.tui import world
from tests.tui.recorded import Recorded
from tests.tui.running import running
from tfdash.clock import FixedClock
from tfdash.judging.judge import Judge
from tfdash.model.kube import Object
from tfdash.model.subject import Key
from tfdash.model.update import Update

HOLD = 0.05


def poll(bench: Bench, at: float) -> tuple[dict[Key, Any], frozenset[Key]]:
    """What is used, and of whom it is news."""
    _, found = drained(bench.codec.pieces(body(bench.there, at, bench.chance), bench.metrics))
    bench.metrics = {Key(o.namespace, o.name): o for o in found}
    bench._take(PodMetrics=bench.metrics)
    made = drained(bench.maker.make(bench.cluster, 60.0, True))
    return dict(made.objects), made.changed


def timed_looks() -> list[tuple[float, float]]:
    """Of each look at the whole page when it ended, and the thread's seconds for it, as they come."""
    found: list[tuple[float, float]] = []
    look = ResourcesScreen._show

    def show(self: ResourcesScreen) -> None:
        began = time.thread_time()
        look(self)
        found.append((time.perf_counter(), time.thread_time() - began))

    ResourcesScreen._show = show  # type: ignore[method-assign]  # the same look, with a clock round it
    return found


async def measured(workloads: int, pods: int, polls: int) -> None:
    bench, looks = Bench(workloads, pods, 100), timed_looks()
    used, _ = poll(bench, T0)
    nothing: dict[str, list[Object]] = {kind: [] for kind in world.objects()}
    source = Recorded({**nothing, **bench.there, "Usage": list(used.values())}, ref=REF)
    async with running(
        source, (120, 40), judge=Judge(hold=HOLD), start="resources", clock=FixedClock(T0)
    ) as run:
        await run.listed()
        judged: list[float] = []

        def heard(update: Update) -> None:
            if update.judged or update.judged is None:
                judged.append(time.perf_counter())

        run.app.board.subscribe(heard)
        for number in range(1, polls + 1):
            used, changed = poll(bench, T0 + 15 * number)
            source.objects["Usage"] = used
            many = len(looks)
            judged.clear()
            began = time.perf_counter()
            source.show("Usage", changed)
            await asyncio.sleep(5)  # all is said and drawn
            mine = looks[many:]
            if not judged or not mine:
                print(f"poll {number}: never {'drawn' if judged else 'judged'}")
                continue
            known = judged[-1]
            drawn = next((at for at, _ in mine if at >= known), mine[-1][0])
            print(
                f"poll {number}: judged after {1000 * (known - began):.0f} ms,"
                f" drawn {1000 * (drawn - known):.0f} ms after that; {len(mine)} looks,"
                f" the longest {1000 * max(s for _, s in mine):.0f} ms of the screen's thread"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10, help="of each workload")
    parser.add_argument("--polls", type=int, default=5)
    args = parser.parse_args()
    asyncio.run(measured(args.workloads, args.pods, args.polls))


if __name__ == "__main__":
    main()
