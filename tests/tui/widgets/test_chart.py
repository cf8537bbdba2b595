"""Charts of characters: gaps are gaps, the limit is never hidden, nothing breaks on odd numbers or sizes."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.widgets.hostile import HOSTILE
from tfdash.views import axes
from widgets.cells import width_of
from widgets.chart import Drawing, rows_of
from widgets.prose import flow

ZONE = ZoneInfo("America/New_York")
NOW = 1_795_443_300.0


def drawing(values: list[tuple[float | None, float | None, float | None]], **over: object) -> Drawing:
    points = [(NOW - 60.0 * (len(values) - 1 - i), *v) for i, v in enumerate(values)]
    given_: dict[str, object] = {
        "title": "error rate",
        "points": points,
        "unit": "%",
        "factor": 100.0,
        "zone": ZONE,
    }
    return Drawing(**(given_ | over))


def text(one: Drawing, width: int = 60, height: int = 12) -> str:
    return "\n".join("".join(c.text for c in row).rstrip() for row in rows_of(one, width, height))


def owners(one: Drawing, width: int = 60, height: int = 12) -> list[list[str]]:
    return [[c.name for c in row for _ in c.text] for row in rows_of(one, width, height)]


def test_lines_differ_without_colour_and_have_their_names_and_values_behind_them() -> None:
    shown = text(drawing([(0.031, 0.012, 0.0132)] * 5))
    assert "━" in shown and "╌" in shown and "─" in shown
    assert "canary 3.1 %" in shown and "baseline 1.2 %" in shown and "limit 1.32 %" in shown
    assert "09:14" in shown  # local time of the zone


def test_narrow_charts_keep_the_names_and_drop_the_values() -> None:
    shown = text(drawing([(0.031, 0.012, 0.0132)] * 5), 40)
    assert "canary" in shown and "3.1 %" not in shown


def test_a_gap_is_a_gap() -> None:
    shown = drawing([(0.01, 0.01, 0.011)] * 4 + [(None, 0.01, 0.011)] * 4 + [(0.01, 0.01, 0.011)] * 4)
    row = next(r for r in owners(shown, 78) if r.count("canary") > 5)
    line = "".join("x" if name == "canary" else " " for name in row).strip()
    assert "   " in line  # nothing is drawn through what was not measured


def test_a_lone_point_between_gaps_is_a_dot() -> None:
    shown = text(
        drawing(
            [
                (0.01, None, None),
                (None, None, None),
                (0.02, None, None),
                (None, None, None),
                (0.01, None, None),
            ]
        )
    )
    assert shown.count("●") == 3


def test_a_point_in_a_time_hole_is_not_joined() -> None:
    points = [(NOW + t, 0.01, None, None) for t in (0, 60, 120, 900, 960)]
    row = next(r for r in owners(Drawing("", points, "%", 100, ZONE), 78) if r.count("canary") > 5)
    assert "     " in "".join("x" if name == "canary" else " " for name in row).strip()


@pytest.mark.parametrize(("canary", "reached"), [(0.01319, False), (0.0132, True), (0.01321, True)])
def test_a_curve_stands_on_or_over_the_limit_where_and_only_where_it_reached_it(
    canary: float, reached: bool
) -> None:
    """However coarse the rows are: one row is 0.5 points here."""
    rows = owners(drawing([(canary, 0.0131, 0.0132)] * 5 + [(0.05, 0.0131, 0.0132)] * 5), 60, 12)
    first = 8  # a column of the first points
    at = {name: y for y, row in enumerate(rows) for x, name in enumerate(row) if x == first}
    limit = at.get("limit", at["canary"])
    assert (at["canary"] <= limit) is reached
    if not reached:
        assert "limit" in at


def test_what_is_empty_says_why() -> None:
    assert "no request reached the canary" in text(drawing([], empty="no request reached the canary yet"))
    assert "nothing was measured yet" in text(drawing([(None, None, 0.1)] * 3))
    assert "nothing was measured yet" in text(drawing([(math.nan, math.inf, 0.1)] * 3))


def test_one_point() -> None:
    shown = text(drawing([(0.031, 0.012, 0.0132)]))
    assert "●" in shown and "○" in shown and "09:15" in shown


def test_a_spike_between_columns_does_not_vanish() -> None:
    values: list[tuple[float | None, float | None, float | None]] = [(0.01, 0.01, 0.011)] * 2000
    values[777] = (0.5, 0.01, 0.011)
    rows = owners(drawing(values), 60, 12)
    assert any("canary" in row for row in rows[1:5])


numbers = st.none() | st.floats(allow_nan=True, allow_infinity=True, width=32) | st.floats(0, 1)


@given(
    values=st.lists(st.tuples(numbers, numbers, numbers), max_size=40),
    width=st.integers(1, 130),
    height=st.integers(1, 30),
    factor=st.sampled_from([1.0, 100.0, 1000.0]),
)
def test_any_numbers_at_any_size(
    values: list[tuple[float | None, float | None, float | None]], width: int, height: int, factor: float
) -> None:
    rows = rows_of(drawing(values, factor=factor), width, height)
    assert len(rows) <= max(height, 1)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=20), st.integers(3, 40))
def test_scales_hold_all_values_and_are_marked(values: list[float], height: int) -> None:
    scale = axes.scale_of(values, height)
    assert scale.low <= min(values) + 1e-9 * max(1, max(values)) and scale.high >= max(values) * (1 - 1e-9)
    assert 1 <= len(scale.marks()) <= height


def test_hostile_names_stay_in_their_line() -> None:
    for bad in HOSTILE:
        shown = text(drawing([(0.01, 0.01, 0.011)] * 3, title=bad))
        assert "\x1b" not in shown and len(shown.split("\n")) == 12


def test_flowing_text_breaks_between_words_and_keeps_tokens() -> None:
    rows = flow(["one two ", ("three", "warn"), " four"], 9, 2)
    assert ["".join(t for t, _ in row).rstrip() for row in rows] == ["one two", "  three", "  four"]
    assert ("three", "warn") in [run for row in rows for run in row]


@given(st.text(max_size=200), st.integers(4, 60), st.integers(0, 6))
def test_flowing_text_never_passes_the_width(words: str, width: int, indent: int) -> None:
    for row in flow([words], width, indent):
        assert width_of("".join(t for t, _ in row)) <= width
