"""The wall at one fixed moment, held against its golden text; and what it does when something breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from screens.wall.app import WallApp
from screens.wall.context import WallContext, WatchedEnvironment
from tests.kinds import NOTHING_STORED
from tests.tui import world
from tests.tui.recorded import Recorded
from tests.tui.running import compare
from tests.waiting import soon
from tfdash.board.board import Board
from tfdash.clock import FixedClock
from tfdash.judging.judge import Judge
from tfdash.views.wall.pages import WALL_PAGES
from widgets.textual_private import screen_text


@asynccontextmanager
async def wall(size: tuple[int, int] = (80, 24), **over: Any) -> AsyncIterator[WallApp]:
    source: Any = Recorded()
    clock = FixedClock(world.NOW)
    board = Board([source], Judge(), clock, interval=0.01)
    board.put_store_state(NOTHING_STORED)
    given: dict[str, Any] = {
        "pages": [page.id for page in WALL_PAGES],
        "rotate": 3600.0,
        "zone": "America/New_York",
    }
    app = WallApp(
        WallContext([WatchedEnvironment("PRODUCTION", "production", board)], clock, **(given | over))
    )
    try:
        async with app.run_test(size=size) as pilot:

            async def judged() -> bool:
                await pilot.pause()
                return (
                    source.running.is_set()
                    and not board.unsettled()
                    and bool(board.assessment.sections)
                    and board.assessment.number >= board.picture.number
                )

            await soon(judged, lambda: "a settled board")
            app.look()
            await pilot.pause()
            yield app
            if app.failure is not None:
                raise app.failure
    finally:
        board.stop()


@pytest.mark.parametrize("page", [page.id for page in WALL_PAGES])
@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_golden(page: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with wall(size, pages=[page]) as app:
        compare(f"wall-{page}-{size[0]}x{size[1]}", screen_text(app))


@pytest.mark.parametrize("kiosk", [True, False])
async def test_no_key_does_anything_in_a_kiosk_and_elsewhere_q_ends_it(kiosk: bool) -> None:
    async with wall(kiosk=kiosk) as app:
        pilot = Pilot(app)
        before, ends = screen_text(app), ("ctrl+c", "ctrl+q")
        idle = ("ctrl+z", "ctrl+p", "tab", "question_mark", "colon", "escape", "f1", "enter", "1", "b")
        await pilot.press(*idle, *(ends if kiosk else ()))
        assert not app._exit
        assert screen_text(app) == before
        await pilot.press("q")
        assert app._exit is not kiosk


async def test_nothing_takes_the_focus_or_the_mouse() -> None:
    async with wall() as app:
        assert app.screen.focused is None
        await Pilot(app).click(offset=(5, 5))
        assert app.screen.focused is None
        assert not app.screen.query("*:focus")
