"""Releases with known truth, simulated and judged after every window as tfdash would: what ``canary_truth`` counts."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from tfdash.model.judgement import Outcome
from tfdash.model.observation import Observation
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point, Traffic
from tfdash.playbook.canary import (
    CanaryPolicy,
    errors,
    judge_release,
    latency,
)
from tfdash.playbook.canary.tally import Count, Pair, Slow

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
FINE = (*(x / 100 for x in range(5, 100, 5)), 1.5, 2.5, 5.0, math.inf)
T0 = 1_800_000_000.0


class Seen(NamedTuple):
    """One release: the window of its first BREACH and of its first PASS (1-based, 0: none), its last outcome."""

    breach: int
    passed: int
    last: Outcome


class Told(NamedTuple):
    """Many of them."""

    releases: int
    breach: float
    median: float | None
    p90: float | None
    passed: float  # ever before a BREACH
    ends: float  # PASS at the end


def watch(outcomes: Iterable[Outcome]) -> Seen:
    """Look after every window; a BREACH ends the release."""
    passed, last = 0, Outcome.NO_DATA
    for k, last in enumerate(outcomes, 1):
        if last is Outcome.BREACH:
            return Seen(k, passed, last)
        if last is Outcome.PASS and not passed:
            passed = k
    return Seen(0, passed, last)


def tell(all_seen: list[Seen]) -> Told:
    hits = sorted(s.breach for s in all_seen if s.breach)
    n = len(all_seen)
    return Told(
        n,
        len(hits) / n,
        statistics.median(hits) if hits else None,
        hits[min(len(hits) - 1, int(0.9 * len(hits)))] if hits else None,
        sum(bool(s.passed) for s in all_seen) / n,
        sum(s.last is Outcome.PASS for s in all_seen) / n,
    )


class Load(NamedTuple):
    """Requests a second to both, the canary's share, and the baseline's error ratio by window."""

    rps: float
    share: Callable[[int], float]
    ratio: Callable[[int], float]
    burst: float = 0.0  # sd of each side's own gamma factor on its ratio: out of the model


def steady(rps: float, share: float, ratio: float, burst: float = 0.0) -> Load:
    return Load(rps, lambda _: share, lambda _: ratio, burst)


def error_release(
    rng: np.random.Generator, load: Load, factor: float, windows: int, since: int, policy: CanaryPolicy
) -> Seen:
    """The canary's error ratio is ``factor`` times the baseline's from window ``since`` on."""
    pairs: list[Pair] = []

    def side(requests: float, ratio: float) -> Count:
        n = int(rng.poisson(requests))
        if load.burst:
            ratio *= rng.gamma(1 / load.burst**2, load.burst**2)
        return Count(n, int(rng.binomial(n, min(ratio, 1.0))))

    def outcomes() -> Iterator[Outcome]:
        for k in range(1, windows + 1):
            total, ratio = load.rps * policy.window, load.ratio(k)
            canary = side(total * load.share(k), ratio * (factor if k >= since else 1.0))
            baseline = side(total * (1 - load.share(k)), ratio)
            start = T0 + policy.window * (k - 1)
            pairs.append(Pair(start, start + policy.window, k, canary, baseline, canary, baseline))
            if not any(p.canary.requests and p.baseline.requests for p in pairs):
                yield Outcome.LOW_TRAFFIC
            else:
                yield errors.decide(pairs, None, policy).outcome

    return watch(outcomes())


def latency_release(
    rng: np.random.Generator,
    rps: float,
    share: float,
    shift: float,
    windows: int,
    bounds: tuple[float, ...],
    policy: CanaryPolicy,
) -> Seen:
    """Lognormal durations, median 120 ms and P90 259 ms; the canary's are ``shift`` seconds longer."""
    shape = latency.Shape(bounds, False)
    slows: list[Slow] = []

    def side(requests: float, more: float) -> tuple[int, ...]:
        durations = rng.lognormal(math.log(0.12), 0.6, int(rng.poisson(requests))) + more
        return tuple(int(c) for c in np.cumsum(np.histogram(durations, (0.0, *bounds))[0]))

    def outcomes() -> Iterator[Outcome]:
        for k in range(1, windows + 1):
            total, start = rps * policy.window, T0 + policy.window * (k - 1)
            slows.append(
                Slow(
                    start,
                    start + policy.window,
                    k,
                    side(total * share, shift),
                    side(total * (1 - share), 0.0),
                )
            )
            counted = latency.comparable(slows, None)
            yield latency.decide(counted, None, shape, policy).outcome if counted else Outcome.LOW_TRAFFIC

    return watch(outcomes())


def rolling(subject: Subject) -> ReleaseState:
    """A rolling update from "old" to "new" that began at ``T0``."""
    return ReleaseState(
        subject=subject,
        carrier=Carrier.DEPLOYMENT,
        phase=Phase.PROGRESSING,
        message="",
        workload=subject,
        canary=Side(hash="new", oldest_start=T0),
        stable=Side(hash="old", oldest_start=T0 - 1e6),
        started=T0,
    )


def whole_release(
    rng: np.random.Generator,
    rps: float,
    share: float,
    ratio: float,
    factor: float,
    windows: int,
    policy: CanaryPolicy,
) -> Seen:
    """Every scrape of two pods a side, through ``judge_release``: errors and latency together, new pods and all."""
    step, cluster = 15.0, ClusterRef("benchmark", "")
    subject = Subject(cluster, "Deployment", "shop", "checkout")
    sides = {"new": share, "old": 1 - share}
    steps = int(policy.window / step)
    totals: dict[str, list[int]] = {f"checkout-{h}-{i}": [0, 0] for h in sides for i in "ab"}
    counts = {pod: np.zeros(len(BOUNDS), int) for pod in totals}
    points: dict[str, tuple[list[Point], list[Point], list[Buckets]]] = {pod: ([], [], []) for pod in totals}
    state = rolling(subject)
    started = {pod: T0 if "-new-" in pod else T0 - 1e6 for pod in totals}

    def outcomes() -> Iterator[Outcome]:
        for k in range(windows * steps):
            at = T0 + k * step + 7
            for pod, seen in totals.items():
                new = "-new-" in pod
                n = int(rng.poisson(rps * step * sides["new" if new else "old"] / 2))
                seen[0] += n
                seen[1] += int(rng.binomial(n, ratio * (factor if new else 1)))
                durations = rng.lognormal(math.log(0.12), 0.6, n)
                counts[pod] += np.cumsum(np.histogram(durations, (0.0, *BOUNDS))[0])
                points[pod][0].append(Point(at, seen[0]))
                if seen[1]:  # a client library makes the series with its first error
                    points[pod][1].append(Point(at, seen[1]))
                points[pod][2].append(Buckets(at, BOUNDS, tuple(int(c) for c in counts[pod]), 0.0))
            if (k + 1) % steps:
                continue
            end = T0 + (k + 1) * step
            value = Traffic(
                evaluated_at=end,
                since=T0 - 60,
                scrape_interval=step,
                requests=tuple(CounterSeries(pod=p, points=tuple(s[0])) for p, s in points.items()),
                errors=tuple(CounterSeries(pod=p, points=tuple(s[1])) for p, s in points.items()),
                latency=tuple(HistogramSeries(pod=p, points=tuple(s[2])) for p, s in points.items()),
            )
            yield judge_release(state, Observation(value=value), (), started, policy, end).outcome

    return watch(outcomes())
