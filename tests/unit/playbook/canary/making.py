"""Releases and their traffic for the tests: scraped counters and histograms with known truth."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tfdash.durations import parse_duration
from tfdash.model.judgement import CanaryJudgement, Trigger
from tfdash.model.observation import Observation
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Buckets, CounterSeries, HistogramSeries, Point, Query, Traffic
from tfdash.playbook.canary import CanaryPolicy, default_canary_policy, judge_release

REF = ClusterRef("production", "eu-1")
SUBJECT = Subject(REF, "Deployment", "shop", "checkout")
T0 = 1_800_000_000.0  # a whole minute: the canary's pods started here
STEP = 15.0
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
NEW, OLD = "6f7d9", "b84c5"
CANARY_POD, STABLE_POD = f"checkout-{NEW}-aaaaa", f"checkout-{OLD}-bbbbb"


def release(**fields: Any) -> ReleaseState:
    base: dict[str, Any] = {
        "subject": SUBJECT,
        "carrier": Carrier.DEPLOYMENT,
        "phase": Phase.PAUSED,
        "message": "",
        "workload": SUBJECT,
        "canary": Side(hash=NEW, revision="8", image="checkout:2.15.0", pods=(CANARY_POD,), oldest_start=T0),
        "stable": Side(
            hash=OLD, revision="7", image="checkout:2.14.0", pods=(STABLE_POD,), oldest_start=T0 - 90000
        ),
        "started": T0,
    }
    return ReleaseState(**{**base, **fields})


def policy(**values: Any) -> CanaryPolicy:
    """The playbook's triggers with ``values`` over them; seconds as numbers or as the configuration spells them."""
    plain = default_canary_policy()
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            changed[name] = replace(getattr(plain, name), **value)
        else:
            lasts = isinstance(value, str) and isinstance(getattr(plain, name), float)
            changed[name] = parse_duration(value) if lasts else value
    return replace(plain, **changed)


def counter(
    increments: Sequence[float], *, start: float = T0 + 5, first: float = 0.0, **fields: Any
) -> CounterSeries:
    """One sample every STEP seconds from ``start``; the k-th is ``first`` and the first k increments."""
    value, points = first, [Point(start, first)]
    for i, more in enumerate(increments, 1):
        value += more
        points.append(Point(start + i * STEP, value))
    return CounterSeries(points=tuple(points), **fields)


def windows_counter(per_window: Sequence[float], *, start: float = T0, **fields: Any) -> CounterSeries:
    """The whole count of each minute in its second scrape."""
    steps = int(60 / STEP)
    increments: list[float] = []
    for count in per_window:
        increments += [count if i == 0 else 0 for i in range(steps)]
    return counter(increments, start=start - STEP + 5, **fields)


def histogram(
    per_window: Sequence[Sequence[float]],
    bounds: Sequence[float] = BOUNDS,
    *,
    start: float = T0,
    **fields: Any,
) -> HistogramSeries:
    """The durations (seconds) of each minute, in its first scrape."""
    counts, total, at = [0.0] * len(bounds), 0.0, start - STEP + 5
    points = [Buckets(at, tuple(bounds), tuple(counts), 0.0)]
    for durations in per_window:
        for duration in durations:
            total += duration
            for i in range(bisect_left(bounds, duration), len(bounds)):
                counts[i] += 1
        for _ in range(int(60 / STEP)):
            at += STEP
            points.append(Buckets(at, tuple(bounds), tuple(counts), total))
    return HistogramSeries(points=tuple(points), **fields)


def traffic(
    canary: Sequence[tuple[float, float]],
    stable: Sequence[tuple[float, float]],
    *,
    minutes: int | None = None,
    latency: Sequence[HistogramSeries] = (),
    **fields: Any,
) -> Traffic:
    """Each minute's (requests, errors) of one pod a side, from T0 on."""
    minutes = minutes if minutes is not None else max(len(canary), len(stable))
    requests, errors = [], []
    for pod, rows in ((CANARY_POD, canary), (STABLE_POD, stable)):
        if rows:
            requests.append(windows_counter([n for n, _ in rows], pod=pod))
            errors.append(windows_counter([x for _, x in rows], pod=pod))
    base: dict[str, Any] = {
        "evaluated_at": T0 + 60 * minutes,
        "since": T0 - 120,
        "requests": tuple(requests),
        "errors": tuple(errors),
        "latency": tuple(latency),
        "scrape_interval": STEP,
        "queries": (
            Query("requests", "http_requests_total"),
            Query("errors", 'http_requests_total{code=~"5.."}'),
            Query("latency", "http_request_duration_seconds_bucket"),
        ),
    }
    return Traffic(**{**base, **fields})


def seen(value: Traffic, **fields: Any) -> Observation[Traffic]:
    return Observation(value=value, observed_at=value.evaluated_at, source="prometheus", **fields)


def judged(
    value: Traffic, rules: CanaryPolicy | None = None, state: ReleaseState | None = None, **fields: Any
) -> CanaryJudgement:
    started = fields.pop("pod_started", {CANARY_POD: T0, STABLE_POD: T0 - 90000})
    now = fields.pop("now", value.evaluated_at)
    return judge_release(
        state or release(), seen(value), fields.pop("journeys", ()), started, rules or policy(), now, **fields
    )


def trigger(told: CanaryJudgement, id: str) -> Trigger:
    return next(t for t in told.triggers if t.id == id)


def errors(value: Traffic, rules: CanaryPolicy | None = None, **fields: Any) -> Trigger:
    return trigger(judged(value, rules, **fields), "errors")


def slow(base: Callable[[random.Random], float], chance: random.Random, n: int) -> list[float]:
    return [base(chance) for _ in range(n)]


def lognormal(median: float, sigma: float = 0.5) -> Callable[[random.Random], float]:
    return lambda chance: chance.lognormvariate(math.log(median), sigma)
