"""The verdict of each period out of anything that may be on record, against a slow reading; and that later work changes none."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.unit.playbook.maintenance import oracle
from tests.unit.playbook.maintenance.making import AT, DAY, NEW_YORK, OPEN, PLAYBOOK, at, done, item
from tfdash.model.maintenance import (
    AccountStart,
    EvidenceKind,
    PeriodVerdict,
    PeriodWaiver,
    RuleSaid,
    Sighting,
)
from tfdash.playbook.maintenance.eras import terms_of
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.history import judged_periods
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.policy import CalendarPolicy

pytestmark = pytest.mark.long

ZONE = "America/New_York"
BASE = at("2026-01-01")
HOUR = 3600.0
SLOW = {
    "open": oracle.Calendar(frozenset(), (), ZONE),
    "playbook": oracle.Calendar(frozenset({28, 29, 30, 31, 1, 2, 3}), (), ZONE),
}


def hours(low: int, high: int) -> st.SearchStrategy[float]:
    """Whole hours from the begin of 2026, local; those of days are drawn more often, so that edges are hit."""
    return st.one_of(
        st.integers(low, high).map(lambda n: BASE + n * HOUR),
        st.integers(low // 24, high // 24).map(lambda n: BASE + n * DAY),
    )


@st.composite
def completions(draw: st.DrawFn, low: int = 0, high: int = 120 * 24) -> tuple[object, ...]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        when = draw(hours(low, high))
        late = draw(st.sampled_from((0.0, 0.0, 0.0, HOUR, DAY, 3 * DAY, 20 * DAY, 90 * DAY)))
        kind = draw(st.sampled_from(tuple(EvidenceKind)))
        found.append(done(when, when + late, evidence=kind.value, by=f"p{number}", terminal=f"t{number}"))
    return tuple(found)


@st.composite
def facts(draw: st.DrawFn, started: bool = False, low: int = 0, high: int = 120 * 24) -> Facts:
    waivers = []
    for number in range(draw(st.integers(0, 2))):
        since = draw(hours(low, high))
        until = since + draw(st.integers(1, 40)) * DAY
        recorded = since + draw(st.sampled_from((-DAY, 0.0, 30 * DAY)))
        waivers.append(PeriodWaiver(subject=AT, since=since, until=until, who=f"w{number}", why="because", recorded_at=recorded))  # fmt: skip
    looks = [
        Sighting(seen, None if draw(st.booleans()) else seen - draw(st.integers(0, 40)) * DAY)
        for seen in draw(st.lists(hours(low, high), max_size=5))
    ]
    starts = ()
    if not started:
        starts = tuple(
            AccountStart(begin, begin + draw(st.sampled_from((-DAY, 0.0, 50 * DAY))))
            for begin in draw(st.lists(hours(low, high), max_size=2))
        )
    begin = draw(hours(0, 60 * 24)) if started or draw(st.booleans()) else None
    return Facts(begin, draw(completions(low, high)), tuple(waivers), tuple(looks), (), starts)  # type: ignore[arg-type] # made above


class Case(NamedTuple):
    promise: MaintenanceItem
    calendar: CalendarPolicy
    slow: tuple[str, str, str] | None  # sort, calendar, rule about the blackout


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sort, grace = draw(
        st.sampled_from((("day", 12.0), ("week", 24.0), ("week", 72.0), ("month", 168.0), ("quarter", 336.0)))
    )
    blackout = draw(st.sampled_from(("allowed", "before", "after", "stays")))
    which = draw(st.sampled_from(("open", "playbook")))
    return Case(
        item(f"each {sort}", grace * HOUR, blackout),
        OPEN if which == "open" else PLAYBOOK,
        (sort, which, blackout),
    )


@given(case=cases(), on_record=facts(started=True), now=hours(1, 130 * 24))
@settings(max_examples=200)
def test_periods_have_the_verdicts_of_the_slow_reading(case: Case, on_record: Facts, now: float) -> None:
    promise, calendar, slow = case
    begin = on_record.started
    assert begin is not None and slow is not None
    sort, which, blackout = slow
    wanted = oracle.verdict_of_each(
        [
            span
            for span in oracle.spans_each(sort, ZONE, SLOW[which], blackout)
            if span.end > BASE - 100 * DAY
        ],
        promise.grace,
        [
            oracle.Done(c.done_at, c.recorded_at, c.evidence is EvidenceKind.LIVE)
            for c in on_record.completions
        ],
        [(w.since, w.until, w.recorded_at) for w in on_record.waivers],
        [oracle.Seen(s.seen, s.done_at) for s in on_record.sightings],
        begin,
        now,
    )
    found = judged_periods(promise, NEW_YORK, calendar, on_record, now)
    for period in found:
        decides = period.completion.done_at if period.completion else None
        assert (period.label, *wanted[period.label]) == (period.label, period.verdict.value, decides)
        assert period.late_by == (decides - period.deadline if period.verdict is PeriodVerdict.LATE else 0.0)  # type: ignore[operator] # late is done
    watched = {label for label, (word, _) in wanted.items() if word in ("kept", "late", "missed")}
    assert watched <= {period.label for period in found}
    said = [id(c) for p in found for c in (p.completion, *p.others) if c is not None]
    assert len(said) == len(set(said))  # none serves two


@given(
    age=st.integers(24, 24 * 20).map(lambda n: n * HOUR),
    grace=st.sampled_from((HOUR, 12 * HOUR, DAY, 3 * DAY)),
    on_record=completions(),
    start=hours(0, 40 * 24),
    now=hours(1, 150 * 24),
)
@settings(max_examples=150)
def test_never_older_than_is_what_the_slow_reading_says(
    age: float, grace: float, on_record: tuple[object, ...], start: float, now: float
) -> None:
    assume(start <= now)
    facts = Facts(start, on_record)  # type: ignore[arg-type] # made above
    promise = item(f"within {int(age / HOUR)}h", grace)
    found = judged_periods(promise, NEW_YORK, OPEN, facts, now)
    wanted = oracle.months_by_age(
        ZONE,
        age,
        grace,
        [oracle.Done(c.done_at, c.recorded_at, False) for c in facts.completions],
        start,
        now,
    )
    watched = {p.label: (p.verdict.value, p.late_by) for p in found if p.end > start}
    assert watched == wanted


RULES = st.one_of(
    cases(),
    st.sampled_from(("allowed", "before", "after", "stays")).flatmap(
        lambda blackout: st.sampled_from(
            (
                Case(item("within 7d", DAY, blackout), PLAYBOOK, None),
                Case(item("within 30d", 3 * DAY, blackout), PLAYBOOK, None),
                Case(item("on FREQ=WEEKLY;BYDAY=MO", DAY, blackout), PLAYBOOK, None),
                Case(item("on FREQ=MONTHLY;BYMONTHDAY=31", 10 * DAY, blackout), PLAYBOOK, None),
            )
        )
    ),
)


def after(more: Facts, time: float) -> Facts:
    """All of them on record at ``time`` or later."""
    return Facts(
        None,
        tuple(structs.replace(c, recorded_at=max(c.recorded_at, time)) for c in more.completions),
        tuple(structs.replace(w, recorded_at=max(w.recorded_at, time)) for w in more.waivers),
        tuple(Sighting(s.seen, s.done_at, time) for s in more.sightings),
        (),
        tuple(AccountStart(s.start, max(s.recorded_at, time)) for s in more.starts),
    )


@given(case=RULES, first=facts(), second=facts(), now=hours(24, 130 * 24), passed=st.integers(0, 200))
@settings(max_examples=200)
def test_later_work_changes_no_period_that_closed(
    case: Case, first: Facts, second: Facts, now: float, passed: int
) -> None:
    """Whatever is put on record at ``now`` or later; but a live source may show that what nobody watched was kept."""
    promise, calendar, _ = case
    known = Facts(
        first.started,
        tuple(c for c in first.completions if c.recorded_at < now),
        tuple(w for w in first.waivers if w.recorded_at < now),
        tuple(s for s in first.sightings if s.seen < now),
        (),
        tuple(s for s in first.starts if s.recorded_at < now),
    )
    more = after(second, now)
    both = Facts(
        known.started,
        known.completions + more.completions,
        known.waivers + more.waivers,
        known.sightings + more.sightings,
        (),
        known.starts + more.starts,
    )
    closed = {p.label: p for p in judged_periods(promise, NEW_YORK, calendar, known, now) if p.closes <= now}
    later = {p.label: p for p in judged_periods(promise, NEW_YORK, calendar, both, now + passed * DAY)}
    for label, was in closed.items():
        still = later[label]
        if was.verdict is PeriodVerdict.NOT_WATCHED:
            live = any(c.evidence is EvidenceKind.LIVE for c in more.completions)
            assert still.verdict is PeriodVerdict.NOT_WATCHED or (
                still.verdict is PeriodVerdict.KEPT and live
            )
            continue
        assert (label, still.verdict, still.late_by) == (label, was.verdict, was.late_by)
        if case.slow:
            assert (still.completion, still.waiver) == (was.completion, was.waiver)
    for label, still in later.items():
        if still.closes <= now and label not in closed:
            assert still.verdict not in (PeriodVerdict.MISSED, PeriodVerdict.LATE)


@given(
    was=RULES,
    becomes=RULES,
    on_record=facts(),
    now=hours(24, 130 * 24),
    passed=st.integers(0, 200),
    recorded=st.booleans(),
    begins=st.none() | hours(0, 130 * 24),
)
@settings(max_examples=200)
def test_another_rule_changes_no_period_that_closed(
    was: Case, becomes: Case, on_record: Facts, now: float, passed: int, recorded: bool, begins: float | None
) -> None:
    """Whatever the settings say later, of the rule or of when account begins, whether or not anything was recorded by that yet."""
    calendar = was.calendar
    before = RuleSaid(terms_of(was.promise, ZONE, on_record.started), BASE)
    after_it = RuleSaid(terms_of(becomes.promise, ZONE, begins), now)
    first = on_record._replace(rules=(before,))
    second = on_record._replace(started=begins, rules=(before, after_it) if recorded else (before,))
    closed = [p for p in judged_periods(was.promise, NEW_YORK, calendar, first, now) if p.closes <= now]
    then = now + passed * DAY
    later = judged_periods(becomes.promise, NEW_YORK, calendar, second, then)
    assert [p for p in later if p.closes <= now] == closed
    assert [p.end for p in later] == sorted(p.end for p in later)


@given(
    promise=RULES,
    other=RULES,
    on_record=facts(started=True),
    between=st.tuples(hours(0, 130 * 24), hours(0, 130 * 24)).map(sorted),
    begins=st.none() | hours(0, 130 * 24),
    first=st.booleans(),
    again=st.booleans(),
    now=hours(24, 150 * 24),
)
@settings(max_examples=300)
def test_a_rule_that_somebody_else_records_hides_no_period_that_was_missed(
    promise: Case,
    other: Case,
    on_record: Facts,
    between: list[float],
    begins: float | None,
    first: bool,
    again: bool,
    now: float,
) -> None:
    """Another terminal with other settings, for a while, before or after anybody else recorded anything: what was missed by the rule that we
    have is missed, unless the other held when it began and when it closed."""
    since, until = between
    assume(since < until <= now)
    on_record = on_record._replace(starts=())
    calendar, zone = promise.calendar, ZONE
    ours, theirs = (
        terms_of(promise.promise, zone, on_record.started),
        terms_of(other.promise, zone, begins),
    )
    rules = [RuleSaid(theirs, since)]
    rules += [] if first else [RuleSaid(ours, BASE - DAY)]
    rules += [RuleSaid(ours, until)] if again else []
    until = until if again else now
    found = judged_periods(promise.promise, NEW_YORK, calendar, on_record._replace(rules=tuple(rules)), now)
    said = {(p.start, p.end): p.verdict for p in found}
    for was in judged_periods(promise.promise, NEW_YORK, calendar, on_record, now):
        worked = any(was.start <= c.done_at < was.closes for c in on_record.completions)
        waived = any(w.recorded_at < was.closes for w in on_record.waivers)
        theirs_held = since < was.start <= until and since < was.closes <= until
        unknown = first and was.start <= since and was.closes > since
        if was.verdict is PeriodVerdict.MISSED and not (worked or waived or theirs_held or unknown):
            assert (was.label, said.get((was.start, was.end))) == (was.label, PeriodVerdict.MISSED)
