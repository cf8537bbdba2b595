"""What is counted of both versions by window: whose windows, from when on, and what several pods add up to."""

from __future__ import annotations

import math
from typing import Any

import pytest
from msgspec import structs

from tests.unit.playbook.canary.making import (
    CANARY_POD,
    NEW,
    OLD,
    STABLE_POD,
    STEP,
    T0,
    counter,
    histogram,
    policy,
    traffic,
    windows_counter,
)
from tfdash.model.release import Side
from tfdash.model.traffic import CounterSeries, Traffic
from tfdash.playbook.canary.counting import Grid
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline, hold
from tfdash.playbook.canary.sides import Sorter, Versions
from tfdash.playbook.canary.tally import (
    Count,
    Pair,
    Slow,
    Tally,
    _whole,
    canary_start,
    first_counted,
    grid_of,
    tally,
)

CANARY = Side(hash=NEW, oldest_start=T0)
BOUNDS = (0.1, math.inf)
OTHER_CANARY, OTHER_STABLE = f"checkout-{NEW}-second", f"checkout-{OLD}-second"
STARTED = {CANARY_POD: T0, OTHER_CANARY: T0, STABLE_POD: T0 - 9000, OTHER_STABLE: T0 - 9000}


def counted(
    value: Traffic, canary: Side = CANARY, started: dict[str, float] | None = None, **rules: Any
) -> Tally:
    sorter = Sorter(Versions(canary, Side(hash=OLD), ""), {})
    return tally(value, sorter, STARTED if started is None else started, canary, policy(**rules))


def of_four(latency: bool = True) -> Traffic:
    """Two windows; the second pod of each side began with the second. And one of a version that is neither."""
    pods = (
        ("checkout-other-pod", [7, 7], [7, 7]),
        (CANARY_POD, [10, 20], [1, 2]),
        (OTHER_CANARY, [0, 5], [0, 1]),
        (STABLE_POD, [100, 200], [3, 0]),
        (OTHER_STABLE, [0, 50], [0, 4]),
    )
    durations = (
        ("checkout-other-pod", [[0.05] * 7, [0.2] * 7]),
        (CANARY_POD, [[0.05] * 3, [0.2] * 2]),
        (OTHER_CANARY, [[], [0.05]]),
        (STABLE_POD, [[0.05], [0.2] * 4]),
        (OTHER_STABLE, [[0.2], [0.05] * 5]),
    )
    return traffic(
        [], [], minutes=2,
        requests=tuple(windows_counter(n, pod=pod) for pod, n, _ in pods),
        errors=tuple(windows_counter(x, pod=pod) for pod, _, x in pods),
        latency=tuple(histogram(rows, BOUNDS, pod=pod) for pod, rows in durations) if latency else (),
    )  # fmt: skip


def test_the_pods_of_a_side_are_added() -> None:
    told = counted(of_four(), warm_up=0)
    assert told.pairs == told.reach == (
        Pair(T0, T0 + 60, 1, Count(10, 1), Count(100, 3), Count(10, 1), Count(100, 3)),
        Pair(T0 + 60, T0 + 120, 2, Count(25, 3), Count(250, 4), Count(25, 3), Count(250, 4)),
    )  # fmt: skip
    assert told.slows == told.slow_reach == (
        Slow(T0, T0 + 60, 1, (3, 3), (1, 2)),
        Slow(T0 + 60, T0 + 120, 2, (1, 3), (5, 9)),
    )  # fmt: skip
    assert (told.grid, told.began, told.bounds, told.native) == (Grid(T0, 60.0, 2), T0, BOUNDS, False)
    assert (told.doubled, told.twice, told.unlike, told.note) == (False, ("", ""), "", "")
    assert counted(of_four(latency=False)).slows == ()


def test_what_is_kept_of_the_baseline() -> None:
    assert hold(counted(of_four(), warm_up=0), "v", "frozen", T0 + 7) == FrozenBaseline(
        hash="v", label="frozen", at=T0 + 7, start=T0, end=T0 + 120, requests=350, events=7, bounds=BOUNDS, counts=(6, 11)
    )  # fmt: skip


