"""The spans in which a promise is to be kept once: a month, a week, the day of a meeting, the time after an event. Pure.

Days are those of the item's zone, so that a month with a clock change is an hour longer or shorter. A recurrence rule says nothing
of days that are not there (RFC 5545, 3.3.10): BYMONTHDAY=31 skips the shorter months, and BYMONTHDAY=-1 is the last day of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.playbook.maintenance.cadence import After, Each, On
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.schedule.freezes import closed_on
from tfdash.playbook.schedule.local import later, local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy, Closed

SHIFTS = ("blackout", "freeze")
"""What an item may have to move for; a holiday closes a release window alone."""
_LONGEST_SHIFT = timedelta(days=62)
_MOVES = 8  # from one closed time onto the next; what has no open day then stays, and says so


class Span(NamedTuple):
    """[start, end) in epoch seconds. ``deadline``: done before it is kept. ``closes``: from then on it is missed. ``planned``: by when
    it should be done so that no blackout stands in its way. ``conflict``: why it cannot be done when it falls due, "" where it can."""

    label: str
    start: float
    end: float
    deadline: float
    closes: float
    planned: float
    conflict: str = ""


def spans(
    item: MaintenanceItem,
    zone: ZoneInfo,
    calendar: CalendarPolicy,
    first: float,
    last: float,
    events: Sequence[float] = (),
) -> Iterator[Span]:
    """Those of which any part, grace included, lies in [first, last), in order. Of a promise about an age there is none."""
    match item.when:
        case Each() as each:
            shift = _LONGEST_SHIFT.total_seconds() if item.blackout == "after" else 0.0
            day = each.begin(local_date(first - item.grace - shift, zone))
            while (start := midnight(day, zone)) < last:
                after = each.next(day)
                span = _span(item, calendar, each.label(day), start, midnight(after, zone))
                if span.closes > first:
                    yield span
                day = after
        case On() as on:
            reach = timedelta(seconds=item.grace) + _LONGEST_SHIFT
            begin, until = local_date(first, zone) - reach, local_date(last, zone) + _LONGEST_SHIFT
            before = float("-inf")
            for day in on.days(begin, until):
                start = midnight(day, zone)
                span = _moved(item, calendar, day.isoformat(), start, midnight(later(day, 1), zone), zone)
                if span.closes > first and before < span.start < last:  # dates that move onto one day are one
                    yield span
                before = max(before, span.start)
        case After() as after_event:
            for at in sorted(events):
                end = at + after_event.age
                if at < last and end + item.grace > first:
                    yield Span(local_date(at, zone).isoformat(), at, end, end, end + item.grace, end)
        case _:
            return


def shut(calendar: CalendarPolicy, at: float) -> Closed | None:
    """The blackout or freeze that holds the instant ``at``, with those that follow on it without a gap."""
    found = _hit(calendar, at)
    if found is None:
        return None
    end = found.end
    while (
        (more := _hit(calendar, end)) is not None
        and more.end > end
        and end - found.start < _LONGEST_SHIFT.total_seconds()
    ):
        end = more.end
    start = found.start
    while (
        (less := _hit(calendar, start - 1.0)) is not None
        and less.start < start
        and end - start < _LONGEST_SHIFT.total_seconds()
    ):
        start = less.start
    return found._replace(start=start, end=end)


def _hit(calendar: CalendarPolicy, at: float) -> Closed | None:
    day = local_date(at, calendar.tz)
    hits = (c for c in closed_on(calendar, day, day) if c.kind in SHIFTS and c.start <= at < c.end)
    return max(hits, key=lambda c: c.end, default=None)


def _span(item: MaintenanceItem, calendar: CalendarPolicy, label: str, start: float, end: float) -> Span:
    """A calendar period. Where its last instant is closed it is planned before that, or counts as kept until the closed time is over."""
    closed = shut(calendar, end - 1.0) if item.blackout != "allowed" else None
    deadline = planned = end
    conflict = ""
    if closed is not None:
        if item.blackout == "after":
            deadline = planned = closed.end
        elif item.blackout == "before" and closed.start > start:
            planned = closed.start
        else:
            conflict = closed.reason
    return Span(label, start, end, deadline, deadline + item.grace, planned, conflict)


def _moved(
    item: MaintenanceItem, calendar: CalendarPolicy, label: str, start: float, end: float, zone: ZoneInfo
) -> Span:
    """The day of a date, moved where the calendar closes it and the item says so, onto one that ends open: its end is the deadline."""
    closed = shut(calendar, start) or shut(calendar, end - 1.0) if item.blackout != "allowed" else None
    if closed is None or item.blackout == "stays":
        return Span(
            label, start, end, end, end + item.grace, end, closed.reason if closed is not None else ""
        )
    for _ in range(_MOVES):
        if (
            item.blackout == "before"
        ):  # a whole day before it: the days of its zone need not begin with the calendar's
            last = midnight(local_date(closed.start, zone), zone)
            first = midnight(later(local_date(closed.start, zone), -1), zone)
        else:
            first = midnight(local_date(closed.end, zone), zone)
            last = midnight(later(local_date(closed.end, zone), 1), zone)
        still = shut(calendar, last - 1.0)
        if still is None:
            return Span(label, first, last, last, last + item.grace, last)
        closed = still
    return Span(label, start, end, end, end + item.grace, end, closed.reason)
