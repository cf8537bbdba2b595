"""Times as they are written on a command line and in documents."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tfdash.durations import parse_duration


def parsed(text: str) -> float | None:
    """RFC 3339 to epoch seconds; None for what is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def instant_of(text: str, zone: ZoneInfo, now: float) -> float:
    """A day (its midnight) or a time in the platform's zone unless it names another, or so long ago. Raises ``ValueError`` in words."""
    words = text.strip()
    try:
        return now - parse_duration(words)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(words)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f'"{text}" is no time; write "2026-11-24", "2026-11-24 10:00" (both in {zone.key}), "2026-11-24T15:00Z" or "7d" for so long ago'
        ) from None
