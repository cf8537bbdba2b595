"""What the log says of dated promises: in any order of terminals, each entry once; what cannot be read says nothing."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest
from msgspec import structs

from tests.unit.playbook.maintenance.making import AT, DAY, NEW_YORK, OPEN, at, item
from tfdash.model.maintenance import AccountStart, MaintenanceRecord, Sighting
from tfdash.model.store_state import Entry, EntryKind
from tfdash.playbook.maintenance.history import judged_periods
from tfdash.playbook.maintenance.places import facts_of
from tfdash.playbook.maintenance.policy import MaintenancePolicy
from tfdash.store.log.audit_projection import AuditProjection, subject_data

MONTHLY = item("each month")
POLICY = MaintenancePolicy("America/New_York", 24, None, {"review": MONTHLY})
_numbers = itertools.count(1)


def entry(when: float, data: dict[str, Any], terminal: str = "a", actor: str = "ann") -> Entry:
    told = {"subject": subject_data(AT), **data}
    return Entry(
        version=1,
        terminal=terminal,
        sequence=next(_numbers),
        at=when,
        kind=EntryKind.NOTE,
        actor=actor,
        data=json.dumps(told),
    )


def completion(when: float, recorded: float | None = None, terminal: str = "a", **more: Any) -> Entry:
    told = {"topic": "completion", "done_at": when, "evidence": "signed", **more}
    return entry(when if recorded is None else recorded, told, terminal)


def waived(since: float, until: float, recorded: float) -> Entry:
    return entry(
        recorded,
        {
            "topic": "maintenance-waiver",
            "since": since,
            "until": until,
            "why": "a freeze",
            "second": "cem",
        },
    )


def record(*entries: Entry, written_by: str = "") -> MaintenanceRecord:
    projection = AuditProjection(lambda digest: "")
    for one in entries:
        projection.apply(one, written_by)
    return projection.maintenance


@pytest.mark.parametrize(
    "data",
    [
        {"topic": "completion", "evidence": "signed"},
        {"topic": "completion", "evidence": "signed", "done_at": "yesterday"},
        {"topic": "completion", "evidence": "signed", "done_at": True},
        {"topic": "completion", "evidence": "signed", "done_at": 1e300},
        {"topic": "completion", "evidence": "signed", "done_at": -5},
        {"topic": "completion", "evidence": "hearsay", "done_at": 500.0},
        {"topic": "completion", "evidence": ["signed"], "done_at": 500.0},
        {"topic": "completion", "evidence": "signed", "done_at": 1301.0},  # nobody has done it yet
        {"topic": "completion", "evidence": "signed", "done_at": 500.0, "subject": "review"},
        {"topic": "maintenance-waiver", "since": 10.0, "until": 10.0},
        {"topic": "maintenance-waiver", "since": 10.0},
        {"topic": "maintenance-sighting", "seen": 1301.0, "done_at": 10.0},
        {"topic": "maintenance-sighting", "seen": 900.0, "done_at": "none"},  # not: none ever
        {"topic": "maintenance-sighting", "seen": 900.0, "done_at": 901.0},
        {"topic": "maintenance-start", "start": "2026"},
    ],
)
def test_what_cannot_be_read_says_nothing(data: dict[str, Any]) -> None:
    assert record(entry(1000.0, data)) == MaintenanceRecord(known=True)


@pytest.mark.parametrize("start", [None, 5.0, -1e17, 1e17])
def test_of_a_rule_that_begins_at_no_time_only_the_work_counts(start: float | None) -> None:
    rule = {"when": "each month", "grace": 0.0, "blackout": "allowed", "zone": "UTC", "start": start}
    told = record(completion(10.0, rule=rule))
    assert [c.done_at for c in told.completions[AT]] == [10.0]
    assert bool(told.rules) is (start in (None, 5.0))


def test_the_same_entry_again_changes_nothing_and_a_told_record_stays_as_it_was() -> None:
    first, second = completion(10.0), completion(20.0)
    projection = AuditProjection(lambda digest: "")
    projection.apply(first)
    before = projection.maintenance
    for one in (first, second, first, second):
        projection.apply(one)
    assert len(before.completions[AT]) == 1
    assert [c.done_at for c in projection.maintenance.completions[AT]] == [10.0, 20.0]
    assert projection.maintenance.completions is projection.maintenance.completions


def test_who_a_server_stamped_signed_it_whoever_the_entry_says() -> None:
    told = record(completion(10.0, evidence="signed"), written_by="mallory")
    assert [c.by for c in told.completions[AT]] != ["ann"]


def test_a_sighting_counts_from_when_it_was_recorded_and_starts_are_all_kept() -> None:
    told = record(
        entry(1000.0, {"topic": "maintenance-sighting", "seen": 900.0, "done_at": None}),
        entry(20.0, {"topic": "maintenance-start", "start": 5.0}),
        entry(10.0, {"topic": "maintenance-start", "start": 50.0}),
    )
    assert told.sightings[AT] == (Sighting(900.0, None, 1000.0),)
    assert set(told.started[AT]) == {AccountStart(5.0, 20.0), AccountStart(50.0, 10.0)}


# -- twenty-four months -----------------------------------------------------------------------------------------------

MISSED = (2, 3, 5, 7, 8, 11, 13, 14, 17, 19, 20, 22)
LATE = {4: 3.5 * DAY, 9: 12 * 3600.0, 15: 6.9 * DAY}
WAIVED = (12, 18)


def month(number: int) -> float:
    return at(f"{2024 + (11 + number) // 12}-{(11 + number) % 12 + 1:02}-01")


def two_years() -> list[Entry]:
    """From December 2024 on, by three terminals: 12 months missed, 3 late, 2 waived, all others kept. What does not count is
    among it, too: a review that heals nothing, second sign-offs, one that was recorded too late, a start that comes later."""
    entries = [entry(month(0) - DAY, {"topic": "maintenance-start", "start": month(0)})]
    for number in range(24):
        begin, end = month(number), month(number + 1)
        terminal = "abc"[number % 3]
        if number in LATE:
            entries.append(completion(end + LATE[number], terminal=terminal))
        elif number in WAIVED:
            entries.append(waived(begin + 20 * DAY, end + 3 * DAY, begin + 20 * DAY))
        elif number not in MISSED:
            entries.append(completion(begin + 12 * DAY, terminal=terminal))
    entries.append(completion(month(7) + 14 * DAY, month(8) + 8 * DAY))  # signed after it closed
    entries.append(waived(month(19), month(20) + 30 * DAY, month(21) + 8 * DAY))  # waived after it closed
    entries.append(completion(month(16) + 15 * DAY, terminal="c"))  # a second one of a month that is kept
    entries.append(
        entry(month(23) + 20 * DAY, {"topic": "maintenance-start", "start": month(23)})
    )  # account anew
    return entries


def shown(told: MaintenanceRecord) -> list[tuple[str, float]]:
    facts = facts_of(POLICY, MONTHLY, AT, told)
    found = judged_periods(MONTHLY, NEW_YORK, OPEN, facts, month(24) + 8 * DAY)
    return [(p.verdict.value, p.late_by) for p in found if p.end <= month(24)]


def planted() -> list[tuple[str, float]]:
    words = ["kept"] * 24
    for number in MISSED:
        words[number] = "missed"
    for number in LATE:
        words[number] = "late"
    for number in WAIVED:
        words[number] = "waived"
    return [(word, LATE.get(number, 0.0)) for number, word in enumerate(words)]


def test_two_years_show_exactly_what_was_planted_in_any_order_of_terminals() -> None:
    entries = two_years()
    assert [word for word, _ in planted()].count("missed") == 12
    for seed in range(20):
        mixed = random.Random(seed).sample(entries, len(entries))
        assert shown(record(*mixed)) == planted()


def test_a_store_that_was_lost_is_made_good_by_what_the_others_hold() -> None:
    """Terminal b lost its chain after ten months and says so; the shared store gives its entries back, some of them twice."""
    entries = [
        structs.replace(one, terminal="b-2") if one.terminal == "b" and one.at >= month(10) else one
        for one in two_years()
    ]
    lost = [one for one in entries if one.terminal == "b" and one.at < month(10)]
    assert len(lost) >= 2
    left = [one for one in entries if one not in lost]
    chain = {"reason": "gone", "terminal": "b", "sequence": max(one.sequence for one in lost), "hash": ""}
    note = entry(month(10), {"chain": chain, "topic": ""}, terminal="b-2", actor="tfdash")
    without = shown(record(*left, note))
    assert without != planted()
    assert all(word in ("not watched", was) for (word, _), (was, _) in zip(without, planted(), strict=True))
    for seed in range(10):
        mixed = random.Random(seed).sample([*left, note, *lost, *lost[:1]], len(left) + len(lost) + 2)
        assert shown(record(*mixed)) == planted()


@pytest.mark.parametrize(
    "odd",
    [
        {"start": -1e300},
        {"start": 1e300},
        {"start": -1.0},
        {"grace": -1.0},
        {"grace": 1e300},
        {"grace": "long"},
        {"when": 7},
    ],
)
def test_a_rule_that_is_none_is_not_on_record(odd: dict[str, Any]) -> None:
    """Whoever writes to the shared store may write anything: it ends nobody's judging."""
    rule = {
        "when": "each month",
        "grace": DAY,
        "blackout": "allowed",
        "zone": "America/New_York",
        "start": 0.0,
    }
    whole = record(completion(at("2026-11-02"), rule=rule))
    assert [said.terms.grace for said in whole.rules[AT]] == [DAY]
    found = record(completion(at("2026-11-02"), rule={**rule, **odd}))
    assert AT not in found.rules and found.completions[AT]
