"""Days, spans and counts as the sentences about versions have them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from tfdash.nouns import counted

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_NAMED = 3  # nodes that are named one by one


def lasting(seconds: float) -> str:
    """``4 d 3 h``, ``3 h 10 min``, ``12 min``: whole parts, never more than it was."""
    whole = int(max(0.0, seconds))
    if whole >= _DAY:
        days, hours = whole // _DAY, whole % _DAY // _HOUR
        return f"{days} d {hours} h" if hours else f"{days} d"
    if whole >= _HOUR:
        hours, minutes = whole // _HOUR, whole % _HOUR // _MINUTE
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{whole // _MINUTE} min"


def day(at: float) -> str:
    """``27 Oct 2026``, by UTC, as tables of support mean it."""
    then = datetime.fromtimestamp(at, UTC)
    return f"{then.day} {then:%b %Y}"


def named(nodes: Collection[str]) -> str:
    """``node-1 and node-2``, ``12 nodes (node-1, node-2, node-3, ...)``."""
    if len(nodes) <= _NAMED:
        return " and ".join(nodes)
    first = sorted(nodes)[:_NAMED]
    return f"{counted(len(nodes), 'node')} ({', '.join(first)}, ...)"
