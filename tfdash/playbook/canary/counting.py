"""Exact counts by window from raw samples: no rate, no extrapolation.

What a counter rose by between two samples belongs to the window in which the later one was scraped, so windows add up
to the whole. Values that fall are resets: what stands after one was counted since. A series that begins among the
samples counts from zero where its pod, or the series alone on a pod that was already scraped, began there: client
libraries make a series when its first event comes, and its first value is that event. Elsewhere the first sample is
the base.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from operator import le
from typing import NamedTuple

from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point

Target = tuple[str, str, str]
_LATE = 1.5  # scrape intervals after the oldest wanted sample: what comes later has begun among the samples
_REUSED = 120.0  # seconds: samples that much older than the pod's start are an older pod's of that name, no clock's fault


class Grid(NamedTuple):
    """Windows [start + i length, start + (i + 1) length), i < number."""

    start: float
    length: float
    number: int

    @property
    def edges(self) -> list[float]:
        return [self.start + i * self.length for i in range(self.number + 1)]

    @property
    def end(self) -> float:
        return self.start + self.number * self.length


def target(series: CounterSeries | HistogramSeries) -> Target:
    """What is scraped as one: the pod, else the version and the instance that the labels name."""
    if series.pod:
        return series.pod, "", ""
    return "", series.version, next((v for k, v in series.labels if k == "instance"), "")


def clean(points: Sequence[Point]) -> list[Point]:
    """Without what is not a number, in order of time."""
    kept = [p for p in points if p[1] == p[1]]
    if not all(map(le, (p[0] for p in kept), (p[0] for p in islice(kept, 1, None)))):
        kept.sort(key=lambda p: p[0])
    return kept


class Births:
    """When each target was first scraped, and which series therefore count from zero."""

    def __init__(
        self, series: Iterable[CounterSeries | HistogramSeries], started: Mapping[str, float], since: float,
        interval: float | None,
    ) -> None:  # fmt: skip
        self._started, self._since, self._interval = started, since, interval or 0.0
        self._first: dict[Target, float] = {}
        for one in series:
            if one.points:
                at, key = one.points[0][0], target(one)
                if at < self._first.get(key, at + 1):
                    self._first[key] = at

    def start(self, series: CounterSeries | HistogramSeries) -> float | None:
        """When its target started, as far as that is among the samples."""
        key = target(series)
        start = self._started.get(series.pod) if series.pod else None
        if start is not None:
            return start
        first = self._first.get(key)
        late = first is not None and self._interval and first > self._since + _LATE * self._interval
        return first if late else None

    def from_zero(self, series: CounterSeries | HistogramSeries) -> bool:
        started = self._started.get(series.pod) if series.pod else None
        first = series.points[0][0]
        if started is not None and started >= self._since and first > started - _REUSED:
            return True
        return self._interval > 0 and first > self._first.get(target(series), first) + self._interval / 2


def rises(points: Sequence[Point], edges: Sequence[float], from_zero: bool) -> list[float] | None:
    """What the counter rose by in each window; None of no samples."""
    points = clean(points)
    if not points:
        return None
    ats = [p[0] for p in points]
    values = [p[1] for p in points]
    if not all(map(le, values, islice(values, 1, None))):
        values = _unreset(values)
    base = 0.0 if from_zero else values[0]
    totals = [values[i - 1] if i else base for i in (bisect_left(ats, e) for e in edges)]
    return [b - a for a, b in zip(totals, islice(totals, 1, None), strict=False)]


def _unreset(values: Sequence[float]) -> list[float]:
    """The same counter as if it had never been reset."""
    told, lost, before = [], 0.0, values[0]
    for value in values:
        if value < before:
            lost += before
        before = value
        told.append(value + lost)
    return told


def bounds_of(series: Iterable[HistogramSeries]) -> tuple[float, ...]:
    """Every bound that any of them has, ascending."""
    seen = {p.bounds for s in series for p in s.points}
    if len(seen) == 1:
        return next(iter(seen))
    return tuple(sorted({b for bounds in seen for b in bounds if b == b}))


def bucket_rises(
    series: HistogramSeries, edges: Sequence[float], from_zero: bool, bounds: tuple[float, ...]
) -> list[list[float]] | None:
    """What each cumulative bucket rose by in each window; None of no samples.

    A reset is seen in the count of all observations. Bounds that a sample lacks hold what its next lower bound holds:
    a native histogram names only buckets that hold something.
    """
    points = [p for p in series.points if p.counts and p.counts[-1] == p.counts[-1]]
    if not points:
        return None
    points.sort(key=lambda p: p.at)
    ats = [p.at for p in points]
    resets = [i for i in range(1, len(points)) if points[i].counts[-1] < points[i - 1].counts[-1]]
    lost: list[tuple[int, list[float]]] = []
    sums = [0.0] * len(bounds)
    for i in resets:
        sums = [a + b for a, b in zip(sums, _at(points[i - 1], bounds), strict=True)]
        lost.append((i, sums))
    totals = []
    for edge in edges:
        i = bisect_left(ats, edge) - 1
        if i < 0:
            totals.append([0.0] * len(bounds) if from_zero else _at(points[0], bounds))
            continue
        here = _at(points[i], bounds)
        before = next((s for at, s in reversed(lost) if at <= i), None)
        totals.append([a + b for a, b in zip(here, before, strict=True)] if before else here)
    return [
        [max(b - a, 0.0) for a, b in zip(one, two, strict=True)]
        for one, two in zip(totals, islice(totals, 1, None), strict=False)
    ]


def _at(point: Buckets, bounds: tuple[float, ...]) -> list[float]:
    if point.bounds == bounds:
        return list(point.counts)
    told, held, i = [], 0.0, 0
    for bound in bounds:
        while i < len(point.bounds) and point.bounds[i] <= bound:
            held = point.counts[i]
            i += 1
        told.append(held)
    return told


def newest(series: Iterable[CounterSeries | HistogramSeries]) -> float | None:
    """The time of the newest sample of them."""
    return max((s.points[-1][0] for s in series if s.points), default=None)
