"""Periods, deadlines and what a blackout does to them, against a slow reading by days and half hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.configured import calendar_policy
from tests.unit.playbook.maintenance import oracle
from tests.unit.playbook.maintenance.making import DAY, at, item
from tfdash.playbook.maintenance.cadence import PERIODS
from tfdash.playbook.maintenance.periods import Span, spans
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.policy import CalendarPolicy

pytestmark = pytest.mark.long

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "UTC")
RULES = ("stays", "before", "after", "allowed")
RECURRENCES = (
    "FREQ=WEEKLY;BYDAY=MO",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;BYMONTH=3,11;BYDAY=SU",
    "FREQ=DAILY;INTERVAL=45",
)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[oracle.Calendar, CalendarPolicy]:
    """A blackout over the month's end, within it, or none; freezes of hours or weeks, which may join it."""
    first, last = draw(st.sampled_from(((28, 3), (10, 12), (30, 31), (1, 1), (0, 0))))
    freezes = []
    for _ in range(draw(st.integers(0, 2))):
        begin = datetime(2024, 1, 1) + timedelta(
            days=draw(st.integers(0, 1200)), hours=draw(st.integers(5, 20))
        )
        freezes.append((begin, begin + timedelta(days=draw(st.integers(0, 15)), minutes=90)))
    zone = draw(st.sampled_from(ZONES))
    days = set(range(first, last + 1)) if first <= last else {*range(first, 32), *range(1, last + 1)}
    texts = [
        {"start": f"{a:%Y-%m-%d %H:%M}", "end": f"{b:%Y-%m-%d %H:%M}", "reason": "x"} for a, b in freezes
    ]
    policy = calendar_policy(
        {"blackout_from_day": first, "blackout_to_day": last, "holidays": ["2026-12-03"], "freezes": texts},
        zone,
    )
    return oracle.Calendar(frozenset(days - {0}), tuple(freezes), zone), policy


def as_read(found: list[Span]) -> list[oracle.Span]:
    return [oracle.Span(s.label, s.start, s.end, s.deadline, s.planned, bool(s.conflict)) for s in found]


def within(found: list[oracle.Span], grace: float, first: float, last: float) -> list[oracle.Span]:
    return [s for s in found if s.start < last and s.deadline + grace > first]


def some(
    promise: MaintenanceItem, zone: str, policy: CalendarPolicy, first: float, last: float
) -> list[Span]:
    return list(spans(promise, ZoneInfo(zone), policy, first, last))


TIMES = st.integers(
    int(datetime(2024, 6, 1, tzinfo=UTC).timestamp()), int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
)


@given(
    sort=st.sampled_from(PERIODS),
    zone=st.sampled_from(ZONES),
    blackout=st.sampled_from(RULES),
    calendar=calendars(),
    first=TIMES,
    days=st.integers(1, 200),
)
@settings(max_examples=150)
def test_calendar_periods_are_those_of_the_slow_reading(
    sort: str,
    zone: str,
    blackout: str,
    calendar: tuple[oracle.Calendar, CalendarPolicy],
    first: float,
    days: int,
) -> None:
    slow, policy = calendar
    last, grace = first + days * DAY, 0.5 * DAY
    wanted = within(oracle.spans_each(sort, zone, slow, blackout), grace, first, last)
    found = some(item(f"each {sort}", grace, blackout), zone, policy, first, last)
    assert as_read(found) == wanted


