"""The maintenance items as entries: each on the last day on which it can be done as planned, a whole day of its zone; what has hours on its
date, in these.

What is due in each calendar period, or on the dates of a rule, is one series for ever; where a blackout or a freeze moves an instance, that
one stands beside it. What is never older than so long, or follows an event, is its next day alone: the one after depends on when it is done.
"""

from __future__ import annotations

import calendar as months
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.ics.events import WEEKDAYS, CalendarEntry, at_zone, uid_of
from tfdash.item_place import place_of
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.at_once import hours_of
from tfdash.playbook.maintenance.cadence import Each, On
from tfdash.playbook.maintenance.periods import Span, spans
from tfdash.playbook.maintenance.policy import MaintenanceItem, MaintenancePolicy
from tfdash.playbook.schedule.local import in_gap, later, local_date, midnight
from tfdash.playbook.schedule.policy import CalendarPolicy
from tfdash.text import safe

_DAY = timedelta(days=1)
_REACH = 70  # days by which an instance may be moved, and some
_ALWAYS_THERE = 28  # a day of the month that each month has
_BY_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")  # say nothing of whole days


class Horizon(NamedTuple):
    """The days for which moved instances are told, both inclusive: whole years, so that it is the same all year round."""

    first: date
    last: date


def horizon(today: date, years: int) -> Horizon:
    """This year, and so many more."""
    return Horizon(date(today.year, 1, 1), date(today.year + years, 12, 31))


class DaySeries(NamedTuple):
    """A recurrence rule for whole days, and on which days those of its instances are that are not where the rule has them.
    ``also``: in place of a rule, where none gives these days."""

    first: date
    rule: str
    moved: Mapping[date, date]
    but: tuple[date, ...] = ()
    also: tuple[date, ...] = ()


def entries(
    policy: MaintenancePolicy,
    calendar: CalendarPolicy,
    items: Iterable[tuple[Subject, MaintenanceItem]],
    due: Mapping[Subject, float | None],
    span: Horizon,
) -> Iterator[CalendarEntry]:
    """Of each item at each place. ``due``: when what has no dates of its own is to be done next, epoch seconds."""
    found: dict[str, DaySeries | None] = {}
    for subject, item in items:
        zone = ZoneInfo(policy.zone_of(item))
        where = place_of(subject)
        words = CalendarEntry(
            uid=uid_of_item(subject),
            summary=safe(f"{item.title} · {where}"),
            start=span.first,
            end=span.first,
            description=_about(item, where, zone.key),
            categories=("Maintenance", item.kind),
        )
        if not isinstance(item.when, Each | On):
            at = due.get(subject)
            if at is not None:
                day = local_date(at - 1.0, zone)
                yield words._replace(start=day, end=later(day, 1))
            continue
        if subject.name not in found:
            found[subject.name] = series_of(item, zone, calendar, span)
        series = found[subject.name]
        if series is not None and item.at is not None:
            yield from _timed(words, series, item, item.at, zone, span)
        elif series is not None:
            yield from _instances(words, series)


def dated(item: MaintenanceItem) -> bool:
    """Whether its dates are known whatever was done."""
    return isinstance(item.when, Each | On)


def uid_of_item(subject: Subject) -> str:
    """Of the item and its place, whatever they are called or owned by."""
    at = subject.cluster
    return uid_of("maintenance", subject.name, at.environment, at.cluster, subject.namespace)


def _about(item: MaintenanceItem, where: str, zone: str) -> str:
    told = "" if item.at is not None else " This is the last day as planned."
    lines = [
        f"To be done: {item.rule_words}, {where} ({zone}).{told}",
        f"Playbook: {item.sentence}" if item.sentence else "",
        f"Owner: {item.owner}" if item.owner else "",
    ]
    return "\n".join(safe(line) for line in lines if line)


def _instances(words: CalendarEntry, series: DaySeries) -> Iterator[CalendarEntry]:
    yield words._replace(
        start=series.first, end=later(series.first, 1), rule=series.rule, but=series.but, also=series.also
    )
    for nominal, day in series.moved.items():
        yield words._replace(of=nominal, start=day, end=later(day, 1))


def _timed(
    words: CalendarEntry, series: DaySeries, item: MaintenanceItem, at: time, zone: ZoneInfo, span: Horizon
) -> Iterator[CalendarEntry]:
    """By the wall clock. What a change of clocks makes longer, shorter or of another hour stands beside it, as what is moved does."""

    def begins(day: date) -> datetime:
        return datetime.combine(day, at, zone)

    length = timedelta(seconds=item.length)
    first = begins(series.first)
    ends = datetime.combine(series.first, at) + length
    lasts = ends.replace(tzinfo=zone).timestamp() - first.timestamp()
    parts = series.rule.split(";") if series.rule else []
    rule = [_until(part, at, zone) if part.startswith("UNTIL=") else part for part in parts]
    yield words._replace(
        start=first,
        end=ends.replace(tzinfo=zone),
        rule=";".join(rule),
        but=tuple(map(begins, series.but)),
        also=tuple(map(begins, series.also)),
    )
    assert isinstance(item.when, On)
    for nominal in item.when.days(series.first, span.last):
        day = series.moved.get(nominal, nominal)
        start, end = hours_of(day, at, item.length, zone)
        plain = end - start == lasts and not in_gap(datetime.combine(day, at), zone)
        if nominal not in series.but and (day != nominal or not plain):
            yield words._replace(of=begins(nominal), start=at_zone(start, zone), end=at_zone(end, zone))


