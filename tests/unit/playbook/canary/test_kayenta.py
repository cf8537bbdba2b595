"""The second opinion labels as Kayenta's judge does.

Small arrays and their labels from spinnaker/kayenta (Apache-2.0), ``ClassifierSuite.scala`` and ``MannWhitneySuite.scala``;
the latter's intervals tie out with R.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tfdash.playbook.canary.kayenta import _effect, _Statistic, classify, opinion, root, shift

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
    assert classify([math.nan] * 5, LOUD, nan="replace", **RULES).label == "Low"  # nothing is none


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


@pytest.mark.parametrize(
    ("x", "y", "mu", "z"),
    [
        (
            [10.0, 20, 30, 40],
            [1.0, 2, 3, 4],
            0.0,
            7.5 / math.sqrt(12),
        ),  # U 8 over its mean, less 0.5 for continuity
        ([10.0, 20, 30, 40], [1.0, 2, 3, 4], 100.0, -7.5 / math.sqrt(12)),
        ([1.0, 1, 2], [1.0, 2, 2], 0.0, -1 / math.sqrt(9 / 12 * (7 - 48 / 30))),  # two ties of three
        ([11.0, 11, 12], [1.0, 2, 2], 10.0, -1 / math.sqrt(9 / 12 * (7 - 48 / 30))),
        ([1.0, 2], [1.0, 2], 0.0, 0.0),
    ],
)
def test_the_statistic_by_hand(x: list[float], y: list[float], mu: float, z: float) -> None:
    assert _Statistic(x, y)(mu) == pytest.approx(z)


def test_of_a_few_values_nothing_narrower_than_all_differences_is_known() -> None:
    told = shift([1.0, 2], [3.0, 5], 0.95)
    assert (told.low, told.high) == (-4.0, -1.0)
    more = shift(LOUD, QUIET, 0.95)
    assert 20.0 - 3.0 < more.low < more.estimate < more.high < 30.0 - 1.0


def test_a_shift_must_lie_beyond_the_tolerance() -> None:
    """Which is a part of the shift itself."""
    wide = {**RULES, "tolerance": 1.0}
    assert classify(LOUD, QUIET, **wide).label == classify(QUIET, LOUD, **wide).label == "Pass"
    assert _effect([1.0, 2.0], [1.0, 2.0], "cles") == 0.5


def test_constants_are_told_apart_by_a_little_and_nothing_by_nothing() -> None:
    far = {"effect": "meanRatio", "allowed": (1.0, 100.0), **RULES}
    assert classify([20.0] * 5, [0.0] * 5, **far).label == "High"  # no ratio to nothing: it decides nothing
    assert classify([20.0] * 5, [10.0] * 5, **far).label == "Pass"
    assert opinion((0.0,) * 50, (1e-320,) * 50) == "Pass", "too little to be told apart"


@pytest.mark.parametrize(
    ("f", "a", "b", "found", "looks"),
    [
        (lambda x: x**3 - 2, 0.0, 2.0, 1.2599227999045635, 5),
        (lambda x: 1.0 if x > 0.3 else -1.0, 0.0, 1.0, 0.29998779296875, 14),
        (lambda x: x - 0.25 if x < 1 else 5.0, 0.0, 4.0, 0.24999794064103725, 4),
        (lambda x: x**9 - 1e-3, -1.0, 2.0, 0.46415381049208465, 12),
        (lambda x: x**2 - 3 * x - 1, 0.0, 9.0, 3.3027919423472256, 9),
        (lambda x: round(x * 10) / 10 - 0.7, 0.0, 3.0, 0.7, 1),
    ],
)
def test_roots(f: Callable[[float], float], a: float, b: float, found: float, looks: int) -> None:
    """To the digit, as it was when the labels were those of its makers: among ties that decides. And no slower."""
    seen: list[float] = []

    def looked(x: float) -> float:
        seen.append(x)
        return f(x)

    assert root(looked, a, b, f(a), f(b)) == pytest.approx(found, abs=1e-12)
    assert len(seen) == looks
