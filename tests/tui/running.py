"""The application run headless against recorded pictures, and the golden screens."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from difflib import unified_diff
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from screens.app import TfdashApp
from screens.context import AppContext
from screens.replay import ReplayApp
from tests.kinds import NOTHING_STORED
from tests.tui import world
from tests.tui.recorded import REF, Recorded
from tests.tui.stillness import rest
from tests.waiting import soon
from tfdash.actions.core.action_service import ReadOnlyService
from tfdash.actions.core.mode import Mode
from tfdash.actions.core.policy import ActionPolicy
from tfdash.board.board import Board
from tfdash.clock import FixedClock
from tfdash.config.startup import UiSettings
from tfdash.judging.judge import Judge
from tfdash.playbook.policies import Policies
from tfdash.replay.player import Player
from widgets.table import Table
from widgets.textual_private import screen_text

GOLDEN = Path(__file__).parent / "golden"
UPDATE = bool(os.environ.get("TFDASH_UPDATE_GOLDEN"))
SIZES = ((80, 24), (120, 40), (200, 60))


class Run:
    """A running application with its pilot and its source."""

    def __init__(self, app: TfdashApp, pilot: Pilot[Any], source: Recorded) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def table(self) -> Table:
        return self.app.screen.query_one(Table)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await self.until(lambda: self.app.size == (width, height) and self.text.count("\n") == height)

    async def until(self, true: Callable[[], bool], what: str = "") -> None:
        """Let the application work until something is true of it, and until it has come to rest."""

        async def there() -> bool:
            await rest(self.app)
            found = true()
            if not found and self.app.failure is not None:
                raise self.app.failure
            return found

        await soon(there, lambda: f"{what}\n{self.text}")

    async def shows(self, *texts: str) -> None:
        def there() -> bool:
            shown = self.text
            return all(text in shown for text in texts)

        await self.until(there, " and ".join(texts))

    async def listed(self) -> None:
        """A table that has rows."""
        await self.until(lambda: bool(self.app.screen.query(Table)) and self.table.shown > 0, "rows")

    async def still(self) -> str:
        """The screen once it shows the newest assessment and nothing on it moves any more."""
        before = ""

        async def unmoved() -> bool:
            nonlocal before
            await self.until(lambda: not self.app.relay._armed, "that the newest update is shown")
            same, before = before == self.text != "", self.text  # "": nothing is drawn yet
            return same

        await soon(unmoved, "a screen that does not move", every=0.02)
        return before

    async def lacks(self, text: str) -> None:
        await self.until(lambda: text not in self.text, f"without {text}")


@asynccontextmanager
async def running(
    source: Recorded | None = None,
    size: tuple[int, int] = (120, 40),
    settled: bool = True,
    judge: Judge | None = None,
    prepare: Callable[[Board], None] = lambda board: None,
    others: Sequence[Recorded] = (),
    **over: Any,
) -> AsyncIterator[Run]:
    """Start, wait until everything is judged, and stop. ``prepare`` is given the board before it starts; ``others``: further clusters."""
    source = Recorded() if source is None else source
    clock = over.get("clock") or FixedClock(world.NOW)
    board = Board([source, *others], Judge() if judge is None else judge, clock, interval=0.01)
    board.put_store_state(NOTHING_STORED)
    prepare(board)
    given: dict[str, Any] = {
        "environment": "production",
        "word": "PRODUCTION",
        "colour": "production",
        "clock": clock,
        "environments": ("development", "staging", "production"),
        "demo": False,
        "policies": Policies(),
    }
    looks = {"frames_per_second": 100} | {name: over.pop(name) for name in vars(UiSettings()) if name in over}
    app = TfdashApp(board, AppContext(**(given | over), ui=UiSettings(**looks)))
    try:
        async with app.run_test(size=size) as pilot:
            run = Run(app, pilot, source)
            if settled:
                await run.until(
                    lambda: (
                        source.running.is_set()
                        and not board.unsettled()
                        and bool(board.assessment.sections)
                        and board.assessment.number >= board.picture.number
                        and not app.relay._armed  # else a key may come before the first row
                    ),
                    "a settled board, and shown",
                )
            yield run
            if app.failure is not None:
                raise app.failure
    finally:
        board.stop()


@asynccontextmanager
async def playing(
    player: Player, size: tuple[int, int] = (120, 40), policies: Policies | None = None
) -> AsyncIterator[Run]:
    """A recording in the application, walked to its end: wait until what it begins with is judged, and stop."""
    player.walk.run(rest=0.0)
    board = player.board
    context = AppContext(
        environment="production",
        word="PRODUCTION",
        colour="production",
        environments=("production",),
        clock=player.clock,
        policies=Policies() if policies is None else policies,
        ui=UiSettings(frames_per_second=100),
    )
    context.actions = ReadOnlyService(board, None, ActionPolicy(), player.clock, Mode(recorded=True))
    app = ReplayApp(player, context)
    try:
        async with app.run_test(size=size) as pilot:
            run = Run(app, pilot, Recorded())
            await run.until(
                lambda: bool(board.assessment.sections) and board.assessment.number >= board.picture.number,
                "a picture that is judged",
            )
            yield run
            if app.failure is not None:
                raise app.failure
    finally:
        board.stop()


def compare(name: str, shown: str) -> None:
    """Against the golden file; ``TFDASH_UPDATE_GOLDEN=1`` writes it."""
    path = GOLDEN / f"{name}.txt"
    if UPDATE:
        path.write_text(shown, encoding="utf-8")
    assert path.exists(), f"no golden screen {path.name}; write it with TFDASH_UPDATE_GOLDEN=1"
    golden = path.read_text(encoding="utf-8")
    differs = unified_diff(golden.splitlines(), shown.splitlines(), path.name, "shown", lineterm="", n=1)
    assert shown == golden, "\n".join(differs)


__all__ = ["REF", "SIZES", "Run", "compare", "playing", "running"]
