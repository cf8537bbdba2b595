"""Cron schedules: five fields, ranges, steps, names, ``@hourly`` and the like, in an IANA zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

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


class Schedule:
    """Raises ValueError for what is no schedule."""

    def __init__(self, text: str, zone: str = "") -> None:
        fields = _MACROS.get(text.strip().lower(), text).split()
        if len(fields) != 5:
            raise ValueError(f"expected exactly 5 fields, found {len(fields)}: {text}")
        self._minutes = _field(fields[0], 0, 59)
        self._hours = _field(fields[1], 0, 23)
        self._days = _field(fields[2], 1, 31)
        self._months = _field(fields[3], 1, 12, _MONTHS)
        self._weekdays = {d % 7 for d in _field(fields[4], 0, 7, _DAYS)}
        # Where both day fields are restricted, either suffices.
        self._either = not fields[2].startswith("*") and not fields[4].startswith("*")
        self._zone = ZoneInfo(zone) if zone else UTC

    def _day(self, at: datetime) -> bool:
        day, weekday = at.day in self._days, (at.weekday() + 1) % 7 in self._weekdays
        return day or weekday if self._either else day and weekday

    def next(self, after: float) -> float | None:
        """The first time later than ``after`` (epoch seconds), None within four years."""
        at = datetime.fromtimestamp(after, self._zone).replace(second=0, microsecond=0, tzinfo=None)
        at += timedelta(minutes=1)
        end = at + timedelta(days=4 * 366)
        while at < end:
            if at.month not in self._months:
                at = (at.replace(day=1, hour=0, minute=0) + timedelta(days=32)).replace(day=1)
            elif not self._day(at):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self._hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self._minutes:
                at += timedelta(minutes=1)
            else:
                found = at.replace(tzinfo=self._zone).timestamp()
                if found > after:
                    return found
                at += timedelta(minutes=1)
        return None


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
        return names.index(text) + (1 if len(names) == 12 else 0)
    return int(text)


@lru_cache(maxsize=256)
def schedule(text: str, zone: str = "") -> Schedule:
    return Schedule(text, zone)
