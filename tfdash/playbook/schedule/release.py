"""What the calendar says now: open or closed, why, until when, and the next slots."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tfdash.model.calendar import CalendarState, Slot
from tfdash.playbook.schedule.freezes import closed_on, closing
from tfdash.playbook.schedule.local import instant, local_date, local_time
from tfdash.playbook.schedule.policy import DAYS, CalendarPolicy, Closed
from tfdash.playbook.schedule.windows import next_slots, slot_at, window_on, words


class Continuation(NamedTuple):
    """May a release that is under way go on? ``until`` in epoch seconds; ``text`` says it with the rule."""

    allowed: bool
    until: float | None
    text: str


def calendar_state(
    policy: CalendarPolicy, now: float, *, skew: float | None = None, cluster: str = "", waived: str = ""
) -> CalendarState:
    """See ``tfdash.model.calendar.CalendarState``. ``skew`` is a server's clock less ours, in seconds (None: not known
    yet); ``waived`` says by whom the calendar is waived (break-glass)."""
    slot = slot_at(policy, now)
    coming = () if policy.unread else next_slots(policy, now)  # nobody knows which of them a feed closes
    hit = closing(policy, now, local_date(now, policy.tz))
    freeze = _as_slot(policy, hit) if hit is not None else None
    problem = ""
    if skew is not None and abs(skew) > policy.max_clock_skew:
        way = "ahead of" if skew > 0 else "behind"
        problem = (
            f"the clock of {cluster or 'the API server'} is {abs(skew):.0f} s {way} ours, over the {policy.max_clock_skew:g} s "
            "that are allowed: the calendar is closed until one of them is set right"
        )
    is_open = slot is not None and not problem and not policy.unread
    opens = coming[0].start if coming else None
    return CalendarState(
        at=now,
        open=is_open,
        text=_text(policy, slot if is_open else None, coming, problem),
        why="; ".join(filter(None, (_why(policy, slot, hit, coming, problem), policy.stale))),
        zone=policy.zone,
        closes_at=slot.end if is_open and slot else None,
        opens_at=None if is_open or policy.unread else opens,
        freeze=freeze,
        next=coming,
        finish_until=_finish(policy, now),
        problem=problem,
        waived=waived,
    )


def continuation(policy: CalendarPolicy, started: float | None, now: float) -> Continuation:
    """A release that began inside a slot may finish until that day's ``finish_by``, or until a freeze begins before it."""
    if policy.unread:
        return Continuation(False, None, policy.unread)
    slot = slot_at(policy, started) if started is not None else None
    if started is None or slot is None:
        return Continuation(False, None, "it did not begin inside a release window")
    until = _finish_of(policy, slot.start)
    clock = f"{local_time(until, policy.tz):%H:%M %Z}"
    if now < until:
        return Continuation(True, until, f"it began inside its window and may finish until {clock}")
    return Continuation(
        False, until, f"it began inside its window, but was to finish by {clock}: pause or abort only"
    )


def _finish(policy: CalendarPolicy, now: float) -> float | None:
    """Until when a release of today's window may go on; None once that is over."""
    window = window_on(policy, local_date(now, policy.tz))
    if policy.unread or window is None or now < window[0] or slot_at(policy, window[0]) is None:
        return None
    until = _finish_of(policy, window[0])
    return until if now < until else None


def _finish_of(policy: CalendarPolicy, start: float) -> float:
    """``finish_by`` of the day on which the slot began, never before the slot's end, cut where a freeze begins."""
    day = local_date(start, policy.tz)
    window = slot_at(policy, start)
    end = window.end if window is not None else start
    until = max(end, instant(datetime.combine(day, policy.finish_by), policy.tz))
    last = local_date(until, policy.tz)
    cuts = [c.start for c in closed_on(policy, day, last) if start < c.start < until]
    return min([until, *cuts])


def _as_slot(policy: CalendarPolicy, hit: Closed) -> Slot:
    return Slot(start=hit.start, end=hit.end, text=words(policy, hit.start, hit.end), reason=hit.reason)


def _moment(policy: CalendarPolicy, at: float) -> str:
    local = local_time(at, policy.tz)
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M %Z}"


def _text(policy: CalendarPolicy, slot: Slot | None, coming: tuple[Slot, ...], problem: str) -> str:
    if slot is not None:
        return f"release OPEN until {local_time(slot.end, policy.tz):%H:%M}"
    if problem:
        return "release CLOSED · clocks differ"
    if policy.unread:
        return "release CLOSED · feed not read"
    if not coming:
        return "release CLOSED · no window ahead"
    local = local_time(coming[0].start, policy.tz)
    return f"release CLOSED · opens {local:%a} {local.day} {local:%b} {local:%H:%M}"


def rule_words(policy: CalendarPolicy) -> str:
    """``Tue and Thu 10:00 for 2h, America/New_York``."""
    days = " and ".join(DAYS[day] for day in sorted(policy.days)) or "no day"
    minutes = int(policy.length // 60)
    length = f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
    return f"{days} {policy.start:%H:%M} for {length}, {policy.zone}"


def _why(
    policy: CalendarPolicy, slot: Slot | None, hit: Closed | None, coming: tuple[Slot, ...], problem: str
) -> str:
    opens = f"; opens {coming[0].text}" if coming else "; no window lies ahead within two years"
    if problem:
        return problem
    if policy.unread:
        return f"closed: {policy.unread}, so nobody knows which days it closes; it opens once it is read"
    if slot is not None:
        return f"open: inside the release window {slot.text}"
    if hit is not None:
        return f"closed: {hit.reason}, until {_moment(policy, hit.end)}{opens}"
    return f"closed: standard releases are {rule_words(policy)}{opens}"
