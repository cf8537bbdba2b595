"""A second opinion: the label that Kayenta's judge (NetflixACAJudge-v1.0) would give two series of window values.

Written from the description of its rules, for comparison with pipelines that use it. A label only: it tests for a shift
of location at 98 % confidence, knows no limit of the playbook, misses sparse errors (spinnaker/kayenta issue 426), and
on data that is mostly ties it is decided by its solver's tolerance, which is therefore kept as it is.

The test is the Mann-Whitney U with normal approximation, corrected for ties and continuity; the confidence interval of the
shift is where the shifted statistic meets the normal quantiles, as D. F. Bauer, JASA 67 (1972) 687, and R's ``wilcox.test``
have it; roots by R. P. Brent, Algorithms for Minimization without Derivatives (1973), ch. 4.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from statistics import NormalDist, fmean
from typing import NamedTuple

PASS, HIGH, LOW, NODATA, NODATA_FAIL = "Pass", "High", "Low", "Nodata", "NodataFailMetric"
WANTED = 50  # values a side that its makers ask for
_TOLERANCE = 1e-4
_EPSILON = 2.0**-52


class Shift(NamedTuple):
    """The confidence interval of the shift, and the Hodges-Lehmann estimate."""

    low: float
    high: float
    estimate: float


class Label(NamedTuple):
    label: str
    critical: bool = False


class _Statistic:
    """The standardised U of x shifted by mu, from the sorted pairwise differences: one bisection for each mu."""

    def __init__(self, x: Sequence[float], y: Sequence[float]) -> None:
        self._x, self._y = x, y
        self._differences = sorted(a - b for a in x for b in y)
        self._ties = _ties(Counter(x)) + _ties(Counter(y))

    def __call__(self, mu: float) -> float:
        n, m = len(self._x), len(self._y)
        left, right = bisect_left(self._differences, mu), bisect_right(self._differences, mu)
        u = n * m - right + (right - left) / 2 - n * m / 2
        ties = self._ties
        if right > left:
            ties = _ties(Counter([a - mu for a in self._x]) + Counter(self._y))
        whole = n + m
        spread = math.sqrt(max(n * m / 12 * ((whole + 1) - ties / (whole * (whole - 1))), 0.0))
        if spread == 0:
            raise ValueError("all values are tied")
        return (u - math.copysign(0.5, u) if u else 0.0) / spread


def _ties(counts: Counter[float]) -> float:
    return float(sum(c**3 - c for c in counts.values()))


def shift(x: Sequence[float], y: Sequence[float], confidence: float) -> Shift:
    """By how much x lies over y. Raises ``ValueError`` where all values are tied."""
    statistic = _Statistic(x, y)
    low, high = min(x) - max(y), max(x) - min(y)
    at_low, at_high = statistic(low), statistic(high)
    q = NormalDist().inv_cdf(1 - (1 - confidence) / 2)

    def where(level: float) -> float:
        if at_low - level <= 0:
            return low
        if at_high - level >= 0:
            return high
        return root(lambda mu: statistic(mu) - level, low, high, at_low - level, at_high - level)

    return Shift(where(q), where(-q), root(statistic, low, high, at_low, at_high))


def root(f: Callable[[float], float], a: float, b: float, fa: float, fb: float) -> float:
    """A root of f between a and b to within 1e-4, by Brent's method: secant or inverse quadratic, else halving."""
    c, fc = a, fa
    for _ in range(1001):
        before = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        near = 2 * _EPSILON * abs(b) + _TOLERANCE / 2
        step = (c - b) / 2
        if abs(step) <= near or fb == 0:
            return b
        if abs(before) >= near and abs(fa) > abs(fb):
            s = fb / fa
            if a == c:
                p, q = (c - b) * s, 1 - s
            else:
                r, t = fa / fc, fb / fc
                p, q = s * ((c - b) * r * (r - t) - (b - a) * (t - 1)), (r - 1) * (t - 1) * (s - 1)
            p, q = (p, -q) if p > 0 else (-p, q)
            if p < 0.75 * (c - b) * q - abs(near * q) / 2 and p < abs(before * q / 2):
                step = p / q
        if abs(step) < near:
            step = math.copysign(near, step)
        a, fa = b, fb
        b += step
        fb = f(b)
        if (fb > 0) == (fc > 0) and fb != 0 and fc != 0:
            c, fc = a, fa
    return b


def classify(
    experiment: Sequence[float],
    control: Sequence[float],
    *,
    tolerance: float = 0.25,
    confidence: float = 0.98,
    direction: str = "either",
    effect: str = "meanRatio",
    allowed: tuple[float, float] = (1.0, 1.0),
    critical: bool = False,
    critical_allowed: tuple[float, float] = (1.0, 1.0),
    nan: str = "remove",
    required: bool = False,
) -> Label:
    """The label. ``direction``: increase, decrease or either; ``allowed``: decrease and increase of the effect size."""
    if nan == "replace":
        experiment, control = ([0.0 if v != v else v for v in s] for s in (experiment, control))
    experiment, control = ([v for v in s if v == v] for s in (experiment, control))
    if not experiment or not control:
        if nan == "replace":
            return Label(PASS)
        return Label(NODATA_FAIL) if required and not critical else Label(NODATA, critical)
    if sorted(experiment) == sorted(control) or len({*experiment, *control}) == 1:
        return Label(PASS)
    if len(set(experiment)) == 1 and len(set(control)) == 1:
        experiment, control = _noisy(experiment), _noisy(control)
    found = shift(experiment, control, confidence)
    size = _effect(experiment, control, effect)
    band = tolerance * abs(found.estimate)
    if direction != "decrease" and found.low > band and not size < allowed[1]:
        return Label(HIGH, critical and not size < critical_allowed[1])
    if direction != "increase" and found.high < -band and not size > allowed[0]:
        return Label(LOW, critical and not size > critical_allowed[0])
    return Label(PASS)


def _effect(experiment: Sequence[float], control: Sequence[float], measure: str) -> float:
    """How much more the experiment is; not a number, and then ignored, where a mean is 0."""
    if measure == "cles":
        pairs = [(a > b) + (a == b) / 2 for a in experiment for b in control]
        return sum(pairs) / len(pairs)
    one, two = fmean(experiment), fmean(control)
    return math.nan if one == 0 or two == 0 else one / two


def _noisy(values: Sequence[float]) -> list[float]:
    """Constants made distinct; always alike, so that one picture has one label."""
    chance = Random(0)
    return [v + chance.gauss(0.0, abs(v) * 1e-5) for v in values]


def opinion(canary: tuple[float, ...], baseline: tuple[float, ...]) -> str:
    """The label for the screen; "" of fewer windows than its makers ask for, where it is worth nothing."""
    if min(len(canary), len(baseline)) < WANTED:
        return ""
    try:
        return classify(canary, baseline, direction="increase").label
    except ValueError:
        return PASS
