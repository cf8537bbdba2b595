"""A feed that says something else is judged at once, and without any other news."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from tests.configured import calendar_policy, maintenance_policy
from tfdash.judging.calendar import CalendarRunner
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.calendar import Closure, FeedDays
from tfdash.model.maintenance import MaintenanceRecord, item_subject
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, Picture
from tfdash.model.store_state import StoreHealth, StoreState
from tfdash.model.traffic import Signals
from tfdash.playbook.policies import Policies
from tfdash.views.calendar.release import lines

ZONE = ZoneInfo("America/New_York")
FED = {"feeds": [{"name": "corp", "file": "corp.ics"}], "blackout_from_day": 0, "blackout_to_day": 0}
ALL = Change(keys={}, freshness=frozenset(), signals=None, store=None)
NEWS = Change(keys={}, freshness=frozenset(), signals=frozenset({("feeds", "corp")}))
OTHER = Change(keys={}, freshness=frozenset(), signals=frozenset({("journeys", "x")}))


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def picture(*closures: Closure) -> Picture:
    now = at("2026-11-24 10:30")
    days = FeedDays(what="freeze", closures=closures)
    return Picture(
        at=now,
        number=1,
        clusters={},
        signals=Signals(feeds={"corp": Observation(value=days, observed_at=now)}),
        store_state=StoreState(maintenance=MaintenanceRecord(known=True), health=StoreHealth(read=True)),
    )


def test_the_release_calendar_closes_at_once() -> None:
    runner = CalendarRunner(calendar_policy(FED))
    free, shut = picture(), picture(Closure(at("2026-11-24 09:00"), at("2026-11-24 12:00"), "audit"))
    assert runner.assess(free, ALL, free.at) and runner.state is not None and runner.state.open
    assert not runner.assess(shut, OTHER, free.at)
    assert runner.assess(shut, NEWS, free.at) and not runner.state.open


def test_dated_promises_move_out_of_a_new_freeze_at_once() -> None:
    own = {"title": "Own", "when": "each month", "blackout": "before", "start": "2026-11-01"}
    policies = Policies(
        calendar=calendar_policy(FED),
        maintenance=maintenance_policy({"items": {"own": own}}),
        environments=("production",),
    )
    runner, subject = MaintenanceRunner(policies), item_subject("own", "production")
    free, shut = picture(), picture(Closure(at("2026-11-27 00:00"), at("2026-12-05 00:00"), "audit"))
    assert runner.assess(free, ALL, free.at) and runner.states is not None
    assert runner.states[subject].due == at("2026-12-01 00:00")
    assert not runner.assess(shut, OTHER, free.at)
    assert runner.assess(shut, NEWS, free.at)
    assert runner.states[subject].due == at("2026-11-27 00:00")


def test_of_a_feed_that_was_never_read_no_slot_is_told_as_the_next() -> None:
    """It may close any of them, which the same lines say."""
    runner = CalendarRunner(calendar_policy(FED))
    unread = replace(picture(), signals=Signals(feeds={}))
    assert runner.assess(unread, ALL, unread.at) and runner.state is not None
    assert not runner.state.open and "nobody knows which days it closes" in runner.state.why
    assert runner.state.next == () and not any("next: " in line for line in lines(runner.state))
