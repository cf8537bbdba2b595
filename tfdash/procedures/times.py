"""Until when a step waits, where its file names a time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def until_of(text: str, now: float, zone: ZoneInfo) -> float | None:
    """Epoch seconds of "22:00" (the next one in ``zone``) or "2026-12-01 22:00"; None for what is no time, such as "window release".
    Raises ``ValueError`` for a day or an hour that does not exist."""
    text = text.strip()
    if re.fullmatch(r"\d{1,2}:\d{2}", text):
        hour, minute = map(int, text.split(":"))
        today = datetime.fromtimestamp(now, zone)
        at = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if at.timestamp() <= now:
            at = (at + timedelta(days=1)).replace(hour=hour, minute=minute)
        return at.timestamp()
    if re.match(r"\d{4}-\d{2}-\d{2}", text):
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).timestamp()
    return None
