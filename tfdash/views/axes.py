"""The axes of a chart: round numbers around values, round moments, and what is too far apart to be joined. For screens and reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

_HUGE = 1e30  # beyond it no axis makes sense


class Scale(NamedTuple):
    """Values from ``low`` (the lowest row) to ``high`` (the highest), marked every ``step``."""

    low: float
    high: float
    step: float

    @property
    def decimals(self) -> int:
        for places in range(7):
            if abs(round(self.step, places) - self.step) < 1e-12 * max(1.0, abs(self.step)):
                return places
        return 7

    def row(self, value: float, height: int) -> int:
        """The row of a value, 0 at the top; what lies outside stands at the edge."""
        share = (self.high - value) / (self.high - self.low)
        return min(max(round(share * (height - 1)), 0), height - 1)

    def marks(self) -> list[float]:
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [n * self.step for n in range(first, last + 1)]


def finite(values: Sequence[float | None]) -> list[float]:
    return [v for v in values if v is not None and math.isfinite(v)]


def nice(value: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten that is not smaller."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((m * power for m in (1.0, 2.0, 2.5, 5.0) if m * power >= value * (1 - 1e-9)), 10.0 * power)


def scale_of(values: Sequence[float], height: int, least: float = 0.0) -> Scale:
    """Round numbers around all values; from zero, unless all lie close together far above it. ``least``: of what it spans, so that
    what hardly moves looks as it does."""
    low, high = max(min(values), -_HUGE), min(max(values), _HUGE)
    spread = high - low if high - low > 1e-12 * max(abs(low), abs(high), 1e-12) else 0.0
    if low >= 0 and (low < high / 2 or spread == 0):
        low = 0.0
    else:
        low = low - spread * 0.25
        low = max(low, 0.0) if min(values) >= 0 else low
    if high - low < least:
        low = (
            max(low - (least - (high - low)) / 2, 0.0)
            if min(values) >= 0
            else low - (least - (high - low)) / 2
        )
        high = max(high, low + least)
    if high - low < 1e-9:  # all the same, or nothing: an axis to one is calmer than an axis of noise
        high = low + (abs(low) or 1.0)
    step = nice((high - low) / max(1, min(5, (height - 1) // 2)))
    bottom = math.floor(low / step + 1e-9) * step
    top = math.ceil(high / step - 1e-9) * step
    return Scale(bottom, top if top > bottom else bottom + step, step)


def usual_gap(times: Sequence[float]) -> float:
    """Twice and a half the usual distance of two points: what is further apart is not joined."""
    steps = sorted(b - a for a, b in pairwise(times) if b > a)
    return 2.5 * steps[len(steps) // 2] if steps else math.inf


_STEPS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    172800,
    604800,
)


def time_marks(
    first: float, last: float, zone: ZoneInfo, room: tuple[float, float]
) -> list[tuple[float, str]]:
    """Local times at round moments from ``first`` to ``last`` (later), as many as ``room`` allows: characters in all, and blank ones
    between two."""
    width, between = room
    seconds = last - first < 180
    wanted = (last - first) * ((8 if seconds else 5) + 2 + between) / width
    step = next((s for s in _STEPS if s >= wanted), _STEPS[-1])
    offset = datetime.fromtimestamp(first, UTC).astimezone(zone).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    mark = math.ceil((first + shift) / step) * step - shift
    marks = []
    while mark <= last:
        marks.append((mark, clock(mark, zone, seconds, step >= 86400)))
        mark += step
    return marks


def clock(at: float, zone: ZoneInfo, seconds: bool = False, days: bool = False) -> str:
    moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return f"{moment:%d %b}" if days else f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
