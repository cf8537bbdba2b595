"""What rises, what stays and what is withdrawn when a calendar is written over an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from tests.configured import calendar_policy, maintenance_policy
from tfdash.ics import promises, releases
from tfdash.ics.writing import LARGEST, NotOurs, read_previous, written
from tfdash.model.maintenance import item_subject
from tfdash.playbook.maintenance.places import places
from tfdash.playbook.schedule.local import instant

ZONE = ZoneInfo("America/New_York")
MONTHLY, WEEKLY, AGED = "monthly", "weekly", "aged"
OWN: dict[str, Any] = {
    MONTHLY: {"title": "M", "when": "each month", "blackout": "before"},
    WEEKLY: {"title": "W", "when": "on FREQ=WEEKLY;BYDAY=WE", "blackout": "before"},
    AGED: {"title": "A", "when": "within 7d"},
}
DUE = {item_subject(AGED, "production"): 1_796_000_000.0}


def file(
    own: Mapping[str, Any] = OWN,
    calendar: Mapping[str, Any] | None = None,
    previous: bytes | None = None,
    due: Mapping[Any, float | None] = DUE,
    today: date = date(2026, 11, 24),
    years: int = 5,
    **more: Any,
) -> bytes:
    policy, span = maintenance_policy({"items": own}), promises.horizon(today, years)
    items = [(s, i) for s, i in places(policy, ["production"], ()) if s.name in (MONTHLY, WEEKLY, AGED)]
    release = calendar_policy(calendar or {})
    entries = [*promises.entries(policy, release, items, due, span), *releases.entries(release, span)]
    old = read_previous(previous) if previous is not None else None
    now = instant(datetime.combine(today, time(12)), ZONE) + (86_400.0 if old is not None else 0.0)
    return written(entries, "x", ZONE, span.last, now, old, **more)


def events(data: bytes, name: str) -> list[Any]:
    uid = promises.uid_of_item(item_subject(name, "production"))
    found = Calendar.from_ical(data)
    assert isinstance(found, Calendar)
    return [e for e in found.events if e["UID"] == uid]


def said(data: bytes, name: str) -> list[tuple[str, int, str]]:
    """Of each: the instance that it stands in for, its SEQUENCE, its first day."""
    return [
        (
            str(e.decoded("RECURRENCE-ID")) if "RECURRENCE-ID" in e else "",
            int(e["SEQUENCE"]),
            str(e.decoded("DTSTART")),
        )
        for e in events(data, name)
    ]


FREEZE = {"freezes": [{"start": "2027-01-12", "end": "2027-01-15", "reason": "audit"}]}


def test_words_do_not_raise_the_number_and_times_do() -> None:
    before = file()
    assert said(before, MONTHLY) == [("", 0, "2026-01-27")]
    words = file({**OWN, MONTHLY: {**OWN[MONTHLY], "title": "Another"}}, previous=before)
    assert [(int(e["SEQUENCE"]), str(e["SUMMARY"])) for e in events(words, MONTHLY)] == [
        (0, "Another · production")
    ]
    assert events(words, MONTHLY)[0].decoded("DTSTAMP") > events(before, MONTHLY)[0].decoded("DTSTAMP")
    rule = file({**OWN, MONTHLY: {**OWN[MONTHLY], "blackout": "allowed"}}, previous=words)
    assert said(rule, MONTHLY) == [("", 1, "2026-01-31")]
    assert [e["RRULE"].to_ical() for e in events(rule, MONTHLY)] == [b"FREQ=MONTHLY;BYMONTHDAY=-1"]


def test_an_instance_that_is_moved_rises_alone_and_rises_again_on_its_way_back() -> None:
    before = file()
    assert [m for m in said(before, WEEKLY) if m[0] == "2027-01-13"] == []
    moved = file(calendar=FREEZE, previous=before)
    assert [m for m in said(moved, WEEKLY) if m[0] == "2027-01-13"] == [("2027-01-13", 1, "2027-01-11")]
    assert said(moved, WEEKLY)[0][:2] == ("", 0)
    back = file(previous=moved)
    assert [m for m in said(back, WEEKLY) if m[0] == "2027-01-13"] == [("2027-01-13", 2, "2027-01-13")]
    assert file(previous=back) == back


def test_what_is_never_older_than_so_long_has_its_next_day_alone() -> None:
    before = file()
    assert said(before, AGED) == [("", 0, "2026-11-29")]
    after = file(previous=before, due={s: at + 86_400.0 for s, at in DUE.items()})
    assert said(after, AGED) == [("", 1, "2026-11-30")]
    assert "RRULE" not in events(after, AGED)[0]


def test_what_has_another_day_and_the_same_words_has_changed_now() -> None:
    before = file()
    [was] = events(before, AGED)
    [now] = events(file(due={at: due + 86_400.0 for at, due in DUE.items()}, previous=before), AGED)
    [still] = events(file(previous=before), AGED)
    assert was["SUMMARY"] == now["SUMMARY"] and now.decoded("DTSTAMP") > was.decoded("DTSTAMP")
    assert still.decoded("DTSTAMP") == was.decoded("DTSTAMP")


def test_what_is_withdrawn_is_cancelled_once_and_lives_again() -> None:
    before = file(calendar=FREEZE)
    assert len(said(before, WEEKLY)) > 1
    gone = {**OWN, WEEKLY: {**OWN[WEEKLY], "enabled": False}}
    after = file(gone, FREEZE, before)
    assert [(str(e["STATUS"]), int(e["SEQUENCE"])) for e in events(after, WEEKLY)] == [("CANCELLED", 1)]
    assert file(gone, FREEZE, after) == after
    again = file(OWN, FREEZE, after)
    assert said(again, WEEKLY)[0][:2] == ("", 2)
    assert {str(e["STATUS"]) for e in events(again, WEEKLY)} == {"CONFIRMED"}


def test_an_unread_store_withdraws_nothing() -> None:
    before = file()
    uid = promises.uid_of_item(item_subject(AGED, "production"))
    after = file(previous=before, due={}, kept=frozenset({uid}))
    assert said(after, AGED) == said(before, AGED)


def test_a_series_keeps_its_first_day_over_the_years() -> None:
    before = file(calendar=FREEZE)
    after = file(calendar=FREEZE, previous=before, today=date(2028, 2, 1))
    assert said(after, MONTHLY) == said(before, MONTHLY)
    assert [m for m in said(after, WEEKLY) if m[0] == "2027-01-13"] == [("2027-01-13", 0, "2027-01-11")]


def test_fewer_years_move_nothing_back_that_lies_behind_them() -> None:
    freeze = {"freezes": [{"start": "2029-01-09", "end": "2029-01-12", "reason": "audit"}]}
    before = file(calendar=freeze)
    after = file(calendar=freeze, previous=before, years=1)
    assert [m for m in said(after, WEEKLY) if m[0] == "2029-01-10"] == [("2029-01-10", 0, "2029-01-08")]
    assert sorted(said(after, WEEKLY)) == sorted(said(before, WEEKLY))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"BEGIN:VCALENDAR\r\nPRODID:-//other//EN\r\nEND:VCALENDAR\r\n", "tfdash did not write"),
        (b"# my notes", "is no calendar"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "is no calendar"),
        (bytes(range(256)), "is no calendar"),
        (b"BEGIN:A\r\n" * 20_000, "is no calendar"),
        (b"x" * (LARGEST + 1), "larger than"),
    ],
)
def test_another_file_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(NotOurs, match=words):
        read_previous(data)


def test_hostile_texts_are_text() -> None:
    hostile = "a,b;c\\n\nBEGIN:VEVENT\r\nUID:x\x1b]0;t\x07\u202e" + "ü" * 90
    own = {MONTHLY: {"title": hostile, "sentence": hostile, "owner": hostile, "when": "each month"}}
    data = file(own)
    (event,) = events(data, MONTHLY)
    assert event["SUMMARY"].startswith("a,b;c\\n␊BEGIN:VEVENT␍␊UID:x␛]0;t␇<U+202E>ü")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert data.count(b"BEGIN:VEVENT\r\n") == data.count(b"END:VEVENT\r\n") == data.count(b"\r\nUID:")
    assert not {c for c in data if c < 32} - {10, 13}


HOURS: dict[str, Any] = {"title": "W", "when": "on FREQ=WEEKLY;BYDAY=WE", "blackout": "before", "at": "02:00"}


@pytest.mark.parametrize(
    "change",
    [{"at": "03:00"}, {"length": "2h"}, {"zone": "Europe/Berlin"}, {"at": ""}],
    ids=lambda c: next(iter(c)),
)
def test_other_hours_raise_the_number_and_nothing_else_does(change: dict[str, Any]) -> None:
    first = file({WEEKLY: HOURS})
    same = file({WEEKLY: HOURS}, previous=first, today=date(2027, 2, 1), years=4)
    assert said(same, WEEKLY)[0] == said(first, WEEKLY)[0]
    assert said(file({WEEKLY: HOURS | {"title": "Other"}}, previous=first), WEEKLY)[0][1] == 0
    other = file({WEEKLY: HOURS | change}, previous=first)
    plain = file({WEEKLY: HOURS | change})
    assert [(of, day) for of, _, day in said(other, WEEKLY)] == [
        (of, day) for of, _, day in said(plain, WEEKLY)
    ]
    assert said(other, WEEKLY)[0][1] == 1
    back = file({WEEKLY: HOURS}, previous=other)
    assert [(of, day) for of, _, day in said(back, WEEKLY)] == [
        (of, day) for of, _, day in said(first, WEEKLY)
    ]
    assert said(back, WEEKLY)[0][1] == 2


def test_hours_have_the_zone_that_they_are_of() -> None:
    data = file({WEEKLY: HOURS | {"zone": "Europe/Berlin"}}).decode()
    assert "DTSTART;TZID=Europe/Berlin:20260107T020000" in data
    assert data.count("BEGIN:VTIMEZONE") == 2 and "TZID:Europe/Berlin" in data


def test_several_freezes_of_one_day_that_are_called_the_same_are_several_entries() -> None:
    times = [("2026-12-09 09:00", "2026-12-09 10:00"), ("2026-12-09 15:00", "2026-12-09 16:00")]
    freezes = {"freezes": [{"start": a, "end": b, "reason": "db move"} for a, b in times]}
    data = file(calendar=freezes)
    found = Calendar.from_ical(data)
    assert isinstance(found, Calendar)
    names = [(e["UID"], e.get("RECURRENCE-ID") and e["RECURRENCE-ID"].to_ical()) for e in found.events]
    assert len(set(names)) == len(names)
    assert sum("db move" in e["SUMMARY"] for e in found.events) == 2
    assert file(calendar=freezes, previous=data) == data
