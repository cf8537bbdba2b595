"""Functions of instant vectors and scalars."""

from __future__ import annotations

import calendar
import math
import re
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from tfdash.demo.prometheus.quantiles import bucket_quantile
from tfdash.demo.prometheus.rows import Row, Scalar, Vector, nameless, unique
from tfdash.demo.prometheus.series import NAME, LabelKey, Labels, QueryError, key_of


def _log(function: Callable[[float], float]) -> Callable[[float], float]:
    def found(value: float) -> float:
        if value == 0:
            return -math.inf
        return function(value) if value > 0 else math.nan

    return found


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    def found(value: float) -> float:
        return float(function(value)) if math.isfinite(value) else value

    return found


def _sgn(value: float) -> float:
    return math.nan if math.isnan(value) else float((value > 0) - (value < 0))


SIMPLE: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "sqrt": lambda v: math.sqrt(v) if v >= 0 else math.nan,
    "exp": _exp,
    "ln": _log(math.log),
    "log2": _log(math.log2),
    "log10": _log(math.log10),
    "sgn": _sgn,
    "deg": math.degrees,
    "rad": math.radians,
}


def _round(value: float, nearest: float) -> float:
    inverse = 1 / nearest if nearest else math.inf
    scaled = value * inverse + 0.5
    return math.floor(scaled) / inverse if math.isfinite(scaled) else scaled / inverse


def _clamp(value: float, low: float, high: float) -> float | None:
    if low > high:
        return None
    if math.isnan(low) or math.isnan(high):
        return math.nan
    return max(low, min(high, value)) if not math.isnan(value) else value


PARAMETRIC: dict[str, Callable[..., float | None]] = {
    "round": lambda value, nearest=1.0: _round(value, nearest),
    "clamp": _clamp,
    "clamp_min": lambda value, low: _clamp(value, low, math.inf),
    "clamp_max": lambda value, high: _clamp(value, -math.inf, high),
}


def _calendar(pick: Callable[[time.struct_time], int]) -> Callable[[float], float]:
    return lambda value: float(pick(time.gmtime(int(value))))


CALENDAR: dict[str, Callable[[float], float]] = {
    "minute": _calendar(lambda t: t.tm_min),
    "hour": _calendar(lambda t: t.tm_hour),
    "day_of_week": _calendar(lambda t: (t.tm_wday + 1) % 7),
    "day_of_month": _calendar(lambda t: t.tm_mday),
    "day_of_year": _calendar(lambda t: t.tm_yday),
    "days_in_month": _calendar(lambda t: calendar.monthrange(t.tm_year, t.tm_mon)[1]),
    "month": _calendar(lambda t: t.tm_mon),
    "year": _calendar(lambda t: t.tm_year),
}


def each(rows: Vector, function: Callable[[float], float | None]) -> Vector:
    """``function`` of every value; the metric's name goes."""
    return unique(
        Row(nameless(r.labels), [None if v is None else function(v) for v in r.values]) for r in rows
    )


def parametric(name: str, rows: Vector, parameters: Sequence[Scalar]) -> Vector:
    function = PARAMETRIC[name]
    found = []
    for row in rows:
        columns = zip(row.values, *(p.values for p in parameters), strict=True)
        values = [None if value is None else function(value, *rest) for value, *rest in columns]
        found.append(Row(nameless(row.labels), values))
    return unique(found)


def scalar_of(rows: Vector, steps: int) -> Scalar:
    """The one value of each step; NaN where there are none or several."""
    values = []
    for step in range(steps):
        present = [v for r in rows if (v := r.values[step]) is not None]
        values.append(present[0] if len(present) == 1 else math.nan)
    return Scalar(values)


def absent(rows: Vector, labels: Labels, steps: int) -> Vector:
    values = [1.0 if all(r.values[step] is None for r in rows) else None for step in range(steps)]
    return [Row(labels, values)]


def ordered(rows: Vector, descending: bool) -> Vector:
    """Sorted by value; only instant queries have an order, by their one step. A NaN comes last."""
    sign = -1.0 if descending else 1.0
    present = [r for r in rows if r.values and r.values[0] is not None]

    def place(row: Row) -> tuple[bool, float]:
        value = row.values[0]
        assert value is not None
        return math.isnan(value), sign * value

    return sorted(present, key=place) if rows and len(rows[0].values) == 1 else rows


def histogram_quantile(quantiles: Scalar, rows: Vector) -> Vector:
    """The quantile of each classic histogram among ``rows``, told apart by all labels but ``le``."""
    groups: dict[LabelKey, tuple[Labels, list[tuple[float, Row]]]] = {}
    for row in rows:
        try:
            bound = float(row.labels.get("le", "").replace("Inf", "inf"))
        except ValueError:
            continue
        labels = {k: v for k, v in row.labels.items() if k not in ("le", NAME)}
        groups.setdefault(key_of(labels), (labels, []))[1].append((bound, row))
    found = []
    for labels, buckets in groups.values():
        values: list[float | None] = []
        for step, q in enumerate(quantiles.values):
            present = [(b, v) for b, r in buckets if (v := r.values[step]) is not None]
            values.append(bucket_quantile(q, present) if present else None)
        found.append(Row(labels, values))
    return unique(found)


_REFERENCE = re.compile(r"\$(?:(\w+)|\{(\w+)\}|(\$))")


class _Match(Protocol):
    """Of re2, which has no types."""

    def group(self, which: int | str, /) -> str | None: ...


def _expanded(template: str, match: _Match) -> str:
    """Go's ``Expand``: ``$1``, ``${name}``, ``$$``; what is not captured is empty."""

    def value(reference: re.Match[str]) -> str:
        if reference.group(3):
            return "$"
        name = reference.group(1) or reference.group(2)
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCE.sub(value, template)


def label_replace(rows: Vector, target: str, replacement: str, source: str, pattern: str) -> Vector:
    import re2

    try:
        compiled = re2.compile(f"^(?s:{pattern})$")
    except re2.error:
        raise QueryError("execution", f"invalid regular expression in label_replace(): {pattern}") from None
    _check_name(target, "label_replace")
    found = []
    for row in rows:
        match = compiled.search(row.labels.get(source, ""))
        labels = row.labels
        if match is not None:
            labels = _with_label(labels, target, _expanded(replacement, match))
        found.append(Row(labels, row.values))
    return unique(found)


def label_join(rows: Vector, target: str, separator: str, sources: Sequence[str]) -> Vector:
    _check_name(target, "label_join")
    return unique(
        Row(_with_label(r.labels, target, separator.join(r.labels.get(s, "") for s in sources)), r.values)
        for r in rows
    )


def _check_name(name: str, function: str) -> None:
    if not name:
        raise QueryError("execution", f"invalid destination label name in {function}(): {name}")


def _with_label(labels: Labels, name: str, value: str) -> Labels:
    rest = {k: v for k, v in labels.items() if k != name}
    return {**rest, name: value} if value else rest
