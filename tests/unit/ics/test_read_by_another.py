"""What we write, read by a library that shares no code with the one that wrote it: the same days and times over five years."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ical.calendar_stream import IcsCalendarStream

from tests.configured import calendar_policy
from tests.configured import maintenance_policy as promised
from tfdash.ics import promises, releases
from tfdash.ics.writing import read_previous, written
from tfdash.playbook.maintenance.cadence import Each, On
from tfdash.playbook.maintenance.periods import spans
from tfdash.playbook.maintenance.places import places
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.freezes import closed_on
from tfdash.playbook.schedule.local import later, local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy
from tfdash.playbook.schedule.windows import left_of, window_on

TODAY, YEARS = date(2026, 11, 24), 5
ZONES = (
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Tokyo",
)  # not UTC, nor what is the same: that library does not find
# an instance of a series in UTC by its RECURRENCE-ID, which ends in Z there
FREEZES: dict[str, Any] = {
    "holidays": ["2026-11-26", "2027-12-24"],
    "freezes": [
        {"start": "2026-12-15", "end": "2027-01-08", "reason": "year end"},
        {"start": "2027-03-16 11:00", "end": "2027-03-16 11:30", "reason": "audit; \\ , \n hostile"},
        {"start": "2028-02-29 10:30", "end": "2028-06-10 09:00"},
    ],
}
OWN = {
    f"{blackout}-{sort.replace(' ', '-').lower()}": {"when": sort, "title": sort, "blackout": blackout}
    for blackout in ("allowed", "before", "after", "stays")
    for sort in (
        *(f"each {p}" for p in ("week", "month", "quarter", "half-year", "year")),
        "on FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
        "on FREQ=MONTHLY;BYMONTHDAY=31",
        "on FREQ=MONTHLY;BYMONTHDAY=-1",
        "on FREQ=MONTHLY;BYDAY=1TU;UNTIL=20270501",
        "on FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "on FREQ=DAILY;INTERVAL=10;UNTIL=20290301T120000Z",
        "on FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;INTERVAL=2",
        "on FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "on FREQ=WEEKLY;BYDAY=TU;WKST=SU",
    )
}


def read(data: bytes, zone: ZoneInfo, first: date, last: date) -> Mapping[str, list[tuple[Any, Any]]]:
    """By UID: start and end of each instance that begins in those days."""
    calendar = IcsCalendarStream.calendar_from_ics(data.decode())
    found: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    begin = datetime.combine(first - timedelta(days=400), datetime.min.time(), zone)
    end = datetime.combine(last + timedelta(days=400), datetime.min.time(), zone)
    for event in calendar.timeline_tz(zone).overlapping(begin, end):
        start = event.dtstart
        if first <= (local_date(start.timestamp(), zone) if isinstance(start, datetime) else start) <= last:
            found[event.uid or ""].append((start, event.end))
    return found


@pytest.mark.parametrize("name", ZONES)
def test_promises_fall_on_the_same_days(name: str) -> None:
    zone = ZoneInfo(name)
    calendar = calendar_policy(FREEZES, name)
    policy = promised({"items": OWN}, name)
    items = [(s, i) for s, i in places(policy, ["production"], ()) if promises.dated(i)]
    span = promises.horizon(TODAY, YEARS)
    data = written(promises.entries(policy, calendar, items, {}, span), "x", zone, span.last, 0.0)
    first, last = TODAY, span.last - timedelta(days=80)
    seen = read(data, zone, first, last)
    assert len(items) > 60
    for subject, item in items:
        assert isinstance(item.when, Each | On)
        due = spans(
            item, zone, calendar, midnight(later(first, -400), zone), midnight(later(last, 400), zone)
        )
        days = sorted(
            local_date(s.planned - 1.0, zone) if isinstance(item.when, Each) else local_date(s.start, zone)
            for s in due
        )
        expected = [(d, later(d, 1)) for d in days if first <= d <= last]
        assert sorted(seen[promises.uid_of_item(subject)]) == expected, item.title


TIMED = {
    f"{blackout}-{number}": {
        "when": sort,
        "title": sort,
        "blackout": blackout,
        "at": at,
        "length": length,
        "zone": zone,
    }
    for blackout in ("allowed", "before", "after")
    for number, (sort, at, length, zone) in enumerate(
        (
            ("on FREQ=WEEKLY;BYDAY=SU", "02:15", "1h", ""),  # in the gap of one night, twice in another
            (
                "on FREQ=WEEKLY;BYDAY=SA",
                "23:00",
                "6h",
                "Europe/Berlin",
            ),  # over midnight, and over changes of clocks
            ("on FREQ=MONTHLY;BYMONTHDAY=31", "22:00", "2h", ""),
            ("on FREQ=MONTHLY;BYDAY=1TU;UNTIL=20290501", "04:00", "30m", "Asia/Tokyo"),
            ("on FREQ=DAILY;INTERVAL=10;UNTIL=20290301T120000Z", "00:00", "24h", ""),
            ("on FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;INTERVAL=2", "09:30", "1h", ""),
        )
    )
}


@pytest.mark.parametrize("name", ZONES)
def test_promises_with_hours_are_the_same_times(name: str) -> None:
    zone = ZoneInfo(name)
    calendar = calendar_policy(FREEZES, name)
    policy = promised({"items": TIMED}, name)
    items = [(s, i) for s, i in places(policy, ["production"], ()) if s.name in TIMED]
    span = promises.horizon(TODAY, YEARS)
    data = written(promises.entries(policy, calendar, items, {}, span), "x", zone, span.last, 0.0)
    first, last = TODAY, span.last - timedelta(days=80)
    seen = read(data, zone, later(first, -3), later(last, 3))
    assert len(items) == len(TIMED)
    for subject, item in items:
        own = ZoneInfo(policy.zone_of(item))
        due = spans(item, own, calendar, midnight(later(first, -400), own), midnight(later(last, 400), own))
        days = [local_date(s.start, own) for s in due]
        expected = [_hours(day, item, own) for day in days if first <= day <= last]
        told = sorted((s.timestamp(), e.timestamp()) for s, e in seen[promises.uid_of_item(subject)])
        assert [t for t in told if expected[0][0] <= t[0] <= expected[-1][0]] == expected, (
            item.title,
            item.blackout,
        )


def _hours(day: date, item: MaintenanceItem, zone: ZoneInfo) -> tuple[float, float]:
    """By the wall clock; an hour that a change of clocks leaves out is the one after it (RFC 5545, 3.3.5)."""
    assert item.at is not None
    begins = datetime.combine(day, item.at)
    start, end = (
        t.replace(tzinfo=zone).timestamp() for t in (begins, begins + timedelta(seconds=item.length))
    )
    return start, max(start, end)


def slots(policy: CalendarPolicy, first: date, last: date) -> list[tuple[float, float]]:
    found = []
    for number in range((last - first).days + 1):
        day = later(first, number)
        window = window_on(policy, day)
        if window is not None:
            found += left_of(window, list(closed_on(policy, day, later(day, 1))))
    return found


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"days": ["Sun"], "start": "02:15", "length": "1h"},  # in the gap of one night, twice in another
        {"days": ["Sat", "Sun"], "start": "22:00", "length": "6h"},
        {"days": ["Fri"], "start": "00:00", "length": "24h", "blackout_from_day": 0, "blackout_to_day": 0},
    ],
    ids=["shipped", "clock change", "over midnight", "whole days"],
)
def test_release_windows_are_the_same_times(name: str, knobs: dict[str, Any]) -> None:
    zone = ZoneInfo(name)
    policy = calendar_policy({**FREEZES, **knobs}, name)
    span = promises.horizon(TODAY, YEARS)
    entries = list(releases.entries(policy, span))
    windows = {e.uid for e in entries if e.summary == releases.WINDOW}
    found = read(written(entries, "x", zone, span.last, 0.0), zone, span.first, span.last)
    seen = sorted((s.timestamp(), e.timestamp()) for uid in windows for s, e in found.get(uid, ()))
    assert seen == sorted(slots(policy, span.first, span.last))
    assert bool(seen) and (seen[-1][0] - seen[0][0]) > 5 * 365 * 86_400


@pytest.mark.parametrize("name", ZONES)
def test_what_closes_is_the_same_days(name: str) -> None:
    zone = ZoneInfo(name)
    policy = calendar_policy(FREEZES, name)
    span = promises.horizon(TODAY, YEARS)
    entries = list(releases.entries(policy, span))
    found = read(written(entries, "x", zone, span.last, 0.0), zone, span.first, span.last)
    kinds = {e.uid: e.categories[0] for e in entries}
    days = [later(span.first, n) for n in range((span.last - span.first).days + 1)]
    blackout = {start for uid, of in found.items() if kinds[uid] == releases.BLACKOUT for start, _ in of}
    assert blackout == {d for d in days if d.day >= 28 or d.day <= 3}
    told = {
        (midnight(s, zone), midnight(e, zone))
        if not isinstance(s, datetime)
        else (s.timestamp(), e.timestamp())
        for uid, of in found.items()
        if kinds[uid] in (releases.HOLIDAY, releases.FREEZE)
        for s, e in of
    }
    closed = {(c.start, c.end) for c in closed_on(policy, span.first, span.last) if c.kind != "blackout"}
    assert told == closed


def test_written_again_it_is_the_same_file() -> None:
    zone = ZoneInfo("America/New_York")
    span = promises.horizon(TODAY, YEARS)
    policy, calendar = promised({"items": OWN}), calendar_policy(FREEZES)
    items = list(places(policy, ["production"], ()))
    entries = [*promises.entries(policy, calendar, items, {}, span), *releases.entries(calendar, span)]
    first = written(entries, "x", zone, span.last, 1_795_000_000.0)
    assert written(entries, "x", zone, span.last, 1_795_500_000.0, read_previous(first)) == first
    assert max(map(len, first.split(b"\r\n"))) <= 75
    assert first.count(b"\n") == first.count(b"\r\n")
