"""The table: what it keeps while rows come, go and change, and what it draws."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.strip import Strip

from tests.tui.widgets.hostile import HOSTILE
from tests.tui.widgets.rows import COLUMNS, Rows
from tfdash.views.filter import Filter
from tfdash.views.table import Column
from widgets.table import HEAD, Table
from widgets.theme import NAMES, ThemedApp

pytestmark = pytest.mark.usefixtures("painted")


class App(ThemedApp):
    def __init__(self, rows: Rows, columns: tuple[Column, ...] = COLUMNS, **options: Any) -> None:
        super().__init__(**options)
        self.rows, self.columns = rows, columns
        self.said: list[Any] = []

    def compose(self) -> Any:
        yield Table(self.columns, self.rows, title="Pods", scope="ns", noun="pods", sort="name")

    def on_mount(self) -> None:
        self.query_one(Table).focus()

    def on_table_row_highlighted(self, message: Table.RowHighlighted) -> None:
        self.said.append(("at", message.key))

    def on_table_row_activated(self, message: Table.RowActivated) -> None:
        self.said.append(("open", message.key))

    def on_table_sort_changed(self, message: Table.SortChanged) -> None:
        self.said.append(("sort", message.column, message.descending))

    def on_table_marks_changed(self, message: Table.MarksChanged) -> None:
        self.said.append(("marks", sorted(message.marks)))


@asynccontextmanager
async def table_of(
    count: int, size: tuple[int, int] = (80, 22), **options: Any
) -> AsyncIterator[tuple[Table, Rows, Pilot[None], App]]:
    rows = Rows(count)
    app = App(rows, **options)
    async with app.run_test(size=size) as pilot:
        table = app.query_one(Table)
        table.set_rows(rows.rows)
        await pilot.pause()
        yield table, rows, pilot, app


def text_of(table: Table) -> list[str]:
    return [table.render_line(y).text for y in range(table.size.height)]


def drop(table: Table, rows: Rows, *names: str) -> None:
    for name in names:
        del rows.rows[name]
    table.apply(removed=names)
    table.flush()


def add(table: Table, rows: Rows, *names: str) -> None:
    for name in names:
        rows.rows[name] = ["Running", 0, "1s"]
    table.apply(added=names)
    table.flush()


async def test_title_counts_and_heads() -> None:
    async with table_of(2000) as (table, _, pilot, _app):
        assert text_of(table)[0].startswith(" Pods(ns) 2,000 pods")
        assert "NAME↑" in text_of(table)[1]
        table.set_filter(Filter("pod-0001"))
        await pilot.pause()
        assert text_of(table)[0].startswith(" Pods(ns) 10 of 2,000 pods  /pod-0001")
        table.set_status("▲ 47s old", "warn")
        assert text_of(table)[0].rstrip().endswith("▲ 47s old")


async def test_only_the_rows_in_view_are_asked_for() -> None:
    async with table_of(10_000) as (table, rows, pilot, _app):
        assert rows.asked <= 3 * table.size.height
        await pilot.press("end")
        assert table.cursor_key == "pod-09999"
        assert rows.asked <= 6 * table.size.height


async def test_moving_and_opening() -> None:
    async with table_of(100) as (table, _, pilot, app):
        await pilot.press("j", "down", "k")
        assert table.cursor_row == 1
        await pilot.press("pagedown")
        assert table.cursor_row == 20
        await pilot.press("G")
        assert table.cursor_row == 99
        await pilot.press("down", "g", "up")
        assert table.cursor_row == 0
        await pilot.press("enter")
        assert app.said[-1] == ("open", "pod-00000")


async def test_the_object_under_the_cursor_stays_under_it_on_the_same_line() -> None:
    async with table_of(100) as (table, rows, pilot, _app):
        table.move_to("pod-00050")
        await pilot.pause()
        line = table.cursor_row - table.scroll_offset.y
        drop(table, rows, "pod-00003", "pod-00004")
        add(table, rows, "aaa", "aab", "aac")
        await pilot.pause()
        assert table.cursor_key == "pod-00050"
        assert table.cursor_row - table.scroll_offset.y == line
        table.set_rows(sorted(rows.rows, reverse=True))
        assert table.cursor_key == "pod-00050"


async def test_where_the_object_vanished_the_cursor_stays_near() -> None:
    async with table_of(100) as (table, rows, pilot, _app):
        table.move_to("pod-00050")
        drop(table, rows, *[f"pod-{i:05d}" for i in range(40, 52)])
        await pilot.pause()
        assert table.cursor_key == "pod-00052"
        table.move_to("pod-00099")
        drop(table, rows, "pod-00099")
        assert table.cursor_key == "pod-00098"
        drop(table, rows, *list(rows.rows))
        assert table.cursor_key is None
        add(table, rows, "new")
        assert table.cursor_key == "new"


async def test_while_a_list_fills_up_an_unmoved_cursor_stays_at_the_top() -> None:
    async with table_of(10) as (table, rows, pilot, _app):
        table.set_progress("loading 10 of about 20 pods")
        add(table, rows, "aaa")
        assert table.cursor_key == "aaa"
        await pilot.press("down")
        add(table, rows, "aab")
        assert table.cursor_key == "pod-00000"


async def test_the_wheel_takes_the_cursor_along() -> None:
    async with table_of(100) as (table, _, pilot, _app):
        table.jump(30)
        await pilot.pause()
        assert table.cursor_row == 30
        table.jump(0)
        await pilot.pause()
        assert table.cursor_row == 19  # the last line in view


async def test_filter_keeps_the_object_and_clearing_returns_to_it() -> None:
    async with table_of(100) as (table, _, pilot, _app):
        table.move_to("pod-00042")
        table.set_filter(Filter("pod-0004"))
        assert table.cursor_key == "pod-00042"
        table.set_filter(Filter("pod-0009"))
        assert table.cursor_key == "pod-00090"
        table.clear_filter()
        assert table.cursor_key == "pod-00042"
        table.set_filter(Filter("nothing"))
        await pilot.pause()
        assert table.cursor_key is None
        assert "No match for /nothing among 100 pods." in "\n".join(text_of(table))
        table.clear_filter()
        assert table.cursor_key == "pod-00042"


async def test_loading_and_none_look_different() -> None:
    async with table_of(0) as (table, _, _pilot, _app):
        assert "◐ loading pods …" in "\n".join(text_of(table))
        table.set_progress("loading 1,500 of about 10,000 pods")
        assert "◐ loading 1,500 of about 10,000 pods …" in "\n".join(text_of(table))
        table.set_progress("")
        table.set_empty("No pods in ns: the list was read and is empty. " * 4)
        shown = "\n".join(text_of(table))
        assert "No pods in ns" in shown
        assert "loading" not in shown
        assert all(len(line) == table.size.width for line in text_of(table))


def spied(table: Table, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    lines: list[int] = []
    real = table.repaint_lines

    def repaint(*ys: int) -> None:
        lines.extend(ys)
        real(*ys)

    monkeypatch.setattr(table, "repaint_lines", repaint)
    return lines


async def test_only_lines_that_changed_are_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with table_of(100) as (table, rows, pilot, _app):
        lines = spied(table, monkeypatch)
        rows.rows["pod-00005"][1] = 99
        rows.rows["pod-00090"][1] = 99
        table.apply(changed=["pod-00005", "pod-00006", "pod-00090"])
        table.flush()
        assert lines == [0, HEAD + 5]
        await pilot.pause()
        lines.clear()
        table.touch()
        assert lines == []
        rows.rows["pod-00007"][2] = "2m"
        table.touch()
        assert lines == [HEAD + 7]


async def test_a_change_that_a_tick_finds_first_is_bright_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with table_of(100) as (table, rows, _pilot, _app):
        monkeypatch.setattr(table, "_time", lambda: table._flushed_at + 0.05)
        lines = spied(table, monkeypatch)
        rows.rows["pod-00005"][1] = 99
        table.apply(changed=["pod-00005"])
        table.touch()  # before what was gathered is shown
        assert lines == [HEAD + 5]
        assert "99" in text_of(table)[HEAD + 5]
        assert set(table._bright) == {"pod-00005"}
        table.flush()
        assert set(table._bright) == {"pod-00005"}


async def test_a_change_that_shows_in_no_cell_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with table_of(100) as (table, rows, _pilot, _app):
        monkeypatch.setattr(rows, "version", lambda key: 2 if key == "pod-00005" else tuple(rows.rows[key]))
        marked: list[str] = []
        real = rows.marks
        monkeypatch.setattr(rows, "marks", lambda key: marked.append(key) or real(key))
        lines = spied(table, monkeypatch)
        table.touch()
        assert (marked, lines) == (["pod-00005"], [])
        table.touch()
        assert (marked, lines) == (["pod-00005"], [])


async def test_changes_are_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    async with table_of(100) as (table, rows, _pilot, _app):
        now = 1000.0
        monkeypatch.setattr(table, "_time", lambda: now)
        table._flushed_at = now - 0.05
        rows.rows["pod-00005"][1] = 99
        table.apply(changed=["pod-00005"])
        table.apply(removed=["pod-00006"])
        table.apply(added=["pod-00006"])
        assert table._frame_timer is not None
        assert "99" not in text_of(table)[HEAD + 4]
        table.flush()
        assert table.shown == 100
        assert table._frame_timer is None


async def test_a_changed_cell_is_bright_for_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    async with table_of(100) as (table, rows, _pilot, _app):
        now = [1000.0]
        monkeypatch.setattr(table, "_time", lambda: now[0])

        def styles(row: int) -> list[Any]:
            return [s.style for s in table.render_line(HEAD + row)]

        before = styles(5)
        assert table._bright_timer is None
        rows.rows["pod-00005"][1] = 99
        rows.rows["pod-00006"][2] = "2m"  # an age is no change
        rows.rows["pod-00070"][1] = 99  # out of sight
        table.apply(changed=["pod-00005", "pod-00006", "pod-00070"])
        table.flush()
        assert set(table._bright) == {"pod-00005"}
        assert styles(5) != before
        assert table._bright_timer is not None
        now[0] += 1.0
        rows.rows["pod-00005"][0] = "Failed"
        table.apply(changed=["pod-00005"])
        table.flush()
        now[0] += 1.5
        table._bright_timer.stop()
        table._fade()
        assert list(table._bright["pod-00005"]) == [1]  # the second change outlives the first
        now[0] += 1.0
        table._bright_timer.stop()
        table._fade()
        assert table._bright == {}
        assert table._bright_timer is None


async def test_sorting_by_keys_and_heads() -> None:
    async with table_of(30) as (table, rows, pilot, app):
        await pilot.press("S")
        assert table.sorted_by == ("status", False)
        await pilot.press("S")
        assert table.sorted_by == ("status", True)
        await pilot.press("T")
        assert table.sorted_by == ("restarts", True)
        assert rows.rows[table.keys_in_view()[0]][1] == 6
        await pilot.press("tilde")
        assert table.sorted_by == ("restarts", False)
        await pilot.press("greater_than_sign")
        assert table.sorted_by[0] == "age"
        await pilot.press("less_than_sign", "less_than_sign")
        assert table.sorted_by[0] == "status"
        await pilot.press("M")  # no such column here
        assert table.sorted_by[0] == "status"
        await pilot.click(Table, offset=(4, 1))
        assert table.sorted_by == ("name", False)
        assert app.said[-1] == ("sort", "name", False)


async def test_marks_live_as_long_as_their_rows() -> None:
    async with table_of(30) as (table, rows, pilot, app):
        await pilot.press("space", "down", "space")
        assert table.marks == {"pod-00000", "pod-00002"}
        assert table.cursor_row == 3
        await pilot.press("down", "down", "ctrl+@")
        assert table.chosen_keys == [f"pod-{i:05d}" for i in (0, 2, 3, 4, 5)]
        drop(table, rows, "pod-00002")
        await pilot.pause()
        assert "pod-00002" not in table.marks
        assert "4 marked" in text_of(table)[0]
        assert "●" in text_of(table)[HEAD]
        await pilot.press("ctrl+backslash")
        assert table.chosen_keys == [table.cursor_key]
        assert app.said[-1] == ("marks", [])


async def test_marks_that_a_filter_hides_are_not_acted_on() -> None:
    async with table_of(30) as (table, _, pilot, _app):
        await pilot.press("space", "space", "end", "space")
        table.set_filter(Filter("pod-0002"))
        assert table.chosen_keys == ["pod-00029"]
        await pilot.pause()
        assert "3 marked, 2 of them hidden" in text_of(table)[0]
        table.set_filter(Filter("pod-0001"))
        assert table.chosen_keys == [table.cursor_key]
        table.clear_filter()
        assert len(table.chosen_keys) == 3


async def test_mouse() -> None:
    async with table_of(30) as (table, _, pilot, app):
        await pilot.click(Table, offset=(5, HEAD + 4))
        assert table.cursor_key == "pod-00004"
        assert ("open", "pod-00004") not in app.said
        await pilot.click(Table, offset=(5, HEAD + 4), times=2)
        assert app.said[-1] == ("open", "pod-00004")
        await pilot.click(Table, offset=(5, HEAD + 6), control=True)
        assert table.marks == {"pod-00006"}


async def test_columns_drop_and_scroll_on_a_narrow_terminal() -> None:
    async with table_of(3, size=(30, 10)) as (table, _, pilot, _app):
        assert "AGE" not in text_of(table)[1]
        await pilot.press("right", "right", "right", "right", "right")
        assert "AGE" in text_of(table)[1]
        assert "NAME" in text_of(table)[1]
        await pilot.press("left", "left", "left", "left")
        assert "AGE" not in text_of(table)[1]


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (20, 5), (80, 24), (300, 80)])
async def test_any_size_is_filled_exactly(size: tuple[int, int]) -> None:
    async with table_of(40, size=size) as (table, _, pilot, _app):
        await pilot.press("end", "home", "pagedown", "space")
        for y in range(table.size.height):
            assert table.render_line(y).cell_length >= table.size.width


@pytest.mark.parametrize("theme", NAMES)
async def test_themes_tell_states_apart_and_keep_the_cursor_visible(theme: str) -> None:
    async with table_of(5, theme=theme) as (table, rows, pilot, _app):
        rows.rows["pod-00001"][0] = "Failed"
        table.set_rows(rows.rows)
        await pilot.pause()
        cursor, plain = table.style("table--cursor"), table.style()
        assert cursor != plain
        assert table.style("tok-breach").bold
        tokens = {table.style(f"tok-{t}").color for t in ("ok", "warn", "breach", "unknown")}
        assert len(tokens) == 4


async def test_without_colour_the_cursor_is_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with table_of(5, theme="ansi", ansi_color=True) as (table, _, _pilot, app):
        assert table.style("table--cursor").reverse
        strips = table.render_lines(table.size.region)
        colours = {s.style.color.name for strip in strips for s in strip if s.style and s.style.color}
        assert colours <= {"default"}
        assert app.no_color


async def test_hostile_names_appear_literally() -> None:
    rows = Rows()
    for name in HOSTILE:
        rows.rows[name] = [name, 1, name]
    app = App(rows)
    async with app.run_test(size=(100, 40)) as pilot:
        table = app.query_one(Table)
        table.set_title("[b]Pods", "[/x]\x1b[31m", "pods")
        table.set_status("[red]\x1b]0;x\x07", "warn")
        table.set_rows(rows.rows)
        table.set_filter(Filter(""))
        await pilot.pause()
        shown = "\n".join(text_of(table))
        for literal in (
            "[error] disk full",
            "oops [/foo]",
            "[@click=app.quit]ok[/]",
            "${app[name]}",
            "␛[31mred",
        ):
            assert literal in shown
        assert not any(c in shown for c in "\x1b\x07\x9b\u202e\u200b\r\t\ud800")
        assert all(table.render_line(y).cell_length == table.size.width for y in range(table.size.height))


def keys_with_ids() -> list[Callable[[], str]]:
    return [binding.id for binding in Table.BINDINGS]


def test_every_binding_has_an_id_of_its_own() -> None:
    ids = keys_with_ids()
    assert all(ids)
    assert len(set(ids)) == len(ids)


class Watched(Table):
    """Remembers what was drawn."""

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        self.__dict__.setdefault("frames", []).append((y, strip.text))
        return strip


async def test_the_first_frame_has_its_columns() -> None:
    class Early(App):
        def compose(self) -> Any:
            self.table = Watched(COLUMNS, self.rows, sort="name")
            self.table.set_rows(self.rows.rows)
            yield self.table

    app = Early(Rows(3))
    async with app.run_test(size=(60, 10)):
        first = next(text for y, text in app.table.__dict__["frames"] if y == HEAD)
        assert first.startswith("▌  pod-00000")
