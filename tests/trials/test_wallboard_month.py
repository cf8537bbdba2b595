"""A wall over 30 simulated days: pods come and go, breaches come and end, the API server is away, the clock goes over midnights and the end
of summer time. Memory, tasks, threads and descriptors do not grow. ``TFDASH_WALL_DAYS`` says for how many days."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from screens.wall.app import WallApp
from screens.wall.context import WallContext, WatchedEnvironment
from tests.kinds import NOTHING_STORED
from tests.tui import world
from tests.tui.recorded import REF, Recorded
from tests.waiting import soon
from tfdash.board.board import Board
from tfdash.judging.judge import Judge
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.subject import Key
from tfdash.views.wall.names import WALL_IDS
from tfdash.watchdog import Watchdog

pytestmark = pytest.mark.timeout(3600)
DAYS = int(os.environ.get("TFDASH_WALL_DAYS", "30"))
DAY, STEP, CHANGE = 86_400, 60, 1800  # seconds
BEGIN = 1_792_468_800.0  # 20 Oct 2026: summer time ends within the month in New York
ROTATE = 20.0


class Stepped:
    """The clock of all, and the monotonic one beside it."""

    def __init__(self) -> None:
        self.at = BEGIN

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - BEGIN + 1.0


class Size(NamedTuple):
    memory: int  # KiB that are resident
    tasks: int
    threads: int
    descriptors: int


def size() -> Size:
    gc.collect()
    memory = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return Size(
        int(memory.split()[1]),
        len(asyncio.all_tasks()),
        threading.active_count(),
        len(os.listdir("/proc/self/fd")),
    )


class Life:
    """What happens on the platform, a step each half hour of its time."""

    def __init__(self, source: Recorded, clock: Stepped) -> None:
        self.source, self.clock, self.number = source, clock, 0
        self.pods = dict(source.objects["Pod"])
        self.deployments: dict[Key, Any] = dict(source.objects["Deployment"])

    def step(self) -> None:
        self.number += 1
        away = self.number % 48 in (20, 21)  # an hour of each day the server is away
        down = self.number % 7 == 3
        pods = {
            key: msgspec.structs.replace(
                pod, resource_version=str(self.number), uid=f"{pod.uid}-{self.number}"
            )
            for key, pod in self.pods.items()
        }
        extra = f"batch-{self.number}"
        pods[Key(world.NS, extra)] = msgspec.structs.replace(
            next(iter(pods.values())), name=extra, uid=extra, owner=None
        )
        self.put("Pod", pods, away)
        changed = {}
        for key, one in self.deployments.items():
            gone = (
                {"ready": 0, "available": 0, "unavailable": one.desired}
                if down and key.name == "auth"
                else {}
            )
            changed[key] = msgspec.structs.replace(one, resource_version=str(self.number), **gone)
        self.put("Deployment", changed, away)
        for kind in self.source.objects.keys() - {"Pod", "Deployment"}:
            self.put(kind, self.source.objects[kind], away)

    def put(self, kind: str, objects: Any, away: bool) -> None:
        assert self.source.sink is not None
        problem = None
        if away:
            problem = Problem(
                kind=ProblemKind.UNREACHABLE,
                cause=f"connection refused, try {self.number}",
                remedy="",
                since=self.clock.at,
            )
        self.source.sink.put_objects(
            REF,
            kind,
            Observation(
                value=objects,
                source=kind,
                observed_at=self.clock.at,
                complete=True,
                problem=problem,
                interval=CHANGE,
            ),
            None,
        )


async def test_a_month_on_the_wall(tmp_path: Path, figure: Callable[[str], None]) -> None:
    clock, source = Stepped(), Recorded()
    held: Any = source
    board = Board([held], Judge(), clock, interval=0.0)
    board.put_store_state(NOTHING_STORED)
    beat = tmp_path / "alive"
    app = WallApp(
        WallContext(
            [WatchedEnvironment("PRODUCTION", "production", board)],
            clock,
            "America/New_York",
            WALL_IDS,
            ROTATE,
            watchdog=Watchdog({}, str(beat), now=clock.monotonic),
            monotonic=clock.monotonic,
        )
    )
    sizes: list[Size] = []
    seen: set[str] = set()
    olds = takes = 0
    async with app.run_test(size=(200, 60)) as pilot:
        await soon(source.running.is_set, "the source")
        life = Life(source, clock)
        for second in range(0, DAYS * DAY, STEP):
            clock.at = BEGIN + second
            if second % CHANGE == 0:
                life.step()
                await soon(lambda: board.assessment.number >= board.picture.number, "judged")
            was_taken = app.turns.taken
            app.look()
            await asyncio.sleep(0)
            assert app.failure is None
            shown = app._shown
            assert shown is not None
            seen.add(app.turns.shown.page)
            olds += bool(shown.old)
            takes += app.turns.taken and not was_taken
            if second % DAY == DAY - STEP:
                await pilot.pause()
                sizes.append(size())
        assert beat.exists()
    board.stop()
    figure(
        f"{DAYS} days: {', '.join(f'{s.memory // 1024} MB' for s in sizes[:: max(DAYS // 6, 1)])}; last {sizes[-1]}"
    )
    figure(
        f"{takes} times a new breach took the wall, {olds * STEP / 3600:.0f} h of old data were told, pages {len(seen)}"
    )
    assert seen == set(WALL_IDS)
    assert takes and olds
    settled = sizes[min(3, len(sizes) - 1)]
    for later in sizes[3:]:
        assert later[1:] == settled[1:]
    assert sizes[-1].memory - settled.memory < 8 * 1024
