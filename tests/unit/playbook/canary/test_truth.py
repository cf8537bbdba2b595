"""Small, fixed releases with known truth; ``python -m benchmarks.canary_truth`` runs thousands."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.canary_releases import (
    BOUNDS,
    FINE,
    Load,
    error_release,
    latency_release,
    steady,
    tell,
    whole_release,
)
from tfdash.playbook.canary import default_canary_policy

pytestmark = pytest.mark.long

POLICY = default_canary_policy()


@pytest.mark.parametrize(
    "load",
    [
        steady(2, 0.5, 0.05),
        steady(20, 0.1, 0.01),
        Load(200, lambda _: 0.1, lambda k: 0.1 if 5 <= k < 8 else 0.01),
        Load(200, lambda k: 0.05 if k < 5 else 0.5, lambda k: 0.05 if k < 5 else 0.005),
    ],
    ids=["few", "some", "shared fault", "moving share"],
)
def test_no_change_in_errors_breaches_rarely(load: Load) -> None:
    rng = np.random.default_rng(11)
    told = tell([error_release(rng, load, 1.0, 12, 1, POLICY) for _ in range(80)])
    assert told.breach <= 0.05


@pytest.mark.parametrize("bounds", [BOUNDS, FINE])
def test_no_change_in_latency_breaches_rarely(bounds: tuple[float, ...]) -> None:
    rng = np.random.default_rng(12)
    told = tell([latency_release(rng, 20, 0.1, 0.0, 8, bounds, POLICY) for _ in range(60)])
    assert told.breach <= 0.05
    assert told.ends > 0.9


def test_whole_releases_that_changed_nothing() -> None:
    rng = np.random.default_rng(13)
    told = tell([whole_release(rng, 20, 0.1, 0.01, 1.0, 6, POLICY) for _ in range(20)])
    assert told.breach <= 0.05


def test_what_changed_is_found_in_time() -> None:
    rng = np.random.default_rng(14)
    told = tell([error_release(rng, steady(20, 0.1, 0.01), 3.0, 15, 1, POLICY) for _ in range(30)])
    assert told.breach > 0.9
    assert told.median is not None and told.median <= 7
    told = tell([latency_release(rng, 20, 0.1, 0.3, 8, FINE, POLICY) for _ in range(20)])
    assert told.breach == 1.0
    assert told.median is not None and told.median <= 2
    told = tell([whole_release(rng, 20, 0.5, 0.01, 30.0, 3, POLICY) for _ in range(5)])
    assert told.breach == 1.0
    assert told.median == 1  # gross: within one window, in warm-up too
