"""The log viewer: bounded, following, merged, honest about what it lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from tests.tui.widgets.hostile import HOSTILE
from tfdash.views.filter import NO_FILTER, Filter
from widgets.loglines import LONGEST, ViewerLine
from widgets.logview import LogView
from widgets.theme import ThemedApp


class App(ThemedApp):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options
        self.said: list[Any] = []

    def compose(self) -> Any:
        yield LogView(title="checkout", **self.options)

    def on_mount(self) -> None:
        self.query_one(LogView).focus()

    def on_log_view_follow_changed(self, message: LogView.FollowChanged) -> None:
        self.said.append(message.follow)

    def on_log_view_save_requested(self, message: LogView.SaveRequested) -> None:
        self.said.append(("copy" if message.copy else "save", list(message.view.plain())))


@asynccontextmanager
async def log_of(
    count: int = 0, size: tuple[int, int] = (60, 11), **options: Any
) -> AsyncIterator[tuple[LogView, Pilot[None], App]]:
    app = App(**options)
    async with app.run_test(size=size) as pilot:
        view = app.query_one(LogView)
        put(view, 0, count)
        await pilot.pause()
        yield view, pilot, app


def put(view: LogView, start: int, count: int, source: str = "a") -> None:
    view.append(ViewerLine(f"line {i}", source, f"09:00:{i % 60:02d}") for i in range(start, start + count))
    view.flush()


def shown(view: LogView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def settled(view: LogView, pilot: Pilot[None]) -> None:
    for _ in range(500):
        if not any(not worker.is_finished for worker in view.workers):
            break
        await asyncio.sleep(0)
    await pilot.pause()


async def test_it_follows_until_one_scrolls_up_and_says_so() -> None:
    async with log_of(100) as (view, pilot, app):
        assert shown(view)[-1] == "line 99"
        assert "following" in shown(view)[0]
        view.ended = True
        put(view, 100, 0)
        view.refresh()
        assert "ended" in shown(view)[0] and "following" not in shown(view)[0], "nothing more can come"
        view.ended = False
        await pilot.press("up")
        assert not view.follow
        put(view, 100, 5)
        await pilot.pause()
        assert shown(view)[-1] == "line 98"
        assert "‖ not following, 5 new below: s follows" in shown(view)[0]
        await pilot.press("s")
        await pilot.pause()
        assert shown(view)[-1] == "line 104"
        await pilot.press("g")
        assert shown(view)[1] == "line 0"
        await pilot.press("G")
        await pilot.pause()
        assert view.follow
        assert app.said == [False, True, False, True]


async def test_the_ring_is_bounded_and_what_one_reads_stays_in_place() -> None:
    async with log_of(100, limit=100, size=(110, 11)) as (view, pilot, _):
        view.jump(50)
        await pilot.pause()
        assert shown(view)[1] == "line 50"
        put(view, 100, 20)
        await pilot.pause()
        assert view.kept <= 100
        assert shown(view)[1] == "line 50"
        assert f"{view.dropped} older dropped" in shown(view)[0]
        put(view, 120, 1000)
        await pilot.pause()
        assert view.kept <= 100
        assert shown(view)[-1].startswith("line ")


async def test_bytes_are_bounded_too() -> None:
    async with log_of(limit_bytes=10_000) as (view, _, _app):
        view.append(ViewerLine("x" * 1000) for _ in range(50))
        assert view.kept == 10
        view.append([ViewerLine("y" * 1_000_000)])
        assert view.kept == 1
        assert len(view._ring[0].text) < LONGEST + 50
        assert "983,616 characters more" in view._ring[0].text


async def test_several_sources_are_named_and_coloured() -> None:
    async with log_of(3) as (view, pilot, _):
        assert shown(view)[1] == "line 0"
        put(view, 3, 2, "bb")
        await pilot.pause()
        assert shown(view)[1:6] == ["a  line 0", "a  line 1", "a  line 2", "bb line 3", "bb line 4"]
        colours = [next(iter(view.render_line(y))).style for y in (1, 4)]
        assert colours[0] != colours[1]
        await pilot.press("t")
        assert shown(view)[4] == "09:00:03 bb line 3"


async def test_lost_and_resumed_streams_are_said_between_the_lines() -> None:
    async with log_of(2) as (view, pilot, _):
        view.say("stream of a lost: [reset]; resuming", "lost")
        view.say("stream of a resumed", "resumed")
        view.flush()
        await pilot.pause()
        assert shown(view)[3:5] == [
            "── ▲ stream of a lost: [reset]; resuming ──",
            "── ✔ stream of a resumed ──",
        ]
        await pilot.press("m")
        view.flush()
        assert list(view.plain())[-1] == "--- mark"


async def test_filter_keeps_marks_and_goes_on() -> None:
    async with log_of(100) as (view, pilot, _):
        view.say("lost", "lost")
        view.set_filter(Filter("line 9"))
        await settled(view, pilot)
        assert view.row_count == 12
        assert "12 of 101 lines" in shown(view)[0]
        put(view, 900, 1)
        put(view, 800, 1)
        await pilot.pause()
        assert shown(view)[-1] == "line 900"
        view.set_filter(Filter("!line"))
        await settled(view, pilot)
        assert view.row_count == 1
        view.set_filter(NO_FILTER)
        await settled(view, pilot)
        assert view.row_count == 103


async def test_filtering_while_the_ring_turns_over() -> None:
    async with log_of(0, limit=20_000) as (view, pilot, _):
        view.append(ViewerLine(f"line {i}") for i in range(20_000))
        view.set_filter(Filter("line .*7$"))
        for start in range(20_000, 30_000, 1000):
            view.append(ViewerLine(f"line {i}") for i in range(start, start + 1000))
            await asyncio.sleep(0)
        await settled(view, pilot)
        view.flush()
        expected = [line for line in view._ring if line.text.endswith("7")]
        assert view._shown == expected


async def test_wrapping_while_lines_come_and_go() -> None:
    async with log_of(0, limit=200) as (view, pilot, _):
        await pilot.press("w")
        for start in range(0, 500, 50):
            view.append(ViewerLine(f"{i} " + "x" * (i % 150)) for i in range(start, start + 50))
            view.flush()
        await settled(view, pilot)
        assert view._ends is not None
        assert len(view._ends) == view.row_count
        assert view.line_count == sum(max(-(-len(line.text) // view.line_width), 1) for line in view._ring)
        assert shown(view)[-1].endswith("x") or shown(view)[-1].startswith("499")


async def test_clear_save_copy() -> None:
    async with log_of(3) as (view, pilot, app):
        await pilot.press("ctrl+s", "c", "C")
        await pilot.pause()
        lines = [f"09:00:0{i} line {i}" for i in range(3)]
        assert app.said == [("save", lines), ("copy", lines)]
        assert view.kept == 0
        put(view, 7, 1)
        await pilot.pause()
        assert shown(view)[1] == "line 7"


async def test_search_in_what_is_shown() -> None:
    async with log_of(100) as (view, pilot, _):
        await pilot.press("g")
        view.search("line 42")
        await settled(view, pilot)
        assert "line 42" in shown(view)
        assert not view.follow


async def test_hostile_lines_and_names() -> None:
    async with log_of(size=(80, 50)) as (view, pilot, _):
        view.append(ViewerLine(name, name, name) for name in HOSTILE)
        view.say("[x]\x1b[0m", "lost")
        view.set_title("[/b]\x07")
        view.set_status("\x1b]0;x\x07", "unknown")
        for key in ("t", "w", "g", "G"):
            await pilot.press(key)
            view.flush()
            await settled(view, pilot)
            picture = "\n".join(shown(view))
            assert not any(c in picture for c in "\x1b\x07\x9b\u202e\u200b\r\t\ud800")
            assert all(view.render_line(y).cell_length == view.size.width for y in range(view.size.height))
        assert not any(c in "\n".join(view.plain()) for c in "\x1b\x07\x9b\u202e")


@pytest.mark.parametrize("seed", range(8))
async def test_keys_in_any_order_while_lines_come(seed: int) -> None:
    """Wrapped and empty, cleared while it is measured, filtered to nothing: every order of keys, drawn each time."""
    random = Random(seed)
    keys = ["w", "C", "s", "t", "m", "g", "G", "up", "down", "pageup", "pagedown", "left", "right", "n", "N"]
    trail: list[str] = []
    async with log_of(0, limit=120) as (view, pilot, app):
        for turn in range(150):
            step = random.choice([*keys, "lines", "lines", "filter", "search", "end"])
            trail.append(step)
            if step == "lines":
                view.append(
                    ViewerLine("x" * random.choice([0, 3, 59, 60, 61, 400]))
                    for _ in range(random.randint(1, 70))
                )
            elif step == "filter":
                view.set_filter(random.choice([Filter("xxx"), Filter("nothing"), NO_FILTER]))
            elif step == "search":
                view.search(random.choice(["x", "nothing", ""]))
            elif step == "end":
                view.flush()
            else:
                app.post_message(events.Key(step, step if len(step) == 1 else None))
            if turn % 5 == 4:
                await pilot.pause()
                assert len(shown(view)) == view.size.height, trail
        await settled(view, pilot)
        view.flush()
        assert view.line_count >= view.row_count, trail


@pytest.mark.parametrize("keys", [("w", "C"), ("w", "C", "w"), ("w", "G", "C", "g")])
async def test_a_wrapped_log_is_cleared_and_goes_on(keys: tuple[str, ...]) -> None:
    async with log_of(30) as (view, pilot, _):
        await pilot.press(*keys)
        put(view, 30, 1)
        await settled(view, pilot)
        assert shown(view)[1] == "line 30"


async def test_sources_whose_names_begin_alike_look_different() -> None:
    names = [f"payments-checkout-service-worker-7d9c5b6f4d-{end}" for end in ("x7k2p", "abcde", "q9z8w")]
    async with log_of() as (view, pilot, _):
        for name in names:
            put(view, 0, 1, name)
        await settled(view, pilot)
        leads = [view.row_text(row).removesuffix(" line 0") for row in range(3)]
    assert len(set(leads)) == 3


async def test_a_saved_log_has_date_and_zone_and_the_colours_are_the_themes() -> None:
    async with log_of() as (view, pilot, _):
        line = ViewerLine(
            "INFO x", "a", "09:00:00", full="2026-11-28T09:00:00.001-05:00", colours=((0, 4, "green"),)
        )
        view.append([line])
        await settled(view, pilot)
        assert list(view.plain()) == ["2026-11-28T09:00:00.001-05:00 INFO x"]
        assert list(view.row_spans(0, view.row_text(0))) == [(0, 4, "tok-ok")]
