"""Exact counts: resets, births, windows, whatever the scrapes' order and gaps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.canary.making import STEP, T0, counter
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point
from tfdash.playbook.canary.buckets import shared
from tfdash.playbook.canary.counting import Births, Grid, Target, bucket_rises, newest, rises, target

EDGES = Grid(T0, 60.0, 4).edges


def points(*values: float, start: float = T0 - 10) -> tuple[Point, ...]:
    return tuple(Point(start + i * STEP, v) for i, v in enumerate(values))


def test_windows_are_half_open_and_add_up() -> None:
    at_edge = (Point(T0 - 15, 5), Point(T0, 7), Point(T0 + 59.999, 10), Point(T0 + 60, 20))
    assert rises(at_edge, EDGES, False) == [
        5,
        10,
        0,
        0,
    ]  # the sample at T0 belongs to the window that begins there


def test_prometheus_own_case_of_resets() -> None:
    """promql/promqltest functions.test: increase of 0 1 2 3 2 3 4 is 7."""
    told = rises(points(0, 1, 2, 3, 2, 3, 4), [T0 - 100, T0 + 1000], False)
    assert told == [7]


def test_first_sample_is_the_base_or_counts_from_zero() -> None:
    assert rises(points(3, 4), [T0 - 100, T0 + 100], False) == [1]
    assert rises(points(3, 4), [T0 - 100, T0 + 100], True) == [4]


def test_a_counter_that_stands_still_rises_by_nothing_and_one_that_was_reset_by_what_it_had() -> None:
    assert rises(points(7, 7, 7), [T0, T0 + 20, T0 + 40], False) == [0.0, 0.0]
    assert rises(points(0, 0), [T0 - 20, T0 + 20], True) == [0.0]
    # 5 lost at the reset, no more: 5 to 8, then 2 behind it
    assert rises(points(5, 8, 2), [T0 - 100, T0 + 100], False) == [5.0]
    assert rises(points(5, 8, 2), [T0 - 100, T0 + 100], True) == [10.0]


def test_no_samples_and_nan() -> None:
    assert rises((), EDGES, True) is None
    assert rises(points(math.nan, math.nan), EDGES, True) is None
    assert rises(points(1, math.nan, 4), [T0 - 100, T0 + 100], False) == [3]


def test_unordered_samples_are_put_in_order() -> None:
    told = points(1, 2, 5, 9)
    assert rises(tuple(reversed(told)), EDGES, False) == rises(told, EDGES, False)


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=30),
    st.sets(st.integers(1, 29), max_size=4),
    st.floats(0, 60),
)
def test_resets_lose_nothing_that_was_scraped(more: list[int], resets: set[int], offset: float) -> None:
    """Whatever the restarts and the scrape's offset: the sum over all windows is the true count of what was seen."""
    value, told, truth = 100, [Point(T0 - 60 + offset, 100.0)], 0
    for i, count in enumerate(more, 1):
        if i in resets and count <= value:  # a restart: the counter begins anew, lower than it was
            value = count if count < value else value
            if value == told[-1].value:
                value = 0
                count = 0
        else:
            value += count
        truth += count
        told.append(Point(T0 - 60 + offset + i * STEP, float(value)))
    grid = Grid(T0 - 120, 60.0, 20)
    assert sum(rises(told, grid.edges, False) or []) == truth


