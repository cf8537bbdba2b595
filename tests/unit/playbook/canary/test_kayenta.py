"""The second opinion labels as Kayenta's judge does.

Small arrays and their labels from spinnaker/kayenta (Apache-2.0), ``ClassifierSuite.scala`` and ``MannWhitneySuite.scala``;
the latter's intervals tie out with R.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from tfdash.playbook.canary.kayenta import classify, opinion, root, shift

LOUD, QUIET = [20.0, 22, 21, 25, 30], [1.0, 2.2, 1.1, 2.5, 3]  # mean ratio 12.0408
RULES: dict[str, Any] = {"tolerance": 0.10, "confidence": 0.95}


def test_the_interval_ties_out_with_r() -> None:
    told = shift([10.0, 20, 30, 40], [1.0, 2, 3, 4], 0.95)
    assert (told.low, told.high) == pytest.approx((6.0, 39.0), abs=1e-6)
    assert told.estimate == pytest.approx(22.5, abs=1e-6)


@pytest.mark.parametrize(
    ("allowed", "critical_allowed", "label", "critical"),
    [
        ((1.0, 1.0), (1.0, 1.2), "High", True),
        ((1.0, 5.0), (1.0, 13.0), "High", False),
        ((1.0, 13.0), (1.0, 15.0), "Pass", False),
        ((1.0, 1.0), (1.0, 1.0), "High", True),
    ],
)
def test_effect_sizes(
    allowed: tuple[float, float], critical_allowed: tuple[float, float], label: str, critical: bool
) -> None:
    told = classify(LOUD, QUIET, critical=True, allowed=allowed, critical_allowed=critical_allowed, **RULES)
    assert told == (label, critical)


def test_directions() -> None:
    assert classify(QUIET, LOUD, **RULES).label == "Low"
    assert classify(LOUD, QUIET, direction="decrease", **RULES).label == "Pass"
    assert classify(QUIET, LOUD, direction="increase", **RULES).label == "Pass"
    assert classify(QUIET, LOUD, critical=True, critical_allowed=(1.2, 1.0), **RULES) == ("Low", True)


def test_common_language_effect_size() -> None:
    assert classify(LOUD, QUIET, effect="cles", allowed=(0.2, 0.8), **RULES).label == "High"
    assert classify(LOUD, QUIET, effect="cles", allowed=(0.2, 1.01), **RULES).label == "Pass"


def test_no_data() -> None:
    assert classify([], QUIET, **RULES) == ("Nodata", False)
    assert classify([math.nan], QUIET, critical=True, **RULES) == ("Nodata", True)
    assert classify([], QUIET, required=True, **RULES) == ("NodataFailMetric", False)
    assert classify([], QUIET, nan="replace", **RULES) == ("Pass", False)


def test_ties() -> None:
    same = [10.0, 10, 10, 10, 10]
    assert classify(same, same, **RULES).label == "Pass"
    assert classify([20.0] * 5, same, **RULES).label == "High"  # constants are told apart by a little noise
    assert classify([54.9, 54.5, 55.1, 55.6, 57.4], [0.0] * 5, allowed=(0.8, 1.2), **RULES).label == "High"
    assert classify([0.0] * 5, [54.9, 54.5, 55.1, 55.6, 57.4], allowed=(0.8, 1.2), **RULES).label == "Low"


def test_the_known_miss() -> None:
    """spinnaker/kayenta issue 426: its user expects High."""
    assert classify([0.0, 1, 2, 1, 0, 0], [0.0] * 6).label == "Pass"


def test_says_what_it_is_worth() -> None:
    assert opinion(tuple(LOUD), tuple(QUIET)) == opinion((), ()) == "", "under its own minimum it is left out"
    assert opinion(tuple(LOUD) * 10, tuple(QUIET) * 10) == "High"
    assert opinion(tuple(range(60)), tuple(range(60))) == "Pass"


def test_roots() -> None:
    assert root(lambda x: x**3 - 2, 0.0, 2.0, -2.0, 6.0) == pytest.approx(2 ** (1 / 3), abs=1e-4)
    assert root(lambda x: 1.0 if x > 0.3 else -1.0, 0.0, 1.0, -1.0, 1.0) == pytest.approx(0.3, abs=1e-4)
