"""Rows kept in order: whatever happens, the result is what sorting and filtering anew would give."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.widgets.rows import Rows
from tfdash.views.filter import Filter
from widgets.order import RowOrder


def expected(rows: Rows, column: str, descending: bool, text: str) -> list[str]:
    def rank(key: str) -> tuple[bool, Any, str]:
        value = rows.sort_value(key, column)
        return (isinstance(value, str), value, key)

    order = sorted(rows.rows, key=rank)
    shown = Filter(text).select(order, rows)
    return shown[::-1] if descending else shown


NAMES = st.sampled_from([f"pod-{c}" for c in "abcdefgh"])
STEP = st.one_of(
    st.tuples(
        st.just("put"), st.lists(st.tuples(NAMES, st.sampled_from(["Running", "Pending"]), st.integers(0, 3)))
    ),
    st.tuples(st.just("drop"), st.lists(NAMES)),
    st.tuples(st.just("sort"), st.tuples(st.sampled_from(["name", "status", "restarts"]), st.booleans())),
    st.tuples(st.just("filter"), st.sampled_from(["", "p", "pe", "pend", "!run", "pod-[abc]", "-f pd"])),
    st.tuples(st.just("reset"), st.booleans()),
)


@settings(max_examples=200)
@given(st.lists(STEP, max_size=12))
def test_any_history_ends_as_sorting_anew(history: list[tuple[str, Any]]) -> None:
    rows = Rows()
    order = RowOrder(rows, "name")
    text, column, descending = "", "name", False
    for kind, what in history:
        if kind == "put":
            before = set(rows.rows)
            for name, status, restarts in what:
                rows.rows[name] = [status, restarts, ""]
            names = {name for name, _, _ in what}
            order.apply(names & before, (), names - before)
        elif kind == "drop":
            for name in what:
                rows.rows.pop(name, None)
            order.apply((), what, ())
        elif kind == "sort":
            column, descending = what
            order.sort(column, descending)
        elif kind == "filter":
            text = what
            order.set_filter(Filter(text))
        else:
            order.reset(
                sorted(rows.rows) if column == "name" else rows.rows, presorted=what and column == "name"
            )
        shown = order.slice(0, 100)
        assert shown == expected(rows, column, descending, text)
        assert [order.find(key) for key in shown] == list(range(len(shown)))
        assert order.total == len(rows.rows)


def test_many_changes_at_once_agree_with_one_by_one() -> None:
    rows, randomly = Rows(300), random.Random(1)
    order = RowOrder(rows, "restarts", descending=True)
    order.reset(rows.rows)
    order.set_filter(Filter("pod-0000"))
    for size in (1, 250):
        names = randomly.sample(sorted(rows.rows), size)
        for name in names:
            rows.rows[name][1] = randomly.randrange(9)
        order.apply(names, (), ())
        assert order.slice(0, 999) == expected(rows, "restarts", True, "pod-0000")


def test_presorted_rows_are_not_looked_at() -> None:
    class Blind(Rows):
        def sort_value(self, key: Any, column: str) -> Any:
            raise AssertionError("asked for a sort value")

    rows = Blind(1000)
    order = RowOrder(rows, "name")
    order.reset(rows.rows, presorted=True)
    assert order.at(0) == "pod-00000"
    assert len(order) == 1000


def test_a_false_promise_of_order_is_mended_by_the_first_change() -> None:
    rows = Rows(20)
    order = RowOrder(rows, "name")
    order.reset(list(rows.rows)[::-1], presorted=True)
    order.set_filter(Filter("pod"))
    order.apply(["pod-00003"], (), ())
    assert order.slice(0, 20) == sorted(rows.rows)


def test_numbers_stand_before_texts_and_nothing_last_in_either_direction() -> None:
    rows = Rows(5)
    for key, value in zip(rows.rows, ["b", 3, None, float("nan"), "a"], strict=True):
        rows.rows[key][1] = value
    order = RowOrder(rows, "restarts")
    order.reset(rows.rows)
    for descending, known in ((False, [3, "a", "b"]), (True, ["b", "a", 3]), (False, [3, "a", "b"])):
        order.sort("restarts", descending)
        assert [rows.rows[key][1] for key in order.slice(0, 5)][:3] == known


def test_rows_out_of_range_are_refused() -> None:
    order = RowOrder(Rows(), "name")
    with pytest.raises(IndexError):
        order.at(0)
    assert order.find("nobody") is None
    assert order.slice(0, 10) == []


def test_keys_of_several_types_stand_in_one_table() -> None:
    """As on the Overview: objects, and a sentence of what is not read; all of one level."""
    keys = [
        ("eu", "Deployment", "web"),
        "pods are not read",
        ("eu", "Deployment", "api"),
        "nodes are not read",
    ]
    rows = Rows()
    rows.rows = {key: ["Running", 1, ""] for key in keys}  # type: ignore[misc]
    order = RowOrder(rows, "restarts")
    order.reset(rows.rows, presorted=True)
    order.apply(keys, (), ())
    assert order.slice(0, 9) == [keys[3], keys[1], keys[2], keys[0]]
    for key in (
        *keys,
        *(f"{kind} is not read" for kind in "abcdefgh"),
    ):  # one by one, and with a bulk of rows beside it
        rows.rows.setdefault(key, ["Running", 1, ""])  # type: ignore[arg-type]
        order.apply((key,), (), ())
        assert order.find(key) is not None
    order.set_filter(Filter("web"))
    order.apply((), (keys[0],), ())
    assert order.slice(0, 9) == []
