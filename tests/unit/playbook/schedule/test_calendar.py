"""The release calendar at its edges: the windows, the month's end, both clock changes, freezes, clocks that differ."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.configured import calendar_policy
from tfdash.config.problems import ConfigError
from tfdash.playbook.schedule import (
    CalendarPolicy,
    calendar_state,
    continuation,
    default_calendar_policy,
    next_slots,
    slot_at,
)

NEW_YORK = ZoneInfo("America/New_York")


def local(text: str, zone: ZoneInfo = NEW_YORK, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def is_open(at: float, policy: CalendarPolicy | None = None) -> bool:
    return calendar_state(policy or default_calendar_policy(), at).open


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("2026-11-24 09:59:59", False),
        ("2026-11-24 10:00:00", True),
        ("2026-11-24 11:59:59", True),
        ("2026-11-24 12:00:00", False),  # half-open
        ("2026-11-25 10:30:00", False),  # a Wednesday
        ("2026-11-26 10:00:00", True),
    ],
)
def test_the_window_is_half_open(at: str, allowed: bool) -> None:
    assert is_open(local(at)) is allowed


def test_est_is_eastern_time_and_not_utc_minus_five_all_year() -> None:
    assert is_open(utc("2026-07-14 14:00"))  # 10:00 EDT; "EST" taken as fixed would open at 15:00Z
    assert not is_open(utc("2026-07-14 16:00"))
    assert is_open(utc("2026-12-08 15:00"))
    assert not is_open(utc("2026-12-08 14:30"))


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        ("2026-02-26", True),
        ("2027-02-25", True),
        ("2023-02-28", False),  # a Tuesday: February has no 29th here
        ("2024-02-29", False),  # a leap year's Thursday
        ("2026-03-03", False),
        ("2022-03-03", False),
        ("2025-03-04", True),
        ("2026-04-28", False),
        ("2026-05-28", False),
        ("2026-06-02", False),
        ("2026-12-31", False),
    ],
)
def test_the_blackout_wraps_the_months_end(day: str, allowed: bool) -> None:
    assert is_open(local(f"{day} 10:30")) is allowed


def test_a_blackout_across_the_autumn_change_lasts_an_hour_more() -> None:
    state = calendar_state(default_calendar_policy(), local("2026-10-29 10:30"))
    assert state.freeze is not None
    assert (state.freeze.start, state.freeze.end) == (local("2026-10-28"), local("2026-11-04"))
    assert state.freeze.end - state.freeze.start == 169 * 3600


def test_how_many_slots_a_year_loses_to_the_blackout() -> None:
    """24 of the 105 Tuesdays and Thursdays of 2026, 22 of the 104 of 2027."""
    for year, left in ((2026, 105 - 24), (2027, 104 - 22)):
        slots = next_slots(default_calendar_policy(), local(f"{year - 1}-12-31 23:59:59"), 120)
        assert sum(local(f"{year}-01-01") <= s.start < local(f"{year + 1}-01-01") for s in slots) == left


def test_why_it_is_closed_and_when_it_opens() -> None:
    state = calendar_state(default_calendar_policy(), local("2026-11-28 10:00"))
    assert not state.open
    assert state.opens_at == local("2026-12-08 10:00") == state.next[0].start
    assert state.text == "release CLOSED · opens Tue 8 Dec 10:00"
    assert state.why == (
        "closed: blackout at the month's end, day 28 through 3, until Fri 4 Dec 00:00 EST; "
        "opens Tue 8 Dec 10:00-12:00 EST (15:00Z)"
    )
    assert len(state.next) == 5


def test_open_says_until_when() -> None:
    state = calendar_state(default_calendar_policy(), local("2026-11-24 11:00"))
    assert state.text == "release OPEN until 12:00"
    assert state.closes_at == local("2026-11-24 12:00")
    assert state.opens_at is None
    assert state.next[0].start == local("2026-11-26 10:00")


def test_holidays_and_freezes_close_a_window() -> None:
    policy = calendar_policy(
        {
            "holidays": ["2026-11-26"],
            "freezes": [{"start": "2026-12-08 11:00", "end": "2026-12-10 10:30", "reason": "audit"}],
        }
    )
    assert not is_open(local("2026-11-26 10:30"), policy)
    assert is_open(local("2026-12-08 10:59"), policy)
    assert not is_open(local("2026-12-08 11:00"), policy)
    assert not is_open(local("2026-12-10 10:29"), policy)
    assert is_open(local("2026-12-10 10:30"), policy)  # end exclusive: the rest of the window is left
    assert "audit, until Thu 10 Dec 10:30 EST" in calendar_state(policy, local("2026-12-09 10:00")).why
    slots = next_slots(policy, local("2026-11-24 12:00"), 2)
    assert [(s.start, s.end) for s in slots] == [
        (local("2026-12-08 10:00"), local("2026-12-08 11:00")),
        (local("2026-12-10 10:30"), local("2026-12-10 12:00")),
    ]


@pytest.mark.parametrize(
    ("values", "now", "first"),
    [
        ({}, "2026-11-24 09:59", ("2026-11-24 10:00", "2026-11-24 12:00")),  # today's
        ({}, "2026-11-24 10:00", ("2026-11-26 10:00", "2026-11-26 12:00")),  # after now
        # of a window whose beginning is closed the rest, and nothing before it
        (
            {"freezes": [{"start": "2026-11-24 10:00", "end": "2026-11-24 11:00"}]},
            "2026-11-24 09:00",
            ("2026-11-24 11:00", "2026-11-24 12:00"),
        ),
        # what is left of yesterday's window
        (
            {
                "days": ["Fri"],
                "start": "23:00",
                "length": "2h",
                "freezes": [{"start": "2026-11-20 23:30", "end": "2026-11-21 00:30"}],
            },
            "2026-11-21 00:10",
            ("2026-11-21 00:30", "2026-11-21 01:00"),
        ),
        # a window that a freeze took to its end is none
        (
            {"freezes": [{"start": "2026-11-24 10:00", "end": "2026-11-24 12:00"}]},
            "2026-11-24 09:00",
            ("2026-11-26 10:00", "2026-11-26 12:00"),
        ),
        # of a window over the end of a blackout the rest is left
        (
            {"days": ["Thu"], "start": "23:00", "length": "2h"},
            "2026-12-02 09:00",
            ("2026-12-04 00:00", "2026-12-04 01:00"),
        ),
    ],
)
def test_the_next_slot(values: dict[str, object], now: str, first: tuple[str, str]) -> None:
    [found] = next_slots(calendar_policy(values), local(now), 1)
    assert (found.start, found.end) == (local(first[0]), local(first[1]))


NIGHT = {"days": ["Sun"], "blackout_from_day": 0, "blackout_to_day": 0}


def test_a_window_that_starts_in_the_spring_gap_is_shifted_and_keeps_its_length() -> None:
    policy = calendar_policy({**NIGHT, "start": "02:30", "length": "1h"})
    slot = slot_at(policy, utc("2026-03-08 07:30"))  # 02:30 does not exist; 03:30 EDT
    assert slot is not None
    assert (slot.start, slot.end) == (utc("2026-03-08 07:30"), utc("2026-03-08 08:30"))
    assert slot_at(policy, utc("2026-03-08 07:29")) is None


def test_a_window_over_the_spring_gap_keeps_the_wall_clock() -> None:
    policy = calendar_policy({**NIGHT, "start": "01:00", "length": "3h"})
    slot = slot_at(policy, utc("2026-03-08 06:00"))
    assert slot is not None
    assert slot.text.startswith("Sun 8 Mar 01:00-04:00 EST")
    assert slot.end - slot.start == 2 * 3600


def test_a_start_that_occurs_twice_means_the_first() -> None:
    policy = calendar_policy({**NIGHT, "start": "01:30", "length": "15m"})
    assert is_open(local("2026-11-01 01:30", fold=0), policy)
    assert not is_open(local("2026-11-01 01:30", fold=1), policy)


def test_a_window_over_midnight_reaches_into_the_next_day_but_not_into_a_blackout() -> None:
    policy = calendar_policy({"days": ["Fri"], "start": "23:00", "length": "2h"})
    assert is_open(local("2026-11-21 00:59"), policy)
    assert not is_open(local("2026-11-21 01:00"), policy)
    slot = slot_at(policy, local("2026-11-27 23:30"))
    assert slot is not None
    assert slot.end == local("2026-11-28 00:00")  # the 28th is closed


def test_a_release_that_began_inside_its_window_may_finish() -> None:
    policy = default_calendar_policy()
    began = local("2026-11-24 11:50")
    assert continuation(policy, began, local("2026-11-24 13:00")).allowed
    late = continuation(policy, began, local("2026-11-24 16:00"))
    assert not late.allowed
    assert late.text.endswith("was to finish by 16:00 EST: pause or abort only")
    assert not continuation(policy, local("2026-11-24 12:00"), local("2026-11-24 12:01")).allowed
    assert not continuation(policy, None, local("2026-11-24 11:00")).allowed
    assert calendar_state(policy, local("2026-11-24 12:30")).finish_until == local("2026-11-24 16:00")
    assert calendar_state(policy, local("2026-11-24 16:00")).finish_until is None


def test_a_freeze_ends_the_time_to_finish() -> None:
    policy = calendar_policy({"freezes": [{"start": "2026-11-24 14:00", "end": "2026-11-25"}]})
    told = continuation(policy, local("2026-11-24 11:00"), local("2026-11-24 13:59"))
    assert told.allowed
    assert told.until == local("2026-11-24 14:00")
    assert not continuation(policy, local("2026-11-24 11:00"), local("2026-11-24 14:00")).allowed


@pytest.mark.parametrize(
    ("skew", "allowed"), [(None, True), (30.0, True), (-30.0, True), (30.5, False), (-31, False)]
)
def test_clocks_that_differ_close_it(skew: float | None, allowed: bool) -> None:
    state = calendar_state(default_calendar_policy(), local("2026-11-24 11:00"), skew=skew, cluster="eu-1")
    assert state.open is allowed
    assert ("the clock of eu-1" in state.why) is not allowed


def test_no_window_at_all_is_said() -> None:
    state = calendar_state(calendar_policy({"days": []}), local("2026-11-24 11:00"))
    assert (state.open, state.next, state.opens_at) == (False, (), None)
    assert "no window lies ahead" in state.why


@pytest.mark.parametrize(
    ("values", "zone", "told"),
    [
        ({}, "EST5", "time.zone: 'EST5' is not an IANA time zone"),
        ({"days": ["Tux"]}, "UTC", "calendar.days: 'Tux' is no day of the week"),
        ({"start": "10:00 EST"}, "UTC", "calendar.start: '10:00 EST' is no time of day"),
        ({"start": "25:00"}, "UTC", "calendar.start"),
        ({"length": "0h"}, "UTC", "calendar.length"),
        ({"length": 2}, "UTC", "calendar.length: 2 is not a duration"),
        ({"holidays": ["2026-02-30"]}, "UTC", "calendar.holidays: '2026-02-30' is no date"),
        ({"freezes": [{"start": "2026-12-24", "end": "2026-12-24"}]}, "UTC", "end is exclusive"),
        ({"freezes": [{"start": "2026-12-24"}]}, "UTC", "calendar.freezes.0.end: missing; add end = ..."),
        ({"blackout_to_day": 0}, "UTC", "calendar.blackout_from_day: a blackout needs both of its days"),
        ({"days": "Tue"}, "UTC", "calendar.days: 'Tue' must be a list"),
        (
            {"blackout_from_day": 32},
            "UTC",
            "calendar.blackout_from_day: 32 is out of range; choose one from 0 to 31",
        ),
        ({"weekdays": []}, "UTC", "calendar.weekdays: unknown key; valid here: "),
    ],
)
def test_what_cannot_be_read_is_refused_by_key(values: dict[str, object], zone: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        calendar_policy(values, zone)
    assert told in str(caught.value)