@given(
    rule=st.sampled_from(RECURRENCES),
    zone=st.sampled_from(ZONES),
    blackout=st.sampled_from(RULES),
    calendar=calendars(),
    first=TIMES,
    days=st.integers(1, 400),
)
@settings(max_examples=150)
def test_dates_are_those_of_the_slow_reading(
    rule: str,
    zone: str,
    blackout: str,
    calendar: tuple[oracle.Calendar, CalendarPolicy],
    first: float,
    days: int,
) -> None:
    slow, policy = calendar
    last, grace = first + days * DAY, 0.5 * DAY
    wanted = within(oracle.spans_on(rule, zone, slow, blackout), grace, first, last)
    found = some(item(f"on {rule}", grace, blackout), zone, policy, first, last)
    assert [s[1:] for s in as_read(found)] == [s[1:] for s in wanted]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2026-03-08", 23.0),
        ("America/New_York", "2026-11-01", 25.0),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Santiago", "2026-09-06", 23.0),  # midnight is skipped: the day begins at 01:00
        ("America/Santiago", "2026-04-04", 25.0),
    ],
)
def test_a_day_with_a_clock_change_is_as_long_as_it_is(zone: str, day: str, hours: float) -> None:
    noon = at(f"{day} 12:00", ZoneInfo(zone))
    (found,) = some(item("each day", 3600), zone, calendar_policy({}), noon, noon + 1)
    assert (found.label, (found.end - found.start) / 3600) == (day, hours)


def test_weeks_over_the_end_of_a_year_are_the_weeks_of_iso() -> None:
    found = some(item("each week", 3600), "UTC", calendar_policy({}), at("2026-12-28 12:00", ZoneInfo("UTC")), at("2027-01-12", ZoneInfo("UTC")))  # fmt: skip
    assert [s.label for s in found] == ["2026-W53", "2027-W01", "2027-W02"]


def test_a_month_without_a_31st_is_left_out_and_the_last_day_is_minus_one() -> None:
    year = at("2026-01-01 12:00"), at("2026-12-31 12:00")
    calendar = calendar_policy({})
    the_31st = [s.label[5:] for s in some(item("on FREQ=MONTHLY;BYMONTHDAY=31", 3600), "America/New_York", calendar, *year)]  # fmt: skip
    last = [s.label[5:] for s in some(item("on FREQ=MONTHLY;BYMONTHDAY=-1", 3600), "America/New_York", calendar, *year)]  # fmt: skip
    assert the_31st == ["01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31"]
    assert last == [f"{m:02}-{d}" for m, d in enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1)]


def test_a_29th_of_february_comes_in_leap_years() -> None:
    found = some(item("on FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 3600), "UTC", calendar_policy({}), at("2024-01-01"), at("2036-01-01"))  # fmt: skip
    assert [s.label for s in found] == ["2024-02-29", "2028-02-29", "2032-02-29"]


def test_what_moves_before_a_blackout_of_another_zone_is_over_when_it_begins() -> None:
    """Six hours of Berlin's 28th are open in New York, but its end, which is the deadline, is not."""
    berlin = ZoneInfo("Europe/Berlin")
    promise = item("on FREQ=MONTHLY;BYMONTHDAY=30", 3600, "before")
    (found,) = some(promise, "Europe/Berlin", calendar_policy({}), at("2026-11-20"), at("2026-12-20"))
    assert (found.start, found.deadline) == (at("2026-11-27", berlin), at("2026-11-28", berlin))


def test_a_freeze_that_ends_on_a_holiday_is_a_freeze_all_the_same() -> None:
    """The holiday of that day lasts longer, and closes release windows alone."""
    calendar = calendar_policy(
        {
            "blackout_from_day": 0,
            "blackout_to_day": 0,
            "holidays": ["2026-11-30"],
            "freezes": [{"start": "2026-11-29", "end": "2026-11-30 12:00", "reason": "audit"}],
        }
    )
    promise = item("on FREQ=MONTHLY;BYMONTHDAY=30", 3600, "after")
    (found,) = some(promise, "America/New_York", calendar, at("2026-11-30"), at("2026-12-02"))
    assert found.start == at("2026-11-30")  # its afternoon is open
    (stays,) = some(
        item("on FREQ=MONTHLY;BYMONTHDAY=30", 3600, "stays"),
        "America/New_York",
        calendar,
        at("2026-11-30"),
        at("2026-12-02"),
    )
    assert stays.conflict == "audit"
