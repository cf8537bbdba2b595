"""What the calendar says, whole; what a person may call a time; and what closes a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from tests.configured import calendar_policy
from tests.unit.playbook.schedule.test_calendar import local, utc
from tfdash.model.calendar import CalendarState, Slot
from tfdash.playbook.schedule import Continuation, calendar_state, continuation, default_calendar_policy
from tfdash.playbook.schedule.asking import AskedInstant, asked
from tfdash.playbook.schedule.freezes import closed_on, closing
from tfdash.playbook.schedule.local import in_gap
from tfdash.playbook.schedule.policy import (
    Closed,
    Dates,
    Days,
    Freeze,
    LocalTime,
    TimeOfDay,
    parse_date,
    parse_day,
    parse_local,
    parse_time,
)
from tfdash.playbook.schedule.release import rule_words
from tfdash.playbook.schedule.windows import words
from tfdash.setting import written

PLAIN = default_calendar_policy()
ZONE = "America/New_York"
TUESDAY = local("2026-11-24 11:00")


def slot(day: str, start: str = "10:00", end: str = "12:00", text: str = "", **more: Any) -> Slot:
    return Slot(start=local(f"{day} {start}"), end=local(f"{day} {end}"), text=text, **more)


AHEAD = (
    slot("2026-11-26", text="Thu 26 Nov 10:00-12:00 EST (15:00Z)"),
    slot("2026-12-08", text="Tue 8 Dec 10:00-12:00 EST (15:00Z)"),
    slot("2026-12-10", text="Thu 10 Dec 10:00-12:00 EST (15:00Z)"),
    slot("2026-12-15", text="Tue 15 Dec 10:00-12:00 EST (15:00Z)"),
    slot("2026-12-17", text="Thu 17 Dec 10:00-12:00 EST (15:00Z)"),
)
RULE = "Tue and Thu 10:00 for 2h, America/New_York"


@pytest.mark.parametrize(
    ("at", "more", "said"),
    [
        (
            "2026-11-24 11:00",
            {"waived": "by ann until 12:00"},
            {
                "open": True,
                "text": "release OPEN until 12:00",
                "why": "open: inside the release window Tue 24 Nov 10:00-12:00 EST (15:00Z)",
                "closes_at": local("2026-11-24 12:00"),
                "finish_until": local("2026-11-24 16:00"),
                "waived": "by ann until 12:00",
            },
        ),
        (
            "2026-11-25 10:30",
            {},
            {
                "open": False,
                "text": "release CLOSED · opens Thu 26 Nov 10:00",
                "why": f"closed: standard releases are {RULE}; opens {AHEAD[0].text}",
                "opens_at": AHEAD[0].start,
            },
        ),
        (
            "2026-11-24 11:00",
            {"skew": 31.0},
            {
                "open": False,
                "text": "release CLOSED · clocks differ",
                "why": "the clock of the API server is 31 s ahead of ours, over the 30 s that are allowed: "
                "the calendar is closed until one of them is set right",
                "opens_at": AHEAD[0].start,
                "finish_until": local("2026-11-24 16:00"),
            },
        ),
        (
            "2026-11-25 10:30",
            {"skew": -31.0, "cluster": "eu-1"},
            {
                "open": False,
                "text": "release CLOSED · clocks differ",
                "why": "the clock of eu-1 is 31 s behind ours, over the 30 s that are allowed: "
                "the calendar is closed until one of them is set right",
                "opens_at": AHEAD[0].start,
            },
        ),
    ],
)
def test_what_the_calendar_says(at: str, more: dict[str, Any], said: dict[str, Any]) -> None:
    state = calendar_state(PLAIN, local(at), **more)
    problem = {"problem": said["why"]} if "skew" in more else {}
    assert state == CalendarState(at=local(at), zone=ZONE, next=AHEAD, **said, **problem)


@pytest.mark.parametrize(("skew", "way"), [(0.5, "ahead of"), (-0.5, "behind")])
def test_a_difference_of_half_a_second_has_a_direction(skew: float, way: str) -> None:
    strict = calendar_policy({"max_clock_skew": "100ms"})
    assert f" s {way} ours" in calendar_state(strict, TUESDAY, skew=skew).why
    assert calendar_state(strict, TUESDAY, skew=0.0).open


def test_a_freeze_is_named_with_its_end() -> None:
    policy = calendar_policy(
        {"freezes": [{"start": "2026-11-24", "end": "2026-11-26 11:00", "reason": "audit"}]}
    )
    state = calendar_state(policy, TUESDAY)
    assert state.freeze == Slot(
        start=local("2026-11-24"),
        end=local("2026-11-26 11:00"),
        text="Tue 24 Nov 00:00-Thu 26 Nov 11:00 EST (05:00Z)",
        reason="audit",
    )
    rest = slot("2026-11-26", "11:00", text="Thu 26 Nov 11:00-12:00 EST (16:00Z)")
    assert (state.next[0], state.opens_at, state.closes_at) == (rest, rest.start, None)
    assert state.why == f"closed: audit, until Thu 26 Nov 11:00 EST; opens {rest.text}"
    # a release of a day whose window a freeze took may not go on either; one of what is left may
    assert state.finish_until is None
    assert calendar_state(policy, local("2026-11-26 13:00")).finish_until is None
    none = calendar_state(calendar_policy({"days": []}), TUESDAY)
    assert (none.text, none.freeze) == ("release CLOSED · no window ahead", None)
    assert none.why == (
        "closed: standard releases are no day 10:00 for 2h, America/New_York; no window lies ahead within two years"
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, RULE),
        ({"days": ["Thu"], "length": "90m", "start": "09:05"}, f"Thu 09:05 for 90m, {ZONE}"),
        ({"days": ["Sun", "Mon"], "length": "1h"}, f"Mon and Sun 10:00 for 1h, {ZONE}"),
        ({"days": []}, f"no day 10:00 for 2h, {ZONE}"),
    ],
)
def test_the_rule_in_words(values: dict[str, Any], text: str) -> None:
    assert rule_words(calendar_policy(values)) == text


def test_a_slot_over_midnight_names_both_days() -> None:
    start, end = local("2026-07-03 23:00"), local("2026-07-04 01:00")
    assert words(PLAIN, start, end) == "Fri 3 Jul 23:00-Sat 04 Jul 01:00 EDT (03:00Z)"


BEGAN = "it began inside its window"


@pytest.mark.parametrize(
    ("values", "started", "now", "told"),
    [
        ({}, None, "11:00", (False, None, "it did not begin inside a release window")),
        ({}, "09:59", "11:00", (False, None, "it did not begin inside a release window")),
        ({}, "10:00", "15:59", (True, "16:00", f"{BEGAN} and may finish until 16:00 EST")),
        (
            {},
            "11:59",
            "16:00",
            (False, "16:00", f"{BEGAN}, but was to finish by 16:00 EST: pause or abort only"),
        ),
        # never before the window's own end
        (
            {"finish_by": "11:00"},
            "10:00",
            "11:30",
            (True, "12:00", f"{BEGAN} and may finish until 12:00 EST"),
        ),
        # the first freeze that begins cuts it; one that began before does not
        (
            {
                "freezes": [
                    {"start": "2026-11-24 15:00", "end": "2026-11-25"},
                    {"start": "2026-11-24 14:00", "end": "2026-11-25"},
                ]
            },
            "10:00",
            "13:00",
            (True, "14:00", f"{BEGAN} and may finish until 14:00 EST"),
        ),
        (
            {"freezes": [{"start": "2026-11-24", "end": "2026-11-24 10:30"}]},
            "10:30",
            "13:00",
            (True, "16:00", f"{BEGAN} and may finish until 16:00 EST"),
        ),
        (
            {"freezes": [{"start": "2026-11-24 16:00", "end": "2026-11-25"}]},
            "10:30",
            "13:00",
            (True, "16:00", f"{BEGAN} and may finish until 16:00 EST"),
        ),
    ],
)
def test_whether_a_release_may_go_on(
    values: dict[str, Any], started: str | None, now: str, told: tuple[bool, str | None, str]
) -> None:
    policy = calendar_policy(values)
    at = None if started is None else local(f"2026-11-24 {started}")
    allowed, until, text = told
    end = None if until is None else local(f"2026-11-24 {until}")
    assert continuation(policy, at, local(f"2026-11-24 {now}")) == Continuation(allowed, end, text)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-24 09:59", None),
        ("2026-11-24 10:00", "2026-11-24 16:00"),
        ("2026-11-24 15:59", "2026-11-24 16:00"),
        ("2026-11-24 16:00", None),
        ("2026-11-25 11:00", None),
        ("2026-12-01 11:00", None),  # its window lies in the blackout
    ],
)
def test_until_when_a_release_of_today_may_go_on(now: str, until: str | None) -> None:
    assert calendar_state(PLAIN, local(now)).finish_until == (until and local(until))


def test_what_closes_days() -> None:
    policy = calendar_policy(
        {
            "holidays": ["2026-12-25", "2026-11-26"],
            "freezes": [
                {"start": "2026-11-26 18:00", "end": "2026-12-05"},
                {"start": "2026-11-20", "end": "2026-11-26", "reason": "audit"},
                {"start": "2026-12-06", "end": "2026-12-07"},
            ],
        }
    )
    blackout = Closed(
        local("2026-11-28"), local("2026-12-04"), "blackout", "blackout at the month's end, day 28 through 3"
    )
    holiday = Closed(local("2026-11-26"), local("2026-11-27"), "holiday", "holiday")
    audit = Closed(local("2026-11-20"), local("2026-11-26"), "freeze", "audit")
    freeze = Closed(local("2026-11-26 18:00"), local("2026-12-05"), "freeze", "freeze")
    found = list(closed_on(policy, date(2026, 11, 26), date(2026, 12, 3)))
    assert found == [blackout, holiday, freeze, audit]
    assert list(closed_on(policy, date(2026, 11, 27), date(2026, 11, 27))) == [freeze]
    assert list(closed_on(policy, date(2026, 12, 5), date(2026, 12, 5))) == [freeze]
    both = list(closed_on(PLAIN, date(2026, 11, 28), date(2026, 12, 31)))
    assert [(c.start, c.end) for c in both] == [
        (blackout.start, blackout.end),
        (local("2026-12-28"), local("2027-01-04")),
    ]
    # of several the one that lasts longest; half-open
    assert closing(policy, local("2026-11-26 19:00"), date(2026, 11, 26)) == freeze
    assert closing(policy, local("2026-11-26 17:59"), date(2026, 11, 26)) == holiday
    assert closing(policy, local("2026-11-26 18:00"), date(2026, 11, 26)) == freeze
    assert closing(policy, local("2026-12-05"), date(2026, 12, 5)) is None
    assert closing(policy, local("2026-11-28"), date(2026, 11, 28)) == freeze


@pytest.mark.parametrize(
    ("days", "day", "run"),
    [
        (
            (1, 31),
            "2026-05-15",
            ("2026-03-14", "2026-07-17"),
        ),  # all of time, looked at for two months either way
        ((10, 12), "2026-05-11", ("2026-05-10", "2026-05-13")),
        ((10, 12), "2026-05-12", ("2026-05-10", "2026-05-13")),
        ((28, 3), "2026-03-03", ("2026-02-28", "2026-03-04")),
    ],
)
def test_a_run_of_blacked_out_days(days: tuple[int, int], day: str, run: tuple[str, str]) -> None:
    policy = calendar_policy({"blackout_from_day": days[0], "blackout_to_day": days[1]})
    [found] = closed_on(policy, date.fromisoformat(day), date.fromisoformat(day))
    assert (found.start, found.end) == (local(run[0]), local(run[1]))


def test_between_two_blackouts_lies_one_day() -> None:
    policy = calendar_policy({"blackout_from_day": 5, "blackout_to_day": 3})
    found = [(c.start, c.end) for c in closed_on(policy, date(2026, 5, 2), date(2026, 5, 5))]
    assert found == [
        (local("2026-04-05"), local("2026-05-04")),
        (local("2026-05-05"), local("2026-06-04")),
    ]


@pytest.mark.parametrize("day", ["2026-05-09", "2026-05-13"])
def test_beside_a_blackout_the_days_are_open(day: str) -> None:
    policy = calendar_policy({"blackout_from_day": 10, "blackout_to_day": 12})
    assert list(closed_on(policy, date.fromisoformat(day), date.fromisoformat(day))) == []


@pytest.mark.parametrize(
    ("text", "at", "day"),
    [
        ("2026-11-26 10:30", local("2026-11-26 10:30"), None),
        (" 2026-11-26T15:30Z ", utc("2026-11-26 15:30"), None),
        ("2026-11-26T10:30+02:00", utc("2026-11-26 08:30"), None),
        ("2026-11-26", local("2026-11-26 10:00"), "2026-11-26"),  # its slot
        ("2026-11-25", local("2026-11-25"), "2026-11-25"),  # has none
        ("2026-12-01", local("2026-12-01"), "2026-12-01"),  # blacked out
        ("Tuesday", local("2026-11-24 10:00"), "2026-11-24"),  # today included
        ("thu", local("2026-11-26 10:00"), "2026-11-26"),
        ("Mon", local("2026-11-30"), "2026-11-30"),
    ],
)
def test_what_a_person_means_by_a_time(text: str, at: float, day: str | None) -> None:
    assert asked(text, PLAIN, TUESDAY) == AskedInstant(at, day and date.fromisoformat(day))


def test_a_window_from_midnight_is_the_days_slot() -> None:
    policy = calendar_policy({"start": "00:00"})
    assert asked("2026-11-26", policy, TUESDAY) == AskedInstant(local("2026-11-26"), date(2026, 11, 26))


@pytest.mark.parametrize("text", ["", "soon", "Tu", "2026-13-01", "10:30"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; write"):
        asked(text, PLAIN, TUESDAY)


ODD: list[Any] = [None, 3, "", "x", ["Tue"]]


@pytest.mark.parametrize(
    ("read", "given", "value"),
    [
        *[
            (parse_day, name, n)
            for n, name in enumerate(("Mon", "tuesday", "WED", "Thu", "Fri", "Sat", "Sunday"))
        ],
        (parse_day, "Thurs", 3),
        (parse_time, "09:05", time(9, 5)),
        (parse_time, time(9, 5), time(9, 5)),
        (parse_date, "2026-11-26", date(2026, 11, 26)),
        (parse_date, date(2026, 11, 26), date(2026, 11, 26)),
        (parse_local, "2026-12-19", datetime(2026, 12, 19)),  # local by meaning
        (parse_local, "2026-12-19 18:00", datetime(2026, 12, 19, 18)),  # local by meaning
        (parse_local, "2026-12-19T18:00", datetime(2026, 12, 19, 18)),  # local by meaning
        (parse_local, datetime(2026, 12, 19), datetime(2026, 12, 19)),  # local by meaning
        (parse_local, date(2026, 12, 19), datetime(2026, 12, 19)),  # local by meaning
    ],
)
def test_what_can_be_read(read: Any, given: Any, value: Any) -> None:
    assert read(given) == value


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Days, frozenset({3, 1, 6}), ["Tue", "Thu", "Sun"]),
        (Dates, frozenset({date(2026, 12, 25), date(2026, 1, 1)}), ["2026-01-01", "2026-12-25"]),
        (TimeOfDay, time(9, 5), "09:05"),
        (LocalTime, datetime(2026, 12, 19, 18), "2026-12-19 18:00"),  # local by meaning
        (LocalTime, datetime(2026, 12, 19), "2026-12-19 00:00"),  # local by meaning
    ],
)
def test_how_it_is_written(kind: Any, value: Any, text: Any) -> None:
    assert written(kind, value) == text


@pytest.mark.parametrize(
    ("read", "odd", "told"),
    [
        (
            parse_day,
            [*ODD, "Tu", "Tux", "Thurday", "Monkey", "Thursday 15:00", "Tue "],
            "is no day of the week; write one of Mon, Tue, Wed, Thu, Fri, Sat, Sun",
        ),
        (
            parse_time,
            [*ODD, "9:05", "24:00", "09:05:00", "09:05Z", time(9, 5, tzinfo=UTC)],
            "is no time of day; write it as",
        ),
        (
            parse_date,
            [*ODD, "2026-2-3", "2026-02-30", datetime(2026, 2, 3, tzinfo=UTC)],
            "is no date; write it as",
        ),
        (
            parse_local,
            [
                *ODD,
                "2026-12-19 18",
                "2026-12-19 25:00",
                "2026-12-19 18:00Z",
                datetime(2026, 2, 3, tzinfo=UTC),
            ],
            "is no local time; write",
        ),
    ],
)
def test_what_cannot_be_read(read: Any, odd: list[Any], told: str) -> None:
    for value in odd:
        with pytest.raises(ValueError, match=told):
            read(value)


def test_a_freeze_ends_after_it_begins() -> None:
    begin = parse_local("2026-12-24 10:00")
    assert Freeze(begin, parse_local("2026-12-24 10:01")).reason == ""
    for end, word in (("2026-12-24 10:00", "where"), ("2026-12-24 09:59", "before")):
        with pytest.raises(ValueError, match=f"ends at {end} {word} it begins; end is exclusive"):
            Freeze(begin, parse_local(end))


def test_hours_that_the_clocks_skip() -> None:
    gap = [in_gap(parse_local(f"2026-03-08 {t}"), PLAIN.tz) for t in ("01:59", "02:00", "02:59", "03:00")]
    assert gap == [False, True, True, False]
