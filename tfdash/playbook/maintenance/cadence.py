"""When a promise is to be kept, as one text of TOML: ``each month``, ``within 7d``, ``on FREQ=WEEKLY;BYDAY=MO``, ``after break-glass``.

Three sorts are the calendar's: once in each of its periods, on any day of it; never older than; on a date. The fourth follows an
event ("after each use"), which no calendar knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from tfdash.durations import parse_duration, write_duration
from tfdash.spelling import nearest

if TYPE_CHECKING:
    from dateutil.rrule import rrule

PERIODS = ("day", "week", "month", "quarter", "half-year", "year")
_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
EVENTS = ("break-glass",)
ANCHOR = date(2024, 1, 1)
"""A Monday, the first of a year: from here every second week is counted."""
_NEAR_THE_END = datetime(9944, 1, 1)
"""A leap year, as the anchor's: in the 55 years after it each 29th of February of a given weekday comes."""
_DAY = 86_400.0
_LONGEST_STEP = 1000
_PART = re.compile(r"(?:^|[:;])\s*([A-Z]+)\s*=\s*([^;]*)")
_HOURS = 'says hours, which days have not; write the hour beside it, such as at = "09:00"'
_NOT_OURS = {
    "COUNT": "counts from no day that stands there; write the last one instead, such as UNTIL=20271231",
    "BYHOUR": _HOURS,
    "BYMINUTE": _HOURS,
    "BYSECOND": _HOURS,
}
"""Parts of a recurrence rule that nobody could mean here, and what to write."""


@dataclass(frozen=True)
class Each:
    """Once in each calendar period of the zone; weeks begin on Monday (ISO 8601)."""

    period: str

    def words(self) -> str:
        return f"each {self.period}"

    def begin(self, day: date) -> date:
        """The first day of the period that ``day`` lies in."""
        if self.period == "day":
            return day
        if self.period == "week":
            return day - timedelta(days=day.weekday())
        months = _MONTHS[self.period]
        return date(day.year, (day.month - 1) // months * months + 1, 1)

    def next(self, begin: date) -> date:
        """The first day of the one after that which begins on ``begin``."""
        if self.period in ("day", "week"):
            return begin + timedelta(days=1 if self.period == "day" else 7)
        month = begin.month - 1 + _MONTHS[self.period]
        return date(begin.year + month // 12, month % 12 + 1, 1)

    def label(self, begin: date) -> str:
        if self.period == "day":
            return begin.isoformat()
        if self.period == "week":
            year, week, _ = begin.isocalendar()
            return f"{year}-W{week:02}"
        number = (begin.month - 1) // _MONTHS[self.period] + 1
        return {
            "month": f"{begin:%Y-%m}",
            "quarter": f"{begin.year}-Q{number}",
            "half-year": f"{begin.year}-H{number}",
            "year": f"{begin.year}",
        }[self.period]


@dataclass(frozen=True)
class Within:
    """Never older than so many seconds."""

    age: float

    def words(self) -> str:
        return f"within {write_duration(self.age)}"


@dataclass(frozen=True)
class On:
    """On the days of a recurrence rule (RFC 5545, 3.3.10), local; at what time of them stands beside it."""

    rule: str

    def words(self) -> str:
        return f"on {self.rule}"

    def days(self, first: date, last: date) -> list[date]:
        """Those from ``first`` through ``last``."""
        found = _recurrence(self.rule).between(
            datetime.combine(first, datetime.min.time()),
            datetime.combine(last, datetime.max.time()),
            inc=True,
        )
        return [at.date() for at in found]

    def day_after(self, day: date) -> date | None:
        """The first one behind ``day``, None where there is none any more."""
        found = _recurrence(self.rule).after(datetime.combine(day, datetime.max.time()))
        return found.date() if found is not None else None


@dataclass(frozen=True)
class After:
    """Within so many seconds of each such event."""

    event: str
    age: float

    def words(self) -> str:
        return f"after {self.event} within {write_duration(self.age)}"


Cadence: TypeAlias = Each | Within | On | After


@lru_cache(256)
def _recurrence(text: str) -> rrule:
    """Raises ``ValueError`` in words."""
    from dateutil.rrule import DAILY, rrule, rrulestr

    start = datetime.combine(ANCHOR, datetime.min.time())
    parts = dict(_PART.findall(text.upper()))
    if "FREQ" not in parts:
        raise ValueError(
            f'"{text}" does not say how often; write FREQ=DAILY, WEEKLY, MONTHLY or YEARLY into it'
        )
    for name, why in _NOT_OURS.items():
        if name in parts:
            raise ValueError(f'"{text}": {name} {why}')
    if (
        "INTERVAL" in parts and not 1 <= _whole(parts["INTERVAL"]) <= _LONGEST_STEP
    ):  # of 0 no day would ever end
        raise ValueError(f'"{text}": INTERVAL is a whole number from 1 to {_LONGEST_STEP}')
    try:
        found = rrulestr(text, dtstart=start, ignoretz=True)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        told = f" ({error})" if isinstance(error, ValueError) else ""
        raise ValueError(
            f'"{text}" is no recurrence rule{told}; write one as "FREQ=WEEKLY;BYDAY=MO"'
        ) from None
    if not isinstance(found, rrule) or found._freq > DAILY:  # type: ignore[attr-defined] # no public name tells the frequency
        raise ValueError(
            f'"{text}" recurs within a day or is no single rule; write FREQ=DAILY, WEEKLY, MONTHLY or YEARLY'
        )
    # a 30th of February would be looked for until the year 9999, at each judging: here that is not far
    late = found.replace(dtstart=_NEAR_THE_END, until=None, count=None)
    if next(iter(late), None) is None or next(iter(found), None) is None:
        raise ValueError(
            f'"{text}" names no day that there is; write one that comes, such as "FREQ=WEEKLY;BYDAY=MO"'
        )
    return found


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def parse_cadence(value: object) -> Cadence:
    """See the module. Raises ``ValueError`` in words."""
    words = value.split() if isinstance(value, str) else []
    match words:
        case ["each", period]:
            if period in PERIODS:
                return Each(period)
            raise ValueError(f'"{period}" is no calendar period; {nearest(period, PERIODS)}')
        case ["within", age]:
            return Within(_age(age))
        case ["on", rule]:
            _recurrence(rule)
            return On(rule)
        case ["after", event] | ["after", event, "within", _]:
            if event not in EVENTS:
                raise ValueError(f'"{event}" is no event; {nearest(event, EVENTS)}')
            return After(event, _age(words[3]) if len(words) == 4 else _DAY)
    raise ValueError(
        f'{value!r} says no time; write "each month", "within 7d", "on FREQ=WEEKLY;BYDAY=MO" or "after break-glass within 24h"'
    )


def _age(text: str) -> float:
    seconds = parse_duration(text)
    if not re.search(r"\d", text) or seconds < 3600:
        raise ValueError(
            f'"{text}" is too short for a promise that is kept by hand; write an hour or more, such as "7d"'
        )
    return seconds
