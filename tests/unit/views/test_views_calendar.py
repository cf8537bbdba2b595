"""One promise is called the same on every part of the calendar: agenda, month, day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.configured import calendar_policy
from tests.tui import calendarworld as world
from tests.unit.playbook.maintenance.test_days import ALL
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.dates import Dates, MarkSort
from tfdash.model.maintenance import ItemStanding, MaintenanceRecord
from tfdash.model.picture import Picture
from tfdash.model.store_state import StoreState
from tfdash.playbook.maintenance.days import dates_of
from tfdash.views.calendar.agenda import rows_of
from tfdash.views.calendar.day import day_lines, told_on
from tfdash.views.calendar.words import due_date, place_text, sign_of, state_of
from tfdash.views.times import local

ASKED_FOR = {ItemStanding.DUE, ItemStanding.OVERDUE, ItemStanding.NO_EVIDENCE, ItemStanding.IN_PROGRESS}
RECORDS = {"two years": world.record(), "a fresh install": MaintenanceRecord(known=True)}


def dates(record: MaintenanceRecord, days: int) -> Dates:
    picture = Picture(at=world.NOW, number=1, clusters={}, store_state=StoreState(maintenance=record))
    runner = MaintenanceRunner(world.POLICIES)
    runner.assess(picture, ALL, world.NOW)
    assert runner.states
    first = local(world.NOW, calendar_policy({}).tz).date()
    last = first + timedelta(days=days)
    return dates_of(world.POLICIES, runner.states, record, first, last, world.NOW)


@pytest.mark.parametrize("record", RECORDS)
def test_what_the_days_mark_has_its_date_in_the_agenda(record: str) -> None:
    found = dates(RECORDS[record], 70)
    first: dict[object, str] = {}
    for day in found.days:
        for mark in day.marks:
            if mark.sort is MarkSort.DUE:
                first.setdefault(mark.subject, due_date(mark.at, found.zone, world.NOW))
    rows = rows_of(found)
    assert first
    for subject, day in first.items():
        row = rows[subject]
        assert row.due is not None, (subject, day)
        if row.state.standing in (ItemStanding.NOT_WATCHED, ItemStanding.DUE):
            assert due_date(row.due, found.zone, world.NOW) == day, subject


@pytest.mark.parametrize("record", RECORDS)
def test_the_day_calls_nothing_due_that_the_agenda_calls_otherwise(record: str) -> None:
    found = dates(RECORDS[record], 70)
    seen = set()
    for day in found.days:
        text = "".join(
            cell if isinstance(cell, str) else cell[0]
            for line in day_lines(found, day, None)
            for cell in line
        )
        for mark in told_on(found, day):
            state = found.states[mark.subject]
            word = sign_of(mark.sort, state).word
            if mark.sort is MarkSort.DUE:
                seen.add(word)
                assert (word == "due") is (state.standing in ASKED_FOR), (mark, state_of(state))
                assert f"{word}  " in text and place_text(mark.subject) in text
    assert "not watched" in seen
