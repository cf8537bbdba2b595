"""The traffic of both versions by window: what every trigger reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import add
from typing import NamedTuple

from tfdash.model.release import Side
from tfdash.model.samples import first_at, how_many_before
from tfdash.model.traffic import CounterSeries, HistogramSeries, Traffic
from tfdash.playbook.canary.buckets import shared
from tfdash.playbook.canary.counting import (
    Births,
    Edges,
    Grid,
    bucket_rises,
    newest,
    rises,
    target,
)
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.sides import BASELINE, CANARY, Sorter
from tfdash.playbook.canary.twice import counted_twice
from tfdash.playbook.canary.window_cache import Counted, Mark, Samples, WindowCache, plain, reusable

_MOST_WINDOWS = 2000  # of one release, however long it has been in flight


class Count(NamedTuple):
    """Requests and those of them that failed."""

    requests: int = 0
    events: int = 0


class Pair(NamedTuple):
    """One window, [start, end) in epoch seconds. ``number`` counts the release's windows after the warm-up from 1."""

    start: float
    end: float
    number: int
    canary: Count
    baseline: Count
    canary_all: Count  # with what was served in warm-up
    baseline_all: Count


class Slow(NamedTuple):
    """Cumulative bucket counts of one window."""

    start: float
    end: float
    number: int
    canary: tuple[int, ...]
    baseline: tuple[int, ...]


class Tally(NamedTuple):
    """``began``: the canary's earliest known start. ``newest``: its and the baseline's newest sample. ``grid``, ``pairs`` and
    ``slows`` are the windows that count now, ``reach`` and ``slow_reach`` all of the release that the samples hold. ``silent``: whether
    the canary, and the baseline, were scraped at no time of the last window that ended."""

    grid: Grid
    began: float | None
    pairs: tuple[Pair, ...]
    bounds: tuple[float, ...]
    native: bool
    slows: tuple[Slow, ...]
    newest: tuple[float | None, float | None]
    latency_newest: tuple[float | None, float | None]
    doubled: bool  # more errors than requests were counted somewhere
    reach: tuple[Pair, ...] = ()
    slow_reach: tuple[Slow, ...] = ()
    twice: tuple[str, str] = ("", "")  # why requests, and latencies, are the same ones more than once
    unlike: str = ""  # why the sides' histograms cannot be compared
    note: str = ""  # what of them is not compared
    silent: tuple[bool, bool] = (False, False)
    latency_silent: tuple[bool, bool] = (False, False)


def canary_start(traffic: Traffic, sorter: Sorter, started: Mapping[str, float], side: Side) -> float | None:
    """The earliest that is known of the canary: its pods' starts, or its first sample where it came later than asked for."""
    found = [side.oldest_start] if side.oldest_start is not None else []
    for series in traffic.requests:
        if sorter(series) == CANARY:
            if series.pod in started:
                found.append(started[series.pod])
            elif series.points and first_at(series.points) > traffic.since + 2 * (
                traffic.scrape_interval or 0.0
            ):
                found.append(first_at(series.points))
    return min(found, default=None)


def grid_of(traffic: Traffic, began: float | None, policy: CanaryPolicy) -> Grid:
    """The complete windows of the release that the samples reach; of those that no more count, one whose base they hold."""
    length = policy.window
    last = math.floor(traffic.evaluated_at / length)
    oldest = math.ceil(traffic.since / length)
    first = max(min(oldest + 1, last - policy.windows), oldest, last - _MOST_WINDOWS)
    if began is not None:
        first = max(first, math.floor(began / length))
    return Grid(first * length, length, max(last - first, 0))


def first_counted(began: float | None, grid: Grid, policy: CanaryPolicy) -> float:
    """The start of the release's window number 1."""
    anchor = began + policy.warm_up if began is not None else grid.start
    return math.ceil(anchor / grid.length) * grid.length


class _Sums:
    """Sums of one side by window."""

    def __init__(self, number: int) -> None:
        self.warm = [0.0] * number  # everything
        self.cache = [0.0] * number  # without warm-up

    def add(self, values: list[float], kept_from: int) -> None:
        self.warm = list(map(add, self.warm, values))
        if kept_from:
            values = [0.0] * min(kept_from, len(values)) + values[kept_from:]
        self.cache = list(map(add, self.cache, values))


class _Counting(NamedTuple):
    """The windows that are to be counted, the last ones of the grid, and how each series counts."""

    edges: Edges
    skipped: int  # windows of the grid before them
    kept_from: dict[Mark, int]  # the grid's first window after warm-up
    marks: Sequence[Mark | None]
    plain: Sequence[bool] | None  # None: not known

    @property
    def number(self) -> int:
        return len(self.edges.edges) - 1

    def first_kept(self, mark: Mark) -> int:
        return max(self.kept_from[mark] - self.skipped, 0)

    def from_where(self, index: int, points: Samples, from_zero: bool) -> tuple[int, bool]:
        """The first sample that matters to these windows, and whether it counts whole."""
        if self.plain is None or not self.plain[index]:
            return 0, from_zero
        before = how_many_before(points, self.edges.edges[0])
        return (before - 1, False) if before else (0, from_zero)


