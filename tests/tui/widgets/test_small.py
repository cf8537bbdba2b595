"""Freshness, the picker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.widgets.hostile import HOSTILE
from tests.tui.widgets.rows import COLUMNS, Rows
from tfdash.views.age import FRESH, Freshness
from widgets.cells import width_of
from widgets.freshness import freshness_cell
from widgets.picker import Picker, PickerItem, choice_line
from widgets.table import Table
from widgets.theme import THEMES, ThemedApp


def test_freshness_as_a_cell() -> None:
    assert freshness_cell(FRESH) == ("", "")
    assert freshness_cell(Freshness("47s", "late")) == ("47s", "dim")
    assert freshness_cell(Freshness("? 47s old", "old")) == ("? 47s old", "unknown")
    assert freshness_cell(Freshness("? 4m old: refused", "dead")) == ("? 4m old: refused", "unknown")


class App(ThemedApp):
    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows(3)
        self.chosen: list[Any] = []

    def compose(self) -> Any:
        yield Table(COLUMNS, self.rows, sort="name")

    def on_mount(self) -> None:
        self.query_one(Table).set_rows(self.rows.rows)
        self.query_one(Table).focus()


async def test_the_sort_column_is_picked() -> None:
    app = App()
    async with app.run_test(size=(60, 20)) as pilot:
        table = app.query_one(Table)
        await pilot.press("semicolon", "s", "enter")
        assert table.sorted_by == ("status", False)
        await pilot.press("semicolon", "down", "enter")
        assert table.sorted_by == ("restarts", True)
        await pilot.press("semicolon", "down", "escape")
        assert table.sorted_by == ("restarts", True)
        await pilot.press("semicolon")
        await pilot.click("_Choices", offset=(4, 0))
        assert table.sorted_by == ("name", False)


@pytest.mark.parametrize("size", [(10, 4), (80, 24)])
async def test_a_picker_of_hostile_choices(size: tuple[int, int]) -> None:
    app = App()
    async with app.run_test(size=size) as pilot:
        names = [name.encode("utf-8", "replace").decode() for name in HOSTILE]
        picker = Picker("[b]\x1b[0m", [PickerItem(str(i), name, name[:5]) for i, name in enumerate(names)])
        app.push_screen(picker, app.chosen.append)
        await pilot.press("end", "up", "down", "home", "down", "enter")
        assert app.chosen == ["1"]


def test_only_a_breach_is_red() -> None:
    for theme in THEMES:
        colours = {name: value for name, value in theme.variables.items() if name.startswith("tf-")}
        red = colours["tf-breach"]
        same = {name for name, value in colours.items() if value == red}
        assert same == {"tf-breach", "tf-banner-background"}, theme.name
        states = [colours[f"tf-{s}"] for s in ("ok", "warn", "breach", "unknown", "moving", "paused")]
        assert len(set(states)) == len(states), theme.name
        assert set(colours) == {name for name in THEMES[0].variables if name.startswith("tf-")}


@pytest.mark.parametrize("width", [16, 24, 40])
def test_choices_of_a_picker_are_cut_so_that_none_look_alike(width: int) -> None:
    names = [
        *(f"team-a-billing-{place}-reconciliation-worker" for place in ("east", "west")),
        *("payments-checkout-api-7d9c5b6f4d-x7k2p", "payments-checkout-api-7d9c5b6f4d-abcde"),
        *("測試測試測試測試測試測試測試甲", "測試測試測試測試測試測試測試乙", "web"),
    ]
    choices = [PickerItem(name, name, "note" if i % 2 else "") for i, name in enumerate(names)]
    lines = [choice_line(choices, row, width) for row in range(len(choices))]
    assert len(set(lines)) == len(names)
    assert all(width_of(line) <= width for line in lines)
    assert lines[-1].startswith("web ")
