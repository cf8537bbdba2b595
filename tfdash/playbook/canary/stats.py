"""Intervals and tests on counts, from the standard library alone. Sources stand at each function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_MOST = 1e9  # events: of more the sums below lose their digits, so that as many fewer are taken, in the same parts


@lru_cache(64)
def z(confidence: float) -> float:
    """The one-sided normal quantile: 1.645 of 0.95."""
    return NormalDist().inv_cdf(confidence)


@lru_cache(8192)
def wilson(events: float, count: float, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a ratio, each end one-sided at ``confidence``; (0, 1) of nothing.

    E. B. Wilson, JASA 22 (1927) 209; L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science 16 (2001) 101.
    """
    if count <= 0:
        return 0.0, 1.0
    q = z(confidence)
    p, q2 = events / count, q * q
    middle = (p + q2 / (2 * count)) / (1 + q2 / count)
    half = q / (1 + q2 / count) * math.sqrt(max(p * (1 - p), 0.0) / count + q2 / (4 * count * count))
    low = 0.0 if events <= 0 else max(0.0, middle - half)
    return low, 1.0 if events >= count else min(1.0, middle + half)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), to about 1e-13.

    Continued fraction DLMF 8.17.22, by Lentz's method as W. J. Thompson and A. R. Barnett, J. Comput. Phys. 64
    (1986) 490, have it; the tail by symmetry DLMF 8.17.4.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    h = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            h *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return front * h / a


def beta_quantile(p: float, a: float, b: float) -> float:
    """x with I_x(a, b) = p, by Newton's steps kept inside a bisection."""
    low, high = 0.0, 1.0
    mean = a / (a + b)
    x = mean + z(p) * math.sqrt(mean * (1 - mean) / (a + b + 1)) if 0 < p < 1 else mean
    if not mean / 8 < x < (7 + mean) / 8:
        x = mean
    log_norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(200):
        miss = beta_cdf(x, a, b) - p
        if miss > 0:
            high = x
        else:
            low = x
        density = math.exp(min(log_norm + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x), 700.0))
        step = x - miss / density if density > _TINY else -1.0
        new = step if low < step < high else (low + high) / 2
        if abs(new - x) <= 1e-10 * new or not 0 < new < 1:
            return min(max(new, 0.0), 1.0)
        x = new
    return x


@lru_cache(8192)
def clopper_pearson(events: float, count: float, confidence: float) -> tuple[float, float]:
    """The exact interval of a ratio, each end one-sided at ``confidence``. C. Clopper, E. Pearson, Biometrika 26 (1934) 404."""
    if count <= 0:
        return 0.0, 1.0
    if count > _MOST:
        events, count = events / count * _MOST, _MOST
    low = 0.0 if events <= 0 else beta_quantile(1 - confidence, events, count - events + 1)
    high = 1.0 if events >= count else beta_quantile(confidence, events + 1, count - events)
    return low, high


def rate_ratio(
    events: float, count: float, base_events: float, base_count: float, confidence: float
) -> tuple[float, float]:
    """The interval of (events / count) / (base_events / base_count), each end one-sided at ``confidence``.

    Given their sum, the canary's events are binomial with p = r n / (r n + m): the exact conditional interval of two
    Poisson counts (J. Przyborowski, H. Wilenski, Biometrika 31 (1940) 313), conservative for ratios of requests.
    """
    total = events + base_events
    if total <= 0 or count <= 0 or base_count <= 0:
        return 0.0, math.inf
    low, high = clopper_pearson(events, total, confidence)
    scale = base_count / count
    return low / (1 - low) * scale if low < 1 else math.inf, high / (
        1 - high
    ) * scale if high < 1 else math.inf


def more_than_chance(events: float, count: float, base_events: float, base_count: float) -> float:
    """P(at least ``events`` of the canary, given the sum of both) where nothing changed: the conditional test's p-value."""
    if events <= 0 or count <= 0 or base_count <= 0:
        return 1.0
    total = events + base_events
    if total > _MOST:
        events, total = events / total * _MOST, _MOST
    return beta_cdf(count / (count + base_count), events, total - events + 1)


def stratified(
    strata: Sequence[tuple[int, int, int, int]], confidence: float, scatter: float = 1.0
) -> tuple[float, float]:
    """The ratio common to all strata (events, count, base_events, base_count) and its upper bound; 0, 0: none can be told.

    Totals mislead where the canary's share of the traffic moved while the service's error ratio did (Simpson). Mantel
    and Haenszel's ratio with the variance of S. Greenland, J. Robins, Biometrics 41 (1985) 55, formula 13.
    """
    r = s = v = 0.0
    for events, count, base_events, base_count in strata:
        whole = count + base_count
        total = events + base_events
        if total and count and base_count:
            r += events * base_count / whole
            s += base_events * count / whole
            v += (total * count * base_count - events * base_events * whole) / (whole * whole)
    if r <= 0 or s <= 0:
        return 0.0, 0.0
    middle = r / s
    return middle, middle * math.exp(z(confidence) * math.sqrt(scatter * max(v, 0.0) / (r * s)))


def difference_upper(value: float, value_high: float, base: float, base_low: float) -> float:
    """The upper bound of value - base from each one's own interval: the square-and-add rule.

    R. G. Newcombe, Statistics in Medicine 17 (1998) 873, method 10; G. Y. Zou, A. Donner, ibid. 27 (2008) 1693.
    """
    return value - base + math.hypot(value_high - value, base - base_low)


def difference_lower(value: float, value_low: float, base: float, base_high: float) -> float:
    """The lower bound of value - base, likewise."""
    return value - base - math.hypot(value - value_low, base_high - base)


def sample_needed(base: float, limit: float, share: float, confidence: float, power: float = 0.8) -> float:
    """Requests of the canary for a PASS where nothing changed: the normal approximation for two ratios.

    ``share`` is the baseline's requests for each of the canary's. J. L. Fleiss, Statistical Methods for Rates and
    Proportions, ch. 4, without continuity correction.
    """
    gap = limit - base
    if gap <= 0 or share <= 0:
        return math.inf
    need = z(confidence) * math.sqrt(limit * (1 - limit) + base * (1 - base) / share)
    need += z(power) * math.sqrt(base * (1 - base) * (1 + 1 / share))
    return (need / gap) ** 2
