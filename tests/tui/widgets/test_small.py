"""Gauges, freshness, the picker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.widgets.hostile import HOSTILE
from tests.tui.widgets.rows import COLUMNS, Rows
from tfdash.views.age import FRESH, Freshness
from widgets.cells import width_of
from widgets.freshness import freshness_cell
from widgets.gauge import Band, Gauge, band_bar, proportion_bar
from widgets.picker import Picker, PickerItem, choice_line
from widgets.table import Table
from widgets.theme import THEMES, ThemedApp


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        (Band(78, 60, 80), "━━━━━━━━━━━━┿━━●┆   "),
        (Band(96, 60, 80), "━━━━━━━━━━━┿━━━┿━━● "),
        (Band(12, 60, 80), "━━●        ┆   ┆    "),
        (Band(0, 60, 80), "●          ┆   ┆    "),
        (Band(130, 60, 80), "━━━━━━━━━━━┿━━━┿━━━▶"),
        (Band(None, 60, 80), "           ┆   ┆    "),
        (Band(50, None, 80), "━━━━━━━━━●     ┆    "),
    ],
)
def test_band_bars(band: Band, expected: str) -> None:
    bar = band_bar(band, 20)
    assert len(bar) == 20
    for sign in "●▶┿┆":
        assert bar.count(sign) == expected.count(sign), (bar, expected)
    for width in range(12):
        assert len(band_bar(band, width)) == width


def test_the_limit_stands_beside_the_value() -> None:
    assert Band(78, 60, 80, sign="✔").text == "✔ 78 % of 60-80"
    assert Band(7.25, None, 8.5, unit="cores").text == "7.2 cores of at most 8.5"
    assert Band(None, 60, None).text == "? % of at least 60"
    assert Band(3, None, None).text == "3 % of no limit"


def test_proportions_never_lie_at_their_ends() -> None:
    assert proportion_bar(0, 10, 4) == "░░░░"
    assert proportion_bar(1, 1000, 4) == "█░░░"
    assert proportion_bar(999, 1000, 4) == "███░"
    assert proportion_bar(10, 10, 4) == "████"
    assert proportion_bar(20, 10, 4) == "████"
    assert proportion_bar(1, 0, 4) == "░░░░"
    assert proportion_bar(1, 2, 0) == ""


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
        yield Gauge("cpu", Band(78, 60, 80, sign="✔", token="ok"))
        yield Table(COLUMNS, self.rows, sort="name")

    def on_mount(self) -> None:
        self.query_one(Table).set_rows(self.rows.rows)
        self.query_one(Table).focus()


async def test_a_gauge_on_its_line() -> None:
    async with App().run_test(size=(60, 20)) as pilot:
        gauge = pilot.app.query_one(Gauge)
        assert gauge.render_line(0).text.startswith("cpu ✔ 78 % of 60-80 ")
        assert "●" in gauge.render_line(0).text
        gauge.update(Band(130, 60, 80, sign="✖", token="breach"))
        assert "▶" in gauge.render_line(0).text
        await pilot.resize_terminal(12, 20)
        assert gauge.render_line(0).cell_length == 12


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


@pytest.mark.parametrize("value", [59.9, 60, 60.1, 79.9, 80, 80.1])
def test_the_side_of_a_limit_is_seen(value: float) -> None:
    bar = band_bar(Band(value, 60, 80), 21)
    point, limits = bar.index("●"), (12, 16)
    for limit, at in zip((60, 80), limits, strict=True):
        assert (point > at) == (value > limit)
        assert (point < at) == (value < limit)


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
