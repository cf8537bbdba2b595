"""The knobs of the release calendar, with the playbook's own values from ``defaults/calendar.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from tfdash.playbook.policy import PolicyError

T = TypeVar("T")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DEFAULT_ZONE = "America/New_York"
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True)
class Freeze:
    """Half-open [start, end) in local time; a date is its midnight, as iCalendar's DTSTART and DTEND have it."""

    start: datetime  # naive, local
    end: datetime
    reason: str


@dataclass(frozen=True)
class CalendarPolicy:
    """``length`` and ``max_clock_skew`` in seconds; ``days`` as ``datetime.weekday`` counts; times are local."""

    zone: str
    days: frozenset[int]
    start: time
    length: float
    finish_by: time
    blackout_from_day: int
    blackout_to_day: int
    holidays: frozenset[date]
    freezes: tuple[Freeze, ...]
    max_clock_skew: float

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def _read(value: Any, pattern: str, read: Callable[[str], T]) -> T | None:
    """A text of that form as a value; None where it is none, or means no day or hour that there is."""
    try:
        return read(value) if isinstance(value, str) and re.fullmatch(pattern, value) else None
    except ValueError:
        return None


def parse_day(value: Any) -> int:
    """``"Tue"`` or ``"Tuesday"`` as ``datetime.weekday`` counts. Raises ``ValueError``."""
    if isinstance(value, str):
        for number, name in enumerate(DAYS):
            if value[:3].capitalize() == name and len(value) >= 3:
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
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    found = _read(value, r"\d{4}-\d\d-\d\d", date.fromisoformat)
    if found is not None:
        return found
    raise ValueError(f'{value!r} is no date; write it as "2026-11-26"')


def parse_local(value: Any) -> datetime:
    """A local date or date with time, ``"2026-12-19"`` or ``"2026-12-19 18:00"``. Raises ``ValueError``."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value
    found = _read(value, r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", datetime.fromisoformat)
    if found is not None:
        return found
    try:
        return datetime.combine(parse_date(value), time())
    except ValueError:
        raise ValueError(
            f'{value!r} is no local time; write "2026-12-19" or "2026-12-19 18:00", without a zone'
        ) from None


def parse_freeze(value: Any) -> Freeze:
    """``{start, end, reason}``, end exclusive. Raises ``ValueError``."""
    if not isinstance(value, Mapping):
        raise ValueError(f'{value!r} is no freeze; write {{ start = "2026-12-19", end = "2027-01-04" }}')
    unknown = set(value) - {"start", "end", "reason"}
    if unknown or "start" not in value or "end" not in value:
        raise ValueError("a freeze has start, end (exclusive) and reason, and nothing else")
    freeze = Freeze(parse_local(value["start"]), parse_local(value["end"]), str(value.get("reason", "")))
    if freeze.end <= freeze.start:
        raise ValueError(
            f"a freeze that ends at {freeze.end:%Y-%m-%d %H:%M} before it begins; end is exclusive: "
            "for whole days name the day after the last one"
        )
    return freeze


def _seconds(value: Any) -> float:
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise ValueError(f'{value!r} is not a duration; write it as "2h" or "90m"')
    parts = (int(text or 0) for text in found.groups())
    return float(sum(n * unit for n, unit in zip(parts, (86400, 3600, 60, 1), strict=True)))


def _length(value: Any) -> float:
    seconds = _seconds(value)
    if not 0 < seconds <= 86400:
        raise ValueError(f"{value!r} must be more than nothing and at most a day")
    return seconds


def _day_of_month(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 31:
        raise ValueError(f"{value!r} is no day of the month; write 1 to 31, or 0 for none")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} must be a list")
    return list(value)


_READERS: dict[str, Any] = {
    "days": lambda v: frozenset(parse_day(day) for day in _list(v)),
    "start": parse_time,
    "length": _length,
    "finish_by": parse_time,
    "blackout_from_day": _day_of_month,
    "blackout_to_day": _day_of_month,
    "holidays": lambda v: frozenset(parse_date(day) for day in _list(v)),
    "freezes": lambda v: tuple(parse_freeze(freeze) for freeze in _list(v)),
    "max_clock_skew": _seconds,
}


def calendar_policy(
    values: Mapping[str, Any], zone: str = DEFAULT_ZONE, name: str = "calendar"
) -> CalendarPolicy:
    """The playbook's calendar with ``values`` (TOML) over it. Raises ``PolicyError`` naming the key and the remedy.

    An unknown zone is refused, never taken as UTC.
    """
    if zone not in available_timezones():
        raise PolicyError(f'time.zone: {zone!r} is not an IANA time zone; take one such as "{DEFAULT_ZONE}"')
    merged = {**_shipped(), **values}
    read = {}
    for key, value in merged.items():
        if key not in _READERS:
            raise PolicyError(f"{name}.{key}: unknown key; valid here: {', '.join(sorted(_READERS))}")
        try:
            read[key] = _READERS[key](value)
        except ValueError as error:
            raise PolicyError(f"{name}.{key}: {error}") from None
    if (read["blackout_from_day"] == 0) is not (read["blackout_to_day"] == 0):
        raise PolicyError(f"{name}.blackout_from_day: a blackout needs both of its days, or 0 for both")
    return CalendarPolicy(zone=zone, **read)


@lru_cache(1)
def _shipped() -> dict[str, Any]:
    text = files("tfdash.playbook").joinpath("defaults", "calendar.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(8)
def default_calendar_policy(zone: str = DEFAULT_ZONE) -> CalendarPolicy:
    """The playbook's own calendar in ``zone``."""
    return calendar_policy({}, zone)
