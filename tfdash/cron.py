"""Cron schedules as Kubernetes reads them (robfig/cron v3): five fields, ranges, steps, names, ``@hourly`` and the like,
``@every 90m``, ``CRON_TZ=zone`` before it, in an IANA zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_FARTHEST = 5 * 366 * _DAY  # seconds: what is not due within five years is never due
_UNITS = {"h": _HOUR, "m": _MINUTE, "s": 1.0}


class Schedule:
    """Raises ValueError for what is no schedule, ZoneInfoNotFoundError for a zone that is not known here."""

    def __init__(self, text: str, zone: str = "") -> None:
        text = text.strip()
        if text.startswith(("TZ=", "CRON_TZ=")):
            zone, _, text = text.partition("=")[2].partition(" ")
            text = text.strip()
        self.zone_given = bool(zone)
        try:
            self._zone: tzinfo = ZoneInfo(zone) if zone else UTC
        except OSError:  # the name of a folder of zones
            raise ZoneInfoNotFoundError(f"No time zone found with key {zone}") from None
        self.every = _interval(text)
        fields = _MACROS.get(text, text).split()
        if self.every:
            fields = ["*"] * 5
        if len(fields) != 5:
            raise ValueError(f"expected exactly 5 fields, found {len(fields)}: {text}")
        self._minutes = _field(fields[0], 0, 59)
        self._hours = _field(fields[1], 0, 23)
        self._days = _field(fields[2], 1, 31)
        self._months = _field(fields[3], 1, 12, _MONTHS)
        self._weekdays = _field(fields[4], 0, 6, _DAYS)
        # Where both day fields are restricted, either suffices.
        self._either = not _any(fields[2]) and not _any(fields[4])

    @property
    def hourly(self) -> float:
        """The longest time between two (seconds), where it is due in every hour of every day, so that no zone matters; else 0."""
        if self.every:
            return self.every
        whole = (self._hours, self._days, self._months, self._weekdays)
        if [len(values) for values in whole] != [24, 31, 12, 7]:
            return 0.0
        minutes = sorted(self._minutes)
        return max(b - a for a, b in zip(minutes, [*minutes[1:], minutes[0] + 60], strict=True)) * _MINUTE

    def _day(self, at: datetime) -> bool:
        day, weekday = at.day in self._days, (at.weekday() + 1) % 7 in self._weekdays
        return day or weekday if self._either else day and weekday

    def next(self, after: float) -> float | None:
        """The first time later than ``after`` (epoch seconds), None within five years. A time that the clocks skip in spring
        is left out, and one that they show twice in autumn comes twice."""
        if self.every:
            return after // 1 + self.every
        found = (after // _MINUTE + 1) * _MINUTE
        while found < after + _FARTHEST:
            at = datetime.fromtimestamp(found, self._zone)
            if at.month not in self._months:
                first = at.replace(day=1, hour=0, minute=0, fold=0)
                found = (first + timedelta(days=32)).replace(day=1).timestamp()
            elif not self._day(at):
                found = (at.replace(hour=0, minute=0, fold=0) + timedelta(days=1)).timestamp()
            elif at.hour not in self._hours:
                found += (60 - at.minute) * _MINUTE
            elif at.minute not in self._minutes:
                found += _MINUTE
            else:
                return found
        return None


def _interval(text: str) -> float:
    """Seconds of ``@every 1h30m``, whole ones; 0 of what is none."""
    if not text.startswith("@every "):
        return 0.0
    parts = re.fullmatch(r"(?:\d+(?:\.\d+)?[hms])+", text.removeprefix("@every "))
    if parts is None:
        raise ValueError(f"failed to parse duration {text}")
    lasts = sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([\d.]+)([hms])", parts[0]))
    return max(1.0, lasts // 1)


def _any(text: str) -> bool:
    return any(part.removesuffix("/1") in ("*", "?") for part in text.split(","))


def _field(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text else 1
        if step < 1:
            raise ValueError(f"step of range should be a positive number: {part}")
        if span in ("*", "?"):
            first, last = low, high
        else:
            begin, _, end = span.partition("-")
            first = _value(begin, low, names)
            last = _value(end, low, names) if end else (high if step_text else first)
        if not low <= first <= last <= high:
            raise ValueError(f"{part} is outside {low}-{high}")
        found.update(range(first, last + 1, step))
    return found


def _value(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    return int(text)


@lru_cache(maxsize=4096)
def schedule(text: str, zone: str = "") -> Schedule:
    """``zone``: the IANA name, "" where none is given: UTC then."""
    return Schedule(text, zone)
