"""What stands in the data of an event, as somebody wrote it: nothing in it can make its reader fail."""

from __future__ import annotations

from typing import Any

from tfdash.model.run import RunEvent, RunEventKind

MOST = 2**53
"""No number of an event is as large."""


def text_in(value: Any) -> str:
    return value if isinstance(value, str) else ""


def texts_in(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()


def by_itself(event: RunEvent) -> bool:
    """Whether a terminal found or told it with nobody at its keys: it is no word of who uses it, and no sign of life."""
    found = event.kind is RunEventKind.IMPACT and "proof" in event.data
    told = event.kind is RunEventKind.TOLD and event.data.get("itself") is True
    return found or told or (event.kind is RunEventKind.NOTE and "starter" in event.data)


def one_person(event: RunEvent, who: str, stamp: str) -> bool:
    """Whether it is of the person of that name, or of that login as the shared store saw it."""
    return event.by == who or (bool(stamp) and event.stamped == stamp)


def number_in(value: Any) -> int:
    """0 for what is no such number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST else 0


def time_in(value: Any) -> float | None:
    """Epoch seconds of this and the next centuries."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10_000_000_000:
        return None
    return float(value)
