"""The dated promises as the judge runs them: in pieces, only what changed, and the same as judging afresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from tests.unit.playbook.maintenance.making import DAY, at, done, item
from tfdash.judging.judge import Judge, judge_all
from tfdash.judging.maintenance import MaintenanceRunner
from tfdash.model.maintenance import Completion, MaintenanceRecord, item_subject
from tfdash.model.picture import Change, Picture
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.policy import MaintenancePolicy
from tfdash.playbook.policies import Policies

NOW = at("2026-11-24 10:00")
NAMES = [f"item-{n}" for n in range(6)]
POLICIES = replace(
    Policies(),
    maintenance=MaintenancePolicy(
        "America/New_York",
        24,
        None,
        {n: item("each month") for n in NAMES[:-1]} | {NAMES[-1]: item("within 7d", DAY)},
    ),
    environments=("production",),
)
AT = [item_subject(name, "production") for name in NAMES]
STORE = Change(keys={}, freshness=frozenset(), signals=frozenset(), store=frozenset({"maintenance"}))
NOTHING = Change(keys={}, freshness=frozenset(), signals=frozenset(), store=frozenset())


def picture(completions: dict[Subject, tuple[Completion, ...]], known: bool = True) -> Picture:
    record = MaintenanceRecord(completions=completions, known=known)
    return Picture(at=NOW, number=1, clusters={}, store_state=StoreState(maintenance=record))


SOME: dict[Subject, tuple[Completion, ...]] = {one: (done("2026-09-10"),) for one in AT}


def finished(judge: Judge, told: Picture, now: float) -> int:
    """Lets it go on until nothing is left; how many turns that took."""
    turns = 0
    while judge.go_on(now):
        turns += 1
        assert turns < 1000
    judge.assess(told, NOTHING, now)
    return turns


def test_what_was_not_read_is_not_judged() -> None:
    runner = MaintenanceRunner(POLICIES)
    assert not runner.assess(picture({}, known=False), STORE, NOW)
    assert runner.states is None
    assert runner.assess(picture({}), STORE, NOW)
    assert runner.states is not None and set(runner.states) == set(AT)


def test_it_is_judged_piece_by_piece_and_told_as_one() -> None:
    """Nobody sees half of a look; until it is whole the assessment says that it is not."""
    judge = Judge(policies=POLICIES, hold=0.0)
    told = picture(SOME)
    first, _ = judge.assess(told, STORE, NOW)
    assert (first.maintenance, first.whole) == (None, False)
    assert finished(judge, told, NOW) >= len(AT) - 1
    whole, _ = judge.assess(told, NOTHING, NOW)
    assert whole.whole and whole.maintenance == judge_all(told, NOW, policies=POLICIES).maintenance


def test_one_sign_off_is_one_item_judged_again() -> None:
    judge = Judge(policies=POLICIES, hold=0.0)
    judge.assess(picture(SOME), STORE, NOW)
    finished(judge, picture(SOME), NOW)
    more = picture(SOME | {AT[2]: (*SOME[AT[2]], done(NOW - 60))})
    after, _ = judge.assess(more, STORE, NOW)
    assert after.whole  # one piece was enough
    assert after.maintenance == judge_all(more, NOW, policies=POLICIES).maintenance


def test_what_changes_while_it_is_judged_counts() -> None:
    judge = Judge(policies=POLICIES, hold=0.0)
    judge.assess(picture(SOME), STORE, NOW)
    judge.go_on(NOW)
    more = picture({one: (*of, done(NOW - 60)) for one, of in SOME.items()})
    judge.assess(more, STORE, NOW)
    finished(judge, more, NOW)
    assert (
        judge.assess(more, NOTHING, NOW)[0].maintenance == judge_all(more, NOW, policies=POLICIES).maintenance
    )


def test_what_lies_in_the_way_of_a_window_is_told_until_it_is_over() -> None:
    """Nothing else becomes due then."""
    weekly = replace(item("on FREQ=WEEKLY;BYDAY=TU"), kind="database", at=time(2), length=7200.0)
    two = MaintenancePolicy("America/New_York", 24, None, {"patch": weekly, "vacuum": weekly})
    runner = MaintenanceRunner(replace(POLICIES, maintenance=two))
    patch, over = item_subject("patch", "production"), at("2026-11-24 04:00")
    runner.assess(picture({}), STORE, over - 3600)
    assert runner.states is not None and runner.states[patch].clashes[0].end == over
    due = runner.due_at()
    assert due is not None and due <= over
    assert runner.assess(picture({}), NOTHING, over)
    assert runner.states[patch].clashes[0].start == at("2026-12-01 02:00")


@pytest.mark.parametrize("hold", [0.0, 1000.0])
def test_years_of_edges_say_what_judging_afresh_says(hold: float) -> None:
    judge, told, now = Judge(policies=POLICIES, hold=hold), picture(SOME), at("2026-09-11")
    change: Any = STORE
    for _ in range(40):
        judge.assess(told, change, now)
        finished(judge, told, now)
        said = judge.assess(told, NOTHING, now)[0]
        assert said.maintenance == judge_all(told, now, policies=POLICIES).maintenance
        due = judge.due_at()
        assert due is not None and due > now
        now, change = due, NOTHING