class TestBirths:
    def births(self, *series: CounterSeries, started: dict[str, float] | None = None) -> Births:
        return Births(series, started or {}, T0 - 120, STEP)

    def test_a_pod_that_started_among_the_samples(self) -> None:
        one = CounterSeries(pod="p", points=points(3, 4))
        assert self.births(one, started={"p": T0 - 20}).from_zero(one)
        assert not self.births(one, started={"p": T0 - 500}).from_zero(one)
        assert not self.births(one).from_zero(one)

    def test_clocks_that_differ_are_no_older_pod_but_minutes_are(self) -> None:
        one = CounterSeries(pod="p", points=points(3, 4))
        assert self.births(one, started={"p": T0 + 60}).from_zero(one)
        assert not self.births(one, started={"p": T0 + 600}).from_zero(one)

    def test_the_first_error_of_an_old_pod_counts(self) -> None:
        ok = counter([5] * 10, pod="p", start=T0 - 120)
        error = CounterSeries(pod="p", labels=(("code", "500"),), points=points(1, 1, start=T0))
        births = self.births(ok, error, started={"p": T0 - 9000})
        assert births.from_zero(error)
        assert not births.from_zero(ok)
        assert rises(error.points, EDGES, True) == [1, 0, 0, 0]

    def test_another_pods_series_says_nothing(self) -> None:
        ok = counter([5] * 10, pod="q", start=T0 - 120)
        error = CounterSeries(pod="p", points=points(1, 1, start=T0))
        assert not self.births(ok, error, started={"p": T0 - 9000}).from_zero(error)

    def test_unknown_start_is_the_first_sample_where_that_came_late(self) -> None:
        late = CounterSeries(pod="p", points=points(1, 2, start=T0))
        early = CounterSeries(pod="q", points=points(1, 2, start=T0 - 118))
        births = self.births(late, early)
        assert births.start(late) == T0
        assert births.start(early) is None

    @pytest.mark.parametrize(("after", "counts"), [(STEP / 2, False), (STEP / 2 + 0.1, True)])
    def test_half_a_scrape_later_is_no_birth(self, after: float, counts: bool) -> None:
        ok = counter([5] * 10, pod="p", start=T0)
        error = CounterSeries(pod="p", points=points(1, 1, start=T0 + after))
        assert self.births(ok, error, started={"p": T0 - 9000}).from_zero(error) is counts

    @pytest.mark.parametrize(
        ("first", "start"), [(T0 - 120 + 1.5 * STEP, None), (T0 - 120 + 1.5 * STEP + 1, T0 - 120 + 1.5 * STEP + 1)]
    )  # fmt: skip
    def test_what_comes_a_scrape_and_a_half_later_has_begun_among_the_samples(
        self, first: float, start: float | None
    ) -> None:
        one = CounterSeries(pod="p", points=points(1, 2, start=first))
        assert self.births(one).start(one) == start
        assert self.births(one, started={"p": T0 - 7}).start(one) == T0 - 7

    def test_without_a_known_interval_or_samples_nothing_is_born(self) -> None:
        ok, error = (
            counter([5] * 10, pod="p", start=T0 - 120),
            CounterSeries(pod="p", points=points(1, start=T0)),
        )
        births = Births([ok, error, CounterSeries(pod="q")], {}, T0 - 120, None)
        assert not births.from_zero(error)
        assert births.start(error) is births.start(CounterSeries(pod="q")) is None

    @pytest.mark.parametrize(("before", "zero"), [(0.0, True), (-0.1, False)])
    def test_samples_must_reach_back_to_the_pods_start(self, before: float, zero: bool) -> None:
        one = CounterSeries(pod="p", points=points(3, 4))
        assert self.births(one, started={"p": T0 - 120 + before}).from_zero(one) is zero
        late = self.births(one, started={"p": T0 + 110 + before})  # 120 s after its first sample
        assert late.from_zero(one) is not zero


@pytest.mark.parametrize(
    ("series", "whose"),
    [
        (CounterSeries(pod="p", version="v", labels=(("instance", "i"),)), ("p", "", "")),
        (CounterSeries(version="v", labels=(("code", "500"), ("instance", "i"))), ("", "v", "i")),
        (CounterSeries(version="v"), ("", "v", "")),
    ],
)
def test_whose_target_it_is(series: CounterSeries, whose: Target) -> None:
    assert target(series) == whose


def test_the_newest_of_all_samples() -> None:
    assert newest([counter([1]), counter([1, 1]), CounterSeries()]) == T0 + 5 + 2 * STEP
    assert newest([CounterSeries()]) is newest([]) is None


