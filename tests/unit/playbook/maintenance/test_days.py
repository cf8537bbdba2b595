"""What stands on which day of the calendar: what was, what is ahead, and what is closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.configured import calendar_policy
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.calendar import Closure, FeedDays
from tfdash.model.dates import Dates, Day, MarkSort
from tfdash.model.maintenance import (
    Completion,
    EvidenceKind,
    ItemState,
    MaintenanceRecord,
    item_subject,
)
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, Picture
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject
from tfdash.model.traffic import Signals
from tfdash.playbook.maintenance.days import dates_of
from tfdash.playbook.maintenance.policy import MaintenanceRules, maintenance_in
from tfdash.playbook.policies import Policies
from tfdash.setting import read

ZONE = ZoneInfo("America/New_York")
ALL = Change(keys={}, freshness=frozenset(), signals=None, store=None)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


NOW = at("2026-11-23 09:15")


def done(subject: Subject, text: str, **over: Any) -> Completion:
    given: dict[str, Any] = {"recorded_at": at(text), "evidence": EvidenceKind.SIGNED, "by": "ana"}
    return Completion(subject=subject, done_at=at(text), **(given | over))


def told(
    items: Mapping[str, Mapping[str, Any]],
    first: str,
    last: str,
    *completions: Completion,
    now: float = NOW,
    calendar: Mapping[str, Any] | None = None,
    signals: Signals | None = None,
) -> Dates:
    found = {"title": "Some promise", "per": "platform", "start": "2026-09-01"}
    rules = read(
        MaintenanceRules,
        {
            "look_back": 24,
            "start": "",
            "items": {name: {**found, "grace": "6h", **item} for name, item in items.items()},
        },
    )
    policies = Policies(
        maintenance=maintenance_in("America/New_York", rules), calendar=calendar_policy(calendar or {})
    )
    of: dict[Subject, tuple[Completion, ...]] = {}
    for one in completions:
        of[one.subject] = (*of.get(one.subject, ()), one)
    record = MaintenanceRecord(completions=of, known=True)
    picture = Picture(at=now, number=1, clusters={}, store_state=StoreState(maintenance=record))
    if signals is not None:
        picture = Picture(
            at=now, number=1, clusters={}, store_state=StoreState(maintenance=record), signals=signals
        )
    runner = MaintenanceRunner(policies)
    runner.assess(picture, ALL, now)
    states: Mapping[Subject, ItemState] = runner.states or {}
    fed = policies.fed(picture.signals.feeds)
    return dates_of(fed, states, record, date.fromisoformat(first), date.fromisoformat(last), now)


def marks(dates: Dates) -> dict[str, list[MarkSort]]:
    return {day.date.isoformat(): [m.sort for m in day.marks] for day in dates.days if day.marks}


def on(dates: Dates, text: str) -> Day:
    found = dates.on(date.fromisoformat(text))
    assert found is not None
    return found


REVIEW = item_subject("review")


def test_a_deadline_at_midnight_stands_on_the_day_before_it() -> None:
    kept = (done(REVIEW, "2026-09-07 10:00"), done(REVIEW, "2026-10-06 23:59"))
    dates = told({"review": {"when": "each month"}}, "2026-10-01", "2026-12-31", *kept)
    assert marks(dates) == {
        "2026-10-06": [MarkSort.DONE],
        "2026-11-30": [MarkSort.DUE],
        "2026-12-31": [MarkSort.DUE],
    }


def test_what_moves_before_a_blackout_is_due_on_the_last_day_before_it() -> None:
    kept = (done(REVIEW, "2026-09-07 10:00"), done(REVIEW, "2026-10-06 10:00"))
    dates = told({"review": {"when": "each month", "blackout": "before"}}, "2026-11-01", "2026-11-30", *kept)
    assert marks(dates) == {"2026-11-27": [MarkSort.DUE]}


def test_a_conflict_is_said_where_it_stays_due() -> None:
    kept = (done(REVIEW, "2026-09-07 10:00"), done(REVIEW, "2026-10-06 10:00"))
    dates = told({"review": {"when": "each month", "blackout": "stays"}}, "2026-11-01", "2026-11-30", *kept)
    (mark,) = on(dates, "2026-11-30").marks
    assert "blackout" in mark.conflict


def test_overdue_stands_on_its_day_and_on_today() -> None:
    dates = told({"review": {"when": "each month", "grace": "20d"}}, "2026-09-28", "2026-11-30")
    assert marks(dates) == {
        "2026-09-30": [MarkSort.OVERDUE, MarkSort.MISSED],
        "2026-10-31": [MarkSort.MISSED],
        "2026-11-23": [MarkSort.OVERDUE],
        "2026-11-30": [MarkSort.DUE],
    }
    assert on(dates, "2026-11-23").marks[0].at == at("2026-10-01 00:00")


def test_done_late_is_told_apart_from_done() -> None:
    late = (done(REVIEW, "2026-10-03 10:00"), done(REVIEW, "2026-10-20 10:00"))
    dates = told({"review": {"when": "each month", "grace": "7d"}}, "2026-10-01", "2026-10-31", *late)
    assert marks(dates) == {"2026-10-03": [MarkSort.LATE], "2026-10-20": [MarkSort.DONE]}


def test_what_is_never_older_than_so_long_has_its_next_date_alone() -> None:
    kept = tuple(done(REVIEW, f"2026-{month}-{day} 10:00") for month in ("10", "11") for day in ("02", "20"))
    dates = told({"review": {"when": "within 30d"}}, "2026-11-01", "2027-01-31", *kept)
    assert marks(dates) == {
        "2026-11-02": [MarkSort.DONE],
        "2026-11-20": [MarkSort.DONE],
        "2026-12-20": [MarkSort.DUE],
    }


def test_a_meeting_on_a_date_is_due_on_it_and_those_that_were_done_are_not_due_again() -> None:
    rule = {"when": "on FREQ=WEEKLY;BYDAY=MO", "start": "2026-11-16"}
    kept = (done(REVIEW, "2026-11-16 15:00"), done(REVIEW, "2026-11-23 09:00"))
    dates = told({"review": rule}, "2026-11-16", "2026-12-06", *kept)
    assert marks(dates) == {
        "2026-11-16": [MarkSort.DONE],
        "2026-11-23": [MarkSort.DONE],
        "2026-11-30": [MarkSort.DUE],
    }


def test_days_with_a_clock_change_hold_what_was_done_on_them() -> None:
    first, last = done(REVIEW, "2026-11-01 00:00"), done(REVIEW, "2026-11-01 23:59")
    dates = told(
        {"review": {"when": "each day", "start": "2026-11-01"}}, "2026-10-31", "2026-11-02", first, last
    )
    assert len(on(dates, "2026-11-01").marks) == 2
    assert on(dates, "2026-11-01").end - on(dates, "2026-11-01").start == 25 * 3600


def test_daily_promises_are_known_as_such() -> None:
    dates = told(
        {"a": {"when": "each day"}, "b": {"when": "within 1d"}, "c": {"when": "each week"}},
        "2026-11-23",
        "2026-11-24",
    )
    assert {name: rule.daily for name, rule in dates.rules.items()} == {"a": True, "b": True, "c": False}


def test_a_freeze_cuts_a_window_and_a_holiday_closes_it() -> None:
    freeze = {"start": "2026-11-24 11:00", "end": "2026-11-25", "reason": "migration"}
    dates = told(
        {"a": {"when": "each week"}, "b": {"when": "each month", "blackout": "before"}},
        "2026-11-24",
        "2026-11-27",
        calendar={"freezes": [freeze], "holidays": ["2026-11-26"]},
    )
    cut, closed = on(dates, "2026-11-24"), on(dates, "2026-11-26")
    assert [(s.start, s.end) for s in cut.open] == [(at("2026-11-24 10:00"), at("2026-11-24 11:00"))]
    assert [(c.sort, c.slot.reason, c.inside, c.before) for c in cut.closings] == [
        ("freeze", "migration", 1, 1)
    ]
    assert closed.window is not None and not closed.open
    assert [(c.sort, c.inside) for c in closed.closings] == [("holiday", 0)]


def test_where_a_feed_was_never_read_no_window_is_open_and_it_says_why() -> None:
    feeds = [{"name": "company", "what": "freeze", "file": "/nowhere.ics"}]
    unread = told({"review": {"when": "each year"}}, "2026-11-24", "2026-11-24", calendar={"feeds": feeds})
    assert on(unread, "2026-11-24").window is not None and not on(unread, "2026-11-24").open
    assert "never read" in on(unread, "2026-11-24").closings[-1].slot.reason
    days = FeedDays(
        what="freeze", closures=(Closure(at("2026-11-26 00:00"), at("2026-11-27 00:00"), "sale"),)
    )
    seen = Signals(
        feeds={"company": Observation(value=days, source="company", observed_at=NOW, complete=True)}
    )
    known = told(
        {"review": {"when": "each year"}}, "2026-11-24", "2026-11-26", calendar={"feeds": feeds}, signals=seen
    )
    assert on(known, "2026-11-24").open and not on(known, "2026-11-26").open
