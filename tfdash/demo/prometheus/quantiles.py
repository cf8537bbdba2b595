"""Quantiles: of plain values, and of the cumulative buckets of a classic histogram."""

from __future__ import annotations

import math
from collections.abc import Iterable

_SMALL = 1e-12  # relative differences between buckets that are floating point's, not the data's
_LEAST_NORMAL = 2.2250738585072014e-308


def quantile(q: float, values: Iterable[float]) -> float:
    """The weighted average of the two nearest ranks; NaN counts as the least. docs: "quantile" aggregation."""
    ordered = sorted(values, key=lambda v: (0, 0.0) if math.isnan(v) else (1, v))
    if not ordered or math.isnan(q):
        return math.nan
    if q < 0:
        return -math.inf
    if q > 1:
        return math.inf
    rank = q * (len(ordered) - 1)
    lower = math.floor(rank)
    weight = rank - lower
    if weight == 0:
        return ordered[lower]
    return ordered[lower] * (1 - weight) + ordered[min(lower + 1, len(ordered) - 1)] * weight


def _almost_equal(a: float, b: float) -> bool:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return True
    total, difference = abs(a) + abs(b), abs(a - b)
    if a == 0 or b == 0 or total < _LEAST_NORMAL:
        return difference < _SMALL * _LEAST_NORMAL
    return difference / min(total, 1.7976931348623157e308) < _SMALL


def bucket_quantile(q: float, buckets: list[tuple[float, float]]) -> float:
    """``buckets`` are (upper bound, cumulative count). docs: ``histogram_quantile()``.

    NaN without observations, without +Inf or with fewer than two buckets; in the highest bucket its lower bound.
    """
    if math.isnan(q):
        return math.nan
    if q < 0:
        return -math.inf
    if q > 1:
        return math.inf
    joined: list[list[float]] = []
    for bound, count in sorted(buckets):
        if joined and joined[-1][0] == bound:
            joined[-1][1] += count
        else:
            joined.append([bound, count])
    if not joined or joined[-1][0] != math.inf:
        return math.nan
    before = joined[0][1]
    for bucket in joined[1:]:
        if bucket[1] < before or _almost_equal(before, bucket[1]):
            bucket[1] = before
        else:
            before = bucket[1]
    total = joined[-1][1]
    if len(joined) < 2 or total == 0 or math.isnan(total):
        return math.nan
    rank = q * total
    place = next((i for i, b in enumerate(joined[:-1]) if b[1] >= rank), len(joined) - 1)
    if place == len(joined) - 1:
        return joined[-2][0]
    if place == 0 and joined[0][0] <= 0:
        return joined[0][0]
    begin, count = 0.0, joined[place][1]
    if place > 0:
        begin = joined[place - 1][0]
        count -= joined[place - 1][1]
        rank -= joined[place - 1][1]
    return begin + (joined[place][0] - begin) * (rank / count if count else math.nan)
