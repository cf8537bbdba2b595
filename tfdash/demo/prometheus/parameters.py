"""Parameters of a request as Prometheus reads them: times, durations, limits."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence

from tfdash.demo.prometheus.series import QueryError

_DURATION = re.compile(
    r"^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$", re.ASCII
)
_UNITS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
_RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$", re.ASCII)
Given = Mapping[str, Sequence[str]]


def invalid(name: str, why: str) -> QueryError:
    return QueryError("bad_data", f'invalid parameter "{name}": {why}')


def first(given: Given, name: str) -> str:
    return given[name][0] if given.get(name) else ""


def _go_float(text: str) -> float | None:
    if not text or text != text.strip() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def time_of(text: str) -> int:
    """Milliseconds of ``1435781430.781`` or an RFC 3339 time. Raises ValueError with Prometheus's words."""
    found = _go_float(text)
    if found is not None and math.isfinite(found):
        return round(found * 1000)
    if _RFC3339.match(text):
        try:
            moment = datetime.datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
            return round(moment.timestamp() * 1000)
        except ValueError:
            pass
    raise ValueError(f'cannot parse "{text}" to a valid timestamp')


def duration_of(text: str) -> int:
    """Milliseconds of ``15``, ``0.5`` or ``1h30m``. Raises ValueError."""
    found = _go_float(text)
    if found is not None:
        if not abs(found) < 9.2e9:  # what its nanoseconds hold
            raise ValueError(f'cannot parse "{text}" to a valid duration. It overflows int64')
        return round(found * 1000)
    match = _DURATION.match(text)
    if match is None or not text:
        raise ValueError(f'cannot parse "{text}" to a valid duration')
    return sum(int(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)


def moment(given: Given, name: str, otherwise: int | None) -> int:
    """A time; ``otherwise`` where it is missing, or an error where that is None."""
    text = first(given, name)
    if not text and otherwise is not None:
        return otherwise
    try:
        return time_of(text)
    except ValueError as error:
        said = f"invalid time value for '{name}': {error}" if otherwise is not None else str(error)
        raise invalid(name, said) from None


def step_of(given: Given) -> int:
    text = first(given, "step")
    try:
        step = duration_of(text)
    except ValueError as error:
        raise invalid("step", str(error)) from None
    if step <= 0:
        raise invalid(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        )
    return step


def limit_of(given: Given) -> int:
    """0: none."""
    text = first(given, "limit")
    if not text:
        return 0
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise invalid("limit", f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise invalid("limit", "limit must be non-negative")
    return int(text)


def check_timeout(given: Given) -> None:
    text = first(given, "timeout")
    if not text:
        return
    try:
        if duration_of(text) <= 0:
            raise ValueError(f"timeout must be positive, got {text}")
    except ValueError as error:
        raise invalid("timeout", str(error)) from None
