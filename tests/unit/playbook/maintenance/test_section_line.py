"""The line of the dated promises: what is overdue and what is due next, the one beside the other."""

from __future__ import annotations

import msgspec

from tests.unit.playbook.maintenance.making import OPEN, done, item, kept_from, state
from tfdash.model.calendar import CalendarState
from tfdash.model.maintenance import ItemState, item_subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.section import SECTION
from tfdash.playbook.section import Findings, Reading

KEPT = kept_from("2026-08-01")
LATE = state(item("each month", grace=86_400.0), Facts(starts=(KEPT,)), "2026-11-24", OPEN)
WELL = state(item("each month"), Facts(starts=(KEPT,), completions=(done("2026-11-20"),)), "2026-11-24", OPEN)
ROOM = 53
"""Cells that a row of the Overview has for it at 80 columns."""


def read(*states: ItemState) -> Reading:
    named = {item_subject(f"i{n}", "production"): s for n, s in enumerate(states)}
    told = {at: msgspec.structs.replace(s, subject=at) for at, s in named.items()}
    calendar = CalendarState(at=0.0, open=True, text="", why="", zone="America/New_York")
    return SECTION.read(Findings({}, {}, {}, {}, calendar, maintenance=told))


def test_the_next_is_said_beside_what_is_overdue_within_the_room_of_its_row() -> None:
    found = read(LATE, WELL, LATE)
    assert found.level is Level.WARN
    assert found.sentence == "2 overdue, next due Thu 31 Dec"
    assert "overdue since" in found.detail
    assert len(read(*[LATE] * 400, WELL).sentence) <= ROOM


def test_what_is_overdue_itself_is_not_what_comes_next() -> None:
    assert read(LATE).sentence == "1 overdue"
    assert read(WELL).sentence == "0 overdue, next due Thu 31 Dec"
