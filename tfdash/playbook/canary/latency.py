"""The trigger "P90 latency increases by 100ms", from buckets.

Buckets do not hold durations, only how many requests were slower than each bound. That share is compared as the error
ratio is (``tfdash.playbook.canary.evidence``), at the bounds around the quantile: "no change" is excluded by counts
alone. How much the quantile moved is interpolated as Prometheus does, and said to be. Where a bucket is wider than the
limit, straight lines through it exaggerate (durations thin out towards the upper bound): a BREACH then needs the limit
reached by exponential interpolation as well, and where only one of both reaches it the histogram cannot tell.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from tfdash.model.judgement import Measured, Outcome, WindowResult
from tfdash.playbook.canary import evidence, stats
from tfdash.playbook.canary.buckets import at_bounds
from tfdash.playbook.canary.evidence import Split
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline, looks
from tfdash.playbook.canary.policy import CanaryPolicy, exact
from tfdash.playbook.canary.quantile import Quantile, edges, interval, quantile
from tfdash.playbook.canary.tally import Slow

_PLACES = 3  # bounds that are looked at


class Sample(NamedTuple):
    """One side: its quantile with the interval, by interpolation, and its count."""

    observations: int
    at: Quantile
    low: float
    high: float
    curved: float  # the same quantile, interpolated exponentially


class LatencyDecision(NamedTuple):
    """The outcome and what it rests on; ``low`` and ``high`` bound the difference of both quantiles, seconds."""

    outcome: Outcome
    reason: str  # evidence, few, wide, recent, pass, saturated, coarse, curved
    canary: Sample | None
    baseline: Sample | None
    low: float
    high: float
    since: float
    until: float
    observations: int
    base_observations: int
    needed: int | None = None


class Shape(NamedTuple):
    bounds: tuple[float, ...]
    native: bool


def decide(
    slows: Sequence[Slow], past: FrozenBaseline | None, shape: Shape, policy: CanaryPolicy
) -> LatencyDecision:
    """Judge these windows, each with observations on both sides (a ``past`` baseline counts for all)."""
    return crossed(slows, past, shape, policy) or _open(slows, past, shape, policy)


def crossed(
    slows: Sequence[Slow], past: FrozenBaseline | None, shape: Shape, policy: CanaryPolicy
) -> LatencyDecision | None:
    """The BREACH that these windows show, where they show one."""
    if past is not None:
        return _against(slows, past, shape, policy)
    return _same_windows(slows, shape, policy)


def comparable(slows: Sequence[Slow], past: FrozenBaseline | None) -> list[Slow]:
    return [s for s in slows if s.number >= 1 and s.canary[-1] and (past is not None or s.baseline[-1])]


def add(rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*rows, strict=True)))


def aligned(slows: Sequence[Slow], past: FrozenBaseline, shape: Shape) -> tuple[tuple[Slow, ...], Shape, str]:
    """The windows at the bounds that a held baseline has as well, and why there are none; a native one lacks only what was
    empty."""
    if past.native != shape.native:
        kinds = ("native", "classic") if shape.native else ("classic", "native")
        return (
            (),
            shape,
            f"the canary's latencies are {kinds[0]} histograms, the baseline's ({past.label}) {kinds[1]} ones",
        )
    if shape.native or past.bounds == shape.bounds:
        return tuple(slows), shape, ""
    places = [i for i, bound in enumerate(shape.bounds) if bound in past.bounds]
    bounds = tuple(shape.bounds[i] for i in places)
    if len(bounds) < 2 or bounds[-1] != math.inf:
        return (
            (),
            shape,
            f"the canary's histogram and the baseline's ({past.label}) have no two bounds in common",
        )
    told = tuple(
        s._replace(canary=tuple(s.canary[i] for i in places), baseline=tuple(s.baseline[i] for i in places))
        for s in slows
    )
    return told, Shape(bounds, False), ""


def _sides(
    slows: Sequence[Slow], past: FrozenBaseline | None, shape: Shape
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    none = (0,) * len(shape.bounds)
    canary = add([s.canary for s in slows]) if slows else none
    if past is not None:
        return canary, at_bounds(past, shape.bounds) or none
    return canary, add([s.baseline for s in slows]) if slows else none


def sample(counts: tuple[int, ...], shape: Shape, policy: CanaryPolicy) -> Sample | None:
    return _sample(counts, shape, policy.latency.quantile, policy.confidence)


@lru_cache(16384)
def _sample(counts: tuple[int, ...], shape: Shape, q: float, confidence: float) -> Sample | None:
    at = quantile(shape.bounds, counts, exact(q), shape.native)
    if at is None:
        return None
    told = interval(shape.bounds, counts, q, confidence, shape.native)
    curved = quantile(shape.bounds, counts, exact(q), True)
    assert curved is not None
    return Sample(counts[-1], at, told.low, told.high, float(curved.value))


def reached(canary: Sample, baseline: Sample, policy: CanaryPolicy) -> bool:
    """Whether the increase is reached: >=, exact. Where the canary's quantile lies above all bounds, it is at least that."""
    return not baseline.at.saturated and canary.at.value - baseline.at.value >= exact(policy.latency.increase)


