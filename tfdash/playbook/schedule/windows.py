"""The slots in which a standard release may begin: the windows less everything that is closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from tfdash.model.calendar import Slot
from tfdash.playbook.schedule.freezes import blacked_out, closed_on
from tfdash.playbook.schedule.local import in_gap, instant, later, local_date, local_time
from tfdash.playbook.schedule.policy import CalendarPolicy, Closed

HORIZON = 800  # days within which a next slot is looked for; none in two years means that there is none


def window_on(policy: CalendarPolicy, day: date) -> tuple[float, float] | None:
    """The window that begins on the local ``day``, as epoch seconds; None on other days.

    Its length is by the wall clock (10:00 to 12:00), except where its start falls into a gap: then it keeps its length.
    """
    if day.weekday() not in policy.days:
        return None
    start = datetime.combine(day, policy.start)
    begins = instant(start, policy.tz)
    ends = instant(start + timedelta(seconds=policy.length), policy.tz)
    if in_gap(start, policy.tz):
        ends = begins + policy.length
    return begins, ends


def left_of(window: tuple[float, float], closed: list[Closed]) -> Iterator[tuple[float, float]]:
    """The open parts of the window, in order."""
    at, end = window
    for hit in sorted(closed):
        if hit.end <= at or hit.start >= end:
            continue
        if hit.start > at:
            yield at, hit.start
        at = max(at, hit.end)
    if at < end:
        yield at, end


def _slots(policy: CalendarPolicy, first: date, days: int) -> Iterator[tuple[float, float]]:
    for offset in range(days):
        day = later(first, offset)
        window = window_on(policy, day)
        if window is not None:
            until = local_date(window[1], policy.tz)
            if until == day and blacked_out(policy, day):
                continue  # nothing of it is left: not worth asking where the blackout begins and ends
            yield from left_of(window, list(closed_on(policy, day, max(day, until))))


def slot_of(policy: CalendarPolicy, start: float, end: float) -> Slot:
    """A slot with its text: ``Tue 24 Nov 10:00-12:00 EST (15:00Z)``."""
    return Slot(start=start, end=end, text=words(policy, start, end))


def words(policy: CalendarPolicy, start: float, end: float) -> str:
    first, last = local_time(start, policy.tz), local_time(end, policy.tz)
    until = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%a %d %b %H:%M}"
    day = f"{first:%a} {first.day} {first:%b}"
    return f"{day} {first:%H:%M}-{until} {first.tzname()} ({datetime.fromtimestamp(start, UTC):%H:%MZ})"


def slot_at(policy: CalendarPolicy, now: float) -> Slot | None:
    """The slot that ``now`` lies in, or None."""
    today = local_date(now, policy.tz)
    for start, end in _slots(policy, later(today, -1), 2):  # yesterday's may reach over midnight
        if start <= now < end:
            return slot_of(policy, start, end)
    return None


def next_slots(policy: CalendarPolicy, now: float, count: int = 5) -> tuple[Slot, ...]:
    """The next ``count`` slots that begin after ``now``; fewer where the horizon of two years has no more."""
    found: list[Slot] = []
    if policy.days:
        for start, end in _slots(policy, later(local_date(now, policy.tz), -1), HORIZON):
            if start > now:
                found.append(slot_of(policy, start, end))
                if len(found) == count:
                    break
    return tuple(found)
