"""Judging with a memory says what judging afresh says, whatever came in between."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.unit.playbook.canary.making import (
    BOUNDS,
    CANARY_POD,
    NEW,
    OLD,
    STABLE_POD,
    STEP,
    T0,
    policy,
    release,
    seen,
)
from tfdash.model.release import Phase, Side
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point, Traffic
from tfdash.playbook.canary import WindowCache, freeze_baseline, judge_release
from tfdash.playbook.canary.window_cache import grown, plain
from tfdash.sources.prometheus.gathering import GatheredBuckets, GatheredPoints

pytestmark = pytest.mark.long

RULES = policy(windows=6)
HORIZON = RULES.horizon


class World:
    """Pods that are scraped, die, restart and come late; what is published of them by time, as the source does it."""

    def __init__(self, seed: int, *, whole: bool = True) -> None:
        self.chance, self.whole = random.Random(seed), whole
        self.pods = {CANARY_POD: T0, STABLE_POD: T0 - 90000}
        self.dead: set[str] = set()
        self.totals: dict[tuple[str, str], float] = {}
        self.counters: dict[tuple[str, str], list[Point]] = {}
        self.buckets: dict[str, list[Buckets]] = {}
        self.at = T0 - 200

    def scrape(self) -> None:
        self.at += STEP
        for pod in self.pods:
            if pod in self.dead or self.pods[pod] > self.at or self.chance.random() < 0.05:
                continue
            for code, mean in (("200", 40), ("500", 3)):
                more = self.chance.randrange(mean) + (0 if self.whole else self.chance.random())
                key = pod, code
                self.totals[key] = self.totals.get(key, 0.0) + more
                if self.totals[key] or code == "200":
                    self.counters.setdefault(key, []).append(Point(self.at, self.totals[key]))
            last = next(
                (b.counts for b in reversed(self.buckets.get(pod, ())) if b.bounds is BOUNDS),
                (0.0,) * len(BOUNDS),
            )
            if self.totals[pod, "200"] < last[-1]:
                last = (0.0,) * len(BOUNDS)
            more_by_bound = sorted(self.chance.randrange(20) for _ in BOUNDS)
            counts = tuple(a + b for a, b in zip(last, more_by_bound, strict=True))
            self.buckets.setdefault(pod, []).append(Buckets(self.at, BOUNDS, counts, math.nan))

    def happen(self) -> None:
        """Something that is no mere scrape."""
        if not self.counters:
            return
        match self.chance.randrange(10):
            case 0:
                self.pods[f"checkout-{self.chance.choice((NEW, OLD, 'other'))}-{len(self.pods)}"] = self.at
            case 1 if len(self.pods) > 2:
                self.dead.add(self.chance.choice(list(self.pods)))
            case 2:  # the container starts anew
                pod = self.chance.choice(list(self.pods))
                self.totals = {k: 0.0 if k[0] == pod else v for k, v in self.totals.items()}
            case 3:  # what was published of the past is corrected
                points = self.counters[self.chance.choice(list(self.counters))]
                i = self.chance.randrange(len(points))
                points[i] = Point(points[i].at, points[i].value + 1)
            case 4:  # a sample comes late
                points = self.counters[self.chance.choice(list(self.counters))]
                if len(points) > 3:
                    points.insert(len(points) - 2, Point(points[-2].at - 1, points[-2].value))
            case 5:  # a scrape that is no number, another that falls under nothing
                points = self.counters[self.chance.choice(list(self.counters))]
                points.append(Point(self.at, self.chance.choice((math.nan, -1.0))))
            case 6 if self.buckets:
                found = self.buckets[self.chance.choice(list(self.buckets))]
                found.append(
                    Buckets(self.at, (0.1, math.inf), (found[-1].counts[3], found[-1].counts[-1]), 0.0)
                )

    def traffic(self, **fields: Any) -> Traffic:
        since = self.at + 1 - HORIZON
        requests = [
            CounterSeries(pod=pod, labels=(("code", code),), points=tuple(p for p in points if p.at >= since))
            for (pod, code), points in self.counters.items()
        ]
        base: dict[str, Any] = {
            "evaluated_at": self.at + 1,
            "since": max(since, T0 - 200),
            "requests": tuple(requests),
            "errors": tuple(s for s in requests if s.labels[0][1] == "500"),
            "scrape_interval": STEP,
            "latency": tuple(
                HistogramSeries(pod=pod, points=tuple(p for p in points if p.at >= since))
                for pod, points in self.buckets.items()
            ),
        }
        return Traffic(**{**base, **fields})


def same_with_and_without(
    world: World, cache: WindowCache, state: Any, rules: Any, started: dict[str, float], **more: Any
) -> None:
    value = world.traffic()
    now = value.evaluated_at + 2
    assert judge_release(state, seen(value), (), started, rules, now, cache=cache, **more) == judge_release(
        state, seen(value), (), started, rules, now, **more
    )
    assert freeze_baseline(state, value, started, rules, now, cache=cache) == freeze_baseline(
        state, value, started, rules, now
    )


@settings(max_examples=60)
@given(
    st.integers(0, 10**9),
    st.booleans(),
    st.sampled_from((0.0, 0.1, 0.5)),
    st.sampled_from(("stable", "before")),
    st.lists(st.integers(1, 9), min_size=3, max_size=12),
)
def test_incremental_is_afresh(
    seed: int, whole: bool, trouble: float, baseline: str, steps: list[int]
) -> None:
    world, cache, rules = World(seed, whole=whole), WindowCache(), policy(windows=6, baseline=baseline)
    for turn, scrapes in enumerate(steps):
        for _ in range(scrapes):
            world.scrape()
        if world.chance.random() < trouble:
            world.happen()
        started = {p: at for p, at in world.pods.items() if world.chance.random() < 0.95 or not trouble}
        state = release()
        if trouble and turn == len(steps) - 1:
            state = release(phase=Phase.COMPLETE, canary=None, stable=Side(hash=NEW, oldest_start=T0))
        same_with_and_without(world, cache, state, rules, started)


def test_what_is_closed_is_not_counted_again() -> None:
    world, cache = World(7), WindowCache()
    turns = []
    for _ in range(60):
        world.scrape()
        same_with_and_without(world, cache, release(), RULES, world.pods)
        turns.append(cache.turn)
    assert cache.turn <= 3 * 60 * STEP / RULES.window
    assert turns[-1] - turns[-5] == 1  # one window ended in four scrapes


def test_a_restart_that_leaves_the_horizon_is_counted_afresh() -> None:
    points = tuple(Point(T0 + 15 * i, v) for i, v in enumerate((5.0, 7.0, 1.0, 2.0, 3.0)))
    assert grown(points, points[1:], T0 + 60, False) is not None
    assert grown(points, points[2:], T0 + 60, False) is None
    assert grown(points, points[1:], T0 + 15, False) is None  # the base of the first window is gone
    assert grown(points, (), T0 + 60, False) is None


def test_samples_that_changed_are_no_growth() -> None:
    points = tuple(Point(T0 + 15 * i, float(i)) for i in range(6))
    other = (*points[:3], Point(T0 + 45, 99.0), *points[4:])
    assert grown(points, other, T0 + 60, True) is None
    assert grown(points, (*points, Point(T0 + 90, 6.0)), T0, True) == (T0 + 90, True)
    assert grown(points, (*points, Point(T0 + 90, 1.0)), T0, True) == (T0 + 90, False)
    assert not plain((Point(T0, math.nan),))
    assert not plain((*points, points[0]))


def test_another_policy_or_pod_mapping_is_not_answered_from_memory() -> None:
    world, cache = World(3), WindowCache()
    for _ in range(40):
        world.scrape()
    for rules in (RULES, policy(windows=6, window="30s"), policy(windows=6, warm_up="120s"), RULES):
        same_with_and_without(world, cache, release(), rules, world.pods)
    for pods in ({}, {CANARY_POD: OLD}, {STABLE_POD: "gone"}, {}):
        same = [
            judge_release(
                release(), seen(world.traffic()), (), world.pods, RULES, world.at, pods=pods, cache=k
            )
            for k in (cache, None)
        ]
        assert same[0] == same[1]
    moved = structs.replace(release(), canary=Side(hash=NEW, pods=(CANARY_POD,), oldest_start=T0 + 120))
    same_with_and_without(world, cache, moved, RULES, {})


@settings(max_examples=25)
@given(st.integers(0, 10**9), st.lists(st.integers(1, 30), min_size=2, max_size=8))
def test_samples_in_columns_are_counted_alike(seed: int, steps: list[int]) -> None:
    """What the source publishes: views of growing arrays, begun anew now and then, with and without a memory."""
    chance, cache, at = random.Random(seed), WindowCache(), T0 - 100
    counters = {pod: GatheredPoints() for pod in (CANARY_POD, STABLE_POD)}
    histograms = {pod: GatheredBuckets() for pod in counters}
    totals = dict.fromkeys(counters, 0.0)
    for scrapes in steps:
        for _ in range(scrapes):
            at += STEP
            for pod in counters:
                totals[pod] = totals[pod] + chance.randrange(90) if chance.random() > 0.01 else 3.0
                counters[pod].append(at, totals[pod])
                histograms[pod].append(
                    at, BOUNDS, tuple(totals[pod] * i // len(BOUNDS) for i in range(1, 13)), math.nan
                )
        since = at + 1 - HORIZON
        for one in (*counters.values(), *histograms.values()):
            one.cut(since)
        requests = tuple(CounterSeries(pod=pod, points=c.view()) for pod, c in counters.items())
        value = Traffic(
            evaluated_at=at + 1,
            since=max(since, T0 - 100),
            requests=requests,
            errors=requests[:1],
            latency=tuple(HistogramSeries(pod=pod, points=h.view()) for pod, h in histograms.items()),
            scrape_interval=STEP,
        )
        plain_value = structs.replace(
            value,
            requests=tuple(structs.replace(s, points=tuple(s.points)) for s in requests),
            errors=tuple(structs.replace(s, points=tuple(s.points)) for s in requests[:1]),
            latency=tuple(structs.replace(s, points=tuple(s.points)) for s in value.latency),
        )
        started = {CANARY_POD: T0, STABLE_POD: T0 - 90000}
        told = [
            judge_release(release(), seen(v), (), started, RULES, at + 2, cache=k)
            for v, k in ((value, cache), (value, None), (plain_value, None))
        ]
        assert told[0] == told[1] == told[2]
