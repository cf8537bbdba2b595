"""Versions of Kubernetes in words: what is said of them, the soak with its gaps, what was seen by whom, what is planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from tfdash.model.versions import PlannedUpdate, Soak, VersionMemory, VersionSighting, VersionsState
from tfdash.text import safe
from tfdash.views import state as states

_NAMED = 2  # terminals that are named one by one
_MOST = 40  # sightings that are listed, the newest first


def lines(state: VersionsState, memory: VersionMemory, zone: str) -> list[str]:
    """The worst first, then what it rests on. Times are of ``zone``."""
    told = [safe(state.running) or "nothing is known to run", ""]
    for verdict in sorted(state.verdicts, key=lambda v: -v.level):
        told.append(f"{states.of_level(verdict.level).text:<12} {safe(verdict.sentence)}")
    return told + rests_on(state, memory, zone)


def rests_on(state: VersionsState, memory: VersionMemory, zone: str) -> list[str]:
    """The soak, the plans and who saw what, each behind an empty line."""
    tz = ZoneInfo(zone)
    parts = (_soak(state.soak, tz), _plans(state.plans, tz), _seen(state.seen, memory.sightings, tz))
    return [line for part in parts if part for line in ("", *part)]


def _soak(soak: Soak | None, tz: ZoneInfo) -> list[str]:
    if soak is None:
        return []
    before = "nothing older was seen before" if soak.first else "then the last older one was gone"
    told = [f"{safe(soak.version)} here since {_at(soak.since, tz)}: {before}"]
    told += [f"  nobody watched  {_at(gap.since, tz)} to {_at(gap.until, tz)}" for gap in soak.gaps]
    return told


def _plans(plans: Iterable[PlannedUpdate], tz: ZoneInfo) -> list[str]:
    def one(plan: PlannedUpdate) -> str:
        known = "not announced yet: no terminal that records has seen it"
        if plan.announced is not None:
            known = f"announced {_at(plan.announced, tz)}"
        return f"planned  {safe(plan.version)} for {safe(plan.environment)} on {safe(plan.day)}, {known}"

    return [one(plan) for plan in plans]


def _seen(own: Iterable[VersionSighting], stored: Iterable[VersionSighting], tz: ZoneInfo) -> list[str]:
    rows = sorted(_rows(own, stored), key=lambda row: (-row[0].until, row[0].cluster))
    if not rows:
        return []
    width = max(len(safe(_name(one))) for one, _ in rows[:_MOST])
    told = [
        f"{who:<9} {safe(_name(one)):<{width}}  {_at(one.since, tz)} to {_at(one.until, tz)}  {safe(', '.join(one.versions))}{_by(one)}"
        for one, who in rows[:_MOST]
    ]
    rest = len(rows) - _MOST
    return told + ([f"and {rest} before"] if rest > 0 else [])


def _rows(
    own: Iterable[VersionSighting], stored: Iterable[VersionSighting]
) -> Iterator[tuple[VersionSighting, str]]:
    yield from ((one, "seen here") for one in own)
    yield from ((one, "recorded") for one in stored)


def _by(one: VersionSighting) -> str:
    """The terminals that recorded it, without which two rows may look alike."""
    few = ", ".join(map(safe, one.by[:_NAMED]))
    more = f" and {len(one.by) - _NAMED} more" if len(one.by) > _NAMED else ""
    return f"  by {few}{more}" if one.by else ""


def _name(one: VersionSighting) -> str:
    return f"{one.cluster.environment}/{one.cluster.cluster}"


def _at(at: float, tz: ZoneInfo) -> str:
    then = datetime.fromtimestamp(at, tz)
    return f"{then:%a} {then.day:2} {then:%b %H:%M %Z}"
