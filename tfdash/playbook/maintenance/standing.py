"""How an item stands now at one place: done, due, overdue since, in progress, no evidence. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import (
    Completion,
    ItemStanding,
    ItemState,
    Period,
    PeriodVerdict,
)
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.maintenance.cadence import After, Within
from tfdash.playbook.maintenance.history import Facts, judged_periods, lapses
from tfdash.playbook.maintenance.periods import Span, shut, spans
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.local import local_time
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
}
_KEPT = (PeriodVerdict.KEPT, PeriodVerdict.LATE)
_JUDGED = (*_KEPT, PeriodVerdict.MISSED)
_AHEAD = 800 * 86_400.0  # seconds in which the next time is looked for


class Told(NamedTuple):
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
) -> Told:
    """``look_back``: months of periods that the state carries."""
    periods = judged_periods(item, zone, calendar, facts, now)
    done = [c for c in facts.completions if c.done_at <= now]
    last = max(done, key=lambda c: (c.done_at, -c.recorded_at), default=None)
    told = _now(item, zone, calendar, facts, now, periods, last)
    waiver = next((w for w in facts.waivers if w.since <= now < w.until), None)
    if waiver is not None and told.standing in (ItemStanding.OVERDUE, ItemStanding.NO_EVIDENCE):
        words = f"waived by {waiver.who}{f' with {waiver.second}' if waiver.second else ''} until {_day(waiver.until, zone)}: {waiver.why}"
        told = told._replace(standing=ItemStanding.WAIVED, since=waiver.since, words=words)
    edges = [*told.edges, *(w.since for w in facts.waivers), *(w.until for w in facts.waivers)]
    edges += [at for p in periods[-2:] for at in (p.deadline, p.closes, p.end)]
    edges += [told.due] if told.due is not None else []
    judged = [p for p in periods if p.verdict in _JUDGED]
    back = now - look_back * 30.5 * 86_400.0
    state = ItemState(
        subject=subject,
        title=item.title,
        kind=item.kind,
        owner=item.owner,
        standing=told.standing,
        level=LEVELS[told.standing],
        sentence=f"{item.title}: {safe(told.words)}",
        due=told.due,
        since=told.since,
        last=last,
        started=facts.started,
        periods=tuple(p for p in periods if p.end > back),
        kept=sum(p.verdict is PeriodVerdict.KEPT for p in judged if p.end > back),
        judged=sum(p.end > back for p in judged),
    )
    return Told(state, min((at for at in edges if at > now), default=float("inf")))


def _now(
    item: MaintenanceItem,
    zone: ZoneInfo,
    calendar: CalendarPolicy,
    facts: Facts,
    now: float,
    periods: Sequence[Period],
    last: Completion | None,
) -> _Now:
    rule = item.rule_words
    if facts.since is None and not isinstance(item.when, After):
        return _Now(
            ItemStanding.NOT_WATCHED, None, None, f"not yet watched: {rule}; no evidence was ever recorded"
        )
    if facts.since is not None and now < facts.since and last is None:
        words = f"not yet watched: {rule}; account is kept from {_moment(facts.since, zone)}"
        return _Now(ItemStanding.NOT_WATCHED, None, None, words, (facts.since,))
    if isinstance(item.when, Within):
        return _by_age(item, item.when.age, zone, calendar, facts, now, last)
    was = f"last done {_done(last, zone)}" if last is not None else "never done on record"
    behind = _behind(periods, now)
    if behind is not None:
        words = f"overdue since {_until(behind.deadline, zone)} ({rule}); {was}"
        return _Now(ItemStanding.OVERDUE, behind.deadline, behind.deadline, words)
    if isinstance(item.when, After):
        pending = next((p for p in periods if p.verdict is PeriodVerdict.OPEN), None)
        if pending is None:
            words = (
                f"nothing to do: no {item.when.event} since; {was}"
                if periods
                else f"nothing to do: no {item.when.event} on record"
            )
            return _Now(
                ItemStanding.DONE if last is not None and periods else ItemStanding.NOTHING, None, None, words
            )
        words = f"due by {_until(pending.deadline, zone)}: {item.when.event} on {_moment(pending.start, zone)}; {was}"
        return _Now(ItemStanding.DUE, pending.deadline, None, words)
    current, coming = _coming(item, zone, calendar, periods, now)
    if current is not None and current.verdict in (*_KEPT, PeriodVerdict.WAIVED):
        after = f"; next by {_until(coming.planned, zone)}" if coming is not None else ""
        return _Now(
            ItemStanding.DONE,
            coming.planned if coming is not None else None,
            None,
            f"done {_done(last, zone)}{after}",
        )
    if coming is None:
        return _Now(ItemStanding.DONE, None, None, f"{was}; {rule} gives no further date")
    return _due(item, zone, coming, now, f"{rule}; {was}")


def _due(item: MaintenanceItem, zone: ZoneInfo, span: Span, now: float, was: str) -> _Now:
    word = "due by" if span.planned == span.deadline else "to be done by"
    why = ""
    if span.conflict:
        why = f", inside the {span.conflict}"
    elif span.planned < span.deadline:
        why = f", before it closes ({item.blackout} the blackout); it counts until {_until(span.deadline, zone)}"
    elif span.deadline > span.end:
        why = ", after the blackout"
    return _Now(
        ItemStanding.DUE,
        span.planned if now < span.planned else span.deadline,
        None,
        f"{word} {_until(span.planned, zone)}{why} ({was})",
    )


def _coming(
    item: MaintenanceItem, zone: ZoneInfo, calendar: CalendarPolicy, periods: Sequence[Period], now: float
) -> tuple[Period | None, Span | None]:
    """The newest period that began, and the span that is to be kept next."""
    current = periods[-1] if periods else None
    kept = current is not None and current.verdict in (*_KEPT, PeriodVerdict.WAIVED)
    after = current.start if current is not None else now
    for span in spans(item, zone, calendar, now, now + _AHEAD):
        if span.deadline > now and (span.start > after or (not kept and span.start >= after)):
            return current, span
    return current, None


def _behind(periods: Sequence[Period], now: float) -> Period | None:
    """The oldest of the periods past their deadline since it was done last."""
    found = None
    for period in reversed(periods):
        if period.verdict is PeriodVerdict.OPEN and period.deadline > now:
            continue
        if period.verdict not in (PeriodVerdict.MISSED, PeriodVerdict.OPEN):
            break
        found = period
    return found


def _by_age(
    item: MaintenanceItem,
    age: float,
    zone: ZoneInfo,
    calendar: CalendarPolicy,
    facts: Facts,
    now: float,
    last: Completion | None,
) -> _Now:
    was = f"last done {_done(last, zone)}" if last is not None else "never done on record"
    holes = lapses(item, facts, now, age)
    if holes and not holes[-1].over:
        late = holes[-1].start
        return _Now(
            ItemStanding.OVERDUE,
            late,
            late,
            f"overdue since {_moment(late, zone)} ({item.rule_words}); {was}",
        )
    assert facts.since is not None
    due = max((c.done_at for c in facts.completions if c.done_at <= now), default=facts.since) + age
    closed = shut(calendar, due) if item.blackout == "before" else None
    by = closed.start if closed is not None and closed.start > now else due
    if last is None:
        return _Now(
            ItemStanding.DUE, by, None, f"due by {_moment(by, zone)} ({item.rule_words}); {was}", (due,)
        )
    return _Now(ItemStanding.DONE, by, None, f"done {_done(last, zone)}; next by {_moment(by, zone)}", (due,))


def _done(last: Completion | None, zone: ZoneInfo) -> str:
    if last is None:
        return "never"
    how = {"live": "seen at", "signed": "signed by", "imported": "imported by"}[last.evidence.value]
    return f"{_day(last.done_at, zone)}, {how} {last.by}"


def _moment(at: float, zone: ZoneInfo) -> str:
    local = local_time(at, zone)
    return f"{local:%a} {local.day} {local:%b} {local:%Y %H:%M %Z}"


def _day(at: float, zone: ZoneInfo) -> str:
    local = local_time(at, zone)
    return f"{local:%a} {local.day} {local:%b %Y}"


def _until(at: float, zone: ZoneInfo) -> str:
    """A midnight is the end of the day before it."""
    local = local_time(at, zone)
    return f"the end of {_day(at - 1.0, zone)}" if (local.hour, local.minute) == (0, 0) else _moment(at, zone)
