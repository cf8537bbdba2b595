"""The events of a calendar as closed times. Nothing here bounds the time that a hostile one takes: its caller does (``child``)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from tfdash.playbook.schedule.local import EARLIEST, LATEST
from tfdash.text import safe

if TYPE_CHECKING:
    from icalendar import Event

MOST_EVENTS = 20_000
MOST = 5_000  # closed times of one feed
_REASON = 200  # characters
_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)
"""How far the clocks of the world are ahead of UTC, and behind it."""
_FORGIVEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)


class TooMuch(ValueError):
    """More than any calendar of holidays or freezes has; one sentence."""


class Expanded(NamedTuple):
    """(start, end, reason) with epoch seconds, in order; how many events could not be read, of which those whose begin is known close the
    days that it may lie on; how many are cancelled."""

    closures: list[tuple[float, float, str]]
    left_out: int
    cancelled: int = 0


def expanded(data: bytes, zone: ZoneInfo, begin: float, end: float) -> Expanded:
    """All that lies in [begin, end). Days, and times without a zone, are those of ``zone``. Raises ``ValueError`` in words where it is no
    calendar, and ``TooMuch``."""
    from icalendar import Calendar

    try:
        several = Calendar.from_ical(data, multiple=True)
    except _FORGIVEN as error:
        raise ValueError(f"it is no calendar ({safe(str(error))[:_REASON]})") from None
    events = [event for one in several if isinstance(one, Calendar) for event in one.events]
    if not any(isinstance(one, Calendar) for one in several):
        raise ValueError("it is no calendar (no BEGIN:VCALENDAR)")
    if not data.rstrip().upper().endswith(b"END:VCALENDAR"):  # what it still was to close nobody knows
        raise ValueError("it is cut off before its end (END:VCALENDAR)")
    if len(events) > MOST_EVENTS:
        raise TooMuch(f"it has {len(events)} events, over {MOST_EVENTS}")
    instead: dict[str, set[float]] = {}
    left_out = 0
    for event in events:
        if "RECURRENCE-ID" in event:
            try:
                of = _at(event.decoded("RECURRENCE-ID"), zone)
                instead.setdefault(str(event.get("UID", "")), set()).add(of)
            except _FORGIVEN:
                left_out += 1
    found: set[tuple[float, float, str]] = set()
    cancelled = 0
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            cancelled += 1
            continue
        try:
            for one in _times(event, zone, begin, end, instead):
                found.add(one)
                if len(found) > MOST:
                    raise TooMuch(f"it closes more than {MOST} times")
        except TooMuch:
            raise
        except _FORGIVEN:
            left_out += 1
            found.update(one for one in _doubtful(event, zone) if one[0] < end and one[1] > begin)
    return Expanded(sorted(found), left_out, cancelled)


def _doubtful(event: Event, zone: ZoneInfo) -> Iterator[tuple[float, float, str]]:
    """The local days on which an event begins that cannot be read whole; none where that is not known either."""
    try:
        value = cast("Any", event["DTSTART"])
        at = value.dt
        if not isinstance(at, date):
            return
        low = high = at
        if isinstance(at, datetime):
            unknown = at.tzinfo is None and "TZID" in value.params
            first = at.replace(tzinfo=UTC) if unknown else at.replace(tzinfo=at.tzinfo or zone)
            low = (first - _EAST if unknown else first).astimezone(zone).date()
            high = (first + _WEST if unknown else first).astimezone(zone).date()
        reason = f"{safe(str(event.get('SUMMARY', ''))[:_REASON]) or 'without a title'}, of which only the begin can be read"
        yield _at(low, zone), _at(high + timedelta(days=1), zone), reason
    except _FORGIVEN:
        return


def _times(
    event: Event, zone: ZoneInfo, begin: float, end: float, instead: dict[str, set[float]]
) -> Iterator[tuple[float, float, str]]:
    first = _known(event, "DTSTART")
    reason = safe(str(event.get("SUMMARY", ""))[:_REASON]) or "without a title"
    lasts = _lasts(event, first, zone)
    if lasts < timedelta():
        raise ValueError("it ends before it begins")
    single = "RECURRENCE-ID" in event
    gone = set() if single else instead.get(str(event.get("UID", "")), set())
    own = {} if single else _periods(event, first, zone)
    longest = max([lasts, *own.values()]).total_seconds()
    for local in [first] if single else _starts(event, first, zone, begin - longest, end):
        start = _at(local, zone)
        over = _over(local, start, own.get(local, lasts), zone)
        if start not in gone and start < end and over > begin and over > start:
            yield start, over, reason


def _over(local: date, start: float, lasts: timedelta, zone: ZoneInfo) -> float:
    """When it ends: what says "for ever" goes on as long as anything is counted with."""
    if isinstance(local, datetime):
        return start + lasts.total_seconds()
    try:
        return _at(local + lasts, zone)
    except OverflowError:
        return LATEST


def _known(event: Event, key: str) -> date:
    """Its time; refused where it names a zone that is not known, which would be taken for a time of ours."""
    value = cast("Any", event[key])
    at = value.dt
    if not isinstance(at, date):
        raise ValueError(key)
    if isinstance(at, datetime) and at.tzinfo is None and "TZID" in value.params:
        raise ValueError(f"{key}: unknown zone")
    return at


def _lasts(event: Event, first: date, zone: ZoneInfo) -> timedelta:
    """Elapsed time, or whole days of a day."""
    if "DTEND" in event:
        last = _known(event, "DTEND")
        if isinstance(first, datetime) is not isinstance(last, datetime):
            raise ValueError("DTEND")
        if isinstance(first, datetime):
            return timedelta(seconds=_at(last, zone) - _at(first, zone))
        return last - first
    if "DURATION" in event:
        return cast("timedelta", event.decoded("DURATION"))
    return timedelta() if isinstance(first, datetime) else timedelta(days=1)


def _periods(event: Event, first: date, zone: ZoneInfo) -> dict[date, timedelta]:
    """How long those of RDATE last that say so themselves (RFC 5545, 3.8.5.2), by their starts as ``_starts`` tells them."""
    home = (first.tzinfo or zone) if isinstance(first, datetime) else zone
    found: dict[date, timedelta] = {}
    for listed in _several(event.get("RDATE")):
        for start, until in (one.dt for one in listed.dts if isinstance(one.dt, tuple)):
            lasts = until if isinstance(until, timedelta) else until - start
            if lasts < timedelta():
                raise ValueError("RDATE")
            plain = _plain(start, home)
            found[plain.replace(tzinfo=home) if isinstance(first, datetime) else plain.date()] = lasts
    return found


def _starts(event: Event, first: date, zone: ZoneInfo, begin: float, end: float) -> Iterator[date]:
    """Local starts, of which none outside [begin, end) need be told."""
    from dateutil.rrule import rruleset, rrulestr

    rules, more, but = (_several(event.get(key)) for key in ("RRULE", "RDATE", "EXDATE"))
    if not rules and not more:
        yield first
        return
    timed = isinstance(first, datetime)
    home = (first.tzinfo or zone) if isinstance(first, datetime) else zone
    plain = first.replace(tzinfo=None) if isinstance(first, datetime) else datetime.combine(first, time())
    every = rruleset()
    every.rdate(plain)
    for rule in rules:
        if str((rule.get("FREQ") or [""])[0]).upper() in _OFTEN:
            raise ValueError("it recurs within a day")
        every.rrule(rrulestr(_local(rule.to_ical().decode(), home), dtstart=plain, ignoretz=True))  # type: ignore[arg-type]
    for listed in more:
        for one in listed.dts:
            every.rdate(_plain(one.dt, home))
    for listed in but:
        for one in listed.dts:
            every.exdate(_plain(one.dt, home))
    low = datetime.fromtimestamp(max(begin, EARLIEST), UTC).replace(tzinfo=None) - timedelta(days=2)
    high = datetime.fromtimestamp(end, UTC).replace(tzinfo=None) + timedelta(days=2)
    for at in islice(every.xafter(low, inc=True), MOST + 1):
        if at > high:
            return
        yield at.replace(tzinfo=home) if timed else at.date()


def _several(value: object) -> list:  # type: ignore[type-arg]
    return value if isinstance(value, list) else [value] if value is not None else []


def _local(rule: str, home: object) -> str:
    """UNTIL in UTC as a local time of the series."""
    parts = rule.split(";")
    for place, part in enumerate(parts):
        key, _, value = part.partition("=")
        if key == "UNTIL" and value.endswith("Z"):
            at = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            parts[place] = f"UNTIL={at.astimezone(home):%Y%m%dT%H%M%S}"  # type: ignore[arg-type]
    return ";".join(parts)


def _plain(at: object, home: object) -> datetime:
    if isinstance(at, tuple):  # a period of RDATE
        at = at[0]
    if not isinstance(at, date):
        raise ValueError("RDATE")
    if not isinstance(at, datetime):
        return datetime.combine(at, time())
    return at.astimezone(home).replace(tzinfo=None) if at.tzinfo is not None else at  # type: ignore[arg-type]


def _at(local: date, zone: ZoneInfo) -> float:
    if not isinstance(local, datetime):
        return datetime.combine(local, time(), zone).timestamp()
    return (local if local.tzinfo is not None else local.replace(tzinfo=zone)).timestamp()
