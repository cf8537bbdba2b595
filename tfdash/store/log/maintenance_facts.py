"""What the log says of dated promises: when they were done, who answers for what was not, from when account is kept. Every terminal's
entries add up to it, in any order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tfdash.model.maintenance import KIND, Completion, EvidenceKind, MaintenanceRecord, PeriodWaiver, Sighting
from tfdash.model.store_state import COMPLETION, PERIOD_WAIVER, Entry
from tfdash.model.subject import Subject

START, SIGHTING = "maintenance-start", "maintenance-sighting"
_TOPICS = frozenset({COMPLETION, START, PERIOD_WAIVER, SIGHTING})
_CLOCKS_DIFFER = 300.0
"""Seconds by which something may be recorded before it was done."""


class MaintenanceFacts:
    """See the module. The tables that are told are replaced and never mutated, each only by an entry about it."""

    def __init__(self) -> None:
        self.completions: dict[Subject, tuple[Completion, ...]] = {}
        self.waivers: dict[Subject, tuple[PeriodWaiver, ...]] = {}
        self.sightings: dict[Subject, tuple[Sighting, ...]] = {}
        self.started: dict[Subject, float] = {}
        self._started_at: dict[Subject, tuple[float, str]] = {}

    def told(self, uses: Mapping[str, tuple[float, ...]]) -> MaintenanceRecord:
        return MaintenanceRecord(
            completions=self.completions,
            waivers=self.waivers,
            sightings=self.sightings,
            started=self.started,
            uses=uses,
            known=True,
        )

    def apply(self, entry: Entry, data: Mapping[str, Any], subject: Subject | None) -> None:
        """Take in one entry; the same one again changes nothing, and one that cannot be read says nothing."""
        topic = data.get("topic")
        if topic not in _TOPICS or subject is None or subject.kind != KIND:
            return
        if topic == COMPLETION:
            self._completion(entry, data, subject)
        elif topic == PERIOD_WAIVER:
            since, until = _time(data.get("since")), _time(data.get("until"))
            if since is not None and until is not None and since < until:
                waiver = PeriodWaiver(
                    subject=subject,
                    since=since,
                    until=until,
                    who=entry.actor,
                    why=str(data.get("why", "")),
                    second=str(data.get("second", "")),
                    recorded_at=entry.at,
                )
                self.waivers = _with(self.waivers, subject, waiver)
        elif topic == SIGHTING:
            seen, done = _time(data.get("seen")), _time(data.get("done_at"))
            if seen is not None and seen <= entry.at + _CLOCKS_DIFFER:
                self.sightings = _with(self.sightings, subject, Sighting(seen, done))
        else:
            start, order = _time(data.get("start")), (entry.at, entry.terminal)
            if start is not None and order > self._started_at.get(subject, (-math.inf, "")):
                self._started_at[subject] = order
                self.started = {**self.started, subject: start}

    def _completion(self, entry: Entry, data: Mapping[str, Any], subject: Subject) -> None:
        done = _time(data.get("done_at"))
        evidence = data.get("evidence")
        if done is None or done > entry.at + _CLOCKS_DIFFER or evidence not in list(EvidenceKind):
            return  # nobody has done it yet
        by = str(data.get("by", "")) if evidence == EvidenceKind.LIVE else entry.actor
        one = Completion(
            subject=subject,
            done_at=done,
            recorded_at=entry.at,
            evidence=EvidenceKind(evidence),
            by=by or entry.actor,
            note=str(data.get("note", "")),
            link=str(data.get("link", "")),
            digest=str(data.get("digest", "")),
            terminal=entry.terminal,
        )
        self.completions = _with(self.completions, subject, one)


def _with(
    table: Mapping[Subject, tuple[Any, ...]], subject: Subject, one: Any
) -> dict[Subject, tuple[Any, ...]]:
    before = table.get(subject, ())
    return dict(table) if one in before else {**table, subject: (*before, one)}


def _time(value: Any) -> float | None:
    """Epoch seconds of this and the next centuries; None for what is no such time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10_000_000_000:
        return None
    return float(value)