def tally(
    traffic: Traffic,
    sorter: Sorter,
    started: Mapping[str, float],
    canary: Side,
    policy: CanaryPolicy,
    grid: Grid | None = None,
    cache: WindowCache | None = None,
    began: float | None = None,
) -> Tally:
    """Count. ``began``: of a version that served before (a roll back), since when it is judged. ``grid``: other windows than the release's own (a baseline before it). ``cache`` spares what stays as it was."""
    if began is None:
        began = canary_start(traffic, sorter, started, canary)
    grid = grid or grid_of(traffic, began, policy)
    births = Births((*traffic.requests, *traffic.latency), started, traffic.since, traffic.scrape_interval)
    anchor, edges = first_counted(began, grid, policy), grid.edges
    everything: tuple[CounterSeries | HistogramSeries, ...] = (
        *traffic.requests,
        *traffic.errors,
        *traffic.latency,
    )
    marks = [_mark(one, sorter(one), births, canary) for one in everything]
    late = len(everything) - len(traffic.latency)
    shapes = shared((m.side, h) for m, h in zip(marks[late:], traffic.latency, strict=True) if m is not None)
    bounds = shapes.bounds
    basis = (len(traffic.requests), len(traffic.errors), anchor, grid.length, policy.warm_up, bounds, marks)
    samples = tuple(one.points for one in everything)
    reuse = reusable(cache.last, basis, samples, edges) if cache is not None else None
    many = reuse.many if reuse is not None else 0
    if cache is not None and cache.last is not None and reuse is not None and many == grid.number:
        columns = cache.last.columns
        if many != len(cache.last.edges) - 1:
            columns = tuple(c[reuse.first : reuse.first + many] for c in columns)
    else:
        known = reuse.plain if reuse is not None else None
        kept_from = {m: _kept_from(m, grid, policy) for m in set(marks) if m is not None}
        counting = _Counting(Edges(edges[many:]), many, kept_from, marks, known)
        number = round((grid.start - anchor) / grid.length) + 1
        columns = _columns(traffic, counting, number + many, bounds, anchor, grid.length)
        if many and reuse is not None and cache is not None and cache.last is not None:
            old = (c[reuse.first : reuse.first + many] for c in cache.last.columns)
            columns = tuple(one + two for one, two in zip(old, columns, strict=True))
        if cache is not None:
            cache.turn += 1
    if cache is not None:
        flat = reuse.plain if reuse is not None else tuple(bool(p) and plain(p) for p in samples)
        cache.last = Counted(basis, samples, flat, edges, columns)
    pairs, doubled, slows = columns
    sides = [m.side if m is not None else "" for m in marks]

    def newest_of(side: str, first: int, last: int) -> float | None:
        return newest(everything[i] for i in range(first, last) if sides[i] == side)

    patience = max(grid.length, policy.stale_intervals * (traffic.scrape_interval or 0.0))

    def silent_of(side: str, first: int, last: int) -> bool:
        found = [everything[i].points for i in range(first, last) if sides[i] == side]
        ended, began = grid.end, grid.end - patience
        return bool(found) and all(how_many_before(p, ended) <= how_many_before(p, began) for p in found)

    spans = (0, len(traffic.requests)), (late, len(everything))
    seen, slow_seen = ((newest_of(CANARY, *span), newest_of(BASELINE, *span)) for span in spans)
    silent, slow_silent = ((silent_of(CANARY, *span), silent_of(BASELINE, *span)) for span in spans)
    most = min(grid.number, policy.windows)
    now = Grid(grid.start + (grid.number - most) * grid.length, grid.length, most)
    return Tally(
        now,
        began,
        pairs[len(pairs) - most :],
        bounds,
        shapes.native,
        slows[max(len(slows) - most, 0) :],
        seen,
        slow_seen,
        any(doubled[len(doubled) - most :]),
        pairs,
        slows,
        _twice(everything, marks, len(traffic.requests), late, grid, cache),
        shapes.unlike,
        shapes.note,
        silent,
        slow_silent,
    )


def _twice(
    everything: Sequence[CounterSeries | HistogramSeries],
    marks: Sequence[Mark | None],
    requests: int,
    late: int,
    grid: Grid,
    cache: WindowCache | None,
) -> tuple[str, str]:
    """Whether the sides' requests, and latencies, are counted more than once; looked at where a window was counted."""
    key = cache.turn if cache is not None else 0, grid
    if cache is not None and cache.twice is not None and cache.twice[0] == key:
        return cache.twice[1]
    mine = [(i, one) for i, one in enumerate(everything) if marks[i] is not None]
    told = (
        counted_twice((one for i, one in mine if i < requests), grid.start, grid.end),
        counted_twice((one for i, one in mine if i >= late), grid.start, grid.end),
    )
    if cache is not None:
        cache.twice = key, told
    return told


