"""The trigger "Error rate increases by 10%": what the counts allow to say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tfdash.model.judgement import Measured, Outcome, WindowResult
from tfdash.playbook.canary import evidence, stats
from tfdash.playbook.canary.evidence import Split
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline, looks
from tfdash.playbook.canary.limits import limit
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.tally import Count, Pair

_CHANCE = 0.1  # no PASS by the floor alone while the canary's errors are rarer by chance than this


class ErrorRateDecision(NamedTuple):
    """The outcome and its numbers. ``since`` and ``until`` bound the windows that it is about, epoch seconds."""

    outcome: Outcome
    reason: str  # gross, evidence, few, errors, wide, chance, pass, recent
    canary: Count
    baseline: Count
    low: float  # of the ratio of both
    high: float
    since: float
    until: float
    needed: int | None = None
    scatter: float = 1.0  # ``evidence.dispersion``


def decide(pairs: Sequence[Pair], past: FrozenBaseline | None, policy: CanaryPolicy) -> ErrorRateDecision:
    """Judge these windows; ``past`` replaces the baseline's own windows. Each side has at least one request."""
    return crossed(pairs, past, policy) or _open(comparable(pairs, past), past, policy)


def crossed(
    pairs: Sequence[Pair], past: FrozenBaseline | None, policy: CanaryPolicy
) -> ErrorRateDecision | None:
    """The BREACH that these windows show, where they show one."""
    for pair in reversed(pairs):
        if (found := _gross(pair, past, policy)) is not None:
            return found
    counted = comparable(pairs, past)
    return _against(counted, past, policy) if past is not None else _same_windows(counted, policy)


def comparable(pairs: Sequence[Pair], past: FrozenBaseline | None) -> list[Pair]:
    """The windows after warm-up in which both versions served; what only one of them served compares with nothing."""
    return [
        p for p in pairs if p.number >= 1 and p.canary.requests and (past is not None or p.baseline.requests)
    ]


def _total(pairs: Sequence[Pair], past: FrozenBaseline | None) -> tuple[Count, Count]:
    canary = Count(sum(p.canary.requests for p in pairs), sum(p.canary.events for p in pairs))
    if past is not None:
        return canary, Count(past.requests, past.events)
    return canary, Count(sum(p.baseline.requests for p in pairs), sum(p.baseline.events for p in pairs))


def reached(canary: Count, baseline: Count, policy: CanaryPolicy) -> bool:
    """Whether the limit is reached: >=, in whole numbers. Nothing that never failed reaches it."""
    if not canary.events or not canary.requests or not baseline.requests:
        return False
    return Fraction(canary.events, canary.requests) >= limit(
        Fraction(baseline.events, baseline.requests), policy.errors
    )


def _enough(canary: Count, baseline: Count, policy: CanaryPolicy) -> bool:
    """Whether there are enough requests and errors for a BREACH; a gross failure needs fewer requests."""
    rule = policy.errors
    if canary.events < rule.min_errors or not reached(canary, baseline, policy):
        return False
    least = min(canary.requests, baseline.requests)
    if least >= rule.min_requests:
        return True
    return least >= rule.gross_requests and canary.events >= rule.gross * canary.requests


def _gross(pair: Pair, past: FrozenBaseline | None, policy: CanaryPolicy) -> ErrorRateDecision | None:
    """A window with a failure so gross, beyond chance, that no further evidence is awaited."""
    rule = policy.errors
    canary = pair.canary_all
    baseline = Count(past.requests, past.events) if past is not None else pair.baseline_all
    if canary.requests < rule.gross_requests or canary.events < rule.min_errors or not baseline.requests:
        return None
    if canary.events * 101 < rule.gross_percent * canary.requests:  # clearly not: most windows end here
        return None
    if Fraction(canary.events, canary.requests) < rule.gross or not reached(canary, baseline, policy):
        return None
    k = max(pair.number + math.ceil(policy.warm_up / policy.window) + 1, 1)
    spend = policy.budgets.gross * 6 / (math.pi * k) ** 2
    if stats.more_than_chance(canary.events, canary.requests, baseline.events, baseline.requests) > spend:
        return None
    low, high = stats.rate_ratio(
        canary.events, canary.requests, baseline.events, baseline.requests, 1 - spend
    )
    return ErrorRateDecision(Outcome.BREACH, "gross", canary, baseline, low, high, pair.start, pair.end)


def split(pairs: Sequence[Pair]) -> list[Split]:
    return [
        Split(p.number, p.canary.events, p.canary.requests, p.baseline.events, p.baseline.requests)
        for p in pairs
    ]


