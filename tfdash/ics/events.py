"""One entry of a calendar."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import NamedTuple

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""As rules write them, from Monday on (RFC 5545, 3.3.10)."""
_NAMES = uuid.UUID("b0a3b7d2-8f64-5c58-9f0e-6f4f0c1d7a11")  # ours alone, and the same for ever


class CalendarEntry(NamedTuple):
    """A VEVENT. ``start`` and ``end`` (exclusive) are days, or zone-aware times. ``rule``: of a recurrence, with ``also`` (RDATE) and
    ``but`` (EXDATE). ``of``: the instance of the series ``uid`` that this one stands in for. Texts are safe."""

    uid: str
    summary: str
    start: date
    end: date
    description: str = ""
    categories: tuple[str, ...] = ()
    rule: str = ""
    also: tuple[date, ...] = ()
    but: tuple[date, ...] = ()
    of: date | None = None
    busy: bool = False


def uid_of(*parts: str) -> str:
    """The same for the same parts, on every terminal and at every time (RFC 7986, 5.3: a UUID, nothing that tells of us)."""
    return f"{uuid.uuid5(_NAMES, chr(0).join(parts))}@tfdash"


def ordered(entry: CalendarEntry) -> tuple[str, str]:
    """By name, a series before its instances."""
    of = entry.of
    return entry.uid, "" if of is None else of.isoformat()


def at_zone(at: float, zone: object) -> datetime:
    """Epoch seconds as a time of the zone."""
    return datetime.fromtimestamp(at, zone)  # type: ignore[arg-type]
