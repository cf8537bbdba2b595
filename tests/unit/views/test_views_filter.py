"""The filter language at its edges."""

from __future__ import annotations

import time

import pytest

from tfdash.views.filter import NO_FILTER, Filter, FilterError


class Rows:
    """Search texts as keys; labels by the side."""

    def __init__(self, labels: dict[str, dict[str, str]] | None = None) -> None:
        self._labels = labels or {}

    def search_text(self, key: str) -> str:
        return key

    def labels(self, key: str) -> dict[str, str]:
        return self._labels.get(key, {})


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
