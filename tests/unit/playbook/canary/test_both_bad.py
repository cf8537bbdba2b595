"""Both versions bad: held, not rolled back, and never PASS."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.unit.playbook.canary.making import (
    CANARY_POD,
    STABLE_POD,
    T0,
    judged,
    policy,
    release,
    traffic,
    windows_counter,
)
from tfdash.model.judgement import Advice, Outcome
from tfdash.model.release import Side

RULES = policy(warm_up=0, latency={"enabled": False})
BEGAN = T0 + 600


def told(before: float, now: tuple[float, float], **rules: Any) -> Any:
    """Ten minutes with ``before`` errors in 10,000 requests of the stable pod, then ten with so many of each side's."""
    stable = [10_000.0] * 20
    requests = (
        windows_counter(stable, pod=STABLE_POD),
        windows_counter([0.0] * 10 + [10_000.0] * 10, pod=CANARY_POD),
    )
    errors = (
        windows_counter([before] * 10 + [now[1]] * 10, pod=STABLE_POD),
        windows_counter([0.0] * 10 + [now[0]] * 10, pod=CANARY_POD),
    )
    value = structs.replace(
        traffic([(1, 0)], [(1, 0)], minutes=20), since=T0 - 15, requests=requests, errors=errors
    )
    state = release(canary=Side(hash="6f7d9", pods=(CANARY_POD,), oldest_start=BEGAN))
    started = {CANARY_POD: BEGAN, STABLE_POD: T0 - 90000}
    return judged(value, policy(warm_up=0, latency={"enabled": False}, **rules), state, pod_started=started)


def test_no_worse_than_the_other_but_both_worse_than_before() -> None:
    found = told(40, (1200, 1200))
    assert (found.outcome, found.advice) == (Outcome.HOLD, Advice.HOLD)
    assert found.breaches == ()
    assert (
        "the service, both versions together, is worse than before the release (08:00 UTC to 08:10 UTC): 12 %"
        in found.sentence
    )


def test_a_canary_that_is_worse_than_both_is_a_breach() -> None:
    assert told(40, (3000, 1200)).outcome is Outcome.BREACH


@pytest.mark.parametrize("before", [40.0, 1200.0, 2000.0])
def test_a_service_that_is_as_it_was_or_better_passes(before: float) -> None:
    assert told(before, (before / 2, before / 2)).outcome is Outcome.PASS


def test_without_anything_before_it_nothing_is_held() -> None:
    assert judged(traffic([(10_000, 1200)] * 10, [(10_000, 1200)] * 10), RULES).outcome is not Outcome.HOLD
