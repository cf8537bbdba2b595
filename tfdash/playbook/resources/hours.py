"""The hours of a non-production environment: when it is up, and which of its namespaces may be scaled down outside them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated, NamedTuple

from tfdash.model.calendar import CalendarState, Slot
from tfdash.model.kube import Labels
from tfdash.model.kubecluster import KEEP_UP
from tfdash.playbook.schedule.local import local_time
from tfdash.playbook.schedule.policy import CalendarPolicy, Dates, Days, TimeOfDay
from tfdash.playbook.schedule.windows import next_slots, slot_at
from tfdash.setting import Between, Note, Seconds, SettingsTable, Texts


@dataclass(frozen=True)
class HoursSettings(SettingsTable):
    """Where production = false: when the environment is up; outside these hours its marked namespaces may be scaled down."""

    days: Days = frozenset(range(5))
    start: TimeOfDay = time(7)
    length: Annotated[Seconds, Between(3600, 86400, seconds=True), Note("by the wall clock")] = 13 * 3600.0
    holidays: Annotated[Dates, Note("whole days on which it is down")] = frozenset()
    label: Annotated[
        str, Note("the label of a Namespace that marks it; one without it is never scaled down")
    ] = "environment"
    values: Annotated[Texts, Note("the values of that label that mean non-production")] = (
        "development",
        "dev",
        "test",
        "qa",
        "staging",
        "non-production",
    )


@dataclass(frozen=True)
class Hours:
    """Of one environment: ``up`` has a slot for each time that it is up."""

    environment: str
    up: CalendarPolicy
    label: str
    values: tuple[str, ...]

    def unmarked(self, labels: Labels) -> str:
        """Why a namespace with these labels is not to be scaled down, "" where it may be."""
        value = labels.get(self.label, "")
        if not value:
            return f"it has no label {self.label!r}, so nothing says that it is not production"
        if value not in self.values:
            return f"its label {self.label}={value} does not say that it is not production"
        return ""

    def slot(self, now: float) -> Slot | None:
        """The hours that ``now`` lies in."""
        return slot_at(self.up, now)

    def changes_at(self, now: float) -> float | None:
        """When they begin or end next."""
        slot = self.slot(now)
        if slot is not None:
            return slot.end
        coming = next_slots(self.up, now, 1)
        return coming[0].start if coming else None

    def ended_before(self, now: float) -> float | None:
        """When its last hours ended, of the two weeks before."""
        slots = next_slots(self.up, now - 14 * 86_400.0, 20)
        return max((s.end for s in slots if s.end <= now), default=None)

    def state(self, now: float) -> CalendarState:
        """Whether its namespaces may be scaled down now: the calendar that an action of theirs is held against."""
        slot, at = self.slot(now), self.changes_at(now)
        clock = f"{local_time(at, self.up.tz):%a %d %b %H:%M %Z}" if at is not None else "further notice"
        if slot is not None:
            why = f"{self.environment} is inside its hours until {clock}"
            return CalendarState(
                at=now, open=False, text="in its hours", why=why, zone=self.up.zone, opens_at=at
            )
        why = f"{self.environment} is outside its hours until {clock}"
        return CalendarState(at=now, open=True, text="out of hours", why=why, zone=self.up.zone, closes_at=at)


def hours_in(environment: str, zone: str, settings: HoursSettings) -> Hours:
    """The hours of an environment in the zone of [time]."""
    up = CalendarPolicy(
        days=settings.days,
        start=settings.start,
        length=settings.length,
        finish_by=settings.start,
        blackout_from_day=0,
        blackout_to_day=0,
        holidays=settings.holidays,
        holidays_of="",
        freezes=(),
        feeds=(),
        max_clock_skew=0.0,
        zone=zone,
    )
    return Hours(environment, up, settings.label, settings.values)


KEEP_UP_UNTIL, KEEP_UP_BY, KEEP_UP_WHY = (f"{KEEP_UP}{part}" for part in ("until", "by", "why"))
LONGEST = 31 * 86_400.0  # seconds that a namespace may be kept up by one word


class KeepUp(NamedTuple):
    """A person's word that a namespace stays up: until when (epoch seconds), who, why."""

    until: float
    by: str
    why: str


def kept_up(notes: Labels, now: float) -> KeepUp | None:
    """Who keeps a namespace up now. One that says no time, or one too far away, keeps nothing up."""
    try:
        until = datetime.fromisoformat(notes.get(KEEP_UP_UNTIL, "")).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    if not now < until <= now + LONGEST:
        return None
    return KeepUp(until, notes.get(KEEP_UP_BY, ""), notes.get(KEEP_UP_WHY, ""))