def _same_windows(pairs: Sequence[Pair], policy: CanaryPolicy) -> ErrorRateDecision | None:
    """BREACH, where the evidence reached its limit at some look and the playbook's limit was reached there."""
    splits = split(pairs)
    alpha, scatter = policy.budgets.errors, evidence.dispersion(splits, policy.least_scatter)
    strength = evidence.weigh(splits, 1.0, scatter)
    for k in range(len(strength) - 1, -1, -1):
        if strength[k] < 1 / alpha:
            continue
        for first in dict.fromkeys((0, evidence.began(splits[: k + 1]))):
            canary, baseline = _total(pairs[first : k + 1], None)
            if not _enough(canary, baseline, policy):
                continue
            high = _ratio(canary, baseline, policy.confidence, scatter)[1]
            low = evidence.ratio_low(splits[: k + 1], alpha, high, scatter)
            span = pairs[first].start, pairs[k].end
            return ErrorRateDecision(
                Outcome.BREACH, "evidence", canary, baseline, low, high, *span, None, scatter
            )
    return None


def _against(pairs: Sequence[Pair], past: FrozenBaseline, policy: CanaryPolicy) -> ErrorRateDecision | None:
    """BREACH against a frozen baseline, at the latest look that found it."""
    for number, part in reversed(list(looks(pairs[-1].number if pairs else 0))):
        seen = [p for p in pairs if p.number <= number]
        canary, baseline = _total(seen, past)
        if not seen or not _enough(canary, baseline, policy):
            continue
        spend = part * policy.budgets.errors_held
        if _chance(canary, baseline) <= spend:
            low, high = _ratio(canary, baseline, 1 - spend)[0], _ratio(canary, baseline, policy.confidence)[1]
            span = seen[0].start, seen[-1].end
            return ErrorRateDecision(Outcome.BREACH, "evidence", canary, baseline, max(low, 1.0), high, *span)
    return None


def _open(pairs: Sequence[Pair], past: FrozenBaseline | None, policy: CanaryPolicy) -> ErrorRateDecision:
    """No BREACH: PASS, or what is missing."""
    canary, baseline = _total(pairs, past)
    span = (pairs[0].start, pairs[-1].end) if pairs else (0.0, 0.0)
    scatter, middle, top = 1.0, 0.0, 0.0
    if past is None:
        splits = split(pairs)
        scatter = evidence.dispersion(splits, policy.least_scatter)
        middle, top = stats.stratified([s[1:] for s in splits], policy.confidence, scatter)
    low, high = _ratio(canary, baseline, policy.confidence, scatter)
    high = top if shares_mislead(canary, baseline, middle) else max(high, top)
    low = min(
        low, 1.0
    )  # the release's own, wider interval holds 1: else it were a BREACH, or under the limit

    def decision(outcome: Outcome, reason: str, needed: int | None = None) -> ErrorRateDecision:
        return ErrorRateDecision(outcome, reason, canary, baseline, low, high, *span, needed, scatter)

    least = policy.errors.min_requests
    if min(canary.requests, baseline.requests) < least:
        return decision(Outcome.LOW_TRAFFIC, "few", _missing(canary, baseline, least))
    below, by_floor = _below(canary, baseline, high, policy, scatter)
    if below:
        if by_floor and _chance(canary, baseline, scatter) < _CHANCE:
            return decision(Outcome.LOW_TRAFFIC, "chance", needed(canary, baseline, policy))
        if pairs and window(pairs[-1], past, policy) is Outcome.BREACH:
            return decision(Outcome.LOW_TRAFFIC, "recent", needed(canary, baseline, policy))
        return decision(Outcome.PASS, "pass")
    hit = reached(canary, baseline, policy)
    if hit and canary.events < policy.errors.min_errors:
        return decision(Outcome.LOW_TRAFFIC, "errors", needed(canary, baseline, policy))
    return decision(Outcome.LOW_TRAFFIC, "wide", needed(canary, baseline, policy))


def _chance(canary: Count, baseline: Count, scatter: float = 1.0) -> float:
    """The conditional test's p-value; where windows scatter, requests count for less by that factor."""
    (x, n), (y, m) = _thinned(canary, scatter), _thinned(baseline, scatter)
    return stats.more_than_chance(x, n, y, m)


def _ratio(canary: Count, baseline: Count, confidence: float, scatter: float = 1.0) -> tuple[float, float]:
    """The ratio's interval, likewise."""
    (x, n), (y, m) = _thinned(canary, scatter), _thinned(baseline, scatter)
    return stats.rate_ratio(x, n, y, m, confidence)


