"""The file. What was written before says which entry has changed its time, and which was withdrawn: nothing else remembers that.

SEQUENCE (RFC 5545, 3.8.7.4) rises where the time, the rule or the status of an entry is another one, and not for its words. What was there and
is no more becomes STATUS:CANCELLED, once. A series keeps the day on which it once began. DTSTAMP is when an entry last changed (3.8.7.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, cast
from zoneinfo import ZoneInfo

from tfdash.ics.events import CalendarEntry, ordered
from tfdash.ics.zones import vtimezone

if TYPE_CHECKING:
    from icalendar import Calendar, Event

PRODUCT = "-//tfdash//calendar//EN"
LARGEST = 32_000_000  # bytes of an earlier file
_TIMES = ("DTSTART", "DTEND", "RRULE", "RDATE", "EXDATE", "STATUS")
_WORDS = ("SUMMARY", "DESCRIPTION", "CATEGORIES", "TRANSP")
_BEYOND = timedelta(days=400)
"""For so long behind what is looked at the changes of a zone are told: a freeze may have no end."""
Name: TypeAlias = tuple[str, str]
"""UID and RECURRENCE-ID as they are written."""


class NotOurs(ValueError):
    """The earlier file was not written by us."""


def read_previous(data: bytes) -> Calendar:
    """Raises ``NotOurs`` in words."""
    from icalendar import Calendar

    if len(data) > LARGEST:
        raise NotOurs("is larger than any calendar of ours")
    try:
        found = Calendar.from_ical(data)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise NotOurs(f"is no calendar: {error}") from None
    if not isinstance(found, Calendar) or str(found.get("PRODID", "")) != PRODUCT:
        raise NotOurs("is a calendar that tfdash did not write")
    return found


def written(
    entries: Iterable[CalendarEntry],
    name: str,
    zone: ZoneInfo,
    until: date,
    now: float,
    previous: Calendar | None = None,
    *,
    kept: frozenset[str] = frozenset(),
) -> bytes:
    """The calendar as a file: lines folded, ended by CRLF, UTF-8; ``zone``, in which its times are, through ``until``. ``kept``: UIDs of
    which it is not known whether they are still right: these stay as they were."""
    from icalendar import Calendar

    at = datetime.fromtimestamp(int(now), UTC)
    made = Calendar()
    made.add("PRODID", PRODUCT)
    made.add("VERSION", "2.0")
    made.add("NAME", name)
    made.add("X-WR-CALNAME", name)
    made.add("X-WR-TIMEZONE", zone.key)
    before = {_name(e): e for e in previous.events} if previous is not None else {}
    events = list(_merged(sorted(entries, key=ordered), before, at, zone, until, kept))
    timed: dict[str, list[date]] = {}
    for event in events:
        for key in ("DTSTART", "DTEND"):
            if isinstance(moment := cast("date", event.decoded(key)), datetime):
                timed.setdefault(event[key].params.get("TZID", zone.key), []).append(moment.date())
    for key, days in sorted(timed.items()):
        made.add_component(vtimezone(ZoneInfo(key), min(days), min(max(until, *days), until + _BEYOND)))
    for event in events:
        made.add_component(event)
    return cast("bytes", made.to_ical())


def _merged(
    entries: list[CalendarEntry],
    before: dict[Name, Event],
    at: datetime,
    zone: ZoneInfo,
    until: date,
    kept: frozenset[str],
) -> Iterator[Event]:
    """Each entry beside what it was; then what stays of before, and what is withdrawn."""
    today = at.astimezone(zone).date()
    named: set[Name] = set()
    series: dict[str, Event] = {}
    for entry in entries:
        event = _event(entry)
        old = before.get(_name(event))
        if entry.of is None and entry.rule:
            _begin_as_before(event, old, until)
            series[entry.uid] = event
        if entry.of is not None and old is None:
            old = before.get((entry.uid, ""))  # it was where the series has it, and has its number
        yield _numbered(event, old, at)
        named.add(_name(event))
    current = {entry.uid for entry in entries}
    for name, old in before.items():
        if name in named:
            continue
        uid, of = name
        if uid in kept:
            yield old
        elif of and uid in series:
            day = _day(old.decoded("RECURRENCE-ID"))
            if not today <= day <= until:  # what is over, or not looked at, stays
                if _same_series(series[uid], before.get((uid, ""))):
                    yield old
            elif _within(series[uid], old):
                yield _numbered(_back(series[uid], old), old, at)
        elif of and uid in current:
            continue  # it was a series, and is one entry now
        elif str(old.get("STATUS", "")) == "CANCELLED":
            yield old
        elif not of or (uid, "") not in before:
            yield _cancelled(old, at)


def _name(event: Event) -> Name:
    of = event.get("RECURRENCE-ID")
    return str(event.get("UID", "")), of.to_ical().decode() if of is not None else ""


def _day(at: date) -> date:
    return at.date() if isinstance(at, datetime) else at


def _event(entry: CalendarEntry) -> Event:
    from icalendar import Event, vRecur

    made = Event()
    made.add("UID", entry.uid)
    if entry.of is not None:
        made.add("RECURRENCE-ID", entry.of)
    made.add("DTSTART", entry.start)
    made.add("DTEND", entry.end)
    if entry.rule:
        made.add("RRULE", vRecur.from_ical(entry.rule))
    if entry.also:
        made.add("RDATE", list(entry.also))
        made["RDATE"].params.update(_value_of(entry.also[0]))
    if entry.but:
        made.add("EXDATE", list(entry.but))
        made["EXDATE"].params.update(_value_of(entry.but[0]))
    made.add("SUMMARY", entry.summary)
    if entry.description:
        made.add("DESCRIPTION", entry.description)
    if entry.categories:
        made.add("CATEGORIES", list(entry.categories))
    made.add("TRANSP", "OPAQUE" if entry.busy else "TRANSPARENT")
    made.add("STATUS", "CONFIRMED")
    return made


def _value_of(at: date) -> dict[str, str]:
    return {} if isinstance(at, datetime) else {"VALUE": "DATE"}


def _said(event: Event, keys: tuple[str, ...]) -> list[tuple[str, bytes, bytes]]:
    found = []
    for key in keys:
        value = event.get(key)
        if value is not None:
            for one in value if isinstance(value, list) else [value]:
                params = one.params.to_ical() if hasattr(one, "params") else b""
                found.append((key, params, one.to_ical()))
    return found


def _numbered(event: Event, old: Event | None, at: datetime) -> Event:
    """With its SEQUENCE and DTSTAMP."""
    number = int(old.get("SEQUENCE", 0)) if old is not None else 0
    same = False
    if old is not None:
        moved = _said(event, ("RECURRENCE-ID", *_TIMES)) != _said(old, ("RECURRENCE-ID", *_TIMES))
        number += moved
        same = not moved and _said(event, _WORDS) == _said(old, _WORDS)
    event.add("SEQUENCE", number)
    event.add("DTSTAMP", old.decoded("DTSTAMP") if same and old is not None and "DTSTAMP" in old else at)
    return event


def _same_series(event: Event, old: Event | None) -> bool:
    return old is not None and _said(event, ("DTSTART", "RRULE")) == _said(old, ("DTSTART", "RRULE"))


def _begin_as_before(event: Event, old: Event | None, until: date) -> None:
    """A series goes on that began earlier: what is over, and what lies behind the years that are looked at, stays as it was."""
    if old is None or _said(event, ("RRULE",)) != _said(old, ("RRULE",)):
        return
    begun, now = cast("date", old.decoded("DTSTART")), cast("date", event.decoded("DTSTART"))
    if type(begun) is not type(now) or begun > now or _hours(event) != _hours(old):
        return
    gone = [e for e in _exdates(old) if e < now] + _exdates(event)
    gone += [e for e in _exdates(old) if _day(e) > until]
    for key in ("DTSTART", "DTEND"):
        del event[key]
        event[key] = old[key]
    if gone:
        event.pop("EXDATE", None)
        event.add("EXDATE", gone)
        event["EXDATE"].params.update(_value_of(gone[0]))


def _hours(event: Event) -> tuple[object, ...]:
    """When in the day it begins, in which zone, and for how long by the wall clock."""
    start, end = cast("date", event.decoded("DTSTART")), cast("date", event.decoded("DTEND"))
    at = start.time() if isinstance(start, datetime) else None
    return at, event["DTSTART"].params.get("TZID"), end - start


def _exdates(event: Event) -> list[date]:
    value = event.get("EXDATE")
    several = value if isinstance(value, list) else [value] if value is not None else []
    return [one.dt for listed in several for one in listed.dts]


def _within(series: Event, old: Event) -> bool:
    """Whether the series still has that instance."""
    from dateutil.rrule import rrulestr

    first, of = cast("date", series.decoded("DTSTART")), cast("date", old.decoded("RECURRENCE-ID"))
    if isinstance(first, datetime) is not isinstance(of, datetime):
        return False
    if of in _exdates(series):
        return False
    if isinstance(first, datetime) and isinstance(of, datetime):
        of = of.astimezone(first.tzinfo)
        begin, at = first.replace(tzinfo=None), of.replace(tzinfo=None)
    else:
        begin, at = datetime.combine(first, datetime.min.time()), datetime.combine(of, datetime.min.time())
    written_as = cast("bytes", series["RRULE"].to_ical())
    rule = rrulestr(written_as.decode(), dtstart=begin, ignoretz=True)
    return bool(rule.between(at, at, inc=True))


def _back(series: Event, old: Event) -> Event:
    """The instance that was moved, where the series has it again."""
    from copy import deepcopy

    made = deepcopy(series)
    for key in ("RRULE", "RDATE", "EXDATE", "DTSTART", "DTEND", "SEQUENCE", "DTSTAMP"):
        made.pop(key, None)
    of = cast("date", old.decoded("RECURRENCE-ID"))
    lasts = cast("date", series.decoded("DTEND")) - cast("date", series.decoded("DTSTART"))
    made["RECURRENCE-ID"] = old["RECURRENCE-ID"]
    made.add("DTSTART", of)
    made.add("DTEND", of + lasts)
    return made


def _cancelled(old: Event, at: datetime) -> Event:
    old.pop("STATUS", None)
    old.add("STATUS", "CANCELLED")
    number = int(old.pop("SEQUENCE", 0)) + 1
    old.add("SEQUENCE", number)
    old.pop("DTSTAMP", None)
    old.add("DTSTAMP", at)
    return old