def test_each_pods_warm_up_is_its_own() -> None:
    """The windows are numbered by the version's, which began first."""
    told = counted(of_four(), started={**STARTED, OTHER_CANARY: T0 + 60, OTHER_STABLE: T0 + 1}, warm_up=60)
    assert [p.number for p in told.pairs] == [s.number for s in told.slows] == [0, 1]
    assert [p.canary for p in told.pairs] == [Count(0, 0), Count(20, 2)]
    assert [p.canary_all for p in told.pairs] == [Count(10, 1), Count(25, 3)]
    assert [p.baseline for p in told.pairs] == [Count(100, 3), Count(200, 0)]
    assert [p.baseline_all for p in told.pairs] == [Count(100, 3), Count(250, 4)]
    assert [(s.canary, s.baseline) for s in told.slows] == [((0, 0), (1, 1)), ((0, 2), (0, 4))]


def test_the_last_ones_count_and_all_are_kept() -> None:
    rows = [(n, 0.0) for n in range(1, 6)]
    latency = [histogram([[0.05] * n for n in range(1, 6)], BOUNDS, pod=p) for p in (CANARY_POD, STABLE_POD)]
    told = counted(traffic(rows, rows, latency=latency), warm_up=0, windows=2)
    assert (
        [p.canary.requests for p in told.reach] == [s.canary[-1] for s in told.slow_reach] == [1, 2, 3, 4, 5]
    )
    assert [p.canary.requests for p in told.pairs] == [s.canary[-1] for s in told.slows] == [4, 5]
    assert told.grid == Grid(T0 + 180, 60.0, 2)


@pytest.mark.parametrize(
    ("at", "windows", "doubled"), [(4, 2, True), (3, 2, True), (2, 2, False), (0, 5, True)]
)
def test_more_errors_than_requests_are_all_of_them(at: int, windows: int, doubled: bool) -> None:
    """Said of the windows that count."""
    rows = [(10.0, 11.0 if k == at else 10.0) for k in range(5)]
    told = counted(traffic(rows, [(10, 0)] * 5), warm_up=0, windows=windows)
    assert told.doubled is doubled
    assert {p.canary for p in told.pairs} == {Count(10, 10)}


def test_the_newest_sample_of_each_side() -> None:
    value = traffic([(1, 0)] * 3, [(1, 0)] * 2, latency=[histogram([[0.05]], BOUNDS, pod=CANARY_POD)])
    told = counted(value)
    assert told.newest == (T0 - STEP + 5 + 180, T0 - STEP + 5 + 120)
    assert told.latency_newest == (T0 - STEP + 5 + 60, None)


def test_the_same_requests_twice_are_named_by_what_they_are_of() -> None:
    value = of_four()
    again = tuple(structs.replace(s, labels=(("job", "b"),)) for s in value.requests[1:2])
    rows = counter([1.0, 2.0] * 40, pod=CANARY_POD)
    copy = structs.replace(rows, labels=(("job", "b"),))
    told = counted(structs.replace(value, requests=(rows, copy), errors=(), evaluated_at=T0 + 1200))
    assert told.twice[0] and not told.twice[1]
    assert counted(structs.replace(value, requests=(*value.requests, *again))).twice == (
        "",
        "",
    )  # too few to say


@pytest.mark.parametrize(
    ("since", "now", "began", "windows", "grid"),
    [
        (T0 - 600, T0 + 180, T0, 30, Grid(T0, 60.0, 3)),
        (T0 - 600, T0 + 239, T0 + 59, 30, Grid(T0, 60.0, 3)),  # whole windows, the one in which it began too
        (T0 - 600, T0 + 240, T0 + 60, 30, Grid(T0 + 60, 60.0, 3)),
        (T0 - 600, T0 + 180, None, 5, Grid(T0 - 540, 60.0, 12)),  # its base is held
        (T0 - 600, T0 + 180, None, 13, Grid(T0 - 600, 60.0, 13)),  # as many as count, base or not
        (T0 - 600, T0 + 180, None, 12, Grid(T0 - 540, 60.0, 12)),
        (T0 - 601, T0 + 180, None, 30, Grid(T0 - 600, 60.0, 13)),
        (T0 + 1, T0 + 180, T0 - 600, 30, Grid(T0 + 60, 60.0, 2)),
        (T0, T0 + 59, T0, 30, Grid(T0, 60.0, 0)),
        (T0, T0 + 60, T0 + 300, 30, Grid(T0 + 300, 60.0, 0)),
        (T0 - 1_000_000, T0 + 60, T0 - 900_000, 30, Grid(T0 + 60 - 2000 * 60, 60.0, 2000)),
    ],
)
def test_which_windows(since: float, now: float, began: float | None, windows: int, grid: Grid) -> None:
    value = Traffic(evaluated_at=now, since=since)
    assert grid_of(value, began, policy(windows=windows)) == grid


