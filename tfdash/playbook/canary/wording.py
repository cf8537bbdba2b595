"""The decisions on errors and latency as triggers, with their arithmetic in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import structs

from tfdash import figures
from tfdash.model.judgement import ChartPoint, Outcome, Trigger
from tfdash.moments import clock
from tfdash.playbook.canary import data_quality, errors, latency, limits, stats
from tfdash.playbook.canary.data_quality import Comparison, Obstacle
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.kayenta import opinion
from tfdash.playbook.canary.policy import CanaryPolicy, exact, refusing
from tfdash.playbook.canary.tally import Count, Pair, Slow
from tfdash.playbook.canary.window_cache import Memo

ERRORS = "Error rate"
ROLES = {"errors": ("requests", "errors"), "latency": ("latency",)}
"""The queries that a trigger rests on."""


def blank(id: str, title: str, obstacle: Obstacle, **known: Any) -> Trigger:
    """A trigger that cannot be judged."""
    return Trigger(
        id=id,
        title=title,
        outcome=obstacle.outcome,
        sentence=obstacle.sentence,
        unlike=obstacle.unlike,
        absent=obstacle.absent,
        **known,
    )


def latency_title(policy: CanaryPolicy) -> str:
    return f"P{policy.latency.quantile * 100:g} latency"


def _shared(compared: Comparison, unit: str, *roles: str) -> dict[str, Any]:
    return {
        "unit": unit,
        "query": data_quality.query_of(compared.traffic, *roles),
        "evaluated_at": compared.traffic.evaluated_at,
        "baseline_label": compared.label,
    }


def _persistence(hit: Sequence[bool], outcome: Outcome, policy: CanaryPolicy) -> list[str]:
    """How many of the last windows reach the limit by themselves, and what that is beside a pass."""
    last = list(hit)[-policy.persist_of :]
    if len(last) == 1:
        return ["the only window reaches the limit" if last[0] else "the only window is under the limit"]
    if not last:
        return []
    beside = " by themselves, all windows together pass" if any(last) and outcome is Outcome.PASS else ""
    return [f"{sum(last)} of the last {len(last)} windows reach the limit{beside}"]


def _strangers(compared: Comparison) -> list[str]:
    return [f"{compared.strangers} series of other versions left out"] if compared.strangers else []


def _rate(counts: Sequence[int], length: float) -> float:
    """The canary's requests a second over its last five windows."""
    last = list(counts)[-5:]
    return sum(last) / (len(last) * length) if last else 0.0


class More(NamedTuple):
    """What is still needed, in words; requests of the canary, and seconds at the present rate. Neither number where the
    windows that count could never hold so many at that rate, which is ``hopeless``."""

    text: str = ""
    requests: int | None = None
    seconds: float | None = None
    hopeless: bool = False


def _more(needed: int | None, have: int, rate: float, policy: CanaryPolicy) -> More:
    if needed is None:
        return More()
    held = rate * policy.windows * policy.window
    if rate > 0 and have + needed > held and needed > have:
        return More(
            f"it cannot be decided at the present rate: the {policy.windows} windows of {policy.window:g} s that count hold "
            f"{held:,.0f} requests of the canary, {have + needed:,} are needed",
            hopeless=True,
        )
    seconds = needed / rate if rate > 0 else None
    wait = f" ({figures.span(seconds)} at the present rate)" if seconds else ""
    return More(f"{needed:,} more requests of the canary are needed{wait}", needed, seconds)


def errors_trigger(compared: Comparison, policy: CanaryPolicy) -> Trigger:
    """ "Error rate increases by 10%"."""
    tally, past = compared.tally, compared.past
    counted = errors.comparable(tally.pairs, past)
    shared = _shared(compared, "ratio", "requests", "errors")
    has = (tally.newest[0] is not None, tally.newest[1] is not None)
    obstacle = data_quality.empty(compared, "requests", has, sum(p.number >= 1 for p in tally.pairs), policy)
    if tally.twice[0]:
        return blank("errors", ERRORS, data_quality.not_like(tally.twice[0]), **shared)
    gross = None
    if any(has) and not counted:  # a gross failure is one in warm-up as well
        found = errors.decide(tally.pairs, past, policy)
        gross = found if found.outcome is Outcome.BREACH else None
    if obstacle is None and not counted and gross is None:
        obstacle = _nothing_counted(tally.pairs)
    if obstacle is not None and gross is None:
        return blank(
            "errors",
            ERRORS,
            data_quality.unsure(compared, ("requests", "errors"), tally.newest, policy) or obstacle,
            **shared,
        )
    told = compared.memo.last(errors_core, tally.pairs, past, policy, compared.zone)
    flags = [*told.flags, *_strangers(compared)]
    if tally.doubled:
        flags.append("more errors than requests in some window: taken as all")
    return _doubted(
        told, flags, data_quality.unsure(compared, ("requests", "errors"), tally.newest, policy), shared
    )