def curved(canary: Sample, baseline: Sample, policy: CanaryPolicy) -> bool:
    """Whether the limit is reached by straight lines only, in a bucket too wide for it."""
    gap = canary.curved - baseline.curved
    return not canary.at.saturated and coarse(canary, baseline, policy) and gap < policy.latency.increase


def splits(slows: Sequence[Slow], shape: Shape, policy: CanaryPolicy) -> list[list[Split]]:
    """Requests slower than each of the bounds that are looked at, by window; at a bound that is none, no event."""
    pooled = [0] * len(shape.bounds)
    told: list[list[Split]] = [[] for _ in range(_PLACES)]
    for slow in slows:
        pooled = list(map(operator.add, pooled, map(operator.add, slow.canary, slow.baseline)))
        places = edges(shape.bounds, pooled, policy.latency.quantile)
        n, m = slow.canary[-1], slow.baseline[-1]
        for j in range(_PLACES):
            if j < len(places):
                i = places[j]
                told[j].append(Split(slow.number, n - slow.canary[i], n, m - slow.baseline[i], m))
            else:
                told[j].append(Split(slow.number, 0, n, 0, m))
    return told


def _verdict(
    slows: Sequence[Slow], past: FrozenBaseline | None, shape: Shape, policy: CanaryPolicy
) -> LatencyDecision | None:
    """BREACH, where these windows reach the limit by themselves."""
    canary_counts, baseline_counts = _sides(slows, past, shape)
    if min(canary_counts[-1], baseline_counts[-1]) < policy.latency.min_observations:
        return None
    canary, baseline = sample(canary_counts, shape, policy), sample(baseline_counts, shape, policy)
    if canary is None or baseline is None or not reached(canary, baseline, policy):
        return None
    if curved(canary, baseline, policy):
        return None
    low, high = difference(canary, baseline)
    return LatencyDecision(
        Outcome.BREACH,
        "evidence",
        canary,
        baseline,
        max(low, 0.0),
        high,
        slows[0].start,
        slows[-1].end,
        canary.observations,
        baseline.observations,
    )


def _same_windows(slows: Sequence[Slow], shape: Shape, policy: CanaryPolicy) -> LatencyDecision | None:
    parts = splits(slows, shape, policy)
    told = [evidence.weigh(p, 1.0, evidence.dispersion(p, policy.least_scatter)) for p in parts]
    for k in range(len(slows) - 1, -1, -1):
        if sum(t[k] for t in told) / _PLACES < 1 / policy.budgets.latency:
            continue
        loudest = max(range(_PLACES), key=lambda j: told[j][k])
        for first in dict.fromkeys((0, evidence.began(parts[loudest][: k + 1]))):
            if (found := _verdict(slows[first : k + 1], None, shape, policy)) is not None:
                return found
    return None


def _against(
    slows: Sequence[Slow], past: FrozenBaseline, shape: Shape, policy: CanaryPolicy
) -> LatencyDecision | None:
    base = at_bounds(past, shape.bounds)
    if not base or not base[-1]:
        return None
    for number, part in reversed(list(looks(slows[-1].number if slows else 0))):
        seen = [s for s in slows if s.number <= number]
        if not seen:
            continue
        own = add([s.canary for s in seen])
        places = edges(shape.bounds, [a + b for a, b in zip(own, base, strict=True)], policy.latency.quantile)
        n, m = own[-1], base[-1]
        chances = [stats.more_than_chance(n - own[i], n, m - base[i], m) for i in places]
        if min(chances, default=1.0) > part * policy.budgets.latency_held / _PLACES:
            continue
        if (found := _verdict(seen, past, shape, policy)) is not None:
            return found
    return None


def difference(canary: Sample, baseline: Sample) -> tuple[float, float]:
    """The bounds of the difference from those of its parts (``stats.difference_upper``)."""
    c, b = float(canary.at.value), float(baseline.at.value)
    low = stats.difference_lower(c, min(canary.low, c), b, max(baseline.high, b))
    if canary.at.saturated or canary.high == math.inf:
        return low, math.inf
    return low, stats.difference_upper(c, max(canary.high, c), b, min(baseline.low, b))


