"""What of the windows that were counted stays, rule by rule; and what is remembered of what was said."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit.playbook.canary.making import T0
from tfdash.model.traffic import Buckets, Point
from tfdash.playbook.canary.window_cache import (
    Counted,
    Grown,
    Memo,
    Reuse,
    WindowCache,
    grown,
    plain,
    reusable,
    samples_of,
)
from tfdash.sources.prometheus.gathering import GatheredBuckets, GatheredPoints

NAN, INF = math.nan, math.inf


def at(number: int) -> float:
    return T0 + 15.0 * number


def scraped(*values: float, first: int = 0) -> tuple[Point, ...]:
    return tuple(Point(at(first + i), v) for i, v in enumerate(values))


RISES, FALLS = scraped(1, 2, 3, 4), scraped(5, 7, 1, 2)
LATE = at(9)


@pytest.mark.parametrize(
    ("before", "after", "since", "was_plain", "told"),
    [
        (RISES, RISES, LATE, True, Grown(INF, True)),
        (RISES, scraped(1, 2, 3, 4, 4), LATE, True, Grown(at(4), True)),
        (RISES, scraped(1, 2, 3, 4, 5, 6), LATE, True, Grown(at(4), True)),
        (RISES, scraped(1, 2, 3, 4, 5, 2), LATE, True, Grown(at(4), False)),
        (RISES, scraped(1, 2, 3, 4, 3), LATE, True, Grown(at(4), False)),
        (RISES, scraped(1, 2, 3, 4, NAN), LATE, True, Grown(at(4), False)),
        (RISES, (*RISES, Point(at(1) + 1, 9.0)), LATE, True, Grown(at(1) + 1, False)),  # one that came late
        ((), RISES, LATE, True, None),
        (RISES, (), LATE, True, None),
        # what is older goes: not a base that the first window stands on, and not a reset
        (RISES, RISES[1:], at(2), True, Grown(INF, True)),
        (RISES, RISES[1:], at(1), True, None),
        (RISES, RISES[3:], LATE, True, Grown(INF, True)),
        (RISES, scraped(5, first=4), LATE, True, None),  # all of it
        (FALLS, FALLS, LATE, False, Grown(INF, True)),
        (FALLS, FALLS[1:], LATE, False, Grown(INF, True)),
        (FALLS, FALLS[2:], LATE, False, None),
        (FALLS, (*FALLS, Point(at(4), 3.0)), LATE, False, Grown(at(4), True)),
        (FALLS[:3], FALLS, LATE, False, Grown(at(3), True)),
        # what is no more as it was
        (RISES, RISES[:3], LATE, True, None),
        (RISES, scraped(1, 2, 9, 4), LATE, True, None),
        (RISES, scraped(0, 2, 3, 4), LATE, True, None),
        (RISES, scraped(0, 1, 2, 3, 4, first=-1), LATE, True, None),
        # under nothing, or no number: a fall is read otherwise
        (scraped(-1, 2), scraped(-1, 2, 3), LATE, True, Grown(at(2), True)),
        (scraped(-1, 2), scraped(-1, 2, 1), LATE, True, None),
        (scraped(-1, 2), scraped(-1, 2), LATE, False, None),
        (scraped(1, NAN), scraped(1, NAN), LATE, False, None),
        (scraped(1, INF), scraped(1, INF), LATE, False, None),
        (scraped(0, 2), scraped(0, 2, 1), LATE, False, Grown(at(2), False)),
    ],
)
def test_what_was_counted_stays_until(
    before: tuple[Point, ...], after: tuple[Point, ...], since: float, was_plain: bool, told: Grown | None
) -> None:
    assert grown(before, after, since, was_plain) == told
    # of histograms by the count of all observations
    one, two = (
        [Buckets(p.at, (0.1, INF), (0.0, p.value), 0.0) for p in points] for points in (before, after)
    )
    assert grown(one, two, since, was_plain) == told


@pytest.mark.parametrize("gathered", [GatheredPoints, GatheredBuckets])
@pytest.mark.parametrize(
    ("values", "cut", "more", "since", "told"),
    [
        ((1, 2, 3, 4), 0, (), LATE, Grown(INF, True)),
        ((1, 2, 3, 4), 0, (5, 6), LATE, Grown(at(4), True)),
        ((1, 2, 3, 4), 0, (3,), LATE, Grown(at(4), False)),
        ((1, 2, 3, 4), 0, (5, 2), LATE, Grown(at(4), False)),
        ((1, 2, 3, 4), 1, (), at(2), Grown(INF, True)),
        ((1, 2, 3, 4), 1, (), at(1), None),
        ((1, 2, 3, 4), 3, (5,), LATE, Grown(at(4), True)),
        ((1, 2, 3, 4), 4, (5,), LATE, None),
        ((5, 7, 1, 2), 1, (), LATE, Grown(INF, True)),
        ((5, 7, 1, 2), 2, (), LATE, None),
        ((1, 2, 3, 4), 3, (1,), LATE, Grown(at(4), False)),
        ((0, 2, 3), 0, (1,), LATE, Grown(at(3), False)),
        ((5, 7, 1), 0, (2,), LATE, Grown(at(3), True)),
    ],
)
def test_likewise_of_views_of_the_same_arrays(
    gathered: Any,
    values: tuple[float, ...],
    cut: int,
    more: tuple[float, ...],
    since: float,
    told: Grown | None,
) -> None:
    source = gathered()

    def take(number: int, value: float) -> None:
        value = float(value)
        source.append(
            *((at(number), value) if gathered is GatheredPoints else (at(number), (INF,), (value,), 0.0))
        )

    for number, value in enumerate(values):
        take(number, value)
    before = source.view()
    for number, value in enumerate(more, len(values)):
        take(number, value)
    source.cut(at(cut))
    after = source.view()
    assert grown(before, after, since, False) == grown(before, after, since, True) == told
    if told is not None and more:
        assert grown(after, before, since, True) is None  # it grows, and never shrinks


def test_arrays_that_were_begun_anew_are_compared_themselves() -> None:
    def view(*values: float) -> Any:
        source = GatheredPoints()
        for number, value in enumerate(values):
            source.append(at(number), value)
        return source.view()

    assert grown(view(1, 2, 3), view(1, 2, 3, 4), LATE, True) == Grown(at(3), True)
    assert grown(view(1, 2, 3), view(1, 2, 9, 9), LATE, True) is None


def test_a_fall_of_what_begins_under_nothing_in_columns() -> None:
    source = GatheredPoints()
    for number, value in enumerate((-1.0, 2.0)):
        source.append(at(number), value)
    before = source.view()
    source.append(at(2), 1.0)
    assert grown(before, source.view(), LATE, True) is None


@pytest.mark.parametrize(
    ("points", "flat"),
    [
        (RISES, True),
        (scraped(2, 2), True),
        (FALLS, False),
        (scraped(1, NAN), False),
        (scraped(1, INF), False),
        ((Point(at(1), 1.0), Point(at(0), 2.0)), False),
        ((Buckets(at(0), (INF,), (1.0,), 0.0), Buckets(at(1), (), (), 0.0)), False),
        ((Buckets(at(0), (0.1, INF), (1.0, 1.0), 0.0), Buckets(at(1), (0.1, INF), (0.0, 1.0), 0.0)), True),
    ],
)
def test_whether_samples_rise_in_order(points: Any, flat: bool) -> None:
    assert plain(points) is flat


def test_times_and_values() -> None:
    source = GatheredPoints()
    source.append(1.0, 2.0)
    assert samples_of(source.view()) == ((1.0,), (2.0,))
    assert samples_of(scraped(3.0)) == ([T0], [3.0])


EDGES = [T0 + 60.0 * i for i in range(5)]
LAST = Counted(("basis",), (RISES, FALLS), (True, False), EDGES, ())
GROWN = (*RISES, Point(at(4), 5.0))  # at the first window's end


@pytest.mark.parametrize(
    ("last", "basis", "samples", "edges", "told"),
    [
        (LAST, ("basis",), (RISES, FALLS), EDGES, Reuse(0, 4, (True, False))),
        (LAST, ("basis",), (RISES, FALLS), [*EDGES, T0 + 300], Reuse(0, 4, (True, False))),
        (LAST, ("basis",), (RISES, FALLS), EDGES[:3], Reuse(0, 2, (True, False))),
        (LAST, ("basis",), (RISES, FALLS), EDGES[2:], Reuse(2, 2, (True, False))),
        (LAST, ("basis",), (GROWN, FALLS), EDGES, Reuse(0, 1, (True, False))),
        (LAST, ("basis",), ((*RISES, Point(at(3) + 1, 5.0)), FALLS), EDGES, Reuse(0, 0, (True, False))),
        (LAST, ("basis",), ((*RISES, Point(at(8), 1.0)), FALLS), EDGES, Reuse(0, 2, (False, False))),
        (LAST, ("basis",), (GROWN, (*FALLS, Point(at(9), 3.0))), EDGES, Reuse(0, 1, (True, False))),
        (LAST, ("basis",), (RISES[1:], FALLS), EDGES, None),  # the first window's base is gone
        (LAST, ("basis",), (RISES[1:], FALLS), EDGES[1:], Reuse(1, 3, (True, False))),
        (None, ("basis",), (RISES, FALLS), EDGES, None),
        (LAST, ("other",), (RISES, FALLS), EDGES, None),
        (LAST, ("basis",), (RISES,), EDGES, None),
        (LAST, ("basis",), (RISES[:3], FALLS), EDGES, None),
        (LAST, ("basis",), (RISES, FALLS), EDGES[:1], None),
        (LAST, ("basis",), (RISES, FALLS), [e + 30 for e in EDGES], None),
        (LAST, ("basis",), (RISES, FALLS), [T0 + 600, T0 + 660], None),
        (LAST, ("basis",), (RISES, FALLS), [T0 - 60, *EDGES], None),
        (LAST, ("basis",), (RISES, FALLS), [T0, T0 + 30], Reuse(0, 0, (True, False))),
    ],
)
def test_which_windows_need_not_be_counted_again(
    last: Counted | None, basis: Any, samples: Any, edges: list[float], told: Reuse | None
) -> None:
    assert reusable(last, basis, samples, edges) == told


def test_what_was_said_is_made_once() -> None:
    made: list[Any] = []

    def whole(memo: Memo, *given: int) -> int:
        made.append(given)
        return sum(given)

    def one(item: int, *given: int) -> int:
        made.append((item, *given))
        return item + sum(given)

    memo = Memo()
    assert [memo.last(whole, 1, 2), memo.last(whole, 1, 2), memo.last(whole, 3), memo.last(whole, 1, 2)] == [
        3,
        3,
        3,
        3,
    ]
    assert made == [(1, 2), (3,), (1, 2)]
    made.clear()
    assert memo.each(one, [1, 2], 10) == [11, 12] and memo.each(one, [2, 3], 10) == [12, 13]
    assert made == [(1, 10), (2, 10), (3, 10)]
    made.clear()
    assert memo.each(one, [2, 3], 20) == [22, 23] and memo.each(one, [1, 2], 20) == [21, 22]
    assert made == [(2, 20), (3, 20), (1, 20)]


def test_the_windows_before_the_release_have_a_memory_of_their_own() -> None:
    cache = WindowCache()
    assert isinstance(cache.earlier(), WindowCache)
    assert cache.earlier() is cache.earlier() is not cache