def errors_core(
    memo: Memo, pairs: tuple[Pair, ...], past: FrozenBaseline | None, policy: CanaryPolicy, zone: ZoneInfo
) -> Trigger:
    """All that these windows say: the same for every round until the next window ends."""
    counted = errors.comparable(pairs, past)
    decision = errors.decide(pairs, past, policy)
    shown = memo.each(errors.shown, counted, past, policy)
    flags = _persistence([s.hit for s in shown], decision.outcome, policy)
    if decision.reason == "gross":
        flags.append("gross failure")
    if decision.scatter > 1:
        flags.append(f"errors come in bursts: windows scatter {decision.scatter:.1f} times as chance would")
    if past is None:
        middle = stats.stratified([s[1:] for s in errors.split(counted)], policy.confidence)[0]
        if errors.shares_mislead(decision.canary, decision.baseline, middle):
            flags.append(
                f"the canary's share of the traffic moved: window by window the ratio is {figures.ratio(middle)}"
            )
    c, b = _value(decision.canary), _value(decision.baseline)
    limit = limits.limit(b, policy.errors)
    low, high = stats.wilson(decision.canary.events, decision.canary.requests, policy.confidence)
    rate = _rate([p.canary.requests for p in counted], policy.window)
    more = _more(decision.needed, decision.canary.requests, rate, policy)
    rates = [(s.result.canary.value or 0.0, s.result.baseline.value or 0.0) for s in shown]
    return Trigger(
        id="errors",
        title=ERRORS,
        outcome=decision.outcome,
        sentence=_errors_sentence(decision, c, b, limit, (low, high), more.text, policy, zone),
        plain=limits.plain(c, b, policy.errors),
        other=limits.other(c, b, policy.errors),
        value=float(c),
        baseline=float(b),
        limit=float(limit),
        low=low,
        high=high,
        sample=decision.canary.requests,
        baseline_sample=decision.baseline.requests,
        needed=more.requests,
        needed_seconds=more.seconds,
        hopeless=more.hopeless,
        flags=tuple(flags),
        windows=tuple(s.result for s in shown),
        second_opinion=_second(rates, policy),
        since=decision.since or None,
        until=decision.until or None,
        chart=tuple(ChartPoint(s.result.end, *r, s.limit) for s, r in zip(shown, rates, strict=True)),
    )


def _second(both: Sequence[tuple[float, float]], policy: CanaryPolicy) -> str:
    if not policy.second_opinion:
        return ""
    return opinion(tuple(one for one, _ in both), tuple(two for _, two in both))


def _doubted(told: Trigger, flags: list[str], doubt: Obstacle | None, shared: dict[str, Any]) -> Trigger:
    """The same with what lets no PASS stand. A BREACH that was found stays one, but not one of half an answer."""
    outcome, sentence = told.outcome, told.sentence
    if doubt is not None:
        flags = [*flags, doubt.sentence]
        if outcome is not Outcome.BREACH or doubt.partial:
            outcome, sentence = doubt.outcome, f"{doubt.sentence}; before that: {sentence}"
    return structs.replace(told, outcome=outcome, sentence=sentence, flags=tuple(flags), **shared)


def _nothing_counted(pairs: Sequence[Any]) -> Obstacle:
    served = [p for p in pairs if p.number >= 1]
    if not any(p.canary.requests for p in served):
        return Obstacle(
            Outcome.LOW_TRAFFIC, f"no request reached the canary in {len(served)} windows after warm-up"
        )
    requests = sum(p.canary.requests for p in served)
    failed = sum(p.canary.events for p in served)
    return Obstacle(
        Outcome.NOT_COMPARABLE,
        f"the baseline served nothing while the canary did ({failed:,} of {requests:,} requests failed): nothing to compare with",
    )


def _value(count: Count) -> Fraction:
    return Fraction(count.events, count.requests) if count.requests else Fraction(0)


