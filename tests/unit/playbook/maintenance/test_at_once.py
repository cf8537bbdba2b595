"""Two windows at one time on one target: told by interval arithmetic as by walking, on the day and of the next window."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.unit.playbook.maintenance.making import OPEN, item, state
from tests.unit.playbook.maintenance.test_days import at, told
from tfdash.model.dates import Dates, MarkSort
from tfdash.model.maintenance import Clash, ItemStanding, item_subject
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.at_once import Window, at_once, next_clashes, one_target
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.policy import MaintenancePolicy
from tfdash.report.maintenance import answer
from tfdash.views.calendar.day import day_lines
from tfdash.views.calendar.words import clash_text

PLACES = [
    item_subject("", environment, cluster, place)
    for environment, cluster, place in [
        ("", "", ""),
        ("production", "", ""),
        ("production", "eu-1", ""),
        ("production", "eu-2", ""),
        ("production", "", "main"),
        ("production", "eu-1", "main"),
        ("staging", "", ""),
        ("staging", "eu-1", ""),
        ("", "", "main"),
    ]
]


@pytest.mark.parametrize(
    ("one", "others"),
    [
        (0, {0, 1, 2, 3, 4, 5, 6, 7, 8}),
        (1, {0, 1, 2, 3, 4, 5}),
        (2, {0, 1, 2, 5}),
        (4, {0, 1, 4, 5, 8}),
        (6, {0, 6, 7}),
        (8, {0, 4, 5, 8}),
    ],
)
def test_which_places_are_one_target(one: int, others: set[int]) -> None:
    for number, place in enumerate(PLACES):
        assert one_target(PLACES[one], place) is (number in others), place
        assert one_target(place, PLACES[one]) is (number in others)


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        start, length = draw(st.integers(0, 20)), draw(st.integers(0, 8))
        place = draw(st.sampled_from(PLACES))
        subject = place._replace(name=draw(st.sampled_from("abc")))
        found.append(Window(float(start), float(start + length), subject, str(number), False))
    return found


@given(windows())
def test_pairs_are_those_that_share_an_instant_at_one_target(given: list[Window]) -> None:
    def busy(window: Window) -> set[int]:
        return {at for at in range(40) if window.start <= at < window.end}

    wanted = {
        frozenset((a.period, b.period))
        for a in given
        for b in given
        if a.subject != b.subject and busy(a) & busy(b) and one_target(a.subject, b.subject)
    }
    found = [frozenset((a.period, b.period)) for a, b in at_once(given)]
    assert set(found) == wanted
    assert len(found) == len(set(found))  # each once


PATCH = {"title": "Patching", "kind": "kubernetes", "when": "on FREQ=WEEKLY;BYDAY=TU"}
VACUUM = {"title": "Vacuum", "kind": "database", "when": "on FREQ=MONTHLY;BYDAY=4TU"}


def of_day(found: Dates, day: str) -> dict[str, tuple[Clash, ...]]:
    on = found.on(date.fromisoformat(day))
    assert on is not None
    return {m.subject.name: m.clashes for m in on.marks if m.sort is MarkSort.DUE}


def days(items: Mapping[str, Mapping[str, Any]], **more: Any) -> Dates:
    return told(items, "2026-11-23", "2026-12-06", **more)


def test_two_dates_on_one_day_are_told_of_both_and_of_the_next_window() -> None:
    found = days({"patch": PATCH, "vacuum": VACUUM})
    start, end = at("2026-11-24"), at("2026-11-25")
    patch, vacuum = item_subject("patch"), item_subject("vacuum")
    assert of_day(found, "2026-11-24") == {
        "patch": (Clash(what="Vacuum", start=start, end=end, subject=vacuum),),
        "vacuum": (Clash(what="Patching", start=start, end=end, subject=patch),),
    }
    assert of_day(found, "2026-12-01") == {"patch": ()}
    assert found.states[patch].clashes == of_day(found, "2026-11-24")["patch"]
    text = clash_text(found.states[patch].clashes[0], found.zone)
    assert text == "at once with Vacuum · platform, Tue 24 Nov"
    on = found.on(date(2026, 11, 24))
    assert on is not None and text in str(day_lines(found, on, None))


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (("02:00", "2h"), ("03:00", "2h"), ("03:00", "04:00")),
        (("02:00", "2h"), ("04:00", "2h"), None),  # one ends as the other begins
        (("", "1h"), ("04:00", "2h"), ("04:00", "06:00")),  # somewhere on that day
        (("02:00", "6h"), ("03:00", "1h"), ("03:00", "04:00")),
        (("11:00", "30m"), ("13:00", "1h"), None),
    ],
)
def test_hours_say_whether_two_on_one_day_are_at_once(
    one: tuple[str, str], other: tuple[str, str], shared: tuple[str, str] | None
) -> None:
    items = {
        name: {**given, "at": hours[0], "length": hours[1], "when": "on FREQ=WEEKLY;BYDAY=WE"}
        for name, given, hours in (("patch", PATCH, one), ("vacuum", VACUUM, other))
    }
    clashes = of_day(days(items), "2026-11-25")
    times = {(c.start, c.end) for told in clashes.values() for c in told}
    assert times == ({tuple(at(f"2026-11-25 {hour}") for hour in shared)} if shared else set())


def test_what_only_looks_or_has_no_date_is_in_nobodys_way() -> None:
    meeting = {"title": "Meeting", "kind": "operations", "when": "on FREQ=WEEKLY;BYDAY=TU"}
    monthly = {"title": "Index", "kind": "database", "when": "each month"}
    found = days({"patch": PATCH, "meeting": meeting, "index": monthly})
    assert of_day(found, "2026-11-24") == {"patch": (), "meeting": ()}


def test_hours_inside_the_release_window_are_told_and_a_day_beside_it_is_not() -> None:
    timed = {**PATCH, "at": "11:00", "length": "3h"}
    assert days({"patch": timed}).rules["patch"].rule == "on FREQ=WEEKLY;BYDAY=TU, 11:00 for 3h"
    found = of_day(days({"patch": timed}), "2026-11-24")["patch"]
    assert found == (Clash(what="release window", start=at("2026-11-24 11:00"), end=at("2026-11-24 12:00")),)
    assert clash_text(found[0], NOW_ZONE) == "inside the release window, Tue 24 Nov 11:00 to 12:00 EST"
    assert of_day(days({"patch": PATCH}), "2026-11-24") == {"patch": ()}
    closed = days({"patch": timed}, calendar={"holidays": ["2026-11-24"]})  # no release can be in its way
    assert of_day(closed, "2026-11-24") == {"patch": ()}


NOW_ZONE = days({}).zone


@pytest.mark.parametrize("question", ["list", "due", "next"])
def test_each_pair_is_told_once_below_what_is_asked_for(question: str) -> None:
    found = days({"patch": PATCH, "vacuum": VACUUM})
    text, _ = answer(question, found.states, "text", at("2026-11-23"), found.zone, 24)
    told = [line for line in text.splitlines() if line.startswith("conflict: ")]
    assert told == ["conflict: Patching · platform: at once with Vacuum · platform, Tue 24 Nov"]
    document = json.loads(answer("list", found.states, "json", at("2026-11-23"), found.zone, 24)[0])
    assert {i["item"]: [c["item"] for c in i["conflicts"]] for i in document["items"]} == {
        "patch": ["vacuum"],
        "vacuum": ["patch"],
    }


def test_zones_of_their_own_share_a_part_of_two_days() -> None:
    found = days({"patch": PATCH, "vacuum": {**VACUUM, "zone": "Europe/Berlin"}})
    (clash,) = found.states[item_subject("patch")].clashes
    assert (clash.start, clash.end) == (at("2026-11-24"), at("2026-11-24 18:00"))


def test_what_is_over_is_told_no_more() -> None:
    timed = {"at": "02:00", "length": "2h"}
    items = {"patch": {**PATCH, **timed}, "vacuum": {**VACUUM, **timed}}
    patch: Subject = item_subject("patch")
    for now, wanted in (("2026-11-24 03:59", 1), ("2026-11-24 04:00", 0), ("2026-12-22 00:00", 1)):
        found = days(items, now=at(now))
        assert len(found.states[patch].clashes) == wanted, now


def test_what_is_being_done_is_in_the_way_until_the_end_of_today() -> None:
    """It has no date, and nobody knows when it is over."""
    patching = replace(item("each month"), kind="kubernetes")
    vacuum = replace(item("on FREQ=WEEKLY;BYDAY=TU"), kind="database")
    policy = MaintenancePolicy("America/New_York", 24, None, {"patching": patching, "vacuum": vacuum})
    begun = at("2026-11-23 09:00")

    def clashes(now: str, standing: ItemStanding) -> Mapping[Subject, tuple[Clash, ...]]:
        one, other = (item_subject(name, "production") for name in policy.items)
        states = {
            one: structs.replace(
                state(patching, Facts(), now), subject=one, title="Patching", standing=standing, since=begun
            ),
            other: structs.replace(state(vacuum, Facts(), now), subject=other, title="Vacuum"),
        }
        return next_clashes(policy, OPEN, states, at(now))[0]

    found = clashes("2026-11-24 10:00", ItemStanding.IN_PROGRESS)
    today = (at("2026-11-24"), at("2026-11-25"))
    assert {s.name: [(c.what, c.start, c.end) for c in told] for s, told in found.items()} == {
        "patching": [("Vacuum", *today)],
        "vacuum": [("Patching", *today)],
    }
    assert clashes("2026-11-24 10:00", ItemStanding.OVERDUE) == {}
    assert clashes("2026-11-25 10:00", ItemStanding.IN_PROGRESS) == {}
