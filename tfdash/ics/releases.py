"""The release calendar as entries: its windows less what closes them, and what closes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from tfdash.ics.events import WEEKDAYS, CalendarEntry, at_zone, uid_of
from tfdash.ics.promises import Horizon
from tfdash.playbook.schedule.freezes import closed_on
from tfdash.playbook.schedule.local import in_gap, later, local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy, Closed
from tfdash.playbook.schedule.release import rule_words
from tfdash.playbook.schedule.windows import left_of, window_on
from tfdash.text import safe

WINDOW, BLACKOUT, HOLIDAY, FREEZE = "Release window", "Blackout", "Holiday", "Freeze"


def entries(policy: CalendarPolicy, span: Horizon) -> Iterator[CalendarEntry]:
    """Windows end with the horizon: of later ones nobody knows yet what closes them."""
    yield from _windows(policy, span)
    yield from _blackout(policy, span)
    closed = {
        c: None
        for year in range(span.first.year, span.last.year + 1)
        for c in closed_on(policy, date(year, 1, 1), date(year, 12, 31))
        if c.kind != "blackout"
    }
    named: set[str] = set()
    for one in sorted(closed):
        entry = _closed(policy, one)
        if entry.uid in named:  # another of the same day that is called the same
            entry = entry._replace(uid=uid_of(entry.uid, str(one.start), str(one.end)))
        named.add(entry.uid)
        yield entry


def _windows(policy: CalendarPolicy, span: Horizon) -> Iterator[CalendarEntry]:
    """One series by the wall clock; instances that are cut stand beside it, and those of which nothing is left are taken out."""
    days = [
        day
        for day in map(lambda n: later(span.first, n), range((span.last - span.first).days + 1))
        if day.weekday() in policy.days
    ]
    if not days:
        return
    zone = policy.tz
    length = timedelta(seconds=policy.length)
    first = datetime.combine(days[0], policy.start, zone)
    until = datetime.combine(days[-1], policy.start, zone).astimezone(UTC)
    ends = _wall(first, length)
    words = CalendarEntry(
        uid=uid_of("release-window"),
        summary=WINDOW,
        start=first,
        end=ends,
        description=safe(f"Standard releases: {rule_words(policy)}"),
        categories=(WINDOW,),
    )
    lasts = ends.timestamp() - first.timestamp()
    cut: list[CalendarEntry] = []
    gone = []
    for day in days:
        window = window_on(policy, day)
        assert window is not None
        at = datetime.combine(day, policy.start, zone)
        parts = list(left_of(window, list(closed_on(policy, day, max(day, local_date(window[1], zone))))))
        if not parts:
            gone.append(at)
            continue
        plain = window[1] - window[0] == lasts and not in_gap(at.replace(tzinfo=None), zone)
        if parts[0] != window or not plain:  # a reader takes each for as long as the first
            start, end = (at_zone(t, zone) for t in parts[0])
            cut.append(words._replace(of=at, start=start, end=end))
        for number, (begins, over) in enumerate(parts[1:], 2):
            cut.append(
                words._replace(
                    uid=uid_of("release-window", day.isoformat(), str(number)),
                    start=at_zone(begins, zone),
                    end=at_zone(over, zone),
                )
            )
    by_day = ",".join(WEEKDAYS[day] for day in sorted(policy.days))
    rule = f"FREQ=WEEKLY;BYDAY={by_day};UNTIL={until:%Y%m%dT%H%M%SZ}"
    yield words._replace(rule=rule, but=tuple(gone))
    yield from cut


def _wall(at: datetime, length: timedelta) -> datetime:
    """So much later by the wall clock."""
    return (at.replace(tzinfo=None) + length).replace(tzinfo=at.tzinfo)


def _blackout(policy: CalendarPolicy, span: Horizon) -> Iterator[CalendarEntry]:
    """Day by day: how many days a run of them has depends on the month."""
    first, last = policy.blackout_from_day, policy.blackout_to_day
    if not first:
        return
    days = range(first, last + 1) if first <= last else [*range(1, last + 1), *range(first, 32)]
    day = span.first
    while day.day not in days:
        day = later(day, 1)
    yield CalendarEntry(
        uid=uid_of("blackout"),
        summary="Blackout: no standard release",
        start=day,
        end=later(day, 1),
        description=safe(f"The month's end, day {first} through {last} ({policy.zone})"),
        categories=(BLACKOUT,),
        rule=f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, days))}",
    )


def _closed(policy: CalendarPolicy, one: Closed) -> CalendarEntry:
    """Whole days as days, else with its times."""
    zone = policy.tz
    title = HOLIDAY if one.kind == "holiday" else FREEZE
    words = safe(f"{title}: {one.reason}" if one.reason not in (title.lower(), "") else title)
    first, last = local_date(one.start, zone), local_date(one.end, zone)
    whole = (midnight(first, zone), midnight(last, zone)) == (one.start, one.end)
    start, end = (first, last) if whole else (at_zone(one.start, zone), at_zone(one.end, zone))
    return CalendarEntry(
        uid=uid_of(one.kind, first.isoformat(), one.reason),
        summary=words,
        start=start,
        end=end,
        description="No standard release",
        categories=(title,),
    )
