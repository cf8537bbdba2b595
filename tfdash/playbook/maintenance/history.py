"""The verdict of each period that was to be kept. Pure, and only of what was on record in time: later work changes none that closed.

A completion serves one period: the one it was done in, or, where the period before was not kept and its grace still ran, that one,
late. Of several in one period the one done first decides, then the one recorded first, then the terminal's name; the others
are told beside it. What a person signs, or a list brings, after the period closed comes too late for it; what a live source
shows of the past counts, unless the same source had shown before that nothing was done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import (
    Completion,
    EvidenceKind,
    Period,
    PeriodVerdict,
    PeriodWaiver,
    Sighting,
)
from tfdash.playbook.maintenance.cadence import Each, Within
from tfdash.playbook.maintenance.periods import Span, spans
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.local import local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy

_MONTH = Each("month")
_CLOCKS_DIFFER = 86_400.0  # a person names the day rather than the minute
_UNSEEN = 86_400.0
"""Seconds before a period closes that nobody need have looked at a live source, for its silence to count."""


class Facts(NamedTuple):
    """What is on record of one item at one place. ``started``: from when account is kept, None where nobody said; ``sightings``
    of a live source; ``events`` that it follows. All in epoch seconds."""

    started: float | None = None
    completions: tuple[Completion, ...] = ()
    waivers: tuple[PeriodWaiver, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    events: tuple[float, ...] = ()

    @property
    def since(self) -> float | None:
        """From when account is kept: as somebody said, else from the first evidence."""
        if self.started is not None or not (self.completions or self.sightings or self.events):
            return self.started
        times = (*(c.done_at for c in self.completions), *(s.seen for s in self.sightings), *self.events)
        return min(times)

    @property
    def begins(self) -> float | None:
        """The earliest that anything is known of."""
        times = [self.since, *(c.done_at for c in self.completions)]
        return min((at for at in times if at is not None), default=None)


def in_order(completions: Sequence[Completion]) -> tuple[Completion, ...]:
    """The order in which they decide."""
    return tuple(sorted(completions, key=lambda c: (c.done_at, c.recorded_at, c.terminal)))


def judged_periods(
    item: MaintenanceItem, zone: ZoneInfo, calendar: CalendarPolicy, facts: Facts, now: float
) -> tuple[Period, ...]:
    """Every period from the first that anything is known of, oldest first; the one that ``now`` lies in is the last."""
    begins = facts.begins
    if begins is None:
        return ()
    if isinstance(item.when, Within):
        return tuple(_by_age(item, zone, facts, now, item.when.age))
    due = spans(item, zone, calendar, begins, now, facts.events)
    return tuple(_once_each([s for s in due if s.start <= now and s.end > begins], facts, now))


def _once_each(due: Sequence[Span], facts: Facts, now: float) -> Iterator[Period]:
    free = list(in_order([c for c in facts.completions if c.done_at <= now]))
    since = facts.since if facts.since is not None else now
    for span in due:
        early = span.start < since
        fits = [c for c in free if span.start <= c.done_at < span.closes and _in_time(c, span, facts, early)]
        own = [c for c in fits if c.done_at < span.end]
        chosen = own or [c for c in fits if c.done_at < span.deadline][:1] or fits[:1]
        used = {id(c) for c in chosen}
        free = [c for c in free if id(c) not in used and c.done_at >= span.start]
        untimely = [c for c in free if c.done_at < span.end and not _in_time(c, span, facts, early)]
        waiver = _waiver(facts.waivers, span.deadline, span.closes)
        late = max(0.0, chosen[0].done_at - span.deadline) if chosen else 0.0
        yield Period(
            label=span.label,
            start=span.start,
            end=span.end,
            deadline=span.deadline,
            closes=span.closes,
            verdict=_verdict(
                bool(chosen), late, waiver is not None, early, now < span.closes, _missed(span, facts)
            ),
            late_by=late,
            completion=chosen[0] if chosen else None,
            others=(*chosen[1:], *untimely),
            waiver=waiver if not chosen else None,
        )


def _verdict(
    done: bool, late: float, waived: bool, early: bool, open_still: bool, missed: bool
) -> PeriodVerdict:
    if done:
        return PeriodVerdict.LATE if late > 0 else PeriodVerdict.KEPT
    if waived:
        return PeriodVerdict.WAIVED
    if open_still:
        return PeriodVerdict.OPEN
    return PeriodVerdict.MISSED if missed and not early else PeriodVerdict.NOT_WATCHED


def _in_time(completion: Completion, span: Span, facts: Facts, early: bool) -> bool:
    """Whether it was on record before the period closed, or may count all the same."""
    if completion.recorded_at < span.closes or early:
        return True
    return completion.evidence is EvidenceKind.LIVE and not (
        facts.sightings and _missed(span, facts, completion.recorded_at)
    )


def _missed(span: Span, facts: Facts, before: float = float("inf")) -> bool:
    """Whether it is known that nothing was done: by what a live source said, where there is one."""
    if not facts.sightings:
        return True
    return silent(facts.sightings, span.start, span.closes, before)


def silent(sightings: Sequence[Sighting], start: float, until: float, before: float = float("inf")) -> bool:
    """Whether what was seen before that time proves that nothing was done in [start, until), but for the last day of it."""
    seen = (s.seen for s in sightings if s.seen < before and (s.done_at is None or s.done_at < start))
    return max(seen, default=float("-inf")) >= until - _UNSEEN


def contradicts(sightings: Sequence[Sighting], done: float) -> Sighting | None:
    """The newest that shows that nothing was done then."""
    against = (
        s for s in sightings if s.seen >= done and (s.done_at is None or s.done_at < done - _CLOCKS_DIFFER)
    )
    return max(against, key=lambda s: s.seen, default=None)


def _waiver(waivers: Sequence[PeriodWaiver], deadline: float, closes: float) -> PeriodWaiver | None:
    """The one that covers the deadline and was on record before the period closed."""
    fits = [w for w in waivers if w.since <= deadline <= w.until and w.recorded_at < closes]
    return min(fits, key=lambda w: w.recorded_at, default=None)


# -- never older than ---------------------------------------------------------------------------------------------


class Lapse(NamedTuple):
    """A time in which the last completion was too old; ``end`` is when it was done again, or now."""

    start: float
    end: float
    over: bool


def lapses(item: MaintenanceItem, facts: Facts, now: float, age: float) -> tuple[Lapse, ...]:
    """When the promise was not kept, oldest first. What was signed long after it was done covers no more than the grace before."""
    since = facts.since
    if since is None:
        return ()
    covered = [(since, since + age)]
    for one in facts.completions:
        counts_from = one.done_at
        if one.evidence is not EvidenceKind.LIVE and one.done_at >= since:
            counts_from = max(one.done_at, one.recorded_at - item.grace)
        if one.done_at <= now:
            covered.append((counts_from, one.done_at + age))
    found, reached = [], since
    for start, end in sorted(covered):
        if start > reached:
            found.append(Lapse(reached, min(start, now), True))
        reached = max(reached, end)
    if reached < now:
        found.append(Lapse(reached, now, False))
    return tuple(gap for gap in found if gap.start < now)


def _by_age(item: MaintenanceItem, zone: ZoneInfo, facts: Facts, now: float, age: float) -> Iterator[Period]:
    """Month by month: what is never older than so long has no period of its own."""
    begins = facts.begins
    assert begins is not None
    since = facts.since if facts.since is not None else now
    holes = lapses(item, facts, now, age)
    done = in_order([c for c in facts.completions if c.done_at <= now])
    day: date = _MONTH.begin(local_date(begins, zone))
    while (start := midnight(day, zone)) <= now:
        after = _MONTH.next(day)
        end = midnight(after, zone)
        mine = [c for c in done if start <= c.done_at < end]
        verdict, late, waiver = _of_month(item, facts, holes, start, end, now)
        if end <= since and not mine:
            verdict = PeriodVerdict.NOT_WATCHED
        yield Period(
            label=_MONTH.label(day),
            start=start,
            end=end,
            deadline=end,
            closes=end + item.grace,
            verdict=verdict,
            late_by=late,
            completion=mine[-1] if mine else None,
            others=tuple(mine[:-1]),
            waiver=waiver,
        )
        day = after


def _of_month(
    item: MaintenanceItem, facts: Facts, holes: Sequence[Lapse], start: float, end: float, now: float
) -> tuple[PeriodVerdict, float, PeriodWaiver | None]:
    late, worst, waiver = 0.0, PeriodVerdict.KEPT if end <= now else PeriodVerdict.OPEN, None
    rank = (
        PeriodVerdict.OPEN,
        PeriodVerdict.KEPT,
        PeriodVerdict.WAIVED,
        PeriodVerdict.LATE,
        PeriodVerdict.NOT_WATCHED,
        PeriodVerdict.MISSED,
    )
    for gap in holes:
        missed_from = gap.start + item.grace
        if gap.end > missed_from and missed_from < end and gap.end > start:
            covering = _waiver(facts.waivers, gap.start, missed_from)
            if covering is not None and covering.until >= min(gap.end, end):
                found, waiver = PeriodVerdict.WAIVED, covering
            elif facts.sightings and not silent(
                facts.sightings, max(start, gap.start), min(end, missed_from)
            ):
                found = PeriodVerdict.NOT_WATCHED
            else:
                found = PeriodVerdict.MISSED
        elif start <= gap.start < end and gap.over:
            found, late = PeriodVerdict.LATE, max(late, gap.end - gap.start)
        else:
            continue
        worst = max(worst, found, key=rank.index)
    return (
        worst,
        late if worst is PeriodVerdict.LATE else 0.0,
        waiver if worst is PeriodVerdict.WAIVED else None,
    )
