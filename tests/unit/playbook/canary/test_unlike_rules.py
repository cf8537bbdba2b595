"""Bounds that both sides have, and two series that are the same requests, at their edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pytest

from tests.unit.playbook.canary.making import T0
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point
from tfdash.playbook.canary.buckets import Shared, shared
from tfdash.playbook.canary.twice import counted_twice

INF = math.inf


def scraped(*bounds: float, native: bool = False) -> HistogramSeries:
    """One scrape with one observation in each bucket."""
    counts = tuple(float(n + 1) for n in range(len(bounds)))
    return HistogramSeries(native=native, points=(Buckets(T0, bounds, counts, 0.0),))


def native(*scrapes: tuple[tuple[float, float], ...]) -> HistogramSeries:
    points = tuple(Buckets(T0 + i, *zip(*pairs, strict=True), 0.0) for i, pairs in enumerate(scrapes))
    return HistogramSeries(native=True, points=points)


FINE, COARSE = scraped(0.1, 0.25, 1.0, INF), scraped(0.1, 1.0, INF)
LEFT_OUT = "compared at the bounds that both have; left out: "
NO_TWO = "the sides' histograms have no two bounds in common: "
MANY = scraped(0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, INF)


def kinds(native_side: str, classic_side: str) -> str:
    return (
        f"the {native_side}'s latencies are native histograms, the {classic_side}'s classic ones: "
        "they have no bounds in common"
    )


@pytest.mark.parametrize(
    ("canary", "baseline", "told"),
    [
        ([], [], Shared((), False)),
        (
            [HistogramSeries()],
            [FINE],
            Shared((0.1, 0.25, 1.0, INF), False),
        ),  # what has no sample has no bounds
        ([FINE, FINE], [FINE], Shared((0.1, 0.25, 1.0, INF), False)),
        ([FINE], [COARSE], Shared((0.1, 1.0, INF), False, "", f"{LEFT_OUT}250 ms")),
        ([scraped(0.1, 2.0, INF)], [FINE], Shared((0.1, INF), False, "", f"{LEFT_OUT}250 ms, 1 s, 2 s")),
        # pods of one side too
        ([FINE, COARSE], [FINE], Shared((0.1, 1.0, INF), False, "", f"{LEFT_OUT}250 ms")),
        (
            [scraped(0.3, INF)],
            [COARSE],
            Shared((), False, f"{NO_TWO}baseline 100 ms, 1 s, +Inf; canary 300 ms, +Inf"),
        ),
        (
            [scraped(0.1, 1.0, 2.0)],
            [COARSE],
            Shared((), False, f"{NO_TWO}baseline 100 ms, 1 s, +Inf; canary 100 ms, 1 s, 2 s"),
        ),
        (
            [MANY],
            [scraped(9.0, INF)],
            Shared((), False, f"{NO_TWO}baseline 9 s, +Inf; canary 1 ms, 2 ms, 3 ms, 4 ms, 5 ms, 6 ms ..."),
        ),
        (
            [scraped(0.001, 0.002, 0.003, 0.004, 0.005, INF)],
            [scraped(9.0, INF)],
            Shared((), False, f"{NO_TWO}baseline 9 s, +Inf; canary 1 ms, 2 ms, 3 ms, 4 ms, 5 ms, +Inf"),
        ),
        ([scraped(0.1, INF, native=True)], [FINE], Shared((), False, kinds("canary", "baseline"))),
        ([FINE], [scraped(0.1, INF, native=True)], Shared((), False, kinds("baseline", "canary"))),
        (
            [FINE, scraped(0.1, INF, native=True)],
            [FINE],
            Shared(
                (),
                False,
                "the canary's latencies are native and classic histograms at once: they have no bounds in common",
            ),
        ),
    ],
)
def test_classic_bounds(canary: list[HistogramSeries], baseline: list[HistogramSeries], told: Shared) -> None:
    sides = [("canary", s) for s in canary] + [("baseline", s) for s in baseline]
    assert shared(sides) == shared(sides[::-1]) == told


COARSER = "compared at the coarser of the histograms' resolutions"
WIDE = ((1.0, 0.0), (2.0, 7.0), (INF, 7.0))


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        # another resolution: what lies inside a filled bucket of the other is left out
        (native(WIDE), native(((1.0, 0.0), (1.4, 3.0), (2.0, 5.0), (INF, 5.0))), (1.0, 2.0, INF)),
        # a bucket that holds nothing hides nothing
        (native(((1.0, 7.0), (2.0, 7.0), (INF, 7.0))), native(((1.4, 3.0), (INF, 3.0))), None),
        # nor one whose lower bound is not known, nor the last
        (native(((2.0, 7.0), (INF, 7.0))), native(((1.4, 3.0), (INF, 3.0))), None),
        (native(((2.0, 0.0), (INF, 7.0))), native(((3.0, 3.0), (INF, 3.0))), None),
        # the first scrape and the last count
        (native(WIDE, ((INF, 0.0),)), native(((1.4, 3.0), (INF, 3.0))), (1.0, 2.0, INF)),
        (native(((INF, 0.0),), WIDE), native(((1.4, 3.0), (INF, 3.0))), (1.0, 2.0, INF)),
        (native(((INF, 0.0),), WIDE, ((INF, 0.0),)), native(((1.4, 3.0), (INF, 3.0))), None),
        (native(WIDE), native(WIDE), None),
    ],
)
def test_native_bounds(one: HistogramSeries, two: HistogramSeries, told: tuple[float, ...] | None) -> None:
    found = shared([("canary", one), ("baseline", two)])
    every = tuple(sorted({b for s in (one, two) for p in s.points for b in p.bounds}))
    assert found == (Shared(every, True) if told is None else Shared(told, True, "", COARSER))


def test_a_bound_that_is_no_number_is_none() -> None:
    assert shared([("canary", native(((math.nan, 1.0), (1.0, 2.0), (INF, 2.0))))]).bounds == (1.0, INF)


# -- the same requests twice --------------------------------------------------------------------------------------------


def rising(
    increments: Sequence[float], start: float = T0, first: float = 0.0, step: float = 15.0, **labels: str
) -> CounterSeries:
    values = list(accumulate(increments, initial=first))
    points = tuple(Point(start + i * step, v) for i, v in enumerate(values))
    return CounterSeries(pod="p", points=points, labels=tuple(sorted(labels.items())))


def twice(*series: CounterSeries, since: float = T0, until: float = T0 + 9000) -> bool:
    return counted_twice(series, since, until) != ""


BUSY = [1000.0] * 3  # by chance each is alike every 112th time: three are less than a millionth
RARE = [1.0] * 11
A, B = {"job": "a"}, {"job": "b"}


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (BUSY, BUSY, True),
        (BUSY[:2], BUSY[:2], False),
        (RARE, RARE, True),
        (RARE[:10], RARE[:10], False),
        ([*RARE[:10], 0.0, 0.0], [*RARE[:10], 0.0, 0.0], False),  # nothing at both is no evidence
        ([*BUSY, 1001.0], [*BUSY, 1000.0], False),
        ([0.0] * 40, [0.0] * 40, False),
        ([*BUSY, -3000.0], [*BUSY, -3000.0], True),  # a restart of both
    ],
)
def test_scraped_at_the_same_moments(one: list[float], two: list[float], same: bool) -> None:
    assert twice(rising(one, **A), rising(two, **B)) is same


def test_how_they_differ_is_said() -> None:
    first = rising(BUSY, job="a", port="1", path="/m")
    second = rising(BUSY, job="b", path="/m")
    assert counted_twice([first, second], T0, T0 + 9000) == (
        'the same requests of p are counted twice: {job="a",port="1"} and {job="b",port=""} rise alike; '
        "name one of them in the template's selectors ([metrics.templates])"
    )


@pytest.mark.parametrize(
    ("since", "until", "same"),
    [(0.0, 46.0, True), (0.0, 45.0, False), (1.0, 46.0, False), (500.0, 900.0, False)],
)
def test_only_what_lies_in_the_windows_counts(since: float, until: float, same: bool) -> None:
    series = (rising(BUSY, **A), rising(BUSY, **B))
    assert twice(*series, since=T0 + since, until=T0 + until) is same


def test_one_pod_or_version_at_a_time() -> None:
    def of(pod: str, version: str, **labels: str) -> Any:
        one = rising(BUSY, **labels)
        return CounterSeries(pod=pod, version=version, points=one.points, labels=one.labels)

    assert not twice(of("p", "v", job="a"), of("q", "v", job="b"))
    assert twice(of("", "v", job="a"), of("", "v", job="b"))
    assert not twice(of("", "v", job="a"), of("", "w", job="b"))
    assert not twice(of("p", "v", job="a"), CounterSeries(pod="p"), rising([], **B))
    found = [of("z", "", job="a"), of("z", "", job="b"), of("b", "", job="a"), of("b", "", job="b")]
    assert counted_twice(found, T0, T0 + 9000).startswith("the same requests of b ")


def test_alike_though_others_lie_between() -> None:
    """Neighbours by value are looked at; those that rise alike from other values are found by their steps."""
    between = [rising([n, n + 1.0, n + 2.0], first=5000.0, job=f"x{n}") for n in range(1, 9)]
    assert twice(rising(BUSY, **A), *between, rising(BUSY, first=1e6, **B))
    assert not twice(rising(BUSY, **A), *between)


STEADY = [100.0] * 20


def beside(off: float, steps: int = 20, late: float = 7.5, first: float = 50.0) -> CounterSeries:
    """Scraped ``late`` seconds after the other, and each time ``off`` more than the straight line has it."""
    return rising([100.0] * steps, T0 + late, first + off, **B)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (rising(STEADY, **A), beside(0.0), True),
        (rising(STEADY[1:], **A), beside(0.0, 19), False),  # twenty moments are asked for
        # the mean square of the distance, under half of what rises in a scrape
        (rising(STEADY, **A), beside(7.0), True),
        (rising(STEADY, **A), beside(8.0), False),
        (rising(STEADY, **A), beside(-8.0), False),
        (rising([50.0] * 20, **A), rising([50.0] * 20, T0 + 7.5, 30.0, **B), False),  # just half
        (rising(STEADY, **A), beside(51.0), False),  # beyond its neighbours: another counter
        # what is scraped after the other's last scrape is held against nothing
        (rising([100.0] * 23 + [50.0, 0.0], T0 + 7.5, 50.0, **A), rising([100.0] * 24 + [0.0], **B), True),
        (rising([100.0] * 25, **A), beside(0.0, 25, 3.0, 20.0), True),
        (rising([0.0] * 40, **A), rising([0.0] * 40, T0 + 7, **B), False),
    ],
)
def test_scraped_at_other_moments(one: CounterSeries, two: CounterSeries, same: bool) -> None:
    assert twice(one, two) is same
