"""Moments as text, always with their zone. Times are epoch seconds; the zone is the playbook's."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def local(at: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def zone_name(at: float, zone: ZoneInfo) -> str:
    """The zone's short name at that moment (``EST``, ``EDT``), or its offset where the zone has no letters."""
    return local(at, zone).tzname() or zone.key


def clocks(now: float, zone: ZoneInfo) -> str:
    """Both clocks of the header: ``09:14 EST  14:14Z``; one where the zone is UTC."""
    utc = datetime.fromtimestamp(now, UTC).strftime("%H:%MZ")
    if zone.key in ("UTC", "Etc/UTC"):
        return utc
    return f"{local(now, zone):%H:%M} {zone_name(now, zone)}  {utc}"


def moment(at: float | None, zone: ZoneInfo) -> str:
    """``Mon 23 Nov 2026 09:14:05 EST``; ``-`` for a time that was never set."""
    if not at:
        return "-"
    return f"{local(at, zone):%a %d %b %Y %H:%M:%S} {zone_name(at, zone)}"


def iso(at: float | None) -> str | None:
    """RFC 3339 in UTC with whole seconds, for reports; None for a time that was never set."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