def _errors_sentence(
    found: errors.ErrorRateDecision,
    c: Fraction,
    b: Fraction,
    limit: Fraction,
    ends: tuple[float, float],
    more: str,
    policy: CanaryPolicy,
    zone: ZoneInfo,
) -> str:
    texts = figures.percents((c, b, limit))
    hit = errors.reached(found.canary, found.baseline, policy)
    sign = "≥" if c >= limit else "<"
    sum_ = f"{texts[0]} ({found.canary.events:,} of {found.canary.requests:,}; {figures.between(*ends, '%')})"
    sum_ += f" {sign} {limits.limit_text(b, texts[1], texts[2], policy.errors)}"
    sum_ += f" (baseline {found.baseline.events:,} of {found.baseline.requests:,})"
    ratio = f"ratio {figures.ratio(found.low)}–{figures.ratio(found.high)}"
    match found.reason:
        case "gross":
            return f"gross failure in the window to {clock(found.until, zone)}: {sum_}, far beyond chance"
        case "evidence":
            return f"{sum_} counted from {clock(found.since, zone)}; {ratio} excludes no change"
        case "few":
            return f"{sum_}: too few requests to decide; {more}"
        case "errors":
            return f"{sum_}: fewer than {policy.errors.min_errors} errors decide nothing; {more}"
        case "chance":
            return f"{sum_}: under the floor, but more errors than chance allows; {more}"
        case "recent":
            return f"{sum_} over all windows, but the last window by itself reaches the limit; {more}"
        case "pass":
            return f"{sum_}; {ratio} {_stays(found, policy)}"
    why = "the limit is reached, but" if hit else "not reached, but"
    return f"{sum_}: {why} {ratio} allows {'no change' if hit else 'the limit'} too; {more}"


def _stays(found: errors.ErrorRateDecision, policy: CanaryPolicy) -> str:
    if policy.errors.mode != "points" and found.high < policy.errors.factor:
        return f"stays under ×{float(policy.errors.factor):.3g}"
    return "and the difference stays under the limit"


def latency_trigger(compared: Comparison, policy: CanaryPolicy) -> Trigger:
    """ "P90 latency increases by 100ms"."""
    tally, past, title = compared.tally, compared.past, latency_title(policy)
    shape = latency.Shape(tally.bounds, tally.native)
    counted = latency.comparable(tally.slows, past)
    shared = _shared(compared, "s", "latency")
    has = (tally.latency_newest[0] is not None, tally.latency_newest[1] is not None)
    doubt = data_quality.unsure(compared, ("latency",), tally.latency_newest, policy)
    if why := tally.twice[1] or tally.unlike:
        return blank("latency", title, data_quality.not_like(why), **shared)
    obstacle = data_quality.empty(compared, "latency", has, sum(s.number >= 1 for s in tally.slows), policy)
    if obstacle is None and (len(tally.bounds) < 2 or tally.bounds[-1] != math.inf):
        obstacle = Obstacle(
            Outcome.NO_DATA, "the histogram has no +Inf bucket or fewer than two: no quantile can be told"
        )
    if obstacle is None and past is not None and not past.counts:
        obstacle = Obstacle(Outcome.NOT_COMPARABLE, f"the baseline ({past.label}) holds no latencies")
    if obstacle is None and past is not None:
        slows, shape, unlike = latency.aligned(counted, past, shape)
        counted = list(slows)
        obstacle = data_quality.not_like(unlike) if unlike else None
    if obstacle is None and not counted:
        served = sum(bool(s.number >= 1 and s.canary[-1]) for s in tally.slows)
        if served:
            why = "the baseline served nothing while the canary did: nothing to compare with"
            obstacle = Obstacle(Outcome.NOT_COMPARABLE, why)
        else:
            obstacle = Obstacle(Outcome.LOW_TRAFFIC, "no request reached the canary after warm-up")
    if obstacle is not None:
        return blank("latency", title, doubt or obstacle, **shared)
    # what lay there is not known: no guess inside a bucket
    left_out = bool(tally.note) or shape.bounds != tally.bounds
    told = compared.memo.last(
        latency_core, tuple(counted), past, shape, refusing(policy) if left_out else policy, compared.zone
    )
    flags = [*told.flags, *([tally.note] if tally.note else []), *_strangers(compared)]
    return _doubted(told, flags, doubt, shared)


