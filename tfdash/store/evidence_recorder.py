"""Writes down what live sources show of the dated promises, so that the evidence outlives its source: when one was done, once; and
that it was not, when it is looked at first, and once before a period closes in which nothing was.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.maintenance import (
    EvidenceKind,
    ItemState,
    LiveReading,
    MaintenanceRecord,
    Period,
    PeriodVerdict,
)
from tfdash.model.store_state import COMPLETION, SIGHTING, EntryKind
from tfdash.model.subject import Subject
from tfdash.moments import moment
from tfdash.playbook.clocks import astray
from tfdash.playbook.maintenance.eras import rule_data
from tfdash.playbook.maintenance.facts import UNSEEN
from tfdash.playbook.schedule.local import zone_of
from tfdash.sources.base import SourceBoard
from tfdash.store.ledger import Store

log = logging.getLogger(__name__)
_EVERY = 5.0  # seconds between two looks


class EvidenceRecorder:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, board: SourceBoard) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(board)
            except LedgerUnavailable as error:
                log.warning("live evidence is not recorded: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self, board: SourceBoard) -> None:
        """Write what is shown and not on record, unless our clock is wrong. Raises ``LedgerUnavailable``."""
        if astray(board.picture):
            return
        now, known = self._store.clock.now(), self._store.projection.maintenance
        for subject, state in tuple((board.assessment.maintenance or {}).items()):
            shown = state.live
            if shown is None or shown.problem or not self._store.health.read:
                continue
            if shown.done_at is not None and not _done(known, subject, shown.done_at):
                data = {"done_at": shown.done_at, "evidence": EvidenceKind.LIVE.value, "by": shown.by}
                await self._write(
                    subject,
                    f"{shown.by} shows {state.title} as done",
                    COMPLETION,
                    {**data, **rule_data(state.terms), "note": shown.note},
                )
            elif _to_be_said(state, shown, known, subject, now):
                data = {"seen": shown.seen, "done_at": shown.done_at, **rule_data(state.terms)}
                await self._write(
                    subject,
                    f"{shown.by} was read: {state.title} was last done {_said(shown, zone_of(board.assessment.calendar))}",
                    SIGHTING,
                    data,
                )

    async def _write(self, subject: Subject, sentence: str, topic: str, data: dict[str, Any]) -> None:
        await self._store.append(
            EntryKind.NOTE, actor="tfdash", subject=subject, sentence=sentence, data={**data, "topic": topic}
        )


def _done(known: MaintenanceRecord, subject: Subject, at: float) -> bool:
    return any(
        c.evidence is EvidenceKind.LIVE and c.done_at == at for c in known.completions.get(subject, ())
    )


def _said(shown: LiveReading, zone: ZoneInfo) -> str:
    return "never" if shown.done_at is None else moment(shown.done_at, zone)


def _to_be_said(
    state: ItemState, shown: LiveReading, known: MaintenanceRecord, subject: Subject, now: float
) -> bool:
    on_record = (known.completions, known.sightings, known.started)
    if not any(subject in table for table in on_record):
        return True  # from now on account is kept
    period = next((p for p in state.periods if _closes(p, now)), None)
    if period is None or shown.seen < period.closes - UNSEEN:
        return False
    return not any(s.seen >= period.closes - UNSEEN for s in known.sightings.get(subject, ()))


def _closes(period: Period, now: float) -> bool:
    return period.verdict is PeriodVerdict.OPEN and period.closes - UNSEEN <= now < period.closes
