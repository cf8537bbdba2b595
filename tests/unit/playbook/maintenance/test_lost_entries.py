"""Entries of a log that are lost: what they may have said is not known, and nothing of it counts as missed or overdue."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.playbook.maintenance.making import AT, DAY, NEW_YORK, OPEN, at, done, item, kept_from, state
from tests.unit.playbook.maintenance.test_verdicts_oracle import HOUR, Case, cases, completions, facts, hours
from tfdash.model.maintenance import ItemStanding, LostEntries, PeriodVerdict
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.history import judged_periods
from tfdash.playbook.maintenance.standing import stand
from tfdash.playbook.schedule.policy import CalendarPolicy

MONTHLY, WEEKLY_AGE = item("each month", DAY), item("within 7d", DAY)
JULY = (kept_from("2026-07-01"),)


def verdicts(promise: object, on_record: Facts, now: str) -> list[tuple[str, str]]:
    found = judged_periods(promise, NEW_YORK, OPEN, on_record, at(now))  # type: ignore[arg-type] # an item
    return [(p.label, p.verdict.value) for p in found]


def lost(since: str, until: str) -> tuple[LostEntries, ...]:
    return (LostEntries(at(since), at(until)),)


@pytest.mark.parametrize(
    ("since", "until", "august"),
    [
        ("2026-08-10", "2026-08-11", "not watched"),
        ("2026-09-01 12:00", "2026-09-01 13:00", "not watched"),  # recorded late, inside the grace of a day
        ("2026-09-02", "2026-09-03", "missed"),  # what was recorded then came too late
        ("2026-07-01", "2026-07-31 12:00", "missed"),
        ("2026-07-01", "2026-08-01", "not watched"),  # its first instant
    ],
)
def test_a_month_of_which_entries_are_lost(since: str, until: str, august: str) -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-05"),), lost=lost(since, until))
    assert verdicts(MONTHLY, facts, "2026-10-15")[:3] == [
        ("2026-07", "kept"),
        ("2026-08", august),
        ("2026-09", "missed" if until < "2026-09" else "not watched"),
    ]


def test_overdue_is_said_only_of_what_is_not_lost() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-05"),), lost=lost("2026-08-10", "2026-08-11"))
    found = state(MONTHLY, facts, "2026-09-20")
    assert (found.standing, found.due) == (ItemStanding.NO_EVIDENCE, at("2026-09-01"))
    assert "entries of the log that were recorded then are lost (tfdash audit verify)" in found.sentence
    later = state(MONTHLY, facts, "2026-10-01")
    assert (later.standing, later.since) == (ItemStanding.OVERDUE, at("2026-10-01"))
    again = Facts(starts=JULY, completions=(done("2026-09-05"),), lost=facts.lost)
    assert state(MONTHLY, again, "2026-09-20").standing is ItemStanding.DONE


def test_an_age_may_have_begun_anew_when_the_last_entry_that_is_lost_was_recorded() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-05"),), lost=lost("2026-07-08", "2026-07-10"))
    assert state(WEEKLY_AGE, facts, "2026-07-16").standing is ItemStanding.NO_EVIDENCE
    sure = state(WEEKLY_AGE, facts, "2026-07-17")
    assert (sure.standing, sure.since) == (ItemStanding.OVERDUE, at("2026-07-17"))
    assert verdicts(WEEKLY_AGE, facts, "2026-08-05") == [("2026-07", "missed"), ("2026-08", "missed")]
    healed = Facts(starts=JULY, completions=(done("2026-07-05"), done("2026-07-17 06:00")), lost=facts.lost)
    assert verdicts(WEEKLY_AGE, healed, "2026-07-20") == [("2026-07", "not watched")]


def test_a_period_that_is_lost_is_named_and_counts_as_judged_but_not_as_kept() -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-05"), done("2026-09-05")))
    gap = LostEntries(at("2026-09-04"), at("2026-09-06"), "one", "two")
    whole, left = state(MONTHLY, facts, "2026-10-15"), state(MONTHLY, _without(facts, gap), "2026-10-15")
    assert (whole.kept, whole.judged, left.kept, left.judged) == (2, 3, 1, 3)
    assert [(p.label, p.verdict.value, p.lost) for p in left.periods] == [
        ("2026-07", "kept", None),
        ("2026-08", "missed", None),
        ("2026-09", "not watched", gap),
        ("2026-10", "open", None),
    ]


def _without(on_record: Facts, gap: LostEntries) -> Facts:
    left = tuple(c for c in on_record.completions if not gap.since < c.recorded_at <= gap.until)
    return on_record._replace(completions=left, lost=(gap,))


@pytest.mark.long
@given(
    case=cases(),
    on_record=facts(started=True),
    now=hours(1, 130 * 24),
    begin=hours(0, 120 * 24),
    length=st.integers(1, 1500),
)
@settings(max_examples=400)
def test_what_was_kept_is_never_missed_once_its_record_is_lost(
    case: Case, on_record: Facts, now: float, begin: float, length: int
) -> None:
    promise, calendar, _ = case
    true = tuple(
        s
        for s in on_record.sightings
        if not any(
            c.done_at <= s.seen and (s.done_at is None or s.done_at < c.done_at)
            for c in on_record.completions
        )
    )
    on_record = on_record._replace(sightings=true)  # a source that says what is not so is believed
    _sound(promise, calendar, on_record, now, _noted(now, begin, length))


@pytest.mark.long
@given(
    age=st.integers(24, 24 * 20).map(lambda n: n * HOUR),
    grace=st.sampled_from((HOUR, 12 * HOUR, DAY, 3 * DAY)),
    on_record=completions(),
    start=hours(0, 40 * 24),
    now=hours(1, 150 * 24),
    begin=hours(0, 120 * 24),
    length=st.integers(1, 1500),
)
@settings(max_examples=400)
def test_what_was_young_enough_is_never_missed_once_its_record_is_lost(
    age: float,
    grace: float,
    on_record: tuple[object, ...],
    start: float,
    now: float,
    begin: float,
    length: int,
) -> None:
    promise = item(f"within {int(age / HOUR)}h", grace)
    _sound(promise, OPEN, Facts(start, on_record), now, _noted(now, begin, length))  # type: ignore[arg-type]


def _noted(now: float, begin: float, length: int) -> LostEntries:
    """A loss as it may be on record: it was noted by now, and of what was recorded before that."""
    return LostEntries(min(begin, now - HOUR), min(begin + length * HOUR, now))


def _sound(promise: object, calendar: CalendarPolicy, whole: Facts, now: float, gap: LostEntries) -> None:
    """Whatever is said to be missed or overdue by what is left was so by all that was on record."""
    left = _without(whole, gap)
    was = {p.label: p.verdict for p in judged_periods(promise, NEW_YORK, calendar, whole, now)}  # type: ignore[arg-type]
    for period in judged_periods(promise, NEW_YORK, calendar, left, now):  # type: ignore[arg-type]
        if period.verdict is PeriodVerdict.MISSED:
            assert was[period.label] is PeriodVerdict.MISSED, period
        if period.lost is not None:
            assert period.verdict is PeriodVerdict.NOT_WATCHED and period.lost is gap, period
    say = [stand(AT, promise, NEW_YORK, calendar, f, now, 24).state for f in (left, whole)]  # type: ignore[arg-type]
    if say[0].standing is ItemStanding.OVERDUE:
        assert say[1].standing is ItemStanding.OVERDUE
    after, before = say
    gone = [c for c in whole.completions if c not in left.completions]
    in_grace = any(p.verdict is PeriodVerdict.OPEN and p.deadline <= now for p in after.periods)
    if not in_grace and all(c.done_at > (whole.since or 0.0) for c in gone):
        # no share is better; what was done before account is kept says when it is due first, which nobody knows without it
        assert not after.kept or after.kept * before.judged <= before.kept * after.judged