def _thinned(count: Count, scatter: float) -> tuple[float, float]:
    if scatter <= 1:
        return count.events, count.requests
    return count.events / scatter, count.requests / scatter


def shares_mislead(canary: Count, baseline: Count, middle: float) -> bool:
    """Whether totals say something else than the windows one by one (``stats.stratified``), because the canary's share
    of the traffic moved while the service's error ratio did."""
    if middle <= 0 or not baseline.events or canary.events + baseline.events < 20:
        return False
    crude = canary.events * baseline.requests / (canary.requests * baseline.events)
    return crude > 0 and abs(math.log(crude / middle)) > 0.1


def _below(
    canary: Count, baseline: Count, high: float, policy: CanaryPolicy, scatter: float = 1.0
) -> tuple[bool, bool]:
    """Whether the interval ends below the limit, and whether because of the floor and not of the ratio."""
    rule, conf = policy.errors, policy.confidence
    if rule.mode != "points" and high < rule.factor:
        return True, False
    c, b = canary.events / canary.requests, baseline.events / baseline.requests
    c_high = stats.wilson(canary.events / scatter, canary.requests / scatter, conf)[1]
    b_low = stats.wilson(baseline.events / scatter, baseline.requests / scatter, conf)[0]
    upper = stats.difference_upper(c, c_high, b, b_low)
    if rule.mode == "relative":
        return upper < rule.floor, True
    if rule.mode == "both":
        return upper < max(rule.step, rule.floor), True
    return upper < rule.step, False


def _missing(canary: Count, baseline: Count, least: int) -> int:
    """Requests of the canary until both sides have ``least``, at the present shares."""
    own = least - canary.requests
    if baseline.requests < least and baseline.requests:
        own = max(own, math.ceil((least - baseline.requests) * canary.requests / baseline.requests))
    return max(own, 1)


def needed(canary: Count, baseline: Count, policy: CanaryPolicy) -> int:
    """Further requests of the canary until a release that changed nothing would probably (80 %) pass.

    Where there are already so many, as many again: the ratio lies near the limit, and only more counts tell.
    """
    base = Fraction(baseline.events + canary.events + 1, baseline.requests + canary.requests + 2)
    target = min(limit(base, policy.errors), Fraction(1))
    share = baseline.requests / canary.requests
    whole = stats.sample_needed(float(base), float(target), share, policy.confidence)
    if not math.isfinite(whole) or whole <= canary.requests:
        return canary.requests
    return math.ceil(whole - canary.requests)


def base_of(pair: Pair, past: FrozenBaseline | None) -> Count:
    """The baseline of one window."""
    return Count(past.requests, past.events) if past is not None else pair.baseline


def window(pair: Pair, past: FrozenBaseline | None, policy: CanaryPolicy) -> Outcome:
    """What one window says by itself, at the policy's confidence: shown beside the decision, which it does not make."""
    canary, baseline = pair.canary, base_of(pair, past)
    if not canary.requests or not baseline.requests:
        return Outcome.NO_DATA
    chance = _chance(canary, baseline)
    if (
        canary.events >= policy.errors.min_errors
        and chance <= 1 - policy.confidence
        and reached(canary, baseline, policy)
    ):
        return Outcome.BREACH
    if min(canary.requests, baseline.requests) < policy.errors.min_requests:
        return Outcome.LOW_TRAFFIC
    below, by_floor = _below(canary, baseline, _ratio(canary, baseline, policy.confidence)[1], policy)
    return Outcome.PASS if below and not (by_floor and chance < _CHANCE) else Outcome.LOW_TRAFFIC


def measured(count: Count, policy: CanaryPolicy) -> Measured:
    if not count.requests:
        return Measured()
    low, high = stats.wilson(count.events, count.requests, policy.confidence)
    return Measured(
        count=count.requests, events=count.events, value=count.events / count.requests, low=low, high=high
    )


class ErrorsShown(NamedTuple):
    """One window for the screen. ``limit`` as a ratio; ``hit``: it reaches the limit by its bare numbers."""

    result: WindowResult
    hit: bool
    limit: float


def shown(pair: Pair, past: FrozenBaseline | None, policy: CanaryPolicy) -> ErrorsShown:
    """The figures of a window that has ended never change."""
    baseline = base_of(pair, past)
    result = WindowResult(
        start=pair.start,
        end=pair.end,
        outcome=window(pair, past, policy),
        canary=measured(pair.canary, policy),
        baseline=measured(baseline, policy),
    )
    top = limit(Fraction(baseline.events, baseline.requests or 1), policy.errors)
    return ErrorsShown(result, reached(pair.canary, baseline, policy), float(top))
