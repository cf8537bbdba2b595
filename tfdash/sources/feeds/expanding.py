"""The events of a calendar as closed times. Nothing here bounds the time that a hostile one takes: its caller does (``child``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from tfdash.playbook.schedule.local import EARLIEST, LATEST
from tfdash.text import safe

if TYPE_CHECKING:
    from icalendar import Calendar, Event

MOST_EVENTS = 20_000
MOST = 5_000  # closed times of one feed
_REASON = 200  # characters
_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)
"""How far the clocks of the world are ahead of UTC, and behind it."""
_DAY = timedelta(days=1)
_WRITTEN = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d)(\d\d)(\d\d))?", re.ASCII)
_FORGIVEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)


class TooMuch(ValueError):
    """More than any calendar of holidays or freezes has; one sentence."""


class Expanded(NamedTuple):
    """(start, end, reason) with epoch seconds, in order; how many events could not be read, of which those whose begin is known close the
    days that it may lie on; when the last ends that is called off, 0 where none is."""

    closures: list[tuple[float, float, str]]
    left_out: int
    called_off: float = 0.0


class _Zones(NamedTuple):
    """``days``: ours, whose days are meant by those of the calendar. ``floating``: of times that name no zone; what the calendar names itself
    (X-WR-TIMEZONE, which Google and Outlook write and go by), else ours."""

    days: ZoneInfo
    floating: tzinfo


class _FromThenOn(NamedTuple):
    """A moved instance that takes those behind it along (RANGE=THISANDFUTURE; RFC 5545, 3.8.4.4): of which start, by how much on the wall, and
    for how long. ``moves`` None: they are called off."""

    of: float
    moves: timedelta | None
    lasts: timedelta


class _Instead(NamedTuple):
    """Of one series: the starts that others stand for, and what holds from one of them on, in order."""

    starts: set[float]
    then: list[_FromThenOn]


_ALONE = _Instead(set(), [])


def expanded(data: bytes, zone: ZoneInfo, begin: float, end: float) -> Expanded:
    """All that lies in [begin, end). Days, and times without a zone where the calendar names none, are those of ``zone``. Raises ``ValueError``
    in words where it is no calendar, and ``TooMuch``."""
    from icalendar import Calendar

    try:
        several = Calendar.from_ical(data, multiple=True)
    except _FORGIVEN as error:
        raise ValueError(f"it is no calendar ({safe(str(error))[:_REASON]})") from None
    events = [
        (event, zones)
        for one in several
        if isinstance(one, Calendar)
        for zones in (_zones(one, zone),)
        for event in one.events
    ]
    if not any(isinstance(one, Calendar) for one in several):
        raise ValueError("it is no calendar (no BEGIN:VCALENDAR)")
    if not data.rstrip().upper().endswith(b"END:VCALENDAR"):  # what it still was to close nobody knows
        raise ValueError("it is cut off before its end (END:VCALENDAR)")
    if len(events) > MOST_EVENTS:
        raise TooMuch(f"it has {len(events)} events, over {MOST_EVENTS}")
    found: set[tuple[float, float, str]] = set()
    left_out, called_off = 0, 0.0
    instead: dict[str, _Instead] = {}
    events.sort(
        key=lambda pair: "RECURRENCE-ID" not in pair[0]
    )  # the series know by then what stands for what of them
    for event, zones in events:
        off = str(event.get("STATUS", "")).upper() == "CANCELLED"
        name = str(event.get("UID", ""))
        single = "RECURRENCE-ID" in event
        odd = False
        try:
            known = len(found)
            times = _times(event, zones, begin, end, _ALONE if single else instead.get(name, _ALONE))
            if off:
                called_off = max([called_off, *(until for _, until, _ in islice(times, MOST))])
            for one in () if off else times:
                found.add(one)
                if len(found) > MOST:
                    raise TooMuch(f"it closes more than {MOST} times")
            odd = len(found) > known and _says_no_end(event, zones)
        except TooMuch:
            raise
        except _FORGIVEN:
            if not off:
                left_out += 1
                found.update(one for one in _doubtful(event, zones) if one[0] < end and one[1] > begin)
                continue
        try:
            if single:  # only what could be read stands for another
                _stand(event, zones, off, instead.setdefault(name, _Instead(set(), [])))
        except _FORGIVEN:
            odd = True
        left_out += odd
    return Expanded(sorted(found), left_out, called_off)


def _zones(calendar: Calendar, zone: ZoneInfo) -> _Zones:
    named = str(calendar.get("X-WR-TIMEZONE", "")).strip()
    if not named:
        return _Zones(zone, zone)
    from icalendar.timezone import tzp

    return _Zones(zone, tzp.timezone(named) or zone)


def _stand(event: Event, zones: _Zones, off: bool, instead: _Instead) -> None:
    """Note for which instance of its series it stands."""
    of = cast("Any", event["RECURRENCE-ID"])
    original = _known(event, "RECURRENCE-ID")
    start = _at(original, zones)
    instead.starts.add(start)
    if str(of.params.get("RANGE", "")).upper() != "THISANDFUTURE":
        return
    if off:
        then = _FromThenOn(start, None, timedelta())
    else:
        first = _known(event, "DTSTART")
        if isinstance(first, datetime) is not isinstance(original, datetime):
            raise ValueError("RECURRENCE-ID")
        home = _home(original, zones)
        moves = _plain(first, home) - _plain(original, home)
        then = _FromThenOn(start, moves, _lasts(event, first, zones))
    instead.then.append(then)
    instead.then.sort()


def _doubtful(event: Event, zones: _Zones) -> Iterator[tuple[float, float, str]]:
    """The local days on which an event begins that cannot be read whole; none where that is not known either."""
    try:
        value = cast("Any", event["DTSTART"])
        at, unknown = _written(value)
        low = high = at
        if isinstance(at, datetime):
            first = at.replace(tzinfo=UTC) if unknown else at.replace(tzinfo=at.tzinfo or zones.floating)
            low = (first - _EAST if unknown else first).astimezone(zones.days).date()
            high = (first + _WEST if unknown else first).astimezone(zones.days).date()
        reason = f"{_reason(event)}, of which only the begin can be read"
        yield _at(low, zones), _at(high + _DAY, zones), reason
    except _FORGIVEN:
        return


def _written(value: Any) -> tuple[date, bool]:
    """A begin, and whether its zone is not known; of one that the library could not read what is plain in its text. Raises ``ValueError``."""
    if not isinstance(value, str):
        at = _day_of(value)
        if not isinstance(at, date):
            raise ValueError("DTSTART")
        return at, isinstance(at, datetime) and at.tzinfo is None and "TZID" in value.params
    found = _WRITTEN.search(str.__str__(value))
    if found is None:
        raise ValueError("DTSTART")
    day = date(*map(int, found.groups()[:3]))
    try:
        hour, minute, second = map(int, found.groups()[3:])
        return datetime.combine(day, time(hour, minute, second)), True
    except (TypeError, ValueError):  # no time of a day
        return day, False


def _day_of(value: Any) -> Any:
    """Its time, or its day where it says that it is one: a zone beside that means nothing (RFC 5545, 3.2.19)."""
    at = value.dt
    return at.date() if isinstance(at, datetime) and _is_day(value) else at


def _is_day(value: Any) -> bool:
    return str(value.params.get("VALUE", "")).upper() == "DATE"


def _reason(event: Event) -> str:
    return safe(str(event.get("SUMMARY", ""))[:_REASON]) or "without a title"


def _says_no_end(event: Event, zones: _Zones) -> bool:
    """It begins at a time and lasts none: how long it is meant to close nobody knows."""
    first = _known(event, "DTSTART")
    return isinstance(first, datetime) and not _lasts(event, first, zones)


def _times(
    event: Event, zones: _Zones, begin: float, end: float, instead: _Instead
) -> Iterator[tuple[float, float, str]]:
    first = _known(event, "DTSTART")
    reason = _reason(event)
    lasts = _lasts(event, first, zones)
    if lasts < timedelta():
        raise ValueError("it ends before it begins")
    single = "RECURRENCE-ID" in event
    own = {} if single else _periods(event, first, zones)
    longest = max([lasts, *own.values(), *(t.lasts for t in instead.then)]).total_seconds()
    moved = max((abs(t.moves or timedelta()) for t in instead.then), default=timedelta()).total_seconds()
    early, late = begin - longest - moved, end + moved
    for local in [first] if single else _starts(event, first, zones, early, late):
        start = _at(local, zones)
        if start in instead.starts:
            continue
        then = next((t for t in reversed(instead.then) if t.of < start), None)
        if then is not None and then.moves is None:
            continue
        length = own.get(local, lasts)
        if then is not None and then.moves is not None:
            local, length = local + then.moves, then.lasts
            start = _at(local, zones)
        start, over = _span(local, start, length, zones)
        if start < end and over > begin:
            yield start, over, reason


def _span(local: date, start: float, lasts: timedelta, zones: _Zones) -> tuple[float, float]:
    """When it closes. What lasts no time closes its day. Days of a length are days on the wall (RFC 5545, 3.3.6), and where 24 hours may be meant
    the later of both; what says "for ever" goes on as long as anything is counted with."""
    try:
        if not isinstance(local, datetime):
            days = max(
                1, -(-lasts // _DAY)
            )  # a day is no shorter than it is: an end on the day of the begin is that day
            return start, _at(local + days * _DAY, zones)
        if not lasts:
            day = datetime.fromtimestamp(start, zones.days).date()
            return _at(day, zones), _at(day + _DAY, zones)
        over = start + lasts.total_seconds()
        return start, max(over, _at(local + lasts, zones)) if not lasts % _DAY else over
    except OverflowError:
        return start, LATEST


def _known(event: Event, key: str) -> date:
    """Its time; refused where it names a zone that is not known, which would be taken for a time of ours."""
    value = cast("Any", event[key])
    at = _day_of(value)
    if not isinstance(at, date):
        raise ValueError(key)
    if isinstance(at, datetime) and at.tzinfo is None and "TZID" in value.params:
        raise ValueError(f"{key}: unknown zone")
    return at


def _lasts(event: Event, first: date, zones: _Zones) -> timedelta:
    """Elapsed time, or whole days of a day."""
    if "DTEND" in event:
        last = _known(event, "DTEND")
        if isinstance(first, datetime) is not isinstance(last, datetime):
            raise ValueError("DTEND")
        if isinstance(first, datetime):
            return timedelta(seconds=_at(last, zones) - _at(first, zones))
        return last - first
    if "DURATION" in event:
        return cast("timedelta", event.decoded("DURATION"))
    return timedelta() if isinstance(first, datetime) else _DAY


def _home(first: date, zones: _Zones) -> tzinfo:
    """By whose clock a series recurs."""
    return (first.tzinfo or zones.floating) if isinstance(first, datetime) else zones.days


def _periods(event: Event, first: date, zones: _Zones) -> Mapping[date, timedelta]:
    """How long those of RDATE last that say so themselves (RFC 5545, 3.8.5.2), by their starts as ``_starts`` tells them."""
    home = _home(first, zones)
    found: dict[date, timedelta] = {}
    for listed in _several(event.get("RDATE")):
        for start, until in (one.dt for one in listed.dts if isinstance(one.dt, tuple)):
            lasts = until if isinstance(until, timedelta) else until - start
            if lasts < timedelta():
                raise ValueError("RDATE")
            plain = _plain(start, home)
            found[plain.replace(tzinfo=home) if isinstance(first, datetime) else plain.date()] = lasts
    return found


def _starts(event: Event, first: date, zones: _Zones, begin: float, end: float) -> Iterator[date]:
    """Local starts, of which none outside [begin, end) need be told."""
    from dateutil.rrule import rruleset, rrulestr

    rules, more, but = (_several(event.get(key)) for key in ("RRULE", "RDATE", "EXDATE"))
    if not rules and not more:
        yield first
        return
    timed = isinstance(first, datetime)
    home = _home(first, zones)
    plain = first.replace(tzinfo=None) if isinstance(first, datetime) else datetime.combine(first, time())
    every = rruleset()
    every.rdate(plain)
    for rule in rules:
        if str((rule.get("FREQ") or [""])[0]).upper() in _OFTEN:
            raise ValueError("it recurs within a day")
        text = _local(rule.to_ical().decode(), home, None if timed else zones)
        every.rrule(rrulestr(text, dtstart=plain, ignoretz=True))  # type: ignore[arg-type]
    for listed in more:
        for at in _listed(listed):
            every.rdate(_plain(at, home))
    for listed in but:
        for at in _listed(listed):
            every.exdate(_plain(at, home))
    low = datetime.fromtimestamp(max(begin, EARLIEST), UTC).replace(tzinfo=None) - timedelta(days=2)
    high = datetime.fromtimestamp(end, UTC).replace(tzinfo=None) + timedelta(days=2)
    for at in islice(every.xafter(low, inc=True), MOST + 1):
        if at > high:
            return
        yield at.replace(tzinfo=home) if timed else at.date()


def _listed(listed: Any) -> Sequence[object]:
    """The times of RDATE or EXDATE, days where it says so."""
    days = _is_day(listed)
    return [one.dt.date() if days and isinstance(one.dt, datetime) else one.dt for one in listed.dts]


def _several(value: object) -> list:  # type: ignore[type-arg]
    return value if isinstance(value, list) else [value] if value is not None else []


def _local(rule: str, home: tzinfo, days: _Zones | None) -> str:
    """UNTIL as a local time of the series, and not before the end of its day where it is one. ``days``: of a series of days it is the last of
    those that are meant: some write a day's midnight in UTC, others that of their own zone."""
    parts = rule.split(";")
    for place, part in enumerate(parts):
        key, _, value = part.partition("=")
        if key != "UNTIL":
            continue
        if "T" not in value and days is None:
            parts[place] = f"UNTIL={value}T235959"
        elif value.endswith("Z"):
            at = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if days is None:
                parts[place] = f"UNTIL={at.astimezone(home):%Y%m%dT%H%M%S}"
                continue
            meant = [at.astimezone(zone).date() for zone in (days.days, days.floating)]
            parts[place] = f"UNTIL={max([*meant, at.date()] if at.time() == time() else meant):%Y%m%d}"
    return ";".join(parts)


def _plain(at: object, home: tzinfo) -> datetime:
    if isinstance(at, tuple):  # a period of RDATE
        at = at[0]
    if not isinstance(at, date):
        raise ValueError("RDATE")
    if not isinstance(at, datetime):
        return datetime.combine(at, time())
    return at.astimezone(home).replace(tzinfo=None) if at.tzinfo is not None else at


def _at(local: date, zones: _Zones) -> float:
    if not isinstance(local, datetime):
        return datetime.combine(local, time(), zones.days).timestamp()
    return (local if local.tzinfo is not None else local.replace(tzinfo=zones.floating)).timestamp()
