"""One local day of the release calendar: its window, what is left of it, and what closes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tfdash.model.calendar import Slot
from tfdash.model.dates import UNREAD, Closing, Day
from tfdash.playbook.schedule.freezes import closed_on
from tfdash.playbook.schedule.local import later, local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy, Closed
from tfdash.playbook.schedule.windows import left_of, slot_of, window_on, words


def days_of(policy: CalendarPolicy, first: date, last: date) -> Iterator[Day]:
    """From ``first`` through ``last``; without the promises."""
    day = first
    while day <= last:
        yield _day(policy, day)
        day = later(day, 1)


def _day(policy: CalendarPolicy, day: date) -> Day:
    start, end = midnight(day, policy.tz), midnight(later(day, 1), policy.tz)
    window = window_on(policy, day)
    until = max(day, local_date(window[1], policy.tz)) if window is not None else day
    closed = list(closed_on(policy, day, until))
    if policy.unread:  # nobody knows: no day is shown as open
        over = max(end, window[1]) if window is not None else end
        closed.append(Closed(start, over, UNREAD, policy.unread))
    parts = left_of(window, closed) if window is not None else ()
    return Day(
        date=day,
        start=start,
        end=end,
        window=slot_of(policy, *window) if window is not None else None,
        open=tuple(slot_of(policy, *part) for part in parts),
        closings=tuple(
            Closing(
                sort=c.kind,
                slot=Slot(start=c.start, end=c.end, text=words(policy, c.start, c.end), reason=c.reason),
            )
            for c in sorted(closed)
            if c.start < end and c.end > start
        ),
    )
