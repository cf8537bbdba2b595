"""Functions of a range of samples: one window of one series in, one value out (or None: no answer).

A window is ``times[low:high]`` and ``values[low:high]``: what lies in ``(begin, end]``, milliseconds, without stale
markers. Formulas as documented at prometheus.io/docs/prometheus/latest/querying/functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from tfdash.demo.prometheus.quantiles import quantile

_EXACT = 2.0**50  # sums of whole numbers below lose nothing


class Window:
    """One window of an evaluation ``at`` a time; ``parameter`` is the function's scalar argument where it has one."""

    __slots__ = ("at", "begin", "end", "parameter", "times", "values")

    def __init__(
        self, times: Sequence[int], values: Sequence[float], begin: int, end: int, at: int, parameter: float
    ) -> None:
        self.at = at
        self.times = times
        self.values = values
        self.begin = begin
        self.end = end
        self.parameter = parameter


def total(values: Sequence[float]) -> float:
    """The exactly rounded sum where there is one."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # infinities of both signs, or beyond the largest number
        return sum(values)


def _extrapolated(window: Window) -> float | None:
    """What a gauge would have gained over the whole window, by extending its first and last samples: to the window's
    edges where the nearest sample is closer than 1.1 average spacings, else by half a spacing.
    """
    times, values = window.times, window.values
    count = len(times)
    if count < 2:
        return None
    result = values[-1] - values[0]
    interval = (times[-1] - times[0]) / 1000
    average = interval / (count - 1)
    threshold = average * 1.1
    to_start = (times[0] - window.begin) / 1000
    to_end = (window.end - times[-1]) / 1000
    if to_start >= threshold:
        to_start = average / 2
    if to_end >= threshold:
        to_end = average / 2
    return result * ((interval + to_start + to_end) / interval if interval else 1.0)


def counters(
    times: Sequence[int], values: Sequence[float], ends: Sequence[int], length: int, rate: bool
) -> list[float | None]:
    """``rate()`` or ``increase()`` of one series at ascending ``ends``.

    As ``delta()``, but a fall is a reset to zero, and the extension does not go beyond where the counter would have been
    zero. Resets are added up once for all windows, so that a chart of many steps costs little; where that would cost
    digits, or an infinity would reach other windows, each window adds up its own.
    """
    together = all(abs(v) < _EXACT for v in values)
    grown: list[float] = []
    lost, before = 0.0, 0.0
    for value in values if together else ():
        if value < before:
            lost += before
        before = value
        grown.append(value + lost)
    found: list[float | None] = []
    low = high = 0
    count = len(times)
    for end in ends:
        begin = end - length
        while high < count and times[high] <= end:
            high += 1
        while low < high and times[low] <= begin:
            low += 1
        size = high - low
        if size < 2:
            found.append(None)
            continue
        if together:
            result = grown[high - 1] - grown[low]
        else:
            result = values[high - 1] - values[low]
            result += sum(a for a, b in pairwise(values[low:high]) if b < a)
        first, last = times[low], times[high - 1]
        interval = (last - first) / 1000
        average = interval / (size - 1)
        threshold = average * 1.1
        to_start = (first - begin) / 1000
        to_end = (end - last) / 1000
        if to_start >= threshold:
            to_start = average / 2
        if result > 0 and values[low] >= 0:
            to_zero = interval * (values[low] / result)
            if to_zero < to_start:
                to_start = to_zero
        if to_end >= threshold:
            to_end = average / 2
        result *= (interval + to_start + to_end) / interval if interval else 1.0
        found.append(result / (length / 1000) if rate else result)
    return found


def _instant(window: Window, rate: bool) -> float | None:
    """The change between the last two samples."""
    times, values = window.times, window.values
    if len(times) < 2 or times[-1] == times[-2]:
        return None
    change = values[-1] if rate and values[-1] < values[-2] else values[-1] - values[-2]
    return change / ((times[-1] - times[-2]) / 1000) if rate else change


def _resets(window: Window) -> float:
    values = window.values
    return float(sum(after < before for before, after in pairwise(values)))


def _changes(window: Window) -> float:
    values = window.values
    return float(
        sum(
            after != before and not (math.isnan(after) and math.isnan(before))
            for before, after in pairwise(values)
        )
    )


def _regression(window: Window, at: int) -> tuple[float, float] | None:
    """Slope per second and intercept at ``at`` of the least-squares line."""
    values = window.values
    if len(values) < 2:
        return None
    if all(v == values[0] for v in values):
        return (math.nan, math.nan) if math.isinf(values[0]) else (0.0, values[0])
    x = [(t - at) / 1000 for t in window.times]
    count, sum_x, sum_y = len(x), total(x), total(values)
    covariance = total([a * b for a, b in zip(x, values, strict=True)]) - sum_x * sum_y / count
    variance = total([a * a for a in x]) - sum_x * sum_x / count
    slope = covariance / variance
    return slope, sum_y / count - slope * sum_x / count


def _deriv(window: Window) -> float | None:
    found = _regression(window, window.times[0]) if window.times else None
    return None if found is None else found[0]


def _predict(window: Window) -> float | None:
    found = _regression(window, window.at)
    return None if found is None else found[0] * window.parameter + found[1]


def mean(values: Sequence[float]) -> float:
    return total(values) / len(values)


def variance(values: Sequence[float]) -> float:
    if not all(map(math.isfinite, values)):
        return math.nan
    middle = mean(values)
    return total([(v - middle) ** 2 for v in values]) / len(values)


def least(values: Sequence[float]) -> float:
    return min((v for v in values if not math.isnan(v)), default=math.nan)


def greatest(values: Sequence[float]) -> float:
    return max((v for v in values if not math.isnan(v)), default=math.nan)


RANGE: dict[str, Callable[[Window], float | None]] = {
    "delta": _extrapolated,
    "irate": lambda w: _instant(w, True),
    "idelta": lambda w: _instant(w, False),
    "resets": _resets,
    "changes": _changes,
    "deriv": _deriv,
    "predict_linear": _predict,
    "avg_over_time": lambda w: mean(w.values),
    "sum_over_time": lambda w: total(w.values),
    "min_over_time": lambda w: least(w.values),
    "max_over_time": lambda w: greatest(w.values),
    "count_over_time": lambda w: float(len(w.values)),
    "last_over_time": lambda w: w.values[-1],
    "present_over_time": lambda w: 1.0,
    "stddev_over_time": lambda w: math.sqrt(variance(w.values)),
    "stdvar_over_time": lambda w: variance(w.values),
    "quantile_over_time": lambda w: quantile(w.parameter, w.values),
}
KEEPS_NAME = frozenset({"last_over_time"})
PARAMETER = {"quantile_over_time": 0, "predict_linear": 1}  # where the scalar stands among the arguments
