"""An IANA zone as VTIMEZONE (RFC 5545, 3.6.5), change by change for the years of the calendar.

The library can make one, too, but writes the onset of summer time by the offset after it (03:00), where the RFC has the one before (02:00): a
reader would be an hour off for the first hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Timezone


class _Change(NamedTuple):
    """``at`` is local, by the offset before."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool


def vtimezone(zone: ZoneInfo, first: date, last: date) -> Timezone:
    """As it is from ``first`` through ``last``, local days."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    made = Timezone()
    made.add("TZID", zone.key)
    begin = datetime.combine(first, datetime.min.time(), UTC) - timedelta(days=2)
    end = datetime.combine(last, datetime.min.time(), UTC) + timedelta(days=2)
    known: dict[tuple[object, ...], list[datetime]] = {}
    for change in (_state(zone, begin), *_changes(zone, begin, end)):
        known.setdefault(change[1:], []).append(change.at)
    for (before, after, name, summer), times in known.items():
        part = TimezoneDaylight() if summer else TimezoneStandard()
        part.add("DTSTART", times[0])
        if times[1:]:
            part.add("RDATE", times[1:])
        part.add("TZOFFSETFROM", before)
        part.add("TZOFFSETTO", after)
        part.add("TZNAME", name)
        made.add_component(part)
    return made


def _state(zone: ZoneInfo, at: datetime) -> _Change:
    local = at.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return _Change(local.replace(tzinfo=None), offset, offset, local.tzname() or "", bool(local.dst()))


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[_Change]:
    """In order. Two within one day would be one."""
    at = begin
    while at < end:
        following = at + timedelta(days=1)
        if _what(zone, following) != _what(zone, at):
            low, high = at, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if _what(zone, middle) == _what(zone, at) else (low, middle)
            before, after = _state(zone, low), _state(zone, high)
            local = (high + before.after).replace(tzinfo=None)
            yield _Change(local, before.after, after.after, after.name, after.summer)
        at = following


def _what(zone: ZoneInfo, at: datetime) -> tuple[object, ...]:
    local = at.astimezone(zone)
    return local.utcoffset(), local.tzname(), local.dst()