def _mark(series: CounterSeries | HistogramSeries, side: str, births: Births, canary: Side) -> Mark | None:
    """How it counts; None of a series without samples and of one that is neither side's."""
    if not side or not series.points:
        return None
    start = births.start(series)
    if start is None and side == CANARY and not target(series)[0]:
        start = canary.oldest_start
    return Mark(side, _from_zero(series, side, births, canary), start)


def _from_zero(series: CounterSeries | HistogramSeries, side: str, births: Births, canary: Side) -> bool:
    """Whether its first sample counts whole. Where a label tells the version, all of the canary's series began with it."""
    if births.from_zero(series):
        return True
    began = canary.oldest_start
    return side == CANARY and not series.pod and began is not None and births.reaches(began, series)


def _kept_from(mark: Mark, grid: Grid, policy: CanaryPolicy) -> int:
    """The index of the first window that begins after this target's warm-up."""
    if mark.start is None:
        return 0
    return max(math.ceil((mark.start + policy.warm_up - grid.start) / grid.length), 0)


def _columns(
    traffic: Traffic,
    counting: _Counting,
    number: int,
    bounds: tuple[float, ...],
    anchor: float,
    length: float,
) -> tuple[tuple[Pair, ...], tuple[bool, ...], tuple[Slow, ...]]:
    """The windows themselves; in which of them more errors than requests were counted; their buckets."""
    edges = counting.edges.edges
    known: dict[int, list[float] | None] = {}  # errors are mostly the same series once more
    requests = _sum(traffic.requests, 0, counting, known)
    errors = _sum(traffic.errors, len(traffic.requests), counting, known)
    columns = []
    doubled = [False] * counting.number
    for side in (CANARY, BASELINE):
        ours, theirs = requests[side], errors[side]
        for all_, failed in ((ours.cache, theirs.cache), (ours.warm, theirs.warm)):
            column = [Count(n, x) for n, x in zip(map(round, all_), map(round, failed), strict=True)]
            for i, (n, x) in enumerate(column):
                if x > n:
                    doubled[i], column[i] = True, Count(n, n)
            columns.append(column)
    pairs = tuple(
        Pair(edges[i], edges[i + 1], number + i, one, two, one_all, two_all)
        for i, (one, one_all, two, two_all) in enumerate(zip(*columns, strict=True))
    )
    return pairs, tuple(doubled), _slow(traffic, counting, bounds, anchor, length)


def _sum(
    series: tuple[CounterSeries, ...], first: int, counting: _Counting, known: dict[int, list[float] | None]
) -> dict[str, _Sums]:
    told = {CANARY: _Sums(counting.number), BASELINE: _Sums(counting.number)}
    for index, one in enumerate(series, first):
        mark = counting.marks[index]
        if mark is None:
            continue
        if id(one) not in known:
            begin, from_zero = counting.from_where(index, one.points, mark.from_zero)
            known[id(one)] = rises(one.points[begin:] if begin else one.points, counting.edges, from_zero)
        if (found := known[id(one)]) is not None:
            told[mark.side].add(found, counting.first_kept(mark))
    return told


def _slow(
    traffic: Traffic, counting: _Counting, bounds: tuple[float, ...], anchor: float, length: float
) -> tuple[Slow, ...]:
    if not bounds:
        return ()
    none, edges, number = (0.0,) * len(bounds), counting.edges.edges, counting.number
    sums: dict[str, list[tuple[float, ...]]] = {s: [none] * number for s in (CANARY, BASELINE)}
    for index, one in enumerate(traffic.latency, len(traffic.requests) + len(traffic.errors)):
        mark = counting.marks[index]
        if mark is None:
            continue
        begin, from_zero = counting.from_where(index, one.points, mark.from_zero)
        windows = bucket_rises(one.points[begin:] if begin else one.points, edges, from_zero, bounds)
        mine = sums[mark.side]
        for i in range(counting.first_kept(mark), number if windows else 0):
            assert windows is not None
            if windows[i][-1]:
                mine[i] = tuple(map(add, mine[i], windows[i])) if mine[i] is not none else windows[i]
    return tuple(
        Slow(
            edges[i],
            edges[i + 1],
            round((edges[i] - anchor) / length) + 1,
            _whole(sums[CANARY][i]),
            _whole(sums[BASELINE][i]),
        )
        for i in range(number)
    )


def _whole(counts: Sequence[float]) -> tuple[int, ...]:
    """Whole numbers that do not fall: buckets of one scrape may disagree by an observation."""
    told = list(map(round, counts))
    return (
        tuple(told) if told == sorted(told) and told[0] >= 0 else tuple(accumulate(told, max, initial=0))[1:]
    )
