"""The one way in which a moment is written for people: in the platform's zone, and with its name. Records and JSON are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

NEVER = 253_370_764_800.0
"""Epoch seconds of the year 9999: no calendar tells a later time."""


def moment(at: float, zone: ZoneInfo) -> str:
    """``2026-11-26 10:30 EST``."""
    return _minute(int(at // 60), zone)


@lru_cache(maxsize=8192)
def _minute(number: int, zone: ZoneInfo) -> str:
    """Of so many minutes since the epoch: to write a time anew for each of thousands of sentences is dear."""
    return f"{datetime.fromtimestamp(number * 60, UTC).astimezone(zone):%Y-%m-%d %H:%M %Z}"


def clock(at: float, zone: ZoneInfo) -> str:
    """``10:30 EST``, of what is of today or nearly."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%H:%M %Z}"


def near(at: float, now: float, zone: ZoneInfo) -> str:
    """The same with its date where that is not now's: ``27 Nov 10:30 EST``."""
    then, today = (datetime.fromtimestamp(one, UTC).astimezone(zone) for one in (at, now))
    return clock(at, zone) if then.date() == today.date() else f"{then.day} {then:%b %H:%M %Z}"


def weekday_moment(at: float, zone: ZoneInfo) -> str:
    """``Sat 5 Dec 10:00 EST``, of what is near."""
    then = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return f"{then:%a} {then.day} {then:%b %H:%M %Z}"