def latency_core(
    memo: Memo,
    counted: tuple[Slow, ...],
    past: FrozenBaseline | None,
    shape: latency.Shape,
    policy: CanaryPolicy,
    zone: ZoneInfo,
) -> Trigger:
    decision = latency.decide(counted, past, shape, policy)
    results = tuple(memo.each(latency.shown, counted, past, shape, policy))
    increase = policy.latency.increase
    hit = [
        r.canary.value is not None
        and r.baseline.value is not None
        and r.canary.value - r.baseline.value >= increase
        for r in results
    ]
    flags = _persistence(hit, decision.outcome, policy)
    c, b = decision.canary, decision.baseline
    if c is not None and b is not None:
        if c.at.saturated or b.at.saturated:
            flags.append("saturated")
        if latency.coarse(c, b, policy):
            flags.append("limit finer than the bucket")
    rate = _rate([s.canary[-1] for s in counted], policy.window)
    more = _more(decision.needed, decision.observations, rate, policy)
    sentence, plain = _latency_words(decision, more.text, policy, zone)
    points = [(r.end, r.canary.value, r.baseline.value) for r in results]
    both = [(one, two) for _, one, two in points if one is not None and two is not None]
    return Trigger(
        id="latency",
        title=latency_title(policy),
        outcome=decision.outcome,
        unit="s",
        sentence=sentence,
        plain=plain,
        value=float(c.at.value) if c else None,
        baseline=float(b.at.value) if b else None,
        limit=float(b.at.value) + increase if b else None,
        low=c.low if c else None,
        high=c.high if c and c.high < math.inf else None,
        sample=decision.observations,
        baseline_sample=decision.base_observations,
        needed=more.requests,
        needed_seconds=more.seconds,
        hopeless=more.hopeless,
        bucket=c.at.bucket if c else None,
        flags=tuple(flags),
        windows=results,
        second_opinion=_second(both, policy),
        since=decision.since or None,
        until=decision.until or None,
        chart=tuple(
            ChartPoint(at, one, two, two + increase if two is not None else None) for at, one, two in points
        ),
    )


def _latency_words(
    found: latency.LatencyDecision, more: str, policy: CanaryPolicy, zone: ZoneInfo
) -> tuple[str, str]:
    c, b = found.canary, found.baseline
    if c is None or b is None:
        return f"too few requests to tell a quantile; {more}", ""
    increase = exact(policy.latency.increase)
    gap = c.at.value - b.at.value
    one, two, whole = figures.times((c.at.value, b.at.value, b.at.value + increase))
    step = figures.duration(increase)
    over = "> " if c.at.saturated else ""
    sign = "≥" if gap >= increase else "<"
    text = f"{over}{one} ({found.observations:,} requests; {figures.between(c.low, c.high, 's')})"
    text += f" {sign} {two} + {step} = {whole} (baseline {found.base_observations:,})"
    if c.at.bucket[1] < math.inf:
        text += f", interpolated in the bucket {figures.between(*c.at.bucket, 's')}"
    moved = f"difference {_signed(found.low)} to {_signed(found.high)}"
    gap_text, step_text = figures.times((abs(gap), increase))
    verb = "rose" if gap >= 0 else "fell"
    plain = f"{latency_title(policy)} {verb} by {over}{gap_text}: "
    plain += f"at or over {step_text}: reached" if gap >= increase else f"under {step_text}: not reached"
    match found.reason:
        case "evidence":
            text += f" counted from {clock(found.since, zone)}; the counts over its bounds exclude no change"
        case "few":
            text += f": too few requests to decide; {more}"
        case "saturated":
            text += ": the quantile lies above the histogram's greatest bound, where a rise is not seen; add greater bounds"
        case "coarse":
            text += f": the bucket is wider than {step}, the histogram cannot tell; add bounds around {whole}"
        case "curved":
            text += f": slower beyond chance, but exponential interpolation says +{figures.duration(c.curved - b.curved)} only;"
            text += f" the bucket is wider than {step}, add bounds around {whole}"
        case "recent":
            text += f" over all windows, but the last window by itself reaches the limit; {more}"
        case "pass":
            text += f"; {moved} stays under {step}"
        case _:
            text += f": {moved} allows both; {more}"
    return text, plain


def _signed(seconds: float) -> str:
    told = f"{'+' if seconds >= 0 else '−'}{figures.duration(abs(seconds))}"
    return told if math.isfinite(seconds) else "unbounded"
