"""Local dates and times of an IANA zone as instants. "EST" is no zone: it would be an hour off for half of the year.

The rules are iCalendar's (RFC 5545, 3.3.5): a local time that a clock change skips counts with the offset before the
gap (02:30 becomes 03:30), and one that occurs twice means the first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tfdash.model.calendar import CalendarState

YEARS = range(1970, 3000)
"""Those that are counted with: what lies far outside says "for ever" or is a slip, and nothing can be added to the last day of the year
9999."""
EARLIEST, LATEST = 0.0, datetime(YEARS.stop, 1, 1, tzinfo=UTC).timestamp()
"""The same in epoch seconds: from, and before."""


def counted_with(day: date) -> None:
    """Raises ``ValueError`` for a day of another year."""
    if day.year not in YEARS:
        raise ValueError(f"{day:%Y-%m-%d} lies outside of the years {YEARS.start} to {YEARS.stop - 1}")


def instant(local: datetime, zone: ZoneInfo) -> float:
    """Epoch seconds of a naive local time. ``fold=0`` is both rules in one: the first of two, and the offset before a gap."""
    return local.replace(tzinfo=zone, fold=0).timestamp()


def in_gap(local: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks skip this local time."""
    back = datetime.fromtimestamp(instant(local, zone), UTC).astimezone(zone)
    return back.replace(tzinfo=None) != local


@lru_cache(16_384)
def midnight(day: date, zone: ZoneInfo) -> float:
    """The first instant of a local day: where midnight is skipped, the end of the gap."""
    return instant(datetime.combine(day, time()), zone)


def local_date(at: float, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()


def local_time(at: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def later(day: date, days: int) -> date:
    return day + timedelta(days=days)


def zone_of(calendar: CalendarState | None) -> ZoneInfo:
    """The platform's, as an assessment tells it; UTC where nothing was judged yet."""
    return ZoneInfo(calendar.zone if calendar is not None and calendar.zone else "UTC")
