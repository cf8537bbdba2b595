"""Windows of maintenance that lie at one time on one target, or inside a release window. Pure interval arithmetic.

What is done on a date has a window: its hours, or its whole day where none are written. What is being done now has one, too. What
may be done on any day of its month has none, and what only looks at a target (a review, a meeting) is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.maintenance import Clash, ItemStanding, ItemState
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.cadence import On
from tfdash.playbook.maintenance.periods import spans
from tfdash.playbook.maintenance.policy import WORKS, MaintenanceItem, MaintenancePolicy
from tfdash.playbook.schedule.days import days_of
from tfdash.playbook.schedule.local import instant, later, local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy

AHEAD = 62
"""Days in which the next window of an item is looked for."""


class Window(NamedTuple):
    """[start, end) in epoch seconds. ``period``: the label of its date, "" of what is being done; ``timed``: its hours are written."""

    start: float
    end: float
    subject: Subject
    period: str
    timed: bool


def one_target(a: Subject, b: Subject) -> bool:
    """Whether two places are one, or one contains the other: a part that is not named is all of them."""
    pairs = [
        (a.cluster.environment, b.cluster.environment),
        (a.cluster.cluster, b.cluster.cluster),
        (a.namespace, b.namespace),
    ]
    return all(not x or x == y for x, y in pairs) or all(not y or x == y for x, y in pairs)


def at_once(windows: Iterable[Window]) -> Iterator[tuple[Window, Window]]:
    """Each pair of two promises at one target that share some time, the one that begins first before the other."""
    running: list[Window] = []
    for window in sorted(windows):
        running = [one for one in running if one.end > window.start]
        for one in running:
            if (
                one.subject != window.subject
                and window.start < window.end
                and one_target(one.subject, window.subject)
            ):
                yield one, window
        running.append(window)


def windows_of(
    item: MaintenanceItem, zone: ZoneInfo, calendar: CalendarPolicy, first: float, last: float
) -> Iterator[tuple[float, float, str]]:
    """Those of which a part lies in [first, last), of what is done on a date and changes what runs."""
    if not isinstance(item.when, On) or item.kind not in WORKS:
        return
    for span in spans(item, zone, calendar, first - 2 * 86_400.0, last):
        start, end = span.start, span.end
        if item.at is not None:
            start, end = hours_of(local_date(start, zone), item.at, item.length, zone)
        if start < last and end > first:
            yield start, end, span.label


def hours_of(day: date, at: time, length: float, zone: ZoneInfo) -> tuple[float, float]:
    """Begin and end of so many seconds by the wall clock, in epoch seconds."""
    begins = datetime.combine(day, at)
    start = instant(begins, zone)
    return start, max(instant(begins + timedelta(seconds=length), zone), start)


def next_clashes(
    policy: MaintenancePolicy, calendar: CalendarPolicy, states: Mapping[Subject, ItemState], now: float
) -> tuple[Mapping[Subject, tuple[Clash, ...]], float]:
    """Of the next window of each, or the one that runs, what lies in its way; and until when that is so."""
    today = local_date(now, calendar.tz)
    found = all_windows(policy, calendar, states, now, midnight(later(today, AHEAD), calendar.tz), now)
    if not found:
        return {}, float("inf")
    nearest: dict[Subject, Window] = {}
    for window in found:
        nearest.setdefault(window.subject, window)
    until = min(midnight(later(today, 1), calendar.tz), *(w.end for w in found if w.end > now))
    clashes = clashes_of(found, calendar, states)
    return {s: clashes[w] for s, w in nearest.items() if w in clashes}, until


def all_windows(
    policy: MaintenancePolicy,
    calendar: CalendarPolicy,
    states: Mapping[Subject, ItemState],
    first: float,
    last: float,
    now: float,
) -> list[Window]:
    """Of every promise at every place, in order."""
    found: list[Window] = []
    of: dict[str, list[tuple[float, float, str]]] = {}
    for subject, state in states.items():
        item = policy.items.get(subject.name)
        if item is None or item.kind not in WORKS or state.standing is ItemStanding.WITHDRAWN:
            continue
        if subject.name not in of:
            of[subject.name] = list(windows_of(item, ZoneInfo(policy.zone_of(item)), calendar, first, last))
        found += (
            Window(start, end, subject, label, item.at is not None) for start, end, label in of[subject.name]
        )
        if state.standing is ItemStanding.IN_PROGRESS and state.since is not None:
            end = midnight(later(local_date(now, calendar.tz), 1), calendar.tz)
            found.append(
                Window(min(state.since, now), end, subject, "", False)
            )  # it is not known to be over today
    return sorted(found)


def clashes_of(
    windows: Sequence[Window], calendar: CalendarPolicy, states: Mapping[Subject, ItemState]
) -> dict[Window, tuple[Clash, ...]]:
    """What lies in the way of each window, in order of time."""
    found: dict[Window, list[Clash]] = {}
    for a, b in at_once(windows):
        start, end = b.start, min(a.end, b.end)
        for one, other in ((a, b), (b, a)):
            title = states[other.subject].title if other.subject in states else other.subject.name
            found.setdefault(one, []).append(Clash(what=title, start=start, end=end, subject=other.subject))
    for window in windows:
        if not window.timed:
            continue  # its day has hours beside the release window
        days = days_of(
            calendar, local_date(window.start, calendar.tz), local_date(window.end - 1.0, calendar.tz)
        )
        for slot in (slot for day in days for slot in day.open):
            start, end = max(window.start, slot.start), min(window.end, slot.end)
            if start < end:
                found.setdefault(window, []).append(Clash(what="release window", start=start, end=end))
    return {
        window: tuple(sorted(told, key=lambda c: (c.start, c.end, c.what, c.subject or window.subject)))
        for window, told in found.items()
    }
