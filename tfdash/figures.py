"""How numbers are written in the sentences: never so short that a comparison looks wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

Number = float | Fraction


def _digits(number: Number, digits: int) -> str:
    """The number with this many significant digits, no exponent, no trailing zeros."""
    value = float(number)
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "∞" if value > 0 else "unknown"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(places, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percents(ratios: Sequence[Number]) -> list[str]:
    """Ratios as per cent, "3.1 %", with as many digits as it takes to tell unequal ones apart."""
    return _apart(ratios, lambda r, d: f"{_digits(r * 100, d)} %")


_TENTH = 0.1  # percent: of less than that only that it is not nothing


def percent(share: float, *bounds: float) -> str:
    """In whole percent, or as much finer as tells it from 0 and from the ``bounds`` that it is not at; ``<0.1`` of next to nothing."""
    if 0 < share < _TENTH and not any(0 < bound < _TENTH for bound in bounds):
        return f"<{_TENTH:g}"
    for digits in range(13):
        told = f"{share:.{digits}f}"
        near = float(told)
        for bound in (0.0, *bounds):  # thousands of them are written with each poll of what is used
            if (near > bound) is not (share > bound) or (near < bound) is not (share < bound):
                break
        else:
            return told
    return f"{share:.12f}"


def beyond(measured: float | None, low: float | None, high: float | None) -> float:
    """How far outside of its bounds something is; below 0 how near to them from inside. What was not measured is at 0."""
    if measured is None:
        return 0.0
    over = measured - high if high is not None else -measured
    return over if low is None else max(over, low - measured)


def times(seconds: Sequence[Number]) -> list[str]:
    """Durations, "412 ms" or "1.24 s", likewise."""
    return _apart(seconds, duration)


def duration(seconds: Number, digits: int = 3) -> str:
    value = float(seconds)
    return f"{_digits(value, digits)} s" if abs(value) >= 1 else f"{_digits(value * 1000, digits)} ms"


def _apart(numbers: Sequence[Number], write: Callable[[Number, int], str]) -> list[str]:
    told: list[str] = []
    for digits in range(3, 9):
        told = [write(n, digits) for n in numbers]
        if len(set(told)) == len(set(numbers)):
            break
    return told


def between(low: Number, high: Number, unit: str) -> str:
    """An interval, "2.5–3.8 %" or "180–240 ms"."""
    if unit == "%":
        return f"{_digits(low * 100, 2)}–{_digits(high * 100, 2)} %"
    scale, name = (1, "s") if max(low, 0 if high == math.inf else high) >= 1 else (1000, "ms")
    return f"{_digits(low * scale, 3)}–{_digits(high * scale, 3)} {name}"


def ratio(number: float) -> str:
    """A factor, "×2.6"."""
    return f"×{_digits(number, 3 if abs(number) < 10 else 2)}"


def span(seconds: float) -> str:
    """A wait, "about 4 min"."""
    if seconds < 90:
        return f"about {max(seconds, 1):.0f} s"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min"
    if seconds < 172800:
        return f"about {seconds / 3600:.0f} h"
    return f"about {seconds / 86400:,.0f} days"


def rise(number: Number, limit: Number, digits: int) -> str:
    """A signed number, "+1.9", with this many significant digits, or with as many more as tell it from the limit beside it."""
    while digits < 17 and number != limit and _digits(number, digits) == _digits(limit, digits):
        digits += 1
    return f"{'+' if number >= 0 else '−'}{_digits(abs(float(number)), digits)}"
