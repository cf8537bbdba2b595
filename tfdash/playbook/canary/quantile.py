"""A quantile from cumulative buckets, with the bucket's bounds around it and what a sample of this size allows to say."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tfdash.playbook.canary import stats
from tfdash.playbook.canary.policy import exact


class Quantile(NamedTuple):
    """``value`` in seconds, exact where interpolated linearly. ``saturated``: it lies in the +Inf bucket, and ``value``
    is the greatest finite bound: the true one is more."""

    value: Fraction
    bucket: tuple[float, float]
    saturated: bool = False


def quantile(
    bounds: Sequence[float], counts: Sequence[int], q: Fraction, native: bool = False
) -> Quantile | None:
    """As Prometheus's ``histogram_quantile``: linear inside a classic bucket, exponential inside a native one.

    None of no observation, of fewer than two buckets and of a histogram without +Inf, where Prometheus says NaN.
    PR ``promql/quantile.go`` (BucketQuantile, HistogramQuantile).
    """
    if len(bounds) < 2 or bounds[-1] != math.inf or not counts or counts[-1] <= 0:
        return None
    rank = q * counts[-1]
    b = bisect_left(counts, math.ceil(rank))  # whole counts: at or over the rank is at or over its ceiling
    if b == len(bounds) - 1:
        return Quantile(exact(float(bounds[-2])), (bounds[-2], math.inf), True)
    upper = bounds[b]
    if b == 0 and upper <= 0:
        return Quantile(exact(float(upper)), (-math.inf, upper))
    lower, before = (bounds[b - 1], counts[b - 1]) if b else (0.0, 0)
    inside = counts[b] - before
    part = (rank - before) / inside if inside else Fraction(1)
    if native and lower > 0:
        value = Fraction(lower * (upper / lower) ** float(part))
    else:
        low = exact(float(lower))
        value = low + (exact(float(upper)) - low) * part
    return Quantile(value, (lower, upper))


class Bounds(NamedTuple):
    """The one-sided bounds of the quantile, seconds; ``high`` is infinite where it may lie in the +Inf bucket.

    ``sure``: by the buckets alone, without a word on how observations lie inside one.
    """

    low: float
    high: float
    sure_low: float
    sure_high: float


def interval(
    bounds: Sequence[float], counts: Sequence[int], q: float, confidence: float, native: bool = False
) -> Bounds:
    """Order statistics: the ranks q n ± z sqrt(n q (1 - q)), mapped into the buckets. W. J. Conover, Practical
    Nonparametric Statistics, 3.2, large samples; counts below some tens give wide bounds rather than wrong ones."""
    n = counts[-1]
    half = stats.z(confidence) * math.sqrt(q * (1 - q) / n)
    below, low, _ = _place(bounds, counts, max(q - half, 0.0) * n, native)
    if q + half >= 1:
        return Bounds(low, math.inf, below, math.inf)
    _, high, above = _place(bounds, counts, (q + half) * n, native)
    return Bounds(low, high, below, above)


def _place(
    bounds: Sequence[float], counts: Sequence[int], rank: float, native: bool
) -> tuple[float, float, float]:
    """As ``quantile``, in floats: the bucket's lower bound, the place inside, the upper bound; all infinite but the first above all bounds."""
    b = bisect_left(counts, rank)
    upper, lower = bounds[b], bounds[b - 1] if b else 0.0
    if upper == math.inf:
        return lower, math.inf, math.inf
    before = counts[b - 1] if b else 0
    part = (rank - before) / (counts[b] - before) if counts[b] > before else 1.0
    if native and lower > 0:
        return lower, lower * (upper / lower) ** part, upper
    return max(lower, 0.0), lower + (upper - lower) * max(part, 0.0), upper


def edges(bounds: Sequence[float], pooled: Sequence[int], q: float) -> list[int]:
    """The indexes of the bounds at which a rise of the quantile shows first: around the pooled quantile's bucket, and
    the next. Chosen by the pooled counts, which tell nothing of who is slower, so the choice costs no error."""
    if not pooled or pooled[-1] <= 0:
        return []
    b = bisect_left(pooled, q * pooled[-1])
    return [i for i in (b - 1, b, b + 1) if 0 <= i < len(bounds) - 1]
