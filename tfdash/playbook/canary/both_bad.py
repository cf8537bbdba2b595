"""Both versions against the service just before the release: that the new one is no worse than the old says little where
both are bad, and an old one that went bad since may be the new one's doing. By the same limits and the same test as ever; it is a reason to hold, and by itself none to roll back."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from msgspec import structs

from tfdash.model.judgement import Outcome, Trigger
from tfdash.moments import clock
from tfdash.playbook.canary import errors, latency, wording
from tfdash.playbook.canary.data_quality import Comparison
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.tally import Count, Pair, Slow
from tfdash.playbook.canary.window_cache import Memo

ASKED = (Outcome.PASS, Outcome.LOW_TRAFFIC)
"""Of what lets a release go on, or wait, it is asked."""


def held(told: Trigger, compared: Comparison, before: FrozenBaseline, policy: CanaryPolicy) -> Trigger:
    """The trigger, or HOLD where the service as a whole is over its limit against ``before``."""
    memo = compared.memo
    if told.id == "errors":
        worse = memo.last(_errors_worse, compared.tally.pairs, before, policy, compared.zone)
    else:
        shape = latency.Shape(compared.tally.bounds, compared.tally.native)
        worse = memo.last(_latency_worse, compared.tally.slows, before, shape, policy, compared.zone)
    if worse is None:
        return told
    when = f"{clock(before.start, compared.zone)} to {clock(before.end, compared.zone)}"
    sentence = (
        f"the service, both versions together, is worse than before the release ({when}): {worse.sentence}"
    )
    return structs.replace(
        told, outcome=Outcome.HOLD, sentence=f"{sentence}; against each other: {told.sentence}"
    )


def _errors_worse(
    memo: Memo, pairs: Sequence[Pair], before: FrozenBaseline, policy: CanaryPolicy, zone: ZoneInfo
) -> Trigger | None:
    whole = tuple(
        p._replace(
            canary=_added(p.canary, p.baseline),
            canary_all=_added(p.canary_all, p.baseline_all),
            baseline=Count(),
            baseline_all=Count(),
        )
        for p in pairs
    )
    if not before.requests or errors.crossed(whole, before, policy) is None:
        return None
    return wording.errors_core(Memo(), whole, before, policy, zone)


def _added(one: Count, two: Count) -> Count:
    return Count(one.requests + two.requests, one.events + two.events)


def _latency_worse(
    memo: Memo,
    slows: Sequence[Slow],
    before: FrozenBaseline,
    shape: latency.Shape,
    policy: CanaryPolicy,
    zone: ZoneInfo,
) -> Trigger | None:
    if len(shape.bounds) < 2 or not before.counts or not before.counts[-1]:
        return None
    whole = [s._replace(canary=latency.add([s.canary, s.baseline])) for s in slows]
    same, shape, unlike = latency.aligned(whole, before, shape)
    counted = tuple(latency.comparable(same, before))
    if unlike or not counted or latency.crossed(counted, before, shape, policy) is None:
        return None
    return wording.latency_core(Memo(), counted, before, shape, policy, zone)
