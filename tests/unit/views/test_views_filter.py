"""The filter language at its edges."""

from __future__ import annotations

import time
from math import nan
from typing import Any

import pytest

from tfdash.views.filter import NO_FILTER, Amount, Filter, FilterError


class Rows:
    """Search texts as keys; labels by the side."""

    def __init__(self, labels: dict[str, dict[str, str]] | None = None) -> None:
        self._labels = labels or {}

    def search_text(self, key: str) -> str:
        return key

    def labels(self, key: str) -> dict[str, str]:
        return self._labels.get(key, {})

    def amount(self, key: Any, column: str) -> Amount | None:
        return None

    def trouble(self, key: Any) -> int:
        return 0


NAMES = ["ns web-1 running", "ns web-2 pending", "ns api.core running", "ns wxeyb1 failed"]


def chosen(text: str) -> list[str]:
    rows = Rows()
    found = Filter(text)
    selected = found.select(NAMES, rows)
    assert selected == [n for n in NAMES if found.matches(n, rows)]  # both ways agree
    return [n.split()[1] for n in selected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["web-1", "web-2", "api.core", "wxeyb1"]),
        ("   ", ["web-1", "web-2", "api.core", "wxeyb1"]),
        ("web", ["web-1", "web-2"]),
        ("WEB-1", ["web-1"]),
        ("^ns web", ["web-1", "web-2"]),
        ("running$", ["web-1", "api.core"]),
        ("web-[13]", ["web-1"]),
        ("Web-[13]", ["web-1"]),
        (r"api\.", ["api.core"]),
        ("!", ["web-1", "web-2", "api.core", "wxeyb1"]),
        ("!web", ["api.core", "wxeyb1"]),
        ("! web", ["api.core", "wxeyb1"]),
        ("!web-[12]", ["api.core", "wxeyb1"]),
        ("-f", ["web-1", "web-2", "api.core", "wxeyb1"]),
        ("-f wb1", ["web-1", "wxeyb1"]),
        ("-f w b 1", ["web-1", "wxeyb1"]),
        ("-f nw", []),  # not across words
        ("-f a.c", ["api.core"]),
        ("-x", []),
        ("nothing", []),
    ],
)
def test_what_a_filter_lets_through(text: str, expected: list[str]) -> None:
    assert chosen(text) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("-l", ["a", "b", "c"]),
        ("-l app=web", ["a"]),
        ("-l app==web", ["a"]),
        ("-l app!=web", ["b", "c"]),
        ("-l app", ["a", "b"]),
        ("-l !app", ["c"]),
        ("-l app in (web, db)", ["a", "b"]),
        ("-l app notin (web)", ["b", "c"]),
        ("-l app in (web,db),tier!=1", ["b"]),
        ("-l app=", []),
        ("-l app.kubernetes.io/name=x", ["c"]),
    ],
)
def test_label_selectors_as_the_server_reads_them(selector: str, expected: list[str]) -> None:
    rows = Rows(
        {"a": {"app": "web", "tier": "1"}, "b": {"app": "db"}, "c": {"app.kubernetes.io/name": "x"}},
    )
    assert Filter(selector).select(["a", "b", "c"], rows) == expected


@pytest.mark.parametrize("text", ["web[", "(", "a**b(", "(?=x)", r"\1", "!a[", "x" * 501])
def test_what_is_no_filter_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(FilterError) as error:
        Filter(text)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["-l a in (b", "-l a b", "-l =x", "-l a in b", "-l a=b c"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match="No label selector"):
        Filter(text)


def test_nested_repetition_costs_linear_time() -> None:
    started = time.perf_counter()
    Filter(r"^([\w-]+)+z$").select(["a" * 5000] * 20, Rows())
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("new", "old", "narrower"),
    [
        ("web-1", "web", True),
        ("my-web", "web", True),
        ("we", "web", False),
        ("web", "", True),
        ("!web", "", True),
        ("!web-1", "!web", False),
        ("web.", "web", False),
        ("-f wb", "-f w", True),
        ("-f wb", "wb", False),
    ],
)
def test_narrowing_is_claimed_only_where_it_holds(new: str, old: str, narrower: bool) -> None:
    assert Filter(new).narrows(Filter(old)) is narrower


def test_no_filter_is_empty() -> None:
    assert NO_FILTER.empty
    assert not Filter("x").empty


class Numbers(Rows):
    """Keys ``name restarts age``; an age in seconds, "-" for none."""

    def amount(self, key: str, column: str) -> Amount | None:
        at = {"restarts": 1, "age": 2}.get(column)
        if at is None:
            return None
        word = key.split()[at]
        return Amount(nan if word == "-" else float(word), column == "age")

    def trouble(self, key: str) -> int:
        return int(key.startswith("bad"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("restarts>3", ["b", "bad"]),
        ("restarts >= 3", ["a", "b", "bad"]),
        ("!restarts>3", ["a"]),
        ("age<2h", ["a"]),
        ("age>1d", ["b"]),
        ("age<120", ["a"]),  # plain seconds
        ("AGE<5m", ["a"]),
        ("other<5", []),  # no such column: a text that is nowhere
        ("!-l app=web", ["b", "bad", "c"]),
        ("!-f bd", ["a", "b", "c"]),
    ],
)
def test_numbers_and_opposites(text: str, found: list[str]) -> None:
    rows = Numbers({"a 3 60": {"app": "web"}})
    keys = ["a 3 60", "b 4 200000", "bad 5 -", "c - -"]
    assert [key.split()[0] for key in Filter(text).select(keys, rows)] == found
    assert [key.split()[0] for key in keys if Filter(text).matches(key, rows)] == found


def test_only_what_is_not_ok() -> None:
    rows, keys = Numbers(), ["a 3 60", "bad 5 -"]
    only = Filter("", not_ok=True)
    assert not only.empty
    assert only.select(keys, rows) == ["bad 5 -"]
    assert Filter("restarts>9", not_ok=True).select(keys, rows) == []
    assert only.only_not_ok(False).empty


def test_anchors_are_of_a_cell() -> None:
    keys = ["ns web extra\nweb\n1/2", "ns web-1 extra\nweb-1\n2/2"]
    assert Filter("^web$").select(keys, Rows()) == keys[:1]
    assert Filter("^1/2$").select(keys, Rows()) == keys[:1]
    assert Filter("1/2").select(keys, Rows()) == keys[:1]
