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
from itertools import pairwise
from operator import add, sub
from typing import NamedTuple

from tfdash.model.samples import Points, Scrapes, first_at, last_at
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point
from tfdash.playbook.canary.buckets import at_bounds

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
    """The scrape target: the pod, else the version and the instance that the labels name."""
    if series.pod:
        return series.pod, "", ""
    return "", series.version, next((v for k, v in series.labels if k == "instance"), "")


def clean(points: Sequence[Point]) -> tuple[Sequence[float], Sequence[float]]:
    """Times and values in order of time, without NaN."""
    if not points:
        return (), ()
    ats: tuple[float, ...]
    values: tuple[float, ...]
    if isinstance(points, Points):
        ats, values = points.times(), points.values()
    else:
        ats, values = zip(*points, strict=True)
    total = sum(values)
    if total == total and list(ats) == sorted(ats):
        return ats, values
    kept = sorted(p for p in points if p[1] == p[1])
    return [p[0] for p in kept], [p[1] for p in kept]


class Births:
    """When each target was first scraped, and which series therefore count from zero."""

    def __init__(
        self,
        series: Iterable[CounterSeries | HistogramSeries],
        started: Mapping[str, float],
        since: float,
        interval: float | None,
    ) -> None:
        self._started, self._since, self._interval = started, since, interval or 0.0
        self._first: dict[Target, float] = {}
        for one in series:
            if one.points:
                at, key = first_at(one.points), target(one)
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

    def reaches(self, started: float, series: CounterSeries | HistogramSeries) -> bool:
        """Whether samples were asked for since before that start, and the series has none from long before it."""
        return started >= self._since and first_at(series.points) > started - _REUSED

    def from_zero(self, series: CounterSeries | HistogramSeries) -> bool:
        started = self._started.get(series.pod) if series.pod else None
        first = first_at(series.points)
        if started is not None and self.reaches(started, series):
            return True
        return self._interval > 0 and first > self._first.get(target(series), first) + self._interval / 2


class Edges:
    """The windows' edges, and where they fall among the times of a scrape: the series of one target share those."""

    def __init__(self, edges: Sequence[float]) -> None:
        self.edges = edges
        self._known: dict[Sequence[float], list[int]] = {}

    def among(self, ats: Sequence[float]) -> list[int]:
        """The number of samples before each edge."""
        found = self._known.get(ats) if type(ats) is tuple else None
        if found is None:
            found = [bisect_left(ats, e) for e in self.edges]
            if type(ats) is tuple:
                self._known[ats] = found
        return found


def rises(points: Sequence[Point], edges: Sequence[float] | Edges, from_zero: bool) -> list[float] | None:
    """The counter's increase in each window; None without samples."""
    if not isinstance(edges, Edges):
        edges = Edges(edges)
    ats, values = clean(points)
    if not values:
        return None
    if list(values) != sorted(values):
        values = _unreset(values)
    base = 0.0 if from_zero else values[0]
    if base == values[-1]:
        return [0.0] * (len(edges.edges) - 1)
    totals = [values[i - 1] if i else base for i in edges.among(ats)]
    return list(map(sub, totals[1:], totals))


def _unreset(values: Sequence[float]) -> list[float]:
    """The same counter as if it had never been reset."""
    told, lost, before = [], 0.0, values[0]
    for value in values:
        if value < before:
            lost += before
        before = value
        told.append(max(value, 0.0) + lost)
    return told


def bucket_rises(
    series: HistogramSeries | Sequence[Buckets],
    edges: Sequence[float],
    from_zero: bool,
    bounds: tuple[float, ...],
) -> list[tuple[float, ...]] | None:
    """What each cumulative bucket rose by in each window; None of no samples.

    A reset is seen in the count of all observations. Bounds that a sample lacks hold what its next lower bound holds:
    a native histogram names only buckets that hold something (``buckets`` leaves out where that is not so).
    """
    points = series.points if isinstance(series, HistogramSeries) else series
    if isinstance(points, Scrapes):
        counts, ats = list(points.values()), list(points.times())
    else:
        counts, ats = [p.counts[-1] for p in points if p.counts], [p.at for p in points]
    if len(counts) != len(points) or sum(counts) != sum(counts) or ats != sorted(ats):
        points = sorted(p for p in points if p.counts and p.counts[-1] == p.counts[-1])
        counts, ats = [p.counts[-1] for p in points], [p.at for p in points]
    if not points:
        return None
    lost = _lost(points, counts, bounds)
    none = (0.0,) * len(bounds)
    totals = []
    for edge in edges:
        i = bisect_left(ats, edge) - 1
        if i < 0:
            totals.append(none if from_zero else at_bounds(points[0], bounds))
            continue
        here = at_bounds(points[i], bounds)
        before = next((s for at, s in reversed(lost) if at <= i), None)
        totals.append(tuple(map(add, here, before)) if before else here)
    return [none if one is two else tuple(map(sub, two, one)) for one, two in pairwise(totals)]


def _lost(
    points: Sequence[Buckets], counts: Sequence[float], bounds: tuple[float, ...]
) -> list[tuple[int, tuple[float, ...]]]:
    """What each reset lost, by the index from which it is added again."""
    if counts == sorted(counts):
        return []
    told, sums = [], (0.0,) * len(bounds)
    for i in range(1, len(points)):
        if counts[i] < counts[i - 1]:
            sums = tuple(map(add, sums, at_bounds(points[i - 1], bounds)))
            told.append((i, sums))
    return told


def newest(series: Iterable[CounterSeries | HistogramSeries]) -> float | None:
    """The time of their newest sample."""
    return max((last_at(s.points) for s in series if s.points), default=None)
