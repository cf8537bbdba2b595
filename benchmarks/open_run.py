"""What an open run costs while nothing of it changes: a wait that must hold for an hour, beside a store with a run of many events; once with nothing
new, once with news five times a second. The difference to the same board without the run.

python -m benchmarks.open_run [--seconds 20] [--events 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.model.observation import Observation
from tfdash.model.picture import SourceInfo
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.library import library
from tfdash.procedures.journals import Journals
from tfdash.procedures.kind import Means
from tfdash.procedures.protocols import Given
from tfdash.procedures.service import Runs
from tfdash.procedures.uncoordinated import Uncoordinated
from tfdash.procedures.watching import Watching
from tfdash.store.opening import StoreOptions, open_store

REF = ClusterRef("production", "eu-1")
_FILE = """title = "an open run"

[[steps]]
id = "hold"
title = "it holds for an hour"
kind = "wait"
asks = [{ probe = "time.past", time = "2020-01-01 00:00" }, { probe = "control-plane.answers" }]
lasts = "1h"
"""
_EACH = 0.2  # seconds between two of the news


async def measured(folder: Path, seconds: float, events: int, *, running: bool, news: bool) -> float:
    """Share of a core, of this process."""
    clock = SystemClock()
    opened = open_store(StoreOptions(path=str(folder / "store")), clock, acting=True, terminal="bench")
    board = Board([], None, clock, sources=[opened.source], interval=0.05)
    means = Means(
        board=board,
        journals=Journals(board, opened.store, clock),
        claims=Uncoordinated(opened.store.terminal, ""),
        clock=clock,
        zone=ZoneInfo("America/New_York"),
        who=lambda ref: "ann",
        refused=lambda: "",
    )
    runs = Runs(means, lambda: library(folder))
    board.add_task("runs", Watching(runs.engine).run)
    board.start()
    try:
        if running:
            run = await runs.start("open", {}, reason="a measurement", cluster=REF)
            for number in range(events):
                await runs.note(run.id, "", f"note {number}")
            await runs.do(run.id, "hold", Given())
        await asyncio.sleep(2.0)
        began, cpu = time.monotonic(), time.process_time()
        count = 0
        while time.monotonic() - began < seconds:
            await asyncio.sleep(_EACH)
            count += 1
            if news:
                status = Observation(
                    value=SourceInfo(name=f"n {count}"), source="bench", observed_at=clock.now()
                )
                board.put_status("bench", status)
        return (time.process_time() - cpu) / (time.monotonic() - began)
    finally:
        board.stop(10.0)
        opened.store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--events", type=int, default=2000)
    args = parser.parse_args()
    for news in (False, True):
        shares = []
        for running in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "open.toml").write_text(_FILE)
                work = measured(Path(folder), args.seconds, args.events, running=running, news=news)
                shares.append(asyncio.run(work))
        without, with_run = shares
        what = "news 5 times a second" if news else "nothing new"
        print(
            f"{what}: {without:.2%} of a core without a run, {with_run:.2%} with one that is open", flush=True
        )


if __name__ == "__main__":
    main()
