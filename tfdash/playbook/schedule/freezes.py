"""Blackout, holidays and extra freezes as half-open intervals of instants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from tfdash.playbook.schedule.local import instant, later, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy, Closed
from tfdash.playbook.schedule.public import public_holidays


def blacked_out(policy: CalendarPolicy, day: date) -> bool:
    """Whether the local ``day`` lies in the month's blackout, which may cross the month's end."""
    return _between(policy.blackout_from_day, policy.blackout_to_day, day)


def _between(first: int, last: int, day: date) -> bool:
    if not first:
        return False
    if first <= last:
        return first <= day.day <= last
    return day.day >= first or day.day <= last


@lru_cache(1024)
def _run_around(first: int, last: int, day: date) -> tuple[date, date]:
    """The first and the last of the blacked-out days about ``day``, which must be one. Kept: looking for the next slot
    asks for the same days again and again."""
    begins = ends = day
    while _between(first, last, later(begins, -1)) and (day - begins).days < 62:
        begins = later(begins, -1)
    while _between(first, last, later(ends, 1)) and (ends - day).days < 62:
        ends = later(ends, 1)
    return begins, ends


def _blackout_around(policy: CalendarPolicy, day: date) -> Closed:
    """The whole run of blacked-out days about ``day``. By days, so that a clock change inside it is right."""
    first, last = _run_around(policy.blackout_from_day, policy.blackout_to_day, day)
    zone = policy.tz
    reason = f"blackout at the month's end, day {policy.blackout_from_day} through {policy.blackout_to_day}"
    return Closed(midnight(first, zone), midnight(later(last, 1), zone), "blackout", reason)


def closed_on(policy: CalendarPolicy, first: date, last: date) -> Iterator[Closed]:
    """All intervals that close a part of the local days ``first`` through ``last``; they may overlap."""
    zone = policy.tz
    day = first
    while day <= last:
        if blacked_out(policy, day):
            run = _blackout_around(policy, day)
            yield run
            day = later(day, 1)
            while day <= last and blacked_out(policy, day):
                day = later(day, 1)
        else:
            day = later(day, 1)
    for holiday in sorted(policy.holidays):
        if first <= holiday <= last:
            yield Closed(midnight(holiday, zone), midnight(later(holiday, 1), zone), "holiday", "holiday")
    for year in range(first.year, last.year + 1) if policy.holidays_of else ():
        for holiday, name in public_holidays(policy.holidays_of, year):
            if first <= holiday <= last and holiday not in policy.holidays:
                yield Closed(midnight(holiday, zone), midnight(later(holiday, 1), zone), "holiday", name)
    for freeze in policy.freezes:
        if freeze.start.date() <= last and freeze.end.date() >= first:
            yield Closed(
                instant(freeze.start, zone), instant(freeze.end, zone), "freeze", freeze.reason or "freeze"
            )
    if policy.told:
        begin, end = midnight(first, zone), midnight(later(last, 1), zone)
        for one in policy.told:
            if one.start >= end:
                break
            if one.end > begin:
                yield one


def closing(policy: CalendarPolicy, at: float, day: date) -> Closed | None:
    """What closes the instant ``at`` of the local ``day``; of several, the one that lasts longest."""
    hits = [c for c in closed_on(policy, day, day) if c.start <= at < c.end]
    return max(hits, key=lambda c: c.end, default=None)
