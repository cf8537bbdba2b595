"""The first crossing of a trigger, said as it would have been said then."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.judgement import Trigger
from tfdash.model.release import ReleaseState
from tfdash.playbook.canary import crossing, latency, wording
from tfdash.playbook.canary.data_quality import Comparison
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.tally import Pair, Slow
from tfdash.playbook.canary.window_cache import Memo


class First(NamedTuple):
    """A first crossing as it would have been said ``at`` its time, epoch seconds."""

    at: float
    trigger: Trigger


def looked_from(name: str, compared: Comparison, release: ReleaseState, policy: CanaryPolicy) -> float | None:
    """From when on it could be seen whether the trigger ``name`` was reached, epoch seconds, where the samples do not go back
    to the release's beginning; None where they do, or where that is not known."""
    tally = compared.tally
    reach = tally.reach if name == "errors" else tally.slow_reach
    known = [t for t in (tally.began, release.started) if t is not None]
    if not reach or not known or compared.traffic.since <= min(known) + policy.warm_up + policy.window:
        return None
    return reach[0].start


def first_crossing(name: str, compared: Comparison, policy: CanaryPolicy, after: float) -> First | None:
    """When the trigger ``name`` was first reached, as far as the samples tell; ``after`` which, epoch seconds, it counts."""
    tally, past, memo = compared.tally, compared.past, compared.memo
    if name == "errors":
        return memo.last(_errors_first, tally.reach, past, policy, after, compared.zone)
    reach, shape = tally.slow_reach, latency.Shape(tally.bounds, tally.native)
    if past is not None:
        common, bounds, unlike = latency.aligned(reach, past, shape)
        if past.counts and not unlike:
            reach, shape = common, bounds
        elif policy.baseline == "before":
            return None
        else:
            past = None  # nothing can be held against it, but what both served against each other
    return memo.last(_latency_first, reach, past, shape, policy, after, compared.zone)


def _errors_first(
    memo: Memo,
    reach: tuple[Pair, ...],
    past: FrozenBaseline | None,
    policy: CanaryPolicy,
    after: float,
    zone: ZoneInfo,
) -> First | None:
    found = crossing.of_errors(memo, reach, past, policy, after)
    if found is None:
        return None
    return First(found.at, wording.errors_core(Memo(), found.windows, found.past, policy, zone))


def _latency_first(
    memo: Memo,
    reach: tuple[Slow, ...],
    past: FrozenBaseline | None,
    shape: latency.Shape,
    policy: CanaryPolicy,
    after: float,
    zone: ZoneInfo,
) -> First | None:
    found = crossing.of_latency(memo, reach, past, shape, policy, after)
    if found is None:
        return None
    counted = tuple(latency.comparable(found.windows, found.past))
    return First(found.at, wording.latency_core(Memo(), counted, found.past, shape, policy, zone))