@pytest.mark.parametrize(
    ("began", "warm_up", "first"),
    [(T0, 0, T0), (T0, 60, T0 + 60), (T0 + 1, 60, T0 + 120), (T0, 61, T0 + 120), (None, 60, T0 - 120)],
)
def test_where_number_one_begins(began: float | None, warm_up: float, first: float) -> None:
    assert first_counted(began, Grid(T0 - 120, 60.0, 9), policy(warm_up=warm_up)) == first


SINCE = T0 - 120
LATE = SINCE + 2 * STEP  # what begins later has begun among the samples


@pytest.mark.parametrize(
    ("oldest", "first", "started", "start"),
    [
        (T0, T0 - 30, {}, T0 - 30),
        (T0, T0 + 30, {}, T0),
        (None, LATE, {}, None),
        (None, LATE + 1, {}, LATE + 1),
        (T0, T0 + 30, {CANARY_POD: T0 - 7}, T0 - 7),
        (T0 - 9, T0 - 50, {CANARY_POD: T0 - 7}, T0 - 9),  # what is known of the pod, not its samples
        (None, None, {}, None),
        (None, None, {CANARY_POD: T0 - 7}, T0 - 7),
    ],
)
def test_when_it_began(
    oldest: float | None, first: float | None, started: dict[str, float], start: float | None
) -> None:
    side = Side(hash=NEW, oldest_start=oldest)
    one = counter([1], start=first, pod=CANARY_POD) if first is not None else CounterSeries(pod=CANARY_POD)
    value = Traffic(
        evaluated_at=T0 + 60,
        since=SINCE,
        scrape_interval=STEP,
        requests=(counter([1], start=T0 - 100, pod=STABLE_POD), one),
    )
    sorter = Sorter(Versions(side, Side(hash=OLD), ""), {})
    assert canary_start(value, sorter, {**started, STABLE_POD: T0 - 900}, side) == start
    unknown = structs.replace(value, scrape_interval=None)
    if first is not None and not started and oldest is None:
        assert canary_start(unknown, sorter, {}, side) == first


@pytest.mark.parametrize(
    ("version", "oldest", "counts"),
    [
        (NEW, T0 - 30, [30, 0]),  # all of the canary's series began with it
        (NEW, SINCE - 1, [0, 0]),  # it began before what was asked for
        (NEW, None, [0, 0]),
        (OLD, T0 - 30, [0, 0]),
    ],
)
def test_what_a_version_label_tells_counts_from_zero_where_the_canary_began(
    version: str, oldest: float | None, counts: list[int]
) -> None:
    one = counter([0] * 8, start=SINCE + 125, first=30.0, version=version)
    other = counter([0] * 16, start=SINCE, first=1.0, version=version)
    value = Traffic(evaluated_at=T0 + 120, since=SINCE, requests=(one, other), scrape_interval=0.0)
    told = counted(value, Side(hash=NEW, oldest_start=oldest), {}, warm_up=0)
    side = [p.canary.requests if version == NEW else p.baseline.requests for p in told.reach if p.start >= T0]
    assert side == counts


@pytest.mark.parametrize(
    ("counts", "whole"),
    [
        ([0.0, 3.0], (0, 3)),
        ([1.4, 3.6], (1, 4)),
        ([3.0, 2.0, 5.0], (3, 3, 5)),
        ([-1.0, 2.0], (0, 2)),
        ([-2.0, -1.0], (0, 0)),
    ],
)
def test_buckets_of_one_scrape_that_disagree(counts: list[float], whole: tuple[int, ...]) -> None:
    assert _whole(counts) == whole
