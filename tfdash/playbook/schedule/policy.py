"""The settings of the release calendar; the playbook's values stand in ``defaults/calendar.toml``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tfdash.addresses import wrong_with
from tfdash.playbook.schedule.local import counted_with
from tfdash.playbook.schedule.public import Country
from tfdash.setting import (
    Between,
    Checked,
    Listed,
    Note,
    Seconds,
    SettingsTable,
    Spelled,
    Unfit,
    check_address,
    check_reference,
    read,
    refuse,
    shipped,
)

T = TypeVar("T")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HERE = ("localhost", "127.0.0.1", "::1")
DEFAULT_ZONE = "America/New_York"


class Closed(NamedTuple):
    """[start, end) in epoch seconds, and why: "blackout", "holiday", "freeze"."""

    start: float
    end: float
    kind: str
    reason: str


def _read(value: Any, pattern: str, read: Callable[[str], T]) -> T | None:
    """A text of that form as a value; None where it has another form, or names a day or hour that does not exist."""
    try:
        return read(value) if isinstance(value, str) and re.fullmatch(pattern, value) else None
    except ValueError:
        return None


def parse_day(value: Any) -> int:
    """``"Tue"``, ``"Tues"`` or ``"Tuesday"`` as ``datetime.weekday`` counts. Raises ``ValueError``."""
    if isinstance(value, str) and len(value) >= 3:
        for number, name in enumerate(_DAY_NAMES):
            if name.startswith(value.casefold()):
                return number
    raise ValueError(f"{value!r} is no day of the week; write one of {', '.join(DAYS)}")


def parse_time(value: Any) -> time:
    """``"10:00"`` (or TOML's own local time). Raises ``ValueError``."""
    if isinstance(value, time) and value.tzinfo is None:
        return value
    found = _read(value, r"\d\d:\d\d", time.fromisoformat)
    if found is not None:
        return found
    raise ValueError(
        f'{value!r} is no time of day; write it as "10:00", without a zone: [time] zone says which'
    )


def parse_date(value: Any) -> date:
    """``"2026-11-26"`` (or TOML's own local date). Raises ``ValueError``."""
    native = isinstance(value, date) and not isinstance(value, datetime)
    found = value if native else _read(value, r"\d{4}-\d\d-\d\d", date.fromisoformat)
    if found is None:
        raise ValueError(f'{value!r} is no date; write it as "2026-11-26"')
    counted_with(found)
    return cast("date", found)


def parse_local(value: Any) -> datetime:
    """A local date or date with time, ``"2026-12-19"`` or ``"2026-12-19 18:00"``. Raises ``ValueError``."""
    native = isinstance(value, datetime) and value.tzinfo is None
    found = value if native else _read(value, r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", datetime.fromisoformat)
    if found is None and isinstance(value, date) and not isinstance(value, datetime):
        found = datetime.combine(value, time())
    if found is None and (day := _read(value, r"\d{4}-\d\d-\d\d", date.fromisoformat)) is not None:
        found = datetime.combine(day, time())
    if found is None:
        raise ValueError(
            f'{value!r} is no local time; write "2026-12-19" or "2026-12-19 18:00", without a zone'
        )
    counted_with(found)
    return cast("datetime", found)


def _days(value: Any) -> frozenset[int]:
    return frozenset(map(parse_day, _list(value)))


def _dates(value: Any) -> frozenset[date]:
    return frozenset(map(parse_date, _list(value)))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} must be a list")
    return value


Days = Annotated[frozenset[int], Spelled(_days, lambda days: [DAYS[day] for day in sorted(days)], "list")]
Dates = Annotated[
    frozenset[date], Spelled(_dates, lambda days: [day.isoformat() for day in sorted(days)], "list")
]
TimeOfDay = Annotated[time, Spelled(parse_time, lambda value: f"{value:%H:%M}")]
LocalTime = Annotated[datetime, Spelled(parse_local, lambda value: value.isoformat(" ", "minutes"))]


@dataclass(frozen=True)
class Freeze(SettingsTable):
    """Half-open [start, end) in local time; a date is its midnight, as iCalendar's DTSTART and DTEND have it."""

    start: Annotated[LocalTime, Note('a date, or a local time such as "2026-12-19 18:00"', '"2026-12-19"')]
    end: Annotated[LocalTime, Note("exclusive", '"2027-01-04"')]
    reason: Annotated[str, Note(sample='"year end"')] = ""

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(
                f"a freeze that ends at {self.end:%Y-%m-%d %H:%M} {'where' if self.end == self.start else 'before'} it begins; "
                "end is exclusive: for whole days name the day after the last one"
            )


def _check_url(url: str) -> None:
    if url.partition(":")[0] in ("env", "file", "command"):
        check_reference(url)
        return
    if url:
        wrong = wrong_with(url, ("https", "http") if url.startswith("http://") else ("https",))
        if wrong:
            raise ValueError(wrong)
        check_address(
            url, 'give the whole address by reference: "env:NAME", "file:PATH" or "command:PROGRAM ARG"'
        )
        if url.startswith("http://") and urlsplit(url).hostname not in _HERE:
            raise ValueError("a calendar that comes without TLS could be anybody's; write https://")


@dataclass(frozen=True)
class FeedSettings(SettingsTable):
    """A calendar (.ics) of others that closes ours: a file or an address. One that cannot be read any more counts as it was read last;
    until one was ever read, the calendar is closed."""

    name: Annotated[str, Note(sample='"public-holidays"')]
    what: Annotated[
        Literal["holiday", "freeze"], Note("what its events are; maintenance moves out of freezes alone")
    ] = "freeze"
    file: Annotated[str, Note(sample='"/etc/tfdash/freezes.ics"')] = ""
    url: Annotated[
        str,
        Checked(_check_url),
        Note(
            'https; one that holds a secret by reference: "env:NAME", "file:PATH" or "command:PROGRAM ARG"',
            '"https://calendar.example.com/freezes.ics"',
        ),
    ] = field(default="", repr=False)

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        if not self.name.strip():
            yield Unfit("name", "a feed needs a name, by which the calendar speaks of it")
        if bool(self.file) is bool(self.url):
            yield Unfit(
                "file" if self.file else "url", "a feed is a file or an address: write one of file and url"
            )


@dataclass(frozen=True)
class CalendarRules(SettingsTable, defaults="calendar.toml"):
    """When a standard release may happen; the zone is [time] zone. Rollback, abort and pause are never closed."""

    days: Days
    start: TimeOfDay
    length: Annotated[Seconds, Between(1, 86400, seconds=True), Note("by the wall clock")]
    finish_by: Annotated[
        TimeOfDay,
        Note("a release that began inside its window may go on until then; after that only pause or abort"),
    ]
    blackout_from_day: Annotated[
        int, Between(0, 31), Note("the month's end, whole local days, from the 28th ...")
    ]
    blackout_to_day: Annotated[int, Between(0, 31), Note("... through the 3rd; 0 for both: no blackout")]
    holidays: Annotated[Dates, Note('["2026-11-26"]: whole days without a window')]
    holidays_of: Annotated[
        Country,
        Note('"US", "US-NY", "DE-BY": the public holidays of a country or a part of it, too; "": of none'),
    ]
    freezes: Annotated[tuple[Freeze, ...], Listed(), Note("further times without a window")]
    feeds: Annotated[tuple[FeedSettings, ...], Listed(), Note("calendars of others")]
    max_clock_skew: Annotated[
        Seconds,
        Between(0, 300, seconds=True),
        Note("when our clock and the API server's differ by more, the calendar is closed for frozen actions"),
    ]

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        if (self.blackout_from_day == 0) is not (self.blackout_to_day == 0):
            yield Unfit("blackout_from_day", "a blackout needs both of its days, or 0 for both")
        names = [feed.name for feed in self.feeds]
        if len(set(names)) != len(names):
            yield Unfit("feeds", "two feeds have one name; give each its own")


@dataclass(frozen=True)
class CalendarPolicy(CalendarRules):
    """The calendar in an IANA zone; ``days`` as ``datetime.weekday`` counts, ``length`` and ``max_clock_skew`` in seconds.

    ``told``: what the feeds close, sorted by start. ``unread``: which of them nobody ever read, and why, "" where all were read at some
    time; ``stale``: which of them count as they were read last (``schedule/feeds.py: in_force`` fills in all three)."""

    zone: str
    told: tuple[Closed, ...] = ()
    unread: str = ""
    stale: str = ""

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@lru_cache(8)
def default_calendar_policy(zone: str = DEFAULT_ZONE) -> CalendarPolicy:
    """The playbook's own calendar in ``zone``."""
    return calendar_in(zone, read(CalendarRules, shipped(CalendarRules)))


def calendar_in(zone: str, rules: CalendarRules) -> CalendarPolicy:
    """The calendar of [calendar] in the zone of [time]."""
    return CalendarPolicy(**vars(rules), zone=zone)
