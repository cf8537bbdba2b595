"""The text viewer: large, long and hostile texts; search; wrapping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.widgets.hostile import HOSTILE
from tfdash.views.filter import FilterError
from widgets.highlight import HIGHLIGHTS, spans_of
from widgets.search import Search
from widgets.textview import FOLD, TextView
from widgets.theme import ThemedApp


class App(ThemedApp):
    def __init__(self, text: str, language: str) -> None:
        super().__init__()
        self.content, self.language = text, language
        self.copied: list[str] = []

    def compose(self) -> Any:
        yield TextView(self.content, self.language, title="pod/x")

    def on_mount(self) -> None:
        self.query_one(TextView).focus()

    def on_text_view_copy_requested(self, message: TextView.CopyRequested) -> None:
        self.copied.append(message.text)


@asynccontextmanager
async def view_of(
    text: str, language: str = "text", size: tuple[int, int] = (40, 11)
) -> AsyncIterator[tuple[TextView, Pilot[None], App]]:
    app = App(text, language)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app.query_one(TextView), pilot, app


def shown(view: TextView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def settled(view: TextView, pilot: Pilot[None]) -> None:
    for _ in range(200):
        if not any(not worker.is_finished for worker in view.workers):
            break
        await asyncio.sleep(0)
    await pilot.pause()


NUMBERED = "\n".join(f"line {i}" for i in range(1, 101)) + "\n"


async def test_lines_are_counted_and_moved_through() -> None:
    async with view_of(NUMBERED) as (view, pilot, _):
        assert view.lines == 100
        assert shown(view)[0].endswith("1-10 of 100 lines")
        assert shown(view)[1] == "line 1"
        await pilot.press("j", "j")
        assert shown(view)[1] == "line 3"
        await pilot.press("G")
        assert shown(view)[-1] == "line 100"
        assert shown(view)[0].endswith("91-100 of 100 lines")
        await pilot.press("pageup")
        assert shown(view)[1] == "line 82"
        await pilot.press("g")
        assert shown(view)[1] == "line 1"


async def test_another_text_keeps_the_place() -> None:
    async with view_of(NUMBERED) as (view, pilot, _):
        view.jump(40)
        view.set_text(NUMBERED.replace("line 45", "line forty-five"))
        await pilot.pause()
        assert shown(view)[1] == "line 41"
        assert "line forty-five" in shown(view)
        view.set_text("short")
        await pilot.pause()
        assert shown(view)[1] == "short"


async def test_search_goes_round_and_says_when_there_is_none() -> None:
    async with view_of(NUMBERED) as (view, pilot, _):
        view.search("LINE 5")
        await settled(view, pilot)
        assert "/LINE 5" in shown(view)[0]
        seen = []
        for _ in range(12):
            seen.append(view._here + 1)
            await pilot.press("n")
            await settled(view, pilot)
        assert seen == [5, *range(50, 60), 5]
        await pilot.press("N")
        await settled(view, pilot)
        assert view._here + 1 == 5
        assert any("line 5" in line for line in shown(view))
        view.search("line 1?00$")
        await settled(view, pilot)
        assert view._here + 1 == 100
        view.search("nonesuch")
        await settled(view, pilot)
        assert "/nonesuch: no match" in shown(view)[0]
        with pytest.raises(FilterError):
            view.search("a[")
        view.search("")
        assert "/" not in shown(view)[0].replace("pod/x", "")


async def test_matches_are_marked_where_they_stand() -> None:
    async with view_of("abc ABC [b]abc", size=(40, 5)) as (view, pilot, _):
        view.search("abc")
        await settled(view, pilot)
        styles = [(s.text, s.style) for s in view.render_line(1) if s.text.strip()]
        marked = {text for text, style in styles if style == view.style("pager--match-here")}
        assert [t for t, _ in styles][:3] == ["abc", " ", "ABC"] or marked == {"abc", "ABC"}
        assert marked == {"abc", "ABC"}


async def test_wrapping_shows_all_and_keeps_the_place() -> None:
    text = "\n".join(f"{i:03d} " + "x" * 100 for i in range(50)) + "\n" + "日本" * 30
    async with view_of(text, "yaml") as (view, pilot, _):
        view.jump(20)
        await pilot.press("w")
        await settled(view, pilot)
        assert shown(view)[1].startswith("020 xxx")
        assert "wrapped" in shown(view)[0]
        assert shown(view)[4].startswith("021 ")
        await pilot.press("G")
        assert shown(view)[-1].endswith("本")
        assert all(view.render_line(y).cell_length == view.size.width for y in range(view.size.height))
        await pilot.press("w")
        await pilot.pause()
        assert "wrapped" not in shown(view)[0]


@pytest.mark.parametrize("text", ["".join(chr(33 + i % 90) for i in range(300)), "日本語" * 60, "é" * 200])
async def test_no_character_of_a_wrapped_text_is_under_the_scrollbar(text: str) -> None:
    """What the terminal gets, not what the widget draws: the bar stands over the last cell of a line."""
    async with view_of(text + "\nend", "yaml") as (view, pilot, app):
        await pilot.press("w")
        await settled(view, pilot)
        rows = [strip.crop(0, view.line_width) for strip in app.screen._compositor.render_strips()]
        seen = "".join(row.text.rstrip() for row in rows[1:])
        assert seen.startswith(text[: len(seen) - 3]) and len(seen) > 100
        assert text in seen or not seen.endswith("end")


async def test_sentences_are_wrapped_between_words_from_the_start_and_counted_as_they_are_seen() -> None:
    text = "since:     the release that began inside its window may finish\n" * 8
    async with view_of(text, "describe") as (view, pilot, _):
        assert shown(view)[1:4] == [
            "since:     the release that began",
            " " * 11 + "inside its window may finish",
            "since:     the release that began",
        ]
        assert shown(view)[0].endswith("1-10 of 16 lines")
        await pilot.press("G")
        assert shown(view)[0].endswith("7-16 of 16 lines")
        await pilot.press("w")
        await pilot.pause()
        assert shown(view)[0].endswith("not wrapped  8 lines")
        view.set_text(text + "one more")
        await pilot.pause()
        assert shown(view)[0].endswith("9 lines"), "what was chosen stays"


async def test_a_line_that_is_cut_shows_that_it_is() -> None:
    async with view_of("short") as (view, _, _):
        line = view.line("x" * 200)
        assert line.text.endswith("… ") and line.cell_length == view.size.width


async def test_scrolling_sideways() -> None:
    async with view_of("a" * 39 + "b" * 20, "yaml") as (view, pilot, _):
        await pilot.press("right")
        assert shown(view)[1].startswith("a" * 31 + "b")
        assert "← 8" in shown(view)[0]
        await pilot.press(*["right"] * 30)
        assert "b" in shown(view)[1]
        await pilot.press(*["left"] * 30)
        assert shown(view)[1].startswith("a" * 39)


@pytest.mark.parametrize("language", HIGHLIGHTS)
async def test_a_line_without_end_is_folded_and_drawn(language: str) -> None:
    async with view_of('{"a": ' + "x" * 1_000_000 + "\n" + "日" * 50_000, language) as (view, pilot, _):
        assert view.lines == 2
        assert view.row_count == -(-1_000_006 // FOLD) + -(-50_000 // 1024)
        assert "long ones folded" in shown(view)[0] or view.size.width < 60
        await pilot.press("G", "w")
        await settled(view, pilot)
        assert all(view.render_line(y).cell_length == view.size.width for y in range(view.size.height))


@pytest.mark.parametrize("language", HIGHLIGHTS)
async def test_hostile_text_is_literal_in_every_language(language: str) -> None:
    text = "\n".join(f"{name}: {name}" for name in HOSTILE if "\n" not in name)
    async with view_of(text, language, size=(80, 40)) as (view, pilot, app):
        view.set_title("[b]x[/y]\x1b[0m")
        view.set_status("[red]\x07", "warn")
        for _ in range(2):
            picture = "\n".join(shown(view))
            assert "[@click=app.quit]ok[/]: [@click=app.quit]ok[/]" in picture.replace("\n", "")
            assert not any(c in picture for c in "\x1b\x07\x9b\u202e\u200b\r\t\ud800")
            assert all(view.render_line(y).cell_length == view.size.width for y in range(view.size.height))
            await pilot.press("w")
            await settled(view, pilot)
        await pilot.press("c")
        await pilot.pause()
        assert app.copied == [text]


async def test_a_large_text_is_there_at_once() -> None:
    text = "\n".join(f"  key{i}: value {i}" for i in range(100_000))
    async with view_of(text, "yaml") as (view, pilot, _):
        assert view.lines == 100_000
        await pilot.press("end")
        assert shown(view)[-1] == "  key99999: value 99999"
        await pilot.press("w")
        await settled(view, pilot)
        assert shown(view)[-1] == "  key99999: value 99999"
        assert len(view._strips) < 600


async def test_nothing_to_show() -> None:
    async with view_of("") as (view, pilot, _):
        await pilot.press("w", "G", "n", "right", "j")
        assert shown(view)[0].endswith("0 lines")


def named(text: str, language: str) -> dict[str, str]:
    return {text[start:stop]: name.removeprefix("text--") for start, stop, name in spans_of(text, language)}


def test_what_is_coloured() -> None:
    assert named("  name: checkout", "yaml") == {"name": "key"}
    assert named("- name: 3", "yaml") == {"name": "key", "3": "number"}
    assert named("  on: true", "yaml") == {"on": "key", "true": "word"}
    assert named('  v: "a: b"', "yaml") == {"v": "key", '"a: b"': "string"}
    assert named("# note: x", "yaml") == {"# note: x": "comment"}
    assert named("  url: http://a:80/b", "yaml") == {"url": "key"}
    assert named("just words", "yaml") == {}
    assert named('{"a": "b", "c": 1.5, "d": null}', "json") == {
        '"a"': "key",
        '"b"': "string",
        '"c"': "key",
        "1.5": "number",
        '"d"': "key",
        "null": "word",
    }
    assert named("+new", "diff") == {"+new": "added"}
    assert named("-old", "diff") == {"-old": "removed"}
    assert named("@@ -1 +1 @@", "diff") == {"@@ -1 +1 @@": "comment"}
    assert named(" same", "diff") == {}
    assert named("Node Name:   x", "describe") == {"Node Name": "key"}
    assert named("2026 ERROR it broke", "log") == {"ERROR": "tok-warn"}
    assert named("no errors", "log") == {}


def test_searches() -> None:
    assert Search("a.c").spans("xabcx a-c") == [(1, 4), (6, 9)]
    assert Search("X*").spans("ab") == []
    assert Search("[B]").spans("aBb") == [(1, 2), (2, 3)]
    assert Search("日").spans("a日b日") == [(1, 2), (3, 4)]
    assert not Search("abc").found_in("ab")
    for text in ("!x", "-l a=b", "-f x", ""):
        with pytest.raises(FilterError):
            Search(text)
