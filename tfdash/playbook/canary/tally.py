"""The traffic of both versions by window: what every trigger reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import add
from typing import NamedTuple

from tfdash.model.release import Side
from tfdash.model.traffic import CounterSeries, HistogramSeries, Traffic
from tfdash.playbook.canary.counting import (
    Births,
    Edges,
    Grid,
    bounds_of,
    bucket_rises,
    newest,
    rises,
    target,
)
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.sides import BASELINE, CANARY, Sorter


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
    """``began``: the canary's earliest known start. ``newest``: its and the baseline's newest sample."""

    grid: Grid
    began: float | None
    pairs: tuple[Pair, ...]
    bounds: tuple[float, ...]
    native: bool
    slows: tuple[Slow, ...]
    newest: tuple[float | None, float | None]
    latency_newest: tuple[float | None, float | None]
    doubled: bool  # more errors than requests were counted somewhere


def canary_start(traffic: Traffic, sorter: Sorter, started: Mapping[str, float], side: Side) -> float | None:
    """The earliest that is known of the canary: its pods' starts, or its first sample where it came later than asked for."""
    found = [side.oldest_start] if side.oldest_start is not None else []
    for series in traffic.requests:
        if sorter(series) == CANARY:
            if series.pod in started:
                found.append(started[series.pod])
            elif series.points and series.points[0][0] > traffic.since + 2 * (traffic.scrape_interval or 0.0):
                found.append(series.points[0][0])
    return min(found, default=None)


def grid_of(traffic: Traffic, began: float | None, policy: CanaryPolicy) -> Grid:
    """The complete windows of the release that the samples reach, at most ``policy.windows``."""
    length = policy.window
    last = math.floor(traffic.evaluated_at / length)
    first = max(math.ceil(traffic.since / length), last - policy.windows)
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
        self.kept = [0.0] * number  # without warm-up

    def add(self, values: list[float], kept_from: int) -> None:
        self.warm = list(map(add, self.warm, values))
        if kept_from:
            values = [0.0] * min(kept_from, len(values)) + values[kept_from:]
        self.kept = list(map(add, self.kept, values))


def tally(
    traffic: Traffic, sorter: Sorter, started: Mapping[str, float], canary: Side, policy: CanaryPolicy,
    grid: Grid | None = None,
) -> Tally:  # fmt: skip
    """Count. ``grid``: other windows than the release's own (a baseline before it)."""
    began = canary_start(traffic, sorter, started, canary)
    grid = grid or grid_of(traffic, began, policy)
    births = Births((*traffic.requests, *traffic.latency), started, traffic.since, traffic.scrape_interval)
    edges = grid.edges
    known: dict[int, tuple[list[float], int] | None] = {}  # errors are mostly the same series once more
    cut = Edges(edges)
    requests = _sum(traffic.requests, sorter, births, grid, cut, canary, policy, known)
    errors = _sum(traffic.errors, sorter, births, grid, cut, canary, policy, known)
    anchor = first_counted(began, grid, policy)
    columns, doubled = [], False
    for side in (CANARY, BASELINE):
        ours, theirs = requests[side], errors[side]
        for all_, failed in ((ours.kept, theirs.kept), (ours.warm, theirs.warm)):
            column = [Count(n, x) for n, x in zip(map(round, all_), map(round, failed), strict=True)]
            if any(x > n for n, x in column):
                doubled, column = True, [Count(n, min(x, n)) for n, x in column]
            columns.append(column)
    number = round((grid.start - anchor) / grid.length) + 1
    pairs = [
        Pair(edges[i], edges[i + 1], number + i, one, two, one_all, two_all)
        for i, (one, one_all, two, two_all) in enumerate(zip(*columns, strict=True))
    ]
    bounds = bounds_of(traffic.latency)
    slows = _slow(traffic.latency, sorter, births, grid, edges, bounds, canary, policy, anchor)
    split = [[s for s in traffic.requests if sorter(s) == side] for side in (CANARY, BASELINE)]
    late = [[s for s in traffic.latency if sorter(s) == side] for side in (CANARY, BASELINE)]
    return Tally(
        grid, began, tuple(pairs), bounds, any(s.native for s in traffic.latency), slows,
        (newest(split[0]), newest(split[1])), (newest(late[0]), newest(late[1])), doubled,
    )  # fmt: skip


def _from_zero(series: CounterSeries | HistogramSeries, side: str, births: Births, canary: Side) -> bool:
    """Whether its first sample counts whole. Where a label tells the version, all of the canary's series began with it."""
    if births.from_zero(series):
        return True
    began = canary.oldest_start
    return side == CANARY and not series.pod and began is not None and births.reaches(began, series)


def _kept_from(
    series: CounterSeries | HistogramSeries, side: str, births: Births, grid: Grid, canary: Side, policy: CanaryPolicy
) -> int:  # fmt: skip
    """The index of the first window that begins after this target's warm-up."""
    start = births.start(series)
    if start is None and side == CANARY and not target(series)[0]:
        start = canary.oldest_start
    if start is None:
        return 0
    return max(math.ceil((start + policy.warm_up - grid.start) / grid.length), 0)


def _sum(
    series: tuple[CounterSeries, ...], sorter: Sorter, births: Births, grid: Grid, edges: Edges, canary: Side,
    policy: CanaryPolicy, known: dict[int, tuple[list[float], int] | None],
) -> dict[str, _Sums]:  # fmt: skip
    told = {CANARY: _Sums(grid.number), BASELINE: _Sums(grid.number)}
    for one in series:
        side = sorter(one)
        if not side or not one.points:
            continue
        if id(one) not in known:
            values = rises(one.points, edges, _from_zero(one, side, births, canary))
            known[id(one)] = (values, _kept_from(one, side, births, grid, canary, policy)) if values else None
        if (found := known[id(one)]) is not None:
            told[side].add(*found)
    return told


def _slow(
    series: tuple[HistogramSeries, ...], sorter: Sorter, births: Births, grid: Grid, edges: list[float],
    bounds: tuple[float, ...], canary: Side, policy: CanaryPolicy, anchor: float,
) -> tuple[Slow, ...]:  # fmt: skip
    if not bounds:
        return ()
    none = (0.0,) * len(bounds)
    sums: dict[str, list[tuple[float, ...]]] = {s: [none] * grid.number for s in (CANARY, BASELINE)}
    for one in series:
        side = sorter(one)
        if not side or not one.points:
            continue
        windows = bucket_rises(one, edges, _from_zero(one, side, births, canary), bounds)
        mine = sums[side]
        for i in range(_kept_from(one, side, births, grid, canary, policy), grid.number if windows else 0):
            assert windows is not None
            if windows[i][-1]:
                mine[i] = tuple(map(add, mine[i], windows[i])) if mine[i] is not none else windows[i]
    return tuple(
        Slow(
            edges[i], edges[i + 1], round((edges[i] - anchor) / grid.length) + 1,
            _whole(sums[CANARY][i]), _whole(sums[BASELINE][i]),
        )
        for i in range(grid.number)
    )  # fmt: skip


def _whole(counts: Sequence[float]) -> tuple[int, ...]:
    """Whole numbers that do not fall: buckets of one scrape may disagree by an observation."""
    told = list(map(round, counts))
    return (
        tuple(told) if told == sorted(told) and told[0] >= 0 else tuple(accumulate(told, max, initial=0))[1:]
    )
