"""Until when a step waits, where its file names a time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tfdash.playbook.procedures.checks import WINDOW
from tfdash.playbook.schedule.local import counted_with, instant, later, local_date
from tfdash.playbook.schedule.policy import parse_time


def until_of(text: str, now: float, zone: ZoneInfo) -> float | None:
    """Epoch seconds of "22:00" (the next one in ``zone``), "2026-12-01 22:00" or one with its offset; None where no time is meant: "" and
    "window release". Raises ``ValueError`` for everything else: an input may be put in there, and what nobody understands has not come."""
    text = text.strip()
    if text in ("", WINDOW):
        return None
    try:
        hour = parse_time(text)
    except ValueError:
        return _moment(text, zone)
    today = local_date(now, zone)
    days = (instant(datetime.combine(day, hour), zone) for day in (today, later(today, 1)))
    return next(at for at in days if at > now)


def _moment(text: str, zone: ZoneInfo) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'{text!r} is no time: "22:00", "2026-12-01 22:00" or "{WINDOW}"') from None
    counted_with(found)
    return found.timestamp() if found.tzinfo is not None else instant(found, zone)
