"""How an item stands now at one place: done, due, overdue since, in progress, no evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import inf, nextafter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import (
    Completion,
    ItemStanding,
    ItemState,
    Period,
    PeriodVerdict,
    PeriodWaiver,
)
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.ages import ages_of
from tfdash.playbook.maintenance.cadence import After, On, Within
from tfdash.playbook.maintenance.eras import terms_of
from tfdash.playbook.maintenance.facts import Facts, Known, counting, in_order
from tfdash.playbook.maintenance.history import judged_periods
from tfdash.playbook.maintenance.periods import Span, shut, spans
from tfdash.playbook.maintenance.places import before
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.local import local_date, local_time, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy
from tfdash.text import safe

LEVELS = {
    ItemStanding.DONE: Level.OK,
    ItemStanding.DUE: Level.OK,
    ItemStanding.OVERDUE: Level.WARN,
    ItemStanding.IN_PROGRESS: Level.MOVING,
    ItemStanding.NO_EVIDENCE: Level.UNKNOWN,
    ItemStanding.WAIVED: Level.PAUSED,
    ItemStanding.NOTHING: Level.IDLE,
    ItemStanding.NOT_WATCHED: Level.IDLE,
    ItemStanding.WITHDRAWN: Level.IDLE,
}
_KEPT = (PeriodVerdict.KEPT, PeriodVerdict.LATE)
_JUDGED = (*_KEPT, PeriodVerdict.MISSED)
_AHEAD = 800 * 86_400.0  # seconds in which the next time is looked for: two years


class StandingTold(NamedTuple):
    """The state, and from when another may be said though nothing changed."""

    state: ItemState
    until: float


class _Now(NamedTuple):
    standing: ItemStanding
    due: float | None
    since: float | None
    words: str
    edges: tuple[float, ...] = ()


def stand(
    subject: Subject,
    item: MaintenanceItem,
    zone: ZoneInfo,
    calendar: CalendarPolicy,
    facts: Facts,
    now: float,
    look_back: int,
) -> StandingTold:
    """``look_back``: months of periods that the state carries, this one the last of them."""
    periods = judged_periods(item, zone, calendar, facts, now)
    facts = counting(facts, item.evidence)
    done = in_order([c for c in facts.completions if c.done_at <= now])
    told = _Look(item, zone, calendar, Known(facts, now), done, periods, now).told()
    back, next_month = months(now, zone, look_back)
    edges = [*told.edges, *facts.edges(now), next_month]
    edges += [at for p in periods for at in (p.deadline, p.closes, p.end) if at > now]
    edges += [told.due] if told.due is not None else []
    shown = tuple(p for p in periods if p.end > back)
    kept, judged = counted(periods, back, bool(facts.lost))
    state = ItemState(
        subject=subject,
        title=item.title,
        kind=item.kind,
        owner=item.owner,
        standing=told.standing,
        level=LEVELS[told.standing],
        sentence=f"{item.title}: {safe(told.words)}",
        words=safe(told.words),
        due=told.due,
        since=told.since,
        last=done[-1] if done else None,
        started=facts.since if facts.starts or facts.started is not None else None,
        periods=shown,
        kept=kept,
        terms=terms_of(item, zone.key, facts.started),
        judged=judged,
        before=tuple(before(item, subject)),
    )
    return StandingTold(state, min((at for at in edges if at > now), default=inf))


def counted(periods: Sequence[Period], back: float, lost: bool) -> tuple[int, int]:
    """How many were kept of those that end after ``back``, of how many that are judged. One whose entries are lost is none that was kept,
    nor is one that is kept by what may be late work for such a one before it: a loss makes no share better."""
    shown = [p for p in periods if p.end > back]
    doubted = set(_doubted(periods)) if lost else set()
    kept = sum(p.verdict is PeriodVerdict.KEPT and p not in doubted for p in shown)
    return kept, sum(p.verdict in _JUDGED or p.lost is not None for p in shown)


def _doubted(periods: Iterable[Period]) -> Iterator[Period]:
    """Those that were done in the grace of one before them of which nobody knows, as that may be what their work served."""
    before: Period | None = None
    for period in periods:
        done = period.completion
        if before is not None and done is not None and done.done_at < before.closes:
            yield period
            before = period
        else:
            before = period if period.lost is not None else None


def months(now: float, zone: ZoneInfo, count: int) -> tuple[float, float]:
    """When the month began that is ``count`` - 1 before this one, and when the next begins."""
    today = local_date(now, zone)
    month = today.year * 12 + today.month - 1
    first, after = (date(n // 12, n % 12 + 1, 1) for n in (month - count + 1, month + 1))
    return midnight(first, zone), midnight(after, zone)


class _Look(NamedTuple):
    """One look at an item. ``done`` and ``periods`` are of what had been until ``now``, oldest first."""

    item: MaintenanceItem
    zone: ZoneInfo
    calendar: CalendarPolicy
    known: Known
    done: Sequence[Completion]
    periods: Sequence[Period]
    now: float

    @property
    def rule(self) -> str:
        return self.item.rule_words

    @property
    def was(self) -> str:
        return f"last done {self.said_of(self.done[-1])}" if self.done else "never done on record"

    def told(self) -> _Now:
        since = self.known.since()
        if isinstance(self.item.when, After):
            return self.after_event()
        if since is None:
            return self.not_watched("no evidence was ever recorded")
        if self.now < since and not self.done:
            begins = self.coming(set(), -inf)[1]
            ahead = self.not_watched(f"account is kept from {moment(since, self.zone)}")
            return ahead._replace(edges=() if begins is None else (begins,))
        if isinstance(self.item.when, Within):
            return self.by_age(since, self.item.when.age)
        return self.by_calendar()

    def not_watched(self, why: str) -> _Now:
        return _Now(ItemStanding.NOT_WATCHED, None, None, f"not yet watched: {self.rule}; {why}")

    # -- once in each period --------------------------------------------------------------------------------------

    def late(self) -> _Now | None:
        """What was to be done and was not, since it was done last; None where nothing is behind."""
        behind = unknown = gone = None
        hidden = False  # it may have been done since
        for period in reversed(self.periods):
            if period.verdict is PeriodVerdict.OPEN and period.deadline > self.now:
                hidden = hidden or self.lost(period)
                continue
            # what was recorded too late for its period was missed, yet it is done
            if period.verdict in (*_KEPT, PeriodVerdict.WAIVED) or period.others:
                break
            since = self.known.since(period.closes)
            if period.verdict is PeriodVerdict.OPEN and (since is None or period.start < since):
                break  # no account is kept of what began before
            if hidden or self.lost(period):
                gone = period
                break
            if period.verdict is PeriodVerdict.NOT_WATCHED:
                if since is not None and period.start >= since:
                    unknown = period
                break
            behind = period
        if behind is None and gone is not None:
            return self.unheard(gone.deadline)
        if behind is None:
            return self.unseen(unknown.deadline) if unknown is not None else None
        if behind.verdict is PeriodVerdict.OPEN and self.known.live():
            proof = self.known.newest_sighting(behind.deadline, nextafter(self.now, inf))
            if proof is None or (proof.done_at is not None and proof.done_at >= behind.start):
                return self.unseen(behind.deadline)
        return self.overdue(behind.deadline)

    def overdue(self, since: float) -> _Now:
        waived = self.waived()
        words = f"overdue since {_until(since, self.zone)} ({self.rule}); {self.was}"
        return waived or _Now(ItemStanding.OVERDUE, since, since, words)

    def unseen(self, since: float) -> _Now:
        """It may have been done: nobody looked."""
        words = f"no evidence: it was to be done by {_until(since, self.zone)} ({self.rule}), and its source was not read since; {self.was}"
        return self.waived() or _Now(ItemStanding.NO_EVIDENCE, since, None, words)

    def lost(self, period: Period) -> bool:
        """Whether nobody knows of one that counts as not done, for entries are lost that were recorded since it began."""
        since, until = self.known.since(period.closes), nextafter(self.now, inf)
        if since is None or period.start < since:
            return False
        return self.known.lost(period.start, until, until)

    def unheard(self, since: float) -> _Now:
        """It may have been done: what was on record is lost."""
        words = (
            f"no evidence: it was to be done by {_until(since, self.zone)} ({self.rule}), and entries of the log that were recorded"
            f" then are lost (tfdash audit verify); {self.was}"
        )
        return self.waived() or _Now(ItemStanding.NO_EVIDENCE, since, None, words)

    def waived(self) -> _Now | None:
        waiver = self.known.waiver(nextafter(self.now, inf))  # the end of a waiver is no part of it
        if waiver is None:
            return None
        words = f"{_waived(waiver)} until {_until(waiver.until, self.zone)}: {waiver.why}"
        return _Now(ItemStanding.WAIVED, None, waiver.since, words)

    def by_calendar(self) -> _Now:
        newest = self.periods[-1] if self.periods else None
        to_do = {p.start for p in self.periods if p.verdict is PeriodVerdict.OPEN and p.deadline > self.now}
        coming, begins = self.coming(to_do, newest.start if newest is not None else -inf)
        edges = tuple(at for at in (begins, coming.planned if coming is not None else None) if at is not None)
        told = self.late() or self.current(newest if not to_do else None, coming)
        return told._replace(edges=edges)

    def current(self, newest: Period | None, coming: Span | None) -> _Now:
        """Nothing is behind. ``newest``: the period that began last, None where one is to be done."""
        due = coming.planned if coming is not None else None
        if newest is not None and newest.verdict is PeriodVerdict.WAIVED and newest.waiver is not None:
            words = f"{_waived(newest.waiver)}: {newest.waiver.why}{self.then(coming)}"
            return _Now(ItemStanding.WAIVED, due, newest.waiver.since, words)
        if newest is not None and (newest.verdict in _KEPT or newest.others):
            words = f"done {self.said_of(self.done[-1])}{self.then(coming)}"
            return _Now(ItemStanding.DONE, due, None, words)
        if coming is None:
            words = f"nothing to do: {self.rule} gives no further date; {self.was}"
            return _Now(ItemStanding.NOTHING, None, None, words)
        return self.due(coming)

    def coming(self, to_do: set[float], newest: float) -> tuple[Span | None, float | None]:
        """The span that is to be kept next, and when the next one begins."""
        when, last = self.item.when, self.now + _AHEAD
        if isinstance(when, On):
            day = when.day_after(local_date(self.now, self.zone))
            last = max(last, midnight(day, self.zone) + _AHEAD) if day is not None else last
        coming = None
        for span in spans(self.item, self.zone, self.calendar, self.now, last):
            wanted = span.start in to_do or span.start > max(self.now, newest)
            if coming is None and wanted and span.deadline > self.now:
                coming = span
            if span.start > self.now:
                return coming, span.start
        return coming, None

    def then(self, coming: Span | None) -> str:
        return f"; next by {_until(coming.planned, self.zone)}" if coming is not None else ""

    def due(self, span: Span) -> _Now:
        zone, now = self.zone, self.now
        by, why = span.planned, ""
        if span.conflict:
            why = f", inside the {span.conflict}"
        elif span.planned <= now:
            by, why = span.deadline, f", better before {moment(span.planned, zone)}, when it closed"
        elif span.planned < span.deadline:
            why = f", before it closes; it counts until {_until(span.deadline, zone)}"
        elif span.deadline > span.end:
            why = ", after the blackout"
        words = f"due by {_until(by, zone)}{why} ({self.rule}; {self.was})"
        return _Now(ItemStanding.DUE, by, None, words)

    # -- after an event, and never older than ---------------------------------------------------------------------

    def after_event(self) -> _Now:
        event = self.item.when.event if isinstance(self.item.when, After) else ""
        late = self.late()
        if late is not None:
            return late
        pending = next((p for p in self.periods if p.verdict is PeriodVerdict.OPEN), None)
        if pending is not None:
            since = f"{event} on {moment(pending.start, self.zone)}"
            words = f"due by {_until(pending.deadline, self.zone)}: {since}; {self.was}"
            return _Now(ItemStanding.DUE, pending.deadline, None, words)
        newest = self.periods[-1] if self.periods else None
        if newest is None:
            return _Now(ItemStanding.NOTHING, None, None, f"nothing to do: no {event} on record")
        if newest.verdict in _KEPT or newest.others:
            return _Now(
                ItemStanding.DONE, None, None, f"done {self.said_of(self.done[-1])}; no {event} since"
            )
        words = f"nothing to do: no {event} since {moment(newest.start, self.zone)}; {self.was}"
        return self.waived() or _Now(ItemStanding.NOTHING, None, None, words)

    def by_age(self, since: float, age: float) -> _Now:
        ages = ages_of(self.item, self.calendar, self.done, since, self.now)
        ends = (ages.until, *(g.start for g in ages.lapses[-1:]), *(c.done_at + age for c in self.done[-1:]))
        edges = tuple(at + self.item.grace for at in ends)
        if ages.lapses and not ages.lapses[-1].over:
            seen = self.known.newest_sighting(ages.until, nextafter(self.now, inf))
            unproven = seen is None or (seen.done_at is not None and seen.done_at + age > self.now)
            looked = (seen.done_at + age,) if seen is not None and seen.done_at is not None else ()
            unseen = self.known.live() and unproven
            told = self.unseen(ages.until) if unseen else self.overdue(ages.until)
            lost = None if self.known.live() else self.known.lost_until(ages.until - age)
            if lost is not None:  # it may have been done then last
                again = lost + age
                told = self.unheard(ages.until) if again > self.now else self.overdue(max(ages.until, again))
                looked = (again,)
            return told._replace(edges=(*edges, *looked))
        due, why = ages.until, ""
        closed = shut(self.calendar, due) if self.item.blackout in ("before", "stays") else None
        if closed is not None and self.item.blackout == "stays":
            why = f", inside the {closed.reason}"
        elif closed is not None and closed.start > self.now:
            due, why = closed.start, ", before it closes"
        by = f"{_until(due, self.zone)}{why}"
        if self.done and self.done[-1].done_at + age > self.now:
            return _Now(
                ItemStanding.DONE,
                due,
                None,
                f"done {self.said_of(self.done[-1])}; next by {by}",
                (*edges, ages.until, self.done[-1].done_at + age),
            )
        return _Now(
            ItemStanding.DUE, due, None, f"due by {by} ({self.rule}; {self.was})", (*edges, ages.until)
        )

    def said_of(self, one: Completion) -> str:
        how = {"live": "seen at", "signed": "signed by", "imported": "imported by"}[one.evidence.value]
        return f"{_day(one.done_at, self.zone)}, {how} {one.by}"


def _waived(waiver: PeriodWaiver) -> str:
    return f"waived by {waiver.who}{f' with {waiver.second}' if waiver.second else ''}"


def moment(at: float, zone: ZoneInfo) -> str:
    """``Tue 24 Nov 2026 10:05 EST``."""
    local = local_time(at, zone)
    return f"{local:%a} {local.day} {local:%b} {local:%Y %H:%M %Z}"


def _day(at: float, zone: ZoneInfo) -> str:
    local = local_time(at, zone)
    return f"{local:%a} {local.day} {local:%b %Y}"


def _until(at: float, zone: ZoneInfo) -> str:
    """The begin of a day is the end of the one before it."""
    begins = at == midnight(local_date(at, zone), zone)
    return f"the end of {_day(at - 1.0, zone)}" if begins else moment(at, zone)
