"""The dated promises of a span: which of their periods closed in it and how, what is overdue, what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tfdash.gravity import promise_rank
from tfdash.model.maintenance import (
    Completion,
    ItemStanding,
    ItemState,
    MaintenanceRecord,
    Period,
    PeriodVerdict,
)


class ClosedPeriod(NamedTuple):
    state: ItemState
    period: Period


class DoneWork(NamedTuple):
    """What was recorded as done, in the order of its times."""

    state: ItemState
    completions: tuple[Completion, ...]


class Promised(NamedTuple):
    """``kept`` of ``judged``: those that closed in the span and count, without what was waived or nobody watched; ``lost`` of them are not
    known. ``due`` comes after the span, ``overdue`` stands at its end or now."""

    closed: tuple[ClosedPeriod, ...]
    done: tuple[DoneWork, ...]
    overdue: tuple[ItemState, ...]
    due: tuple[ItemState, ...]
    kept: int
    judged: int
    lost: int


_COUNTED = (PeriodVerdict.KEPT, PeriodVerdict.LATE, PeriodVerdict.MISSED)


def promised(
    states: Iterable[ItemState],
    record: MaintenanceRecord,
    since: float,
    until: float,
    ahead: float,
    by_end: bool = False,
) -> Promised:
    """Periods that closed after ``since`` and until ``until``, so that what ends with a month is of that month, and each is of one report
    of those that follow each other; ``by_end``: those that ended then instead, which may still be done late; what was recorded in ``[since, until)``; what is due within ``ahead`` seconds after that."""
    every = list(states)
    closed = [
        ClosedPeriod(state, period)
        for state in every
        for period in state.periods
        if period.verdict is not PeriodVerdict.NOT_WATCHED
        and (by_end or period.verdict is not PeriodVerdict.OPEN)
        and since < (ended_at(period) if by_end else final_at(period)) <= until
    ]
    closed.sort(key=lambda c: (final_at(c.period), c.state.kind, c.state.title, c.state.subject))
    counted = [c for c in closed if c.period.verdict in _COUNTED]
    overdue = sorted((s for s in every if s.standing is ItemStanding.OVERDUE), key=promise_rank)
    due = sorted(
        (
            s
            for s in every
            if s.due is not None and until <= s.due < until + ahead and s.standing is not ItemStanding.OVERDUE
        ),
        key=lambda s: (s.due or 0.0, s.title, s.subject),
    )
    done = [(state, _done(record, state, since, until)) for state in every]
    return Promised(
        tuple(closed),
        tuple(DoneWork(state, found) for state, found in done if found),
        tuple(overdue),
        tuple(due),
        kept=sum(c.period.verdict is PeriodVerdict.KEPT and c.period.lost is None for c in counted),
        judged=len(counted),
        lost=sum(c.period.lost is not None for c in closed),
    )


def ended_at(period: Period) -> float:
    """Until when it could be kept."""
    return max(period.end, period.deadline)


def final_at(period: Period) -> float:
    """From when its verdict is what it is: what was kept is at its end, or once that was recorded; all else when no later work can mend it."""
    if period.verdict is PeriodVerdict.KEPT and period.lost is None:
        recorded = period.completion.recorded_at if period.completion is not None else period.end
        return max(ended_at(period), recorded)
    return period.closes


def _done(record: MaintenanceRecord, state: ItemState, since: float, until: float) -> tuple[Completion, ...]:
    places = (state.subject, *state.before)
    found = [c for at in places for c in record.completions.get(at, ()) if since <= c.recorded_at < until]
    return tuple(sorted(found, key=lambda c: (c.done_at, c.recorded_at)))
