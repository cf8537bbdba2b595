"""Columns in too little and in too much room."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfdash.views.table import Column
from widgets.cells import fitted, prose, shortened, width_of, wrapped
from widgets.columns import GAP, fit, furthest
from widgets.naming import Naming

COLUMNS = (
    Column("name", "NAME", min=20, max=50),
    Column("ready", "READY", 5),
    Column("ip", "IP", 15, priority=5),
    Column("cause", "CAUSE", min=10, flex=3, priority=1),
    Column("node", "NODE", 12, priority=3),
)


def keys(room: int, skip: int = 0) -> list[str]:
    return [COLUMNS[p.at].key for p in fit(COLUMNS, room, skip).placed]


def test_columns_go_by_priority() -> None:
    assert keys(200) == ["name", "ready", "ip", "cause", "node"]
    assert keys(60) == ["name", "ready", "cause", "node"]
    assert keys(45) == ["name", "ready", "cause"]
    assert keys(30) == ["name", "ready"]
    assert keys(5) == ["name"]


@pytest.mark.parametrize("room", range(1, 160))
def test_what_fits_never_exceeds_the_room(room: int) -> None:
    placed = fit(COLUMNS, room).placed
    assert sum(p.width for p in placed) + GAP * (len(placed) - 1) <= room
    assert all(p.width > 0 for p in placed)


def test_flexible_columns_share_what_is_left_up_to_their_most() -> None:
    widths = {COLUMNS[p.at].key: p.width for p in fit(COLUMNS, 200).placed}
    assert widths["name"] == 50
    assert sum(widths.values()) + GAP * 4 == 200


@given(
    st.lists(
        st.builds(
            lambda wide, most, priority, squeezed: Column(
                "c",
                "C",
                None if most else wide,
                min=wide,
                max=wide + most if most < 30 else None,
                priority=priority,
                squeezed=max(wide // 2, 1) if squeezed else None,
            ),
            st.integers(1, 40),
            st.integers(0, 30),
            st.integers(0, 6),
            st.booleans(),
        ),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 200),
)
def test_no_column_is_hidden_beside_room_for_it(columns: list[Column], room: int) -> None:
    placed = {p.at: p.width for p in fit(columns, room).placed}
    assert sum(placed.values()) + GAP * (len(placed) - 1) <= room
    assert all(
        width >= (columns[i].squeezed or columns[i].width or columns[i].min)
        for i, width in placed.items()
        if len(placed) > 1
    )
    if len(placed) == 1:
        return
    wanted = sum(columns[i].width or columns[i].max or 999 for i in placed) + GAP * len(placed)
    for gone in set(range(len(columns))) - placed.keys():
        assert wanted + (columns[gone].squeezed or columns[gone].width or columns[gone].min) > room


def test_a_column_takes_no_more_than_its_cells_need() -> None:
    """So that another, whose cells are longer, is not cut beside it."""
    columns = (
        Column("a", "A", 4),
        Column("long", "LONG", min=10, max=60, flex=1, fits=True),
        Column("short", "SHORT", min=10, max=60, flex=9, fits=True),
    )
    rows = {n: ("x", "l" * 40, ("s" * 12, "dim")) for n in range(3)}
    naming = Naming()
    naming.lay(columns, list(rows), 70, rows.__getitem__)
    assert [p.width for p in naming.fit(0).placed] == [4, 40, 12]


def test_scrolling_reaches_every_column() -> None:
    seen = {key for skip in range(furthest(COLUMNS, 40) + 1) for key in keys(40, skip)}
    assert seen == {c.key for c in COLUMNS}
    assert furthest(COLUMNS, 200) == 0


def test_no_columns_is_no_fault() -> None:
    assert fit((), 80).placed == ()
    assert furthest((), 80) == 0


@pytest.mark.parametrize("text", ["", "abc", "日本語", "🚀🚀🚀", "e\u0301e\u0301", "a日b", "\x1b[31m", "ﷺﷺ"])
@pytest.mark.parametrize("width", [0, 1, 2, 3, 4, 5, 12])
def test_fitted_text_takes_exactly_its_cells(text: str, width: int) -> None:
    for right in (False, True):
        shown = fitted(text, width, right)
        assert width_of(shown) == width
        assert "\x1b" not in shown
    assert width_of(shortened(text, width)) <= width


def test_what_is_cut_says_so() -> None:
    assert fitted("abcdef", 4) == "abc…"
    assert fitted("日本語", 5) == "日本…"
    assert fitted("日本語", 4) == "日… "
    assert fitted("7", 3, right=True) == "  7"


def test_wrapped_text_loses_nothing() -> None:
    for text in ("", "abc" * 30, "日本語" * 9, "🚀a" * 9):
        pieces = wrapped(text, 7)
        assert "".join(pieces) == text
        assert all(width_of(piece) <= 7 for piece in pieces)


@given(st.text("ab :日\u0301", max_size=120), st.integers(2, 60))
def test_sentences_lose_nothing_and_break_no_word_that_fits(text: str, width: int) -> None:
    pieces, hang = prose(text, width)
    assert "".join(pieces) == text
    for number, piece in enumerate(pieces):
        assert width_of(piece.rstrip(" ")) <= width - (hang if number else 0)
    for before, after in pairwise(pieces):
        word = before.split(" ")[-1] + after.split(" ")[0]
        assert before.endswith(" ") or (hang == 0 and width_of(word) > width), (before, after)


def test_a_sentence_goes_on_below_its_column() -> None:
    assert prose("cause:   one two three four five six seven", 34) == (
        ["cause:   one two three four five ", "six seven"],
        9,
    )
    assert prose("no column here, only words", 12) == (["no column ", "here, only ", "words"], 0)
    assert prose("short", 12) == (["short"], 0)


def test_a_namespace_goes_last_where_two_rows_would_be_alike_without_it() -> None:
    rows = [("checkout", "tf-production"), ("checkout", "tf-staging"), ("auth", "tf-production")]
    columns = (
        Column("name", "NAME", min=22, names=lambda key: str(key[0])),
        Column("namespace", "NAMESPACE", 16, priority=9, names=lambda key: str(key[1])),
        Column("status", "STATUS", 18, priority=1),
        Column("node", "NODE", 20, priority=0),
    )
    for room, wanted in ((80, [0, 1, 2, 3]), (62, [0, 1, 3]), (40, [0, 1])):
        naming = Naming()
        naming.lay(columns, rows, room)
        assert [placed.at for placed in naming.fit(0).placed] == wanted, room


def test_names_in_view_are_distinct_at_any_width() -> None:
    names = [f"tf-production-payments-service-{n:03d}-7d9c5b6f4d-{n % 7}xk2p" for n in range(60)]
    columns = (Column("name", "NAME", min=12, names=str), Column("status", "STATUS", 10))
    for room in range(20, 90):
        naming = Naming()
        naming.lay(columns, names, room)
        write = naming.short(names, 0)
        shown = [str(write((name, "Running"))[0]) for name in names]
        width = naming.fit(0).placed[0].width
        assert len(set(shown)) == len(names), (room, width)
        assert all(len(text) <= width for text in shown)
