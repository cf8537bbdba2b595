"""A slow reading of the rules of dated promises, by walking days and half hours. Nothing of the program is used."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

STEP = 1800
FIRST, LAST = date(2024, 1, 1), date(2028, 1, 15)


class Calendar(NamedTuple):
    """Days of the month that are closed, and local times between which it is closed."""

    days: frozenset[int]
    freezes: tuple[tuple[datetime, datetime], ...]
    zone: str

    def shut(self, at: float) -> bool:
        here = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        return here.day in self.days or any(a <= here < b for a, b in self.freezes)


class Span(NamedTuple):
    label: str
    start: float
    end: float
    deadline: float
    planned: float
    conflict: bool


@lru_cache(16)
def day_starts(zone: str) -> dict[date, float]:
    """The first instant of each local day, found by walking."""
    found: dict[date, float] = {}
    here = ZoneInfo(zone)
    at = datetime(FIRST.year - 1, 12, 25, tzinfo=UTC).timestamp()
    while (day := datetime.fromtimestamp(at, UTC).astimezone(here).date()) <= LAST:
        found.setdefault(day, at)
        at += STEP
    return found


def label_of(sort: str, day: date) -> str:
    if sort == "day":
        return str(day)
    if sort == "week":
        return "{}-W{:02d}".format(*day.isocalendar())
    if sort == "month":
        return str(day)[:7]
    if sort == "quarter":
        return f"{day.year}-Q{1 + (day.month > 3) + (day.month > 6) + (day.month > 9)}"
    if sort == "half-year":
        return f"{day.year}-H{1 if day.month < 7 else 2}"
    return str(day.year)


@lru_cache(64)
def periods(sort: str, zone: str) -> list[tuple[str, float, float]]:
    """Each whole calendar period: days that have one label."""
    starts = day_starts(zone)
    found: list[tuple[str, float, float]] = []
    day = FIRST
    while day < LAST:
        label = label_of(sort, day)
        if not found or found[-1][0] != label:
            found.append((label, starts[day], starts[day]))
        day += timedelta(days=1)
        found[-1] = (label, found[-1][1], starts[day])
    return found[:-1]


@lru_cache(256)
def spans_each(sort: str, zone: str, calendar: Calendar, rule: str) -> list[Span]:
    return [_placed(label, a, b, calendar, rule) for label, a, b in periods(sort, zone)]


def _placed(label: str, start: float, end: float, calendar: Calendar, rule: str) -> Span:
    deadline = planned = end
    conflict = False
    if rule != "allowed" and calendar.shut(end - 1):
        if rule == "after":
            while calendar.shut(deadline):
                deadline += STEP
            planned = deadline
        else:
            open_until = end
            while calendar.shut(open_until - STEP) and open_until > start:
                open_until -= STEP
            if rule == "before" and open_until > start:
                planned = open_until
            else:
                conflict = True
    return Span(label, start, end, deadline, planned, conflict)


@lru_cache(64)
def dates(rule: str) -> list[date]:
    """The days of a recurrence rule, by asking each day whether it is one."""
    parts = dict(part.split("=") for part in rule.split(";"))
    fits = _matcher(parts)
    found, day = [], FIRST
    while day <= LAST:
        if fits(day):
            found.append(day)
        day += timedelta(days=1)
    return found


def _matcher(parts: dict[str, str]) -> Callable[[date], bool]:
    every = int(parts.get("INTERVAL", "1"))
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    by_day = parts.get("BYDAY", "")
    by_month_day = [int(n) for n in parts.get("BYMONTHDAY", "").split(",") if n]
    months = [int(n) for n in parts.get("BYMONTH", "").split(",") if n]

    def fits(day: date) -> bool:
        age = (day - FIRST).days
        in_turn = {
            "DAILY": age,
            "WEEKLY": age // 7,
            "MONTHLY": (day.year - FIRST.year) * 12 + day.month - 1,
            "YEARLY": day.year - FIRST.year,
        }[parts["FREQ"]] % every
        length = monthrange(day.year, day.month)[1]
        if in_turn or (months and day.month not in months):
            return False
        if by_month_day and not any(day.day == (n if n > 0 else length + 1 + n) for n in by_month_day):
            return False
        return not by_day or any(_is(day, length, word, names) for word in by_day.split(","))

    return fits


def _is(day: date, length: int, word: str, names: Sequence[str]) -> bool:
    number = word[:-2]
    if names[day.weekday()] != word[-2:]:
        return False
    return not number or int(number) in ((day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1))


def spans_on(rule: str, zone: str, calendar: Calendar, blackout: str) -> list[Span]:
    """Dates that move onto one day are one."""
    starts = day_starts(zone)
    found: list[Span] = []
    for day in dates(rule):
        if day > LAST - timedelta(days=10):
            break
        start, end = starts[day], starts[day + timedelta(days=1)]
        closed = [at for at in (start, end - 1) if calendar.shut(at)]
        conflict = False
        if blackout != "allowed" and closed:
            if blackout == "stays":
                conflict = True
            else:
                moved = day - timedelta(days=1) if blackout == "before" else day
                while calendar.shut(starts[moved + timedelta(days=1)] - 1):  # its end is the deadline
                    moved += timedelta(days=-1 if blackout == "before" else 1)
                start, end = starts[moved], starts[moved + timedelta(days=1)]
        if not found or start > found[-1].start:
            found.append(Span(str(day), start, end, end, end, conflict))
    return found


# -- verdicts -------------------------------------------------------------------------------------------------------


class Done(NamedTuple):
    at: float
    recorded: float
    live: bool


class Seen(NamedTuple):
    at: float
    last: float | None


def verdict_of_each(
    spans: Sequence[Span],
    grace: float,
    completions: Sequence[Done],
    waivers: Sequence[tuple[float, float, float]],
    seen: Sequence[Seen],
    start: float,
    now: float,
) -> dict[str, tuple[str, float | None]]:
    """Label -> verdict and when that was done which decides. Each period is judged by what was on record before it closed.

    ``waivers``: since, until, recorded.
    """
    left = sorted(c for c in completions if c.at <= now)
    found: dict[str, tuple[str, float | None]] = {}
    used: list[Done] = []
    for span in spans:
        if span.start > now:
            break
        closes = span.deadline + grace
        watched = span.start >= start
        waived = any(a <= span.deadline <= b and r < closes for a, b, r in waivers)
        within = [c for c in left if span.start <= c.at < span.end]
        known = [c for c in within if c.recorded < closes]
        after = [c for c in left if span.start <= c.at < closes and c.recorded < closes]
        takes: list[Done] = []
        if known:
            takes = known
        elif watched and not waived and after:
            takes = after[:1]
        if takes:
            word = "late" if takes[0].at >= span.deadline else "kept"
        elif waived:
            word = "waived"
        elif now < closes:
            word = "open"
        elif not watched:
            word = "not watched"
        else:
            word = "missed"
            looks = [s for s in seen if s.at < closes]
            if looks:
                last = max(looks, key=lambda s: (s.at, s.last or -1.0))
                served = [c.at for c in used if c.at >= span.start]
                nothing = (
                    last.last is None or last.last < span.start or last.last <= max(served, default=-1.0)
                )
                word = "missed" if last.at >= closes - 86_400 and nothing else "not watched"
        if word == "not watched" and any(c.live for c in within):
            takes = sorted((c for c in within if c.live), key=lambda c: c.recorded)
            word = "kept"
        found[span.label] = (word, takes[0].at if takes else None)
        for one in takes:
            left.remove(one)
            used.append(one)
    return found


def months_by_age(
    zone: str,
    age: float,
    grace: float,
    completions: Sequence[Done],
    start: float,
    now: float,
) -> dict[str, tuple[str, float]]:
    """Label -> verdict and how late, hour by hour; all times are whole hours. Nobody waived and no source was read."""
    due, at = start + age, start
    began: float | None = None
    gaps: list[tuple[float, float, bool]] = []
    told = False
    while at <= now:
        before = [c.at for c in completions if c.at <= start and c.recorded <= at]
        if (
            before and not told
        ):  # what was done before account was kept is due by its own age, once that is known
            told = True
            due = min(due, max(at, max(before) + age)) if at < start + age else due
        if at >= due:
            fresh = [
                c.at + age
                for c in completions
                if c.at <= at < c.at + age and c.at <= now and (c.recorded < due + grace or c.recorded <= at)
            ]
            if fresh:
                if began is not None:
                    gaps.append((began, at, True))
                began, due = None, max(fresh)
            elif began is None:
                began = at
        at += 3600
    if began is not None:
        gaps.append((began, now, False))
    found = {}
    for label, first, end in periods("month", zone):
        if first > now or end <= start:
            continue
        mine = [gap for gap in gaps if gap[0] < end and (gap[1] > first or not gap[2])]
        shorter = [b - a for a, b, over in mine if over and b - a < grace and a >= first]
        if any(b - a >= grace for a, b, _ in mine):
            found[label] = ("missed", 0.0)
        elif shorter:
            found[label] = ("late", max(shorter))
        elif now < end or any(not over for *_, over in mine):
            found[label] = ("open", 0.0)
        else:
            found[label] = ("kept", 0.0)
    return found