def coarse(canary: Sample, baseline: Sample, policy: CanaryPolicy) -> bool:
    """Whether a bucket around either quantile is wider than the limit."""
    return any(s.at.bucket[1] - s.at.bucket[0] > policy.latency.increase for s in (canary, baseline))


def _open(
    slows: Sequence[Slow], past: FrozenBaseline | None, shape: Shape, policy: CanaryPolicy
) -> LatencyDecision:
    canary_counts, baseline_counts = _sides(slows, past, shape)
    n, m = canary_counts[-1], baseline_counts[-1]
    canary, baseline = sample(canary_counts, shape, policy), sample(baseline_counts, shape, policy)
    span = (slows[0].start, slows[-1].end) if slows else (0.0, 0.0)
    low, high = difference(canary, baseline) if canary and baseline else (-math.inf, math.inf)

    def told(outcome: Outcome, reason: str, needed: int | None = None) -> LatencyDecision:
        return LatencyDecision(outcome, reason, canary, baseline, min(low, 0.0), high, *span, n, m, needed)

    least = policy.latency.min_observations
    if min(n, m) < least or canary is None or baseline is None:
        own = max(least - n, math.ceil((least - m) * n / m) if 0 < m < least else 0, 1)
        return told(Outcome.LOW_TRAFFIC, "few", own)
    if baseline.at.saturated or (canary.at.saturated and not reached(canary, baseline, policy)):
        return told(Outcome.NOT_COMPARABLE, "saturated")
    limit = policy.latency.increase
    if policy.latency.within_bucket == "refuse" and coarse(canary, baseline, policy):
        c, b = (
            interval(shape.bounds, counts, policy.latency.quantile, policy.confidence, shape.native)
            for counts in (canary_counts, baseline_counts)
        )
        if c.sure_high - b.sure_low >= limit:
            return told(Outcome.NOT_COMPARABLE, "coarse")
    if high < limit:
        if slows and window(slows[-1], past, shape, policy) is Outcome.BREACH:
            return told(Outcome.LOW_TRAFFIC, "recent", n)
        return told(Outcome.PASS, "pass")
    if low > 0 and reached(canary, baseline, policy) and curved(canary, baseline, policy):
        return told(Outcome.NOT_COMPARABLE, "curved")
    return told(Outcome.LOW_TRAFFIC, "wide", _needed(canary, baseline, high, limit))


def _needed(canary: Sample, baseline: Sample, high: float, limit: float) -> int:
    """Further observations of the canary until the difference's bound falls below the limit, were both to go on alike:
    bounds narrow with the root of the count. As many again where that is unknown or the limit is near."""
    gap = limit - float(canary.at.value - baseline.at.value)
    half = high - float(canary.at.value - baseline.at.value)
    if gap <= 0 or not math.isfinite(half):
        return canary.observations
    return min(max(math.ceil(canary.observations * ((half / gap) ** 2 - 1)), 1), 100 * canary.observations)


def window(slow: Slow, past: FrozenBaseline | None, shape: Shape, policy: CanaryPolicy) -> Outcome:
    """What one window says by itself, at the policy's confidence: shown, not decided by."""
    canary_counts, baseline_counts = _sides([slow], past, shape)
    canary, baseline = sample(canary_counts, shape, policy), sample(baseline_counts, shape, policy)
    if canary is None or baseline is None:
        return Outcome.NO_DATA
    if min(canary.observations, baseline.observations) < policy.latency.min_observations:
        return Outcome.LOW_TRAFFIC
    if canary.at.saturated and baseline.at.saturated:
        return Outcome.NOT_COMPARABLE
    low, high = difference(canary, baseline)
    if low > 0 and reached(canary, baseline, policy):
        return Outcome.NOT_COMPARABLE if curved(canary, baseline, policy) else Outcome.BREACH
    return Outcome.PASS if high < policy.latency.increase else Outcome.LOW_TRAFFIC


def measured(counts: tuple[int, ...], shape: Shape, policy: CanaryPolicy) -> Measured:
    told = sample(counts, shape, policy) if counts else None
    if told is None:
        return Measured(count=counts[-1] if counts else 0)
    return Measured(
        count=told.observations,
        value=float(told.at.value),
        low=told.low,
        high=told.high if told.high < math.inf else None,
        bucket=told.at.bucket,
        saturated=told.at.saturated,
    )


def shown(slow: Slow, past: FrozenBaseline | None, shape: Shape, policy: CanaryPolicy) -> WindowResult:
    """One window for the screen; one that has ended says the same ever after."""
    return WindowResult(
        start=slow.start,
        end=slow.end,
        outcome=window(slow, past, shape, policy),
        canary=measured(slow.canary, shape, policy),
        baseline=measured(_sides([slow], past, shape)[1], shape, policy),
    )
