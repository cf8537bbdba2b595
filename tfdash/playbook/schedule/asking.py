"""What a person means by a time: ``"2026-11-26 10:30"``, ``"2026-11-26T15:30Z"``, ``"2026-11-26"``, ``"Thursday"``."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time
from typing import NamedTuple

from tfdash.playbook.schedule.local import counted_with, instant, later, local_date
from tfdash.playbook.schedule.policy import CalendarPolicy, parse_date, parse_day
from tfdash.playbook.schedule.windows import next_slots


class AskedInstant(NamedTuple):
    """The instant to judge (epoch seconds), and the day if a whole one was named."""

    at: float
    day: date | None = None


def asked(text: str, policy: CalendarPolicy, now: float) -> AskedInstant:
    """Times without an offset are local to the calendar's zone. Of a whole day the first slot's start is meant, or
    its midnight where it has none; a day's name is the next such day, today included. Raises ``ValueError``."""
    words = text.strip()
    day: date | None = None
    try:
        number = parse_day(words)
        today = local_date(now, policy.tz)
        day = later(today, (number - today.weekday()) % 7)
    except ValueError:
        with suppress(ValueError):
            day = parse_date(words)
    if day is not None:
        begins = instant(datetime.combine(day, time()), policy.tz)
        first = next_slots(policy, begins - 1, 1)
        inside = bool(first) and local_date(first[0].start, policy.tz) == day
        return AskedInstant(first[0].start if inside else begins, day)
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(
            f'{text!r} is no time; write "2026-11-26 10:30" (local), "2026-11-26T15:30Z", "2026-11-26" or "Thursday"'
        ) from None
    counted_with(moment)
    if moment.tzinfo is None:
        return AskedInstant(instant(moment, policy.tz))
    return AskedInstant(moment.timestamp())
