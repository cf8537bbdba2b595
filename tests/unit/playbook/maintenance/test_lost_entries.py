"""Entries of a log that are lost: what they may have said is not known, and nothing of it counts as missed or overdue."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.playbook.maintenance.making import AT, DAY, NEW_YORK, OPEN, at, done, item, kept_from, state
from tests.unit.playbook.maintenance.test_verdicts_oracle import HOUR, Case, cases, completions, facts, hours
from tfdash.model.maintenance import ItemStanding, LostEntries, MissSaid, PeriodVerdict
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


def said(label: str, *read: str, evidence: str = "", recorded: float = 0.0) -> MissSaid:
    """That of MONTHLY the month of 2026 closed as missed, by one who held all of ``read``."""
    start, end = (at(f"2026-{int(label) + n:02}-01") for n in (0, 1))
    closes = end + DAY
    return MissSaid(
        start=start,
        end=end,
        closes=closes,
        recorded_at=recorded or closes,
        terminal=read[0],
        read=frozenset(read),
        evidence=evidence,
    )


GAP = LostEntries(at("2026-08-10"), at("2026-10-10"), "one", "two")
AUGUST = {"2026-07": "kept", "2026-08": "missed", "2026-09": "not watched", "2026-10": "open"}
UNKNOWN = AUGUST | {"2026-08": "not watched"}


@pytest.mark.parametrize(
    ("words", "losses", "expected"),
    [
        ((said("08", "two", "one"),), (GAP,), AUGUST),
        ((said("08", "two"), said("08", "three", "one")), (GAP,), AUGUST),
        ((), (GAP,), UNKNOWN),
        ((said("08", "two"),), (GAP,), UNKNOWN),  # what the lost one had recorded it did not hold
        ((said("08", "two", "one", evidence="imported"),), (GAP,), UNKNOWN),  # more was demanded there
        ((said("06", "two", "one"),), (GAP,), UNKNOWN),
        ((said("08", "two", "one"),), (GAP, msgspec.structs.replace(GAP, terminal="")), UNKNOWN),
        ((said("08", "two", "one"),), (GAP, msgspec.structs.replace(GAP, terminal="x")), UNKNOWN),
        ((said("08", "two", "one"), said("08", "y", "x")), (GAP, msgspec.structs.replace(GAP, terminal="x")), AUGUST),
        ((said("07", "two", "one"),), (GAP,), UNKNOWN),  # it was kept, and that is on record
        ((said("10", "two", "one"),), (GAP,), UNKNOWN),  # it has not closed
    ],
)  # fmt: skip
def test_a_miss_that_was_on_record_when_it_closed_stays_one(
    words: tuple[MissSaid, ...], losses: tuple[LostEntries, ...], expected: dict[str, str]
) -> None:
    facts = Facts(starts=JULY, completions=(done("2026-07-05"),), lost=losses, missed=words)
    assert dict(verdicts(MONTHLY, facts, "2026-10-15")) == expected
    whole = facts._replace(completions=(done("2026-07-05"), done("2026-08-05")), lost=losses)
    assert (
        dict(verdicts(MONTHLY, whole, "2026-10-15"))["2026-08"] == "kept"
    )  # no word stands against work on record


def test_the_earliest_that_says_so_is_named() -> None:
    late, early = said("08", "x", "one", recorded=at("2026-09-20")), said("08", "y", "one")
    facts = Facts(starts=JULY, lost=(GAP,), missed=(late, said("08", "z"), early))
    found = judged_periods(MONTHLY, NEW_YORK, OPEN, facts, at("2026-10-15"))
    assert [(p.label, p.said, p.lost) for p in found if p.label == "2026-08"] == [("2026-08", early, None)]


@pytest.mark.long
@given(
    case=cases(),
    on_record=facts(started=True),
    now=hours(1, 130 * 24),
    begin=hours(0, 120 * 24),
    length=st.integers(1, 1500),
    lies=st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=6),
)
@settings(max_examples=400)
def test_no_word_of_a_miss_makes_anything_better(
    case: Case,
    on_record: Facts,
    now: float,
    begin: float,
    length: int,
    lies: list[tuple[int, bool]],
) -> None:
    """Whatever is said of whichever period, true or not: what was not known, or may be the work of such a one before, becomes
    missed; no other is another, no share is better."""
    promise, calendar, _ = case
    gap = msgspec.structs.replace(_noted(now, begin, length), terminal="one")
    left = _without(on_record, gap)
    before = judged_periods(promise, NEW_YORK, calendar, left, now)
    words = []
    for number, knew in lies:
        if before:
            of = before[number % len(before)]
            read = frozenset({"liar", "one"} if knew else {"liar"})
            words.append(
                MissSaid(
                    start=of.start,
                    end=of.end,
                    closes=of.closes,
                    recorded_at=of.closes,
                    terminal="liar",
                    read=read,
                )
            )
    told = left._replace(missed=tuple(words))
    for was, is_ in zip(before, judged_periods(promise, NEW_YORK, calendar, told, now), strict=True):
        if was != is_:
            assert is_.verdict is PeriodVerdict.MISSED and is_.said is not None
    shares = [stand(AT, promise, NEW_YORK, calendar, f, now, 24).state for f in (left, told)]
    assert shares[0].standing is shares[1].standing
    assert (shares[0].kept, shares[0].judged) == (shares[1].kept, shares[1].judged)


@pytest.mark.long
@given(
    case=cases(),
    on_record=facts(started=True),
    now=hours(1, 130 * 24),
    begin=hours(0, 120 * 24),
    length=st.integers(1, 1500),
)
@settings(max_examples=400)
def test_what_all_was_recorded_of_stays_missed_whatever_is_lost(
    case: Case, on_record: Facts, now: float, begin: float, length: int
) -> None:
    """Each miss that was put on record when it closed, by one that held everything, is one still, and nothing else is."""
    promise, calendar, _ = case
    gap = msgspec.structs.replace(_noted(now, begin, length), terminal="one")
    whole = judged_periods(promise, NEW_YORK, calendar, on_record, now)
    words = tuple(
        MissSaid(
            start=p.start,
            end=p.end,
            closes=p.closes,
            recorded_at=p.closes,
            terminal="two",
            read=frozenset({"one", "two"}),
        )
        for p in whole
        if p.verdict is PeriodVerdict.MISSED and p.closes <= now
    )
    left = _without(on_record, gap)._replace(missed=words)
    after = {(p.start, p.end): p for p in judged_periods(promise, NEW_YORK, calendar, left, now)}
    for period in whole:
        found = after.get((period.start, period.end))
        if period.verdict is PeriodVerdict.MISSED and period.closes <= now and found is not None:
            assert found.verdict is PeriodVerdict.MISSED
        elif found is not None and period.verdict is not PeriodVerdict.MISSED:
            assert found.said is None
