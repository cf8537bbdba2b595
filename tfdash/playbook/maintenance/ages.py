"""Promises of the sort "never older than": when one was too old, and the verdict of each month by that. Pure.

Each time at which it had to be done again has its own grace: what was on record before the grace was over counts from when it was
done, anything else from when it was recorded. So a lapse that outlasted its grace can be ended later, but not undone. A month is
missed where such a lapse touches it, and late where a shorter one began in it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import takewhile
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import Completion, EvidenceKind, Period, PeriodVerdict, PeriodWaiver
from tfdash.playbook.maintenance.cadence import Each, Within
from tfdash.playbook.maintenance.facts import Known
from tfdash.playbook.maintenance.periods import shut
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.local import local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy

_MONTH = Each("month")
_GRAVEST_LAST = (
    PeriodVerdict.KEPT,
    PeriodVerdict.OPEN,
    PeriodVerdict.WAIVED,
    PeriodVerdict.LATE,
    PeriodVerdict.NOT_WATCHED,
    PeriodVerdict.MISSED,
)


class Lapse(NamedTuple):
    """[start, end) in which it was too old. ``over``: it was done again at ``end``; else that is now."""

    start: float
    end: float
    over: bool


class Ages(NamedTuple):
    """``lapses`` oldest first; ``until``: when it is too old next, or has been since the last of them began."""

    lapses: tuple[Lapse, ...]
    until: float


def ages_of(
    item: MaintenanceItem,
    calendar: CalendarPolicy,
    done: Sequence[Completion],
    since: float,
    now: float,
    believe_live: bool = False,
) -> Ages:
    """``done``: in the order in which they were done, none of them after ``now``. ``believe_live``: what a live source showed counts from
    when it was done, whenever it was recorded."""
    assert isinstance(item.when, Within)
    age, times = item.when.age, [c.done_at for c in done]
    lapses: list[Lapse] = []
    reached = _due(item, calendar, _first_due(done, since, age))
    while reached <= now:
        closes = reached + item.grace
        end, again = inf, reached
        for number in range(bisect_right(times, reached - age), len(times)):
            at = times[number]
            if at > min(end, now):
                break
            one = done[number]
            believed = believe_live and one.evidence is EvidenceKind.LIVE
            in_time = believed or one.recorded_at < closes
            counts = at if in_time else max(at, one.recorded_at)
            until = _due(item, calendar, at + age)
            if until > max(counts, reached) and counts <= now:
                counts = max(counts, reached)
                if (counts, -until) < (end, -again):
                    end, again = counts, until
        if end == inf:
            lapses.append(Lapse(reached, now, False))
            break
        if end > reached:
            lapses.append(Lapse(reached, end, True))
        reached = again
    if times and reached > now:  # what was done before it was too old counts, too
        reached = max(reached, _due(item, calendar, times[-1] + age))
    return Ages(tuple(lapses), reached)


def _first_due(done: Sequence[Completion], since: float, age: float) -> float:
    """When it is to be done first, account being kept from ``since``: within its age of that, where nobody knows when it was done before; else
    within its age of when it was, though not before that was on record, nor before account is kept."""
    before = [(c.recorded_at, -c.done_at) for c in done if c.done_at <= since]
    if not before:
        return since + age
    recorded, last = min(before)  # what was told after that is taken in as any other
    return min(since + age, max(since, recorded, age - last))


def _due(item: MaintenanceItem, calendar: CalendarPolicy, at: float) -> float:
    """When what is too old at ``at`` is to be done: behind a blackout, where the item says so."""
    closed = shut(calendar, at) if item.blackout == "after" else None
    return closed.end if closed is not None else at


def months_of_age(
    item: MaintenanceItem,
    zone: ZoneInfo,
    calendar: CalendarPolicy,
    known: Known,
    done: Sequence[Completion],
    begins: float,
    now: float,
) -> Iterator[Period]:
    """Month by month: what is never older than so long has no period of its own."""
    judged = _Months(item, calendar, known, done, now)
    times = [c.done_at for c in done]
    day = _MONTH.begin(local_date(begins, zone))
    while (start := midnight(day, zone)) <= now:
        day = _MONTH.next(day)
        end = midnight(day, zone)
        mine = done[bisect_left(times, start) : bisect_left(times, end)]
        said = judged.of(start, end)
        yield Period(
            label=_MONTH.label(local_date(start, zone)),
            start=start,
            end=end,
            deadline=end,
            closes=end + item.grace,
            verdict=said.verdict,
            late_by=said.late if said.verdict is PeriodVerdict.LATE else 0.0,
            completion=mine[-1] if mine else None,
            others=tuple(mine[:-1]),
            waiver=said.waiver if said.verdict is PeriodVerdict.WAIVED else None,
        )


class _Said(NamedTuple):
    verdict: PeriodVerdict
    late: float = 0.0
    waiver: PeriodWaiver | None = None


class _Months:
    def __init__(
        self,
        item: MaintenanceItem,
        calendar: CalendarPolicy,
        known: Known,
        done: Sequence[Completion],
        now: float,
    ) -> None:
        self._item, self._calendar, self._known = item, calendar, known
        self._done, self._now = done, now
        self._ages: dict[tuple[float, bool], tuple[tuple[Lapse, ...], list[float]]] = {}

    def of(self, start: float, end: float) -> _Said:
        closes = end + self._item.grace
        since = self._known.since(closes)
        if since is None or end <= since:
            return _Said(PeriodVerdict.NOT_WATCHED)
        said = self._by(start, end, since, believe_live=False)
        assert isinstance(self._item.when, Within)
        if self._known.lost_of(start - self._item.when.age, closes) is not None:
            # young enough only as nothing is on record of when it was done: that may be lost
            unfounded = not self._done or self._done[0].done_at >= end
            return (
                _Said(PeriodVerdict.NOT_WATCHED) if unfounded and said.verdict is PeriodVerdict.KEPT else said
            )
        if said.verdict is PeriodVerdict.NOT_WATCHED:
            shown = self._by(start, end, since, believe_live=True)
            if shown.verdict in (PeriodVerdict.KEPT, PeriodVerdict.OPEN):
                return shown
        return said

    def _by(self, start: float, end: float, since: float, believe_live: bool) -> _Said:
        worst = _Said(PeriodVerdict.OPEN if self._now < end else PeriodVerdict.KEPT)
        for gap in self._touching(start, end, since, believe_live):
            said = self._of(gap, start, end)
            if _GRAVEST_LAST.index(said.verdict) > _GRAVEST_LAST.index(worst.verdict) or (
                said.verdict is worst.verdict and said.late > worst.late
            ):
                worst = said
        return worst

    def _touching(self, start: float, end: float, since: float, believe_live: bool) -> Sequence[Lapse]:
        if (since, believe_live) not in self._ages:
            lapses = ages_of(
                self._item, self._calendar, self._done, since, self._now, believe_live=believe_live
            ).lapses
            ends = [
                gap.end if gap.over else inf for gap in lapses
            ]  # at its first instant a month is touched already
            self._ages[since, believe_live] = lapses, ends
        lapses, ends = self._ages[since, believe_live]
        rest = lapses[bisect_right(ends, start) :]
        return list(takewhile(lambda gap: gap.start < end, rest))

    def _of(self, gap: Lapse, start: float, end: float) -> _Said:
        """What the month says of a lapse that touches it."""
        item, known, closes = self._item, self._known, end + self._item.grace
        age = item.when.age if isinstance(item.when, Within) else 0.0
        long = gap.start + item.grace
        waiver = known.waiver(gap.start, long)
        covered = waiver is not None and waiver.until >= min(gap.end, end)
        if gap.end < long:
            if covered:
                return _Said(PeriodVerdict.WAIVED, waiver=waiver)
            if not gap.over:
                return _Said(PeriodVerdict.OPEN)
            began = gap.start >= start
            return _Said(PeriodVerdict.LATE, gap.end - gap.start) if began else _Said(PeriodVerdict.KEPT)
        if covered:
            return _Said(PeriodVerdict.WAIVED, waiver=waiver)
        # nothing that would have been young enough at its due time, or when the month began
        old = max(start, gap.start) - age
        if known.live(closes) and not known.silent(old + 1.0, max(start, long), closes):
            return _Said(PeriodVerdict.NOT_WATCHED)
        if not known.live(closes) and not self._surely(gap, start, end, age):
            return _Said(PeriodVerdict.NOT_WATCHED)
        return _Said(PeriodVerdict.MISSED)

    def _surely(self, gap: Lapse, start: float, end: float, age: float) -> bool:
        """Whether it was too old for longer than its grace, whatever the entries said that are lost."""
        parts = self._known.without_lost(gap.start, gap.end, age)
        return any(
            low < end
            and (high > start or (high == self._now and not gap.over))
            and high - low >= self._item.grace
            for low, high in parts
        )
