"""When a trigger was first reached: the judgement as it would have been made after each window that the samples hold.

So that who looks for the first time finds what was crossed before, and a terminal that was started anew says what the
one before it said. Every prefix is judged as ``errors`` and ``latency`` judge it, by the last ``policy.windows`` of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from tfdash.playbook.canary import errors, latency
from tfdash.playbook.canary.frozen_baseline import FrozenBaseline
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.canary.tally import Pair, Slow
from tfdash.playbook.canary.window_cache import Memo

W = TypeVar("W", Pair, Slow)


class Crossing(NamedTuple):
    """``at``: the end of the window with which it was reached, epoch seconds; ``windows``: those that it was judged by."""

    at: float
    windows: tuple[Any, ...]
    past: FrozenBaseline | None


def of_errors(
    memo: Memo, pairs: tuple[Pair, ...], past: FrozenBaseline | None, policy: CanaryPolicy, after: float
) -> Crossing | None:
    """The first window after which the error trigger was reached, of those that ended after ``after``; None where it was not."""
    found = memo.each(_errors_crossed, _prefixes(pairs, policy), past, policy)
    return _first(pairs, found, past, policy, served, after)


def of_latency(
    memo: Memo,
    slows: tuple[Slow, ...],
    past: FrozenBaseline | None,
    shape: latency.Shape,
    policy: CanaryPolicy,
    after: float,
) -> Crossing | None:
    """Likewise for latencies; ``slows`` with those that only one side served."""
    found = memo.each(_latency_crossed, _prefixes(slows, policy), past, shape, policy)
    return _first(slows, found, past, policy, _answered, after)


def _prefixes(windows: tuple[W, ...], policy: CanaryPolicy) -> list[tuple[W, ...]]:
    return [windows[max(0, k - policy.windows) : k] for k in range(1, len(windows) + 1)]


def _first(
    windows: tuple[W, ...],
    found: Sequence[bool],
    past: FrozenBaseline | None,
    policy: CanaryPolicy,
    both: Callable[[W], tuple[bool, bool]],
    after: float,
) -> Crossing | None:
    for k, hit in enumerate(found, 1):
        if hit and windows[k - 1].end > after:
            seen = windows[max(0, k - policy.windows) : k]
            return Crossing(windows[k - 1].end, seen, _baseline(seen, past, policy, both))
    return None


def alone(both: Sequence[tuple[bool, bool]]) -> bool:
    """Whether the baseline serves no more, by (canary, baseline) served of each window: nothing in the last two windows in
    which the canary served, or nothing at all."""
    last = [b for b in both if any(b)][-2:]
    return not any(base for _, base in last)


def _baseline(
    windows: Sequence[W],
    past: FrozenBaseline | None,
    policy: CanaryPolicy,
    both: Callable[[W], tuple[bool, bool]],
) -> FrozenBaseline | None:
    """What these windows were held against then: each other, while both sides served."""
    if past is None or policy.baseline == "before" or alone([both(w) for w in windows]):
        return past
    return None


def served(pair: Pair) -> tuple[bool, bool]:
    return bool(pair.canary_all.requests), bool(pair.baseline_all.requests)


def _answered(slow: Slow) -> tuple[bool, bool]:
    return bool(slow.canary[-1]), bool(slow.baseline[-1])


def _errors_crossed(pairs: tuple[Pair, ...], past: FrozenBaseline | None, policy: CanaryPolicy) -> bool:
    return errors.crossed(pairs, _baseline(pairs, past, policy, served), policy) is not None


def _latency_crossed(
    slows: tuple[Slow, ...], past: FrozenBaseline | None, shape: latency.Shape, policy: CanaryPolicy
) -> bool:
    held = _baseline(slows, past, policy, _answered)
    return latency.crossed(latency.comparable(slows, held), held, shape, policy) is not None
