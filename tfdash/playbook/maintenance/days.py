"""What a calendar shows of some days: the release calendar and the dated promises in one picture. Pure.

What was is taken from the states, whose periods were judged once; what is ahead is expanded once for each promise, whatever the
number of its places.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from tfdash.model.dates import Closing, Dates, Day, DayMark, ItemRule, MarkSort
from tfdash.model.maintenance import Clash, ItemStanding, ItemState, MaintenanceRecord, PeriodVerdict
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.at_once import Window, all_windows, clashes_of
from tfdash.playbook.maintenance.cadence import After, Cadence, Each, Within
from tfdash.playbook.maintenance.periods import SHIFTS, Span, spans
from tfdash.playbook.maintenance.policy import LONGEST_GRACE, MaintenanceItem, MaintenancePolicy
from tfdash.playbook.policies import Policies
from tfdash.playbook.schedule.days import days_of
from tfdash.playbook.schedule.local import local_date
from tfdash.playbook.schedule.policy import CalendarPolicy
from tfdash.playbook.schedule.release import rule_words

_SETTLED = (PeriodVerdict.KEPT, PeriodVerdict.LATE, PeriodVerdict.WAIVED)
_AHEAD = 800 * 86_400.0  # seconds in which the next date is looked for
_ORDER = {sort: place for place, sort in enumerate(MarkSort)}


def dates_of(
    policies: Policies,
    states: Mapping[Subject, ItemState],
    record: MaintenanceRecord,
    first: date,
    last: date,
    now: float,
) -> Dates:
    """The days ``first`` through ``last`` in the zone of the calendar. ``states`` may be fewer than there are: the others have no mark."""
    calendar, promises = policies.calendar, policies.maintenance
    days = list(days_of(calendar, first, last))
    starts = [day.start for day in days]
    marks: list[list[DayMark]] = [[] for _ in days]
    begin, end = starts[0], days[-1].end
    ahead: dict[str, tuple[Span, ...]] = {}
    for subject, state in states.items():
        for mark in _marks(subject, state, record, calendar, promises, ahead, begin, end, now):
            at = mark.at if mark.day is None else mark.day
            if mark.completion is None and mark.day is None:
                at -= 1.0  # a deadline is the end of what lies before it
            if begin <= at < end:
                marks[bisect_right(starts, at) - 1].append(mark)
    windows = all_windows(promises, calendar, states, max(begin, now), end, now)
    ways = _in_the_way(windows, calendar, states)
    marks = [[_with_clashes(m, ways) for m in found] for found in marks] if ways else marks
    moved = Counter[str](item.blackout for item in promises.items.values())
    return Dates(
        zone=calendar.tz,
        today=local_date(now, calendar.tz),
        days=tuple(_filled(day, found, moved) for day, found in zip(days, marks, strict=True)),
        states=states,
        rules={name: _rule(promises, item, calendar, now) for name, item in promises.items.items()},
        rule_words=rule_words(calendar),
        stale=calendar.stale,
        look_back=promises.look_back,
    )


def _in_the_way(
    windows: list[Window], calendar: CalendarPolicy, states: Mapping[Subject, ItemState]
) -> Mapping[tuple[Subject, str], tuple[Clash, ...]]:
    """By promise and period."""
    return {(w.subject, w.period): told for w, told in clashes_of(windows, calendar, states).items()}


def _with_clashes(mark: DayMark, ways: Mapping[tuple[Subject, str], tuple[Clash, ...]]) -> DayMark:
    found = ways.get((mark.subject, mark.period)) if mark.sort is MarkSort.DUE and mark.period else None
    return msgspec.structs.replace(mark, clashes=found) if found else mark


def _filled(day: Day, marks: list[DayMark], moved: Counter[str]) -> Day:
    told = tuple(sorted(marks, key=lambda m: (_ORDER[m.sort], m.at, m.subject)))
    return msgspec.structs.replace(day, marks=told, closings=tuple(_counted(c, moved) for c in day.closings))


def _counted(closing: Closing, moved: Counter[str]) -> Closing:
    if closing.sort not in SHIFTS:
        return closing
    return msgspec.structs.replace(
        closing,
        inside=moved["allowed"],
        before=moved["before"],
        after=moved["after"],
        stay=moved["stays"],
    )


def _daily(when: Cadence) -> bool:
    if isinstance(when, Within):
        return when.age < 2 * 86_400.0
    return isinstance(when, Each) and when.period == "day"


def _rule(policy: MaintenancePolicy, item: MaintenanceItem, calendar: CalendarPolicy, now: float) -> ItemRule:
    return ItemRule(
        rule=item.rule_words,
        sentence=item.sentence,
        grace=item.grace,
        blackout=item.blackout,
        zone=policy.zone_of(item),
        short=item.when.words(),
        daily=_daily(item.when),
        coming=_coming(policy, item, calendar, now),
        aged=isinstance(item.when, Within),
    )


def _coming(
    policy: MaintenancePolicy, item: MaintenanceItem, calendar: CalendarPolicy, now: float
) -> float | None:
    """The first day that ``_marks`` would mark of it from now on."""
    if isinstance(item.when, Within | After):
        return None
    zone = ZoneInfo(policy.zone_of(item))
    ahead = (_marked(span, now) for span in spans(item, zone, calendar, now, now + _AHEAD))
    return next((at for at in ahead if at > now), None)


def _marked(span: Span, now: float) -> float:
    return span.planned if now < span.planned else span.deadline


def _marks(
    subject: Subject,
    state: ItemState,
    record: MaintenanceRecord,
    calendar: CalendarPolicy,
    promises: MaintenancePolicy,
    ahead: dict[str, tuple[Span, ...]],
    begin: float,
    end: float,
    now: float,
) -> Iterator[DayMark]:
    late = [
        p.completion
        for p in state.periods
        if p.verdict is PeriodVerdict.LATE and p.end > begin - LONGEST_GRACE
    ]
    ever = [on_record for at in (subject, *state.before) if (on_record := record.completions.get(at))]
    for one in [c for told in ever for c in told if begin <= c.done_at < end]:
        sort = MarkSort.LATE if one in late else MarkSort.DONE
        yield DayMark(subject=subject, sort=sort, at=one.done_at, completion=one)
    if state.standing is ItemStanding.OVERDUE and state.since is not None:
        overdue = DayMark(subject=subject, sort=MarkSort.OVERDUE, at=state.since)
        yield overdue
        if local_date(now, calendar.tz) != local_date(state.since - 1.0, calendar.tz):
            yield msgspec.structs.replace(overdue, day=now)  # it is what is to be done today
    item = promises.items.get(subject.name)
    if item is None or state.standing is ItemStanding.WITHDRAWN:
        return
    if isinstance(item.when, Within | After) and state.due is not None and state.due > now:
        yield DayMark(subject=subject, sort=MarkSort.DUE, at=state.due)
    if isinstance(item.when, Within):
        return  # its months are no dates
    for period in state.periods:
        sorts = {PeriodVerdict.MISSED: MarkSort.MISSED, PeriodVerdict.WAIVED: MarkSort.WAIVED}
        if (found := sorts.get(period.verdict)) is not None and begin < period.deadline <= end:
            yield DayMark(
                subject=subject, sort=found, at=period.deadline, period=period.label, waiver=period.waiver
            )
    if isinstance(item.when, After) or end <= now:
        return
    settled = {p.label for p in state.periods[-3:] if p.verdict in _SETTLED}
    if subject.name not in ahead:
        zone = ZoneInfo(promises.zone_of(item))
        ahead[subject.name] = tuple(spans(item, zone, calendar, max(begin, now), end))
    for span in ahead[subject.name]:
        at = _marked(span, now)
        if at > now and span.label not in settled:
            yield DayMark(
                subject=subject, sort=MarkSort.DUE, at=at, period=span.label, conflict=span.conflict
            )
