"""A wall that runs headless on small platforms, with clocks that a test steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from textual.pilot import Pilot

from screens.wall.app import WallApp
from screens.wall.context import WallContext, WatchedEnvironment
from tests.kinds import NOTHING_STORED
from tests.tui import world
from tests.tui.recorded import Recorded
from tests.waiting import soon
from tfdash.board.board import Board
from tfdash.judging.judge import Judge
from tfdash.model.subject import ClusterRef, Key
from tfdash.views.wall.names import WALL_IDS
from widgets.textual_private import screen_text

STAGING = ClusterRef("staging", "eu-2")


class Clocks:
    """The clock of all, and the one that never steps."""

    def __init__(self, at: float = world.NOW) -> None:
        self.at, self.run = at, 1.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.run

    def go(self, seconds: float) -> None:
        self.at += seconds
        self.run += seconds


class Wall:
    def __init__(self, app: WallApp, pilot: Pilot[Any], sources: Sequence[Recorded], clocks: Clocks) -> None:
        self.app, self.pilot, self.sources, self.clocks = app, pilot, sources, clocks

    @property
    def text(self) -> str:
        return screen_text(self.app)

    async def judged(self) -> None:
        """Until all that the sources put is judged, and then one look."""
        boards = [w.board for w in self.app.context.watched]

        async def there() -> bool:
            await self.pilot.pause()
            return all(
                not b.unsettled() and bool(b.assessment.sections) and b.assessment.number >= b.picture.number
                for b in boards
            )

        await soon(there, lambda: self.text)
        await self.look()

    async def look(self, after: float = 0.0) -> str:
        self.clocks.go(after)
        await soon(lambda: not self.app._walked, "the aliases of the look before")
        self.app._news = True
        self.app.look()
        await soon(lambda: not self.app._walked, "the aliases")
        await self.pilot.pause()
        if self.app.failure is not None:
            raise self.app.failure
        return self.text

    async def proven(self, at: float) -> None:
        """Every source answers again: all that it has was proven current then."""
        for watched, source in zip(self.app.context.watched, self.sources, strict=True):
            cluster = watched.board.picture.clusters[source.ref]
            watched.board.put_info(source.ref, msgspec.structs.replace(cluster.info, observed_at=at))
            for kind, seen in cluster.kinds.items():
                watched.board.put_objects(
                    source.ref, kind, msgspec.structs.replace(seen, observed_at=at, problem=None), frozenset()
                )
        await self.judged()

    async def down(self, name: str = "auth", source: int = 0) -> None:
        """A workload serves no more."""
        await self._set(name, source, 0)

    async def up(self, name: str = "auth", source: int = 0) -> None:
        await self._set(name, source, None)

    async def _set(self, name: str, source: int, ready: int | None) -> None:
        one: Any = self.sources[source].objects["Deployment"][Key(world.NS, name)]
        many = one.desired if ready is None else ready
        self.sources[source].put(
            msgspec.structs.replace(one, ready=many, available=many, unavailable=one.desired - many)
        )
        await self.judged()


@asynccontextmanager
async def wall(
    size: tuple[int, int] = (80, 24),
    *,
    clocks: Clocks | None = None,
    places: Sequence[ClusterRef] = (ClusterRef("production", "eu-1"),),
    **over: Any,
) -> AsyncIterator[Wall]:
    """Judged and looked at once. ``places``: one environment each, with the same small platform."""
    clocks = Clocks() if clocks is None else clocks
    sources = [Recorded(ref=ref) for ref in places]
    watched = []
    for source, ref in zip(sources, places, strict=True):
        held: Any = source
        board = Board([held], Judge(), clocks, interval=0.0)
        board.put_store_state(NOTHING_STORED)
        watched.append(WatchedEnvironment(ref.environment.upper(), ref.environment, board))
    given: dict[str, Any] = {"pages": WALL_IDS, "rotate": 3600.0, "zone": "America/New_York"}
    app = WallApp(WallContext(watched, clocks, monotonic=clocks.monotonic, **(given | over)))
    try:
        async with app.run_test(size=size) as pilot:
            found = Wall(app, pilot, sources, clocks)

            async def running() -> bool:
                await pilot.pause()
                return all(source.running.is_set() for source in sources)

            await soon(running, lambda: "the sources")
            await found.judged()
            yield found
            if app.failure is not None:
                raise app.failure
    finally:
        for one in watched:
            one.board.stop()