class TestHistograms:
    BOUNDS = (0.1, 0.5, math.inf)

    def series(self, *rows: tuple[float, ...], **fields: object) -> HistogramSeries:
        return HistogramSeries(
            points=tuple(Buckets(T0 - 10 + i * STEP, self.BOUNDS, r, 0.0) for i, r in enumerate(rows)),
            **fields,
        )

    def test_by_window(self) -> None:
        told = bucket_rises(self.series((1, 2, 3), (2, 4, 6), (2, 5, 8)), EDGES, False, self.BOUNDS)
        assert told is not None
        assert told[0] == (1, 3, 5)
        assert told[1] == (0, 0, 0)

    def test_a_reset_is_seen_in_all_buckets_at_once(self) -> None:
        told = bucket_rises(self.series((5, 7, 9), (1, 1, 2), (2, 2, 3)), EDGES, False, self.BOUNDS)
        assert told is not None
        assert told[0] == (2, 2, 3)

    def test_from_zero_and_nothing(self) -> None:
        told = bucket_rises(self.series((5, 7, 9)), [T0 - 100, T0 + 100], True, self.BOUNDS)
        assert told == [(5, 7, 9)]
        assert bucket_rises(self.series(), EDGES, True, self.BOUNDS) is None
        assert bucket_rises(self.series((1, 2, math.nan)), EDGES, True, self.BOUNDS) is None

    def test_a_lower_bound_than_any_of_a_sample_holds_nothing(self) -> None:
        one = HistogramSeries(points=(Buckets(T0 + 5, (0.5, math.inf), (3, 4), 0.0),))
        assert bucket_rises(one, [T0, T0 + 60], True, (0.1, 0.5, 0.7, math.inf)) == [(0, 3, 3, 4)]

    def test_unordered_samples_and_those_of_nothing_are_put_right(self) -> None:
        told = [Buckets(T0 - 10 + i * STEP, self.BOUNDS, (i, i + 1.0, i + 2.0), float(-i)) for i in range(4)]
        odd = [Buckets(T0 + 7, self.BOUNDS, (), 0.0), Buckets(T0 + 8, self.BOUNDS, (9, 9, math.nan), 0.0)]
        expected = bucket_rises(told, EDGES, False, self.BOUNDS)
        assert expected is not None and expected[0] == (3, 3, 3)
        for points in (told[::-1], [*odd, *told], [*told, odd[0]], [*told[:1], *odd[1:], *told[1:]]):
            assert bucket_rises(points, EDGES, False, self.BOUNDS) == expected

    def test_a_reset_among_unordered_samples_is_seen_in_the_count_of_all(self) -> None:
        points = self.series((1, 2, 9), (1, 2, 3)).points
        assert bucket_rises(points[::-1], [T0 - 100, T0 + 100], False, self.BOUNDS) == [(1, 2, 3)]

    def test_two_resets_lose_what_stood_before_each(self) -> None:
        rows = ((1, 2, 3), (0, 0, 1), (0, 1, 2), (0, 0, 0), (4, 4, 4))
        told = bucket_rises(self.series(*rows), [T0 - 100, T0 + 100], False, self.BOUNDS)
        assert told == [(0 + 4, 0 + 1 + 4, 1 + 1 + 4)]

    def test_native_bounds_that_come_and_go(self) -> None:
        one = HistogramSeries(
            native=True,
            points=(
                Buckets(T0 - 10, (0.1, 0.2, math.inf), (1, 2, 2), 0.0),
                Buckets(T0 + 5, (0.1, 0.2, 0.4, math.inf), (1, 2, 7, 7), 0.0),
            ),
        )
        bounds = shared([("canary", one)]).bounds
        assert bounds == (0.1, 0.2, 0.4, math.inf)
        told = bucket_rises(one, [T0, T0 + 60], False, bounds)
        assert told == [(0, 0, 5, 5)]

    @given(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=20)
    )
    def test_windows_add_up_to_the_whole(self, more: list[tuple[int, int, int]]) -> None:
        rows, sums = [(0.0, 0.0, 0.0)], [0, 0, 0]
        for a, b, c in more:
            sums = [sums[0] + a, sums[1] + a + b, sums[2] + a + b + c]
            rows.append(tuple(map(float, sums)))
        told = bucket_rises(self.series(*rows), Grid(T0 - 60, 60.0, 20).edges, False, self.BOUNDS)
        assert told is not None
        assert [sum(column) for column in zip(*told, strict=True)] == pytest.approx(sums)
