"""The verdict of each period that was to be kept. Pure, and only of what was on record in time: later work changes none that closed,
nor does another rule.

A completion serves one period: the one it was done in, or, where the period before was not kept and its grace still ran, that one,
late. Of several in one period the one done first decides, then the one recorded first, then the terminal's name; the others
are told beside it. Where entries of a log are lost that were recorded in its time, nobody knows whether a period was kept. What is recorded after the period closed comes too late for it and is told beside it, too. One exception: a
period of which nobody had known anything is kept once a live source shows that it was done then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from math import inf, nextafter
from zoneinfo import ZoneInfo

import msgspec

from tfdash.model.maintenance import Completion, EvidenceKind, Period, PeriodVerdict
from tfdash.playbook.maintenance.ages import months_of_age
from tfdash.playbook.maintenance.cadence import After, Within
from tfdash.playbook.maintenance.eras import eras_of
from tfdash.playbook.maintenance.facts import Facts, Known, counting, in_order
from tfdash.playbook.maintenance.periods import Span, spans
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.policy import CalendarPolicy

_GRAVEST = (
    PeriodVerdict.MISSED,
    PeriodVerdict.LATE,
    PeriodVerdict.OPEN,
    PeriodVerdict.WAIVED,
    PeriodVerdict.KEPT,
    PeriodVerdict.NOT_WATCHED,
)


def judged_periods(
    item: MaintenanceItem, zone: ZoneInfo, calendar: CalendarPolicy, facts: Facts, now: float
) -> tuple[Period, ...]:
    """Every period from the first that anything is known of, oldest first; the one that ``now`` lies in is the last. Each by the rules that
    were in force when it began and when it closed, as far as these are on record."""
    eras = eras_of(item, zone, facts, now)
    if len(eras) == 1 and eras[0].until - eras[0].since == inf and facts.kept:
        return _judged(item, zone, calendar, facts, now)
    found: dict[tuple[float, float], Period] = {}
    by_age: set[tuple[float, float]] = set()
    for era in eras:
        before = [p for p in found.values() if p.closes <= era.since]
        over = max((p.end for p in before), default=-inf)
        served = {p.completion for p in before} if not isinstance(era.item.when, Within) else ()
        left = tuple(c for c in facts.completions if c not in served)
        known = facts._replace(started=era.start, completions=left)
        for period in _judged(era.item, era.zone, calendar, known, now, over):
            if period.end > over and era.judges(period.start, period.closes):
                span = period.start, period.end
                other = found.get(span)
                aged = isinstance(era.item.when, Within) or span in by_age
                found[span] = period if other is None else min(other, period, key=_worse if aged else _first)
                by_age |= {span} if aged else set()
    last = {(p.start, p.end) for p in found.values() if eras[-1].judges(p.start, p.closes)}
    # what goes on by an earlier rule stands before what does by the one that holds
    return tuple(
        sorted(
            found.values(),
            key=lambda p: (min(p.end, nextafter(now, inf)), (p.start, p.end) in last, p.end, p.start),
        )
    )


def _first(period: Period) -> tuple[bool, float, int]:
    """Which of several rules decides about one span in which it was to be done: what closes first. Whoever kept it by one did so in that span,
    and work that a longer grace takes for the span before is not missing in this one. That nobody watched is no answer where another has one.
    """
    return period.verdict is PeriodVerdict.NOT_WATCHED, period.closes, _GRAVEST.index(period.verdict)


def _worse(period: Period) -> int:
    """The same where one of them is about an age, which says of a month another thing than that it was done in it."""
    return _GRAVEST.index(period.verdict)


def _judged(
    item: MaintenanceItem,
    zone: ZoneInfo,
    calendar: CalendarPolicy,
    facts: Facts,
    now: float,
    over: float = -inf,
) -> tuple[Period, ...]:
    """By one rule; what ended until ``over`` is judged by another, and takes no work away."""
    facts = counting(facts, item.evidence)
    known = Known(facts, now)
    done = in_order([c for c in facts.completions if c.done_at <= now])
    times = [] if known.begins is None else [known.begins]
    begins = min([*times, *(c.done_at for c in done[:1])], default=inf)
    if begins > now:
        return ()
    if isinstance(item.when, Within):
        found = months_of_age(item, zone, calendar, known, done, begins, now)
    else:
        due = spans(item, zone, calendar, begins, nextafter(now, inf), facts.events)
        found = _once_each([s for s in due if s.end > max(begins, over)], item, known, done, now)
    told = dropwhile(lambda period: _empty(period, known), found)
    return tuple(_named(told, item, known) if facts.lost else told)


def _named(periods: Iterable[Period], item: MaintenanceItem, known: Known) -> Iterator[Period]:
    """With what is lost that may have said of them that they were kept."""
    age = item.when.age if isinstance(item.when, Within) else 0.0
    for period in periods:
        since = known.since(period.closes)
        kept = since is not None and (period.end > since if age else period.start >= since)
        if kept and period.verdict is PeriodVerdict.NOT_WATCHED:
            lost = known.lost_of(period.start - age, period.closes)
            period = msgspec.structs.replace(period, lost=lost) if lost is not None else period
        yield period


def _empty(period: Period, known: Known) -> bool:
    """Before account was kept, and nothing was done."""
    since = known.since(period.closes)
    done = period.completion is not None or period.others
    return (
        (since is None or period.start < since) and period.verdict is PeriodVerdict.NOT_WATCHED and not done
    )


def _once_each(
    due: Sequence[Span], item: MaintenanceItem, known: Known, done: Sequence[Completion], now: float
) -> Iterator[Period]:
    times = [c.done_at for c in done]
    each_serves_one = not isinstance(item.when, After)  # one rotation is after every use before it
    taken: set[int] = set()
    for span in due:
        since = known.since(span.closes)
        early = since is None or span.start < since
        window = range(bisect_left(times, span.start), bisect_left(times, span.closes))
        free = [n for n in window if n not in taken]
        own = [n for n in free if times[n] < span.end]
        waiver = known.waiver(span.deadline, span.closes)
        served = max((times[n] for n in window if n in taken), default=-inf)
        chosen = [n for n in own if done[n].recorded_at < span.closes]
        begin = max(span.start, nextafter(served, inf))
        silent = known.silent(begin, span.closes, span.closes)
        lost = known.lost(begin, span.closes, span.closes)
        if not chosen and not early and waiver is None and not lost:
            chosen = [n for n in free if done[n].recorded_at < span.closes][:1]
        late = bool(chosen) and times[chosen[0]] >= span.deadline
        verdict = PeriodVerdict.LATE if late else PeriodVerdict.KEPT
        if not chosen:
            missed = not early and not lost and (silent or not known.live(span.closes))
            verdict = _not_done(waiver is not None, now < span.closes, missed)
            if verdict is PeriodVerdict.NOT_WATCHED and not lost:
                shown = (n for n in own if done[n].evidence is EvidenceKind.LIVE)
                chosen = sorted(shown, key=lambda n: done[n].recorded_at)  # the first that said so decides
                verdict = PeriodVerdict.KEPT if chosen else verdict
        if each_serves_one:
            taken.update(chosen)
        beside = [n for n in own if n not in chosen]
        yield Period(
            label=span.label,
            start=span.start,
            end=span.end,
            deadline=span.deadline,
            closes=span.closes,
            verdict=verdict,
            late_by=times[chosen[0]] - span.deadline if late else 0.0,
            completion=done[chosen[0]] if chosen else None,
            others=tuple(done[n] for n in (*chosen[1:], *beside)),
            waiver=None if chosen else waiver,
        )


def _not_done(waived: bool, open_still: bool, missed: bool) -> PeriodVerdict:
    if waived:
        return PeriodVerdict.WAIVED
    if open_still:
        return PeriodVerdict.OPEN
    return PeriodVerdict.MISSED if missed else PeriodVerdict.NOT_WATCHED