def _until(part: str, at: time, zone: ZoneInfo) -> str:
    """The last day of a rule as the instant in UTC that one for times has (RFC 5545, 3.3.10)."""
    day = datetime.strptime(part.removeprefix("UNTIL="), "%Y%m%d").date()
    return f"UNTIL={datetime.combine(day, at, zone).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def series_of(
    item: MaintenanceItem, zone: ZoneInfo, calendar: CalendarPolicy, span: Horizon
) -> DaySeries | None:
    """The days of ``spans`` as a series; None where there are none."""
    first = span.first
    if item.start is not None:
        first = max(first, item.start.date())
    begin, end = midnight(later(first, -_REACH), zone), midnight(later(span.last, _REACH), zone)
    due = spans(item, zone, calendar, begin, end)
    if isinstance(item.when, On):
        return _of_rule(item.when, list(due), zone, Horizon(first, span.last))
    assert isinstance(item.when, Each)
    whole = [s for s in due if first <= _begun(s, zone) or first <= _day(s, zone)]
    whole = [s for s in whole if _begun(s, zone) <= span.last]
    return _of_period(item.when, whole, zone) if whole else None


def _begun(span: Span, zone: ZoneInfo) -> date:
    return local_date(span.start, zone)


def _day(span: Span, zone: ZoneInfo) -> date:
    """The last day on which it can be done as planned."""
    return local_date(span.planned - 1.0, zone)


# -- once in each calendar period ---------------------------------------------------------------------------------


def _of_period(each: Each, due: Sequence[Span], zone: ZoneInfo) -> DaySeries:
    """The rule by which most of the days come."""
    begun, days = [_begun(s, zone) for s in due], [_day(s, zone) for s in due]
    if each.period in ("day", "week"):
        offset = Counter(d - b for b, d in zip(begun, days, strict=True)).most_common(1)[0][0]
        nominal = [b + offset for b in begun]
        rule = "FREQ=DAILY" if each.period == "day" else f"FREQ=WEEKLY;BYDAY={WEEKDAYS[nominal[0].weekday()]}"
    else:
        counts: Counter[tuple[int, int]] = Counter({(_months(begun[0], each.next(begun[0]) - _DAY), -1): 0})
        for b, d in zip(begun, days, strict=True):
            if later(d, 1).day == 1:
                counts[_months(b, d), -1] += 1
            if d.day <= _ALWAYS_THERE:
                counts[_months(b, d), d.day] += 1
        ahead, day = max(counts, key=lambda key: (counts[key], key[1] == -1))
        nominal = [_month_day(b, ahead, day) for b in begun]
        rule = f"FREQ=MONTHLY;BYMONTHDAY={day}"
        if each.period != "month":
            in_year = sorted(
                {n.month for n in nominal} | {_month_day(b, ahead, day).month for b in _year(each)}
            )
            rule = f"FREQ=YEARLY;BYMONTH={','.join(map(str, in_year))};BYMONTHDAY={day}"
    return DaySeries(nominal[0], rule, {n: d for n, d in zip(nominal, days, strict=True) if n != d})


def _year(each: Each) -> Iterator[date]:
    """Where the periods of any year begin."""
    at = date(2024, 1, 1)
    while at.year == 2024:
        yield at
        at = each.next(at)


def _months(begun: date, day: date) -> int:
    return (day.year - begun.year) * 12 + day.month - begun.month


def _month_day(begun: date, ahead: int, day: int) -> date:
    """That day of the month so many months after ``begun``; -1: its last."""
    number = begun.year * 12 + begun.month - 1 + ahead
    year, month = number // 12, number % 12 + 1
    return date(year, month, months.monthrange(year, month)[1] if day == -1 else day)


# -- on the dates of a rule ---------------------------------------------------------------------------------------


def _of_rule(on: On, due: Sequence[Span], zone: ZoneInfo, span: Horizon) -> DaySeries | None:
    nominal = sorted(set(on.days(span.first, span.last)))
    if not nominal:
        return None
    at = {date.fromisoformat(s.label): _begun(s, zone) for s in due}
    moved = {day: at[day] for day in nominal if day in at and at[day] != day}
    gone = tuple(day for day in nominal if day not in at)  # it moved onto the day of the one before
    rule = _whole_days(on, nominal[0])
    if _days_by(rule, nominal[0], span.last) != nominal:
        return DaySeries(nominal[0], "", moved, gone, tuple(nominal[1:]))
    return DaySeries(nominal[0], rule, moved, gone)


def _whole_days(on: On, first: date) -> str:
    """The rule for whole days that begins on ``first``: no hours, UNTIL as a day, and in place of a COUNT from the anchor, UNTIL."""
    text = on.rule.upper().removeprefix("RRULE:")
    parts = dict(part.partition("=")[::2] for part in text.split(";") if part)
    if "COUNT" in parts:
        del parts["COUNT"]
        every = on.days(first, later(first, 366 * 100))
        parts["UNTIL"] = f"{every[-1]:%Y%m%d}"
    if "UNTIL" in parts:
        parts["UNTIL"] = parts["UNTIL"][:8]
    return ";".join(f"{key}={value}" for key, value in parts.items() if key not in _BY_DAY)


def _days_by(rule: str, first: date, last: date) -> list[date]:
    from dateutil.rrule import rrulestr

    begin = datetime.combine(first, datetime.min.time())
    found = rrulestr(rule, dtstart=begin, ignoretz=True)
    return [at.date() for at in found.between(begin, datetime.combine(last, datetime.min.time()), inc=True)]
