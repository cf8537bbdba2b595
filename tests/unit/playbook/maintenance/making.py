"""Items, calendars and what is on record, for tests of the dated promises."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.configured import calendar_policy
from tfdash.model.maintenance import (
    AccountStart,
    Completion,
    EvidenceKind,
    ItemState,
    Period,
    PeriodWaiver,
    item_subject,
)
from tfdash.playbook.maintenance.cadence import parse_cadence
from tfdash.playbook.maintenance.facts import Facts
from tfdash.playbook.maintenance.history import judged_periods
from tfdash.playbook.maintenance.policy import MaintenanceItem
from tfdash.playbook.maintenance.standing import StandingTold, stand

NEW_YORK = ZoneInfo("America/New_York")
OPEN = calendar_policy({"blackout_from_day": 0, "blackout_to_day": 0, "holidays": [], "freezes": []})
"""A calendar without a blackout."""
PLAYBOOK = calendar_policy({})
DAY = 86_400.0
AT = item_subject("review", "production")
EVER = AccountStart(0.0, 0.0)
"""Account was always kept."""


def item(when: str, grace: float = 7 * DAY, blackout: str = "allowed") -> MaintenanceItem:
    return MaintenanceItem(when=parse_cadence(when), title="Review", grace=grace, blackout=blackout)  # type: ignore[arg-type] # any of the words


def at(text: str, zone: ZoneInfo = NEW_YORK) -> float:
    """``2026-11-24`` or ``2026-11-24 10:05:30``, local."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def done(when: str | float, recorded: str | float | None = None, by: str = "ann", evidence: str = "signed", terminal: str = "t") -> Completion:  # fmt: skip
    moment = at(when) if isinstance(when, str) else when
    told = moment if recorded is None else at(recorded) if isinstance(recorded, str) else recorded
    return Completion(
        subject=AT,
        done_at=moment,
        recorded_at=told,
        evidence=EvidenceKind(evidence),
        by=by,
        terminal=terminal,
    )


def waiver(since: str, until: str, recorded: str | None = None, who: str = "ben") -> PeriodWaiver:
    return PeriodWaiver(
        subject=AT,
        since=at(since),
        until=at(until),
        who=who,
        why="a freeze",
        second="cem",
        recorded_at=at(recorded or since),
    )


def kept_from(start: str, recorded: str | None = None) -> AccountStart:
    return AccountStart(at(start), at(recorded or start))


def judged(
    promise: MaintenanceItem, facts: Facts, now: str, calendar: object = OPEN, zone: ZoneInfo = NEW_YORK
) -> dict[str, Period]:
    """The periods by their labels."""
    found = judged_periods(promise, zone, calendar, facts, at(now, zone))  # type: ignore[arg-type] # a policy
    return {period.label: period for period in found}


def verdicts(promise: MaintenanceItem, facts: Facts, now: str, calendar: object = OPEN) -> dict[str, str]:
    return {label: period.verdict.value for label, period in judged(promise, facts, now, calendar).items()}


def told(
    promise: MaintenanceItem, facts: Facts, now: str | float, calendar: object = OPEN, months: int = 24
) -> StandingTold:
    moment = at(now) if isinstance(now, str) else now
    return stand(AT, promise, NEW_YORK, calendar, facts, moment, months)  # type: ignore[arg-type] # a policy


def state(promise: MaintenanceItem, facts: Facts, now: str, calendar: object = OPEN) -> ItemState:
    return told(promise, facts, now, calendar).state
