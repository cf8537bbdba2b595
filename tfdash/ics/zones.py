"""An IANA zone as VTIMEZONE (RFC 5545, 3.6.5): by a yearly rule where its changes follow one, else change by change.

Outlook takes no RDATE in a VTIMEZONE: what lies in summer time would be an hour off there. It goes by yearly rules on a weekday of a month, which
nearly all zones have.

The library can make one, too, but writes the onset of summer time by the offset after it (03:00), where the RFC has the one before (02:00): a
reader would be an hour off for the first hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


_BEFORE = timedelta(days=400)
"""So long before the first day its changes are told: each rule has begun by then."""
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LAST = -1


def vtimezone(zone: ZoneInfo, first: date, last: date) -> Timezone:
    """As it is from ``first`` through ``last``, local days."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

    made = Timezone()
    made.add("TZID", zone.key)
    start = datetime.combine(first, datetime.min.time(), UTC) - timedelta(days=2)
    begin, end = start - _BEFORE, datetime.combine(last, datetime.min.time(), UTC) + timedelta(days=2)
    changes = list(_changes(zone, begin, end))
    if not any(
        change.at.replace(tzinfo=UTC) < start for change in changes
    ):  # what holds by then began long ago
        changes.insert(0, _state(zone, begin)._replace(at=datetime(1970, 1, 1)))
    known: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    for change in changes:
        known.setdefault((change.before, change.after, change.name, change.summer), []).append(change.at)
    for (before, after, name, summer), times in known.items():
        part = TimezoneDaylight() if summer else TimezoneStandard()
        part.add("DTSTART", times[0])
        rule = _yearly(times)
        if rule:
            over = times[-1].replace(tzinfo=UTC) + timedelta(days=380) < end  # such a zone has given it up
            part.add("RRULE", rule | ({"UNTIL": (times[-1] - before).replace(tzinfo=UTC)} if over else {}))
        elif times[1:]:
            part.add("RDATE", times[1:])
        part.add("TZOFFSETFROM", before)
        part.add("TZOFFSETTO", after)
        part.add("TZNAME", name)
        made.add_component(part)
    return made


def _yearly(times: Sequence[datetime]) -> dict[str, object]:
    """``FREQ=YEARLY;BYMONTH=11;BYDAY=1SU`` where each year from the first has one of them, and that one; empty where there is no such rule, or
    one time alone."""
    first = times[0]
    if len(times) < 2 or [t.year for t in times] != list(range(first.year, first.year + len(times))):
        return {}
    if len({(t.month, t.weekday(), t.time()) for t in times}) > 1:
        return {}
    places = set.intersection(*map(_places, times))
    if not places:
        return {}
    place = max(places)
    return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"{place}{_WEEKDAYS[first.weekday()]}"}


def _places(at: datetime) -> set[int]:
    """Which of its weekday it is in the month, from the front and from the end."""
    found = {(at.day - 1) // 7 + 1}
    if (at + timedelta(days=7)).month != at.month:
        found.add(_LAST)
    return found - {5}


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
