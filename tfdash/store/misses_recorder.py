"""Puts on record which periods of dated promises closed as missed, so that they stay so where entries are lost later that would prove it.

Only misses: what was kept, late or waived rests on an entry that says so, and a verdict that could be believed instead of that entry could
be written by whoever lost it. An entry says of which terminals all was held that they had recorded when the period closed, and is said again
once that is so of more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.item_place import place_of
from tfdash.model.maintenance import ItemState, MaintenanceRecord, Period, PeriodVerdict
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import Subject
from tfdash.playbook.clocks import astray
from tfdash.sources.base import SourceBoard
from tfdash.store.ledger import Store
from tfdash.store.log.maintenance_facts import missed_data

log = logging.getLogger(__name__)
_EVERY = 15.0  # seconds between two looks
_MANY = 200  # periods that one entry tells of; the rest is told by the next
_NAMED = 3
_Found = list[tuple[Subject, str, list[Period]]]


class _Held(NamedTuple):
    """What was held of each terminal when picture ``number`` was made: whatever is judged of that or a later one knows it."""

    number: int
    newest: Mapping[str, float]


class MissesRecorder:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: _Held | None = None

    async def run(self, board: SourceBoard) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(board)
            except LedgerUnavailable as error:
                log.warning("which periods closed as missed is not recorded: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self, board: SourceBoard) -> None:
        """Write what closed as missed, once all is read that others wrote, and that is judged. Raises ``LedgerUnavailable``."""
        picture, assessment, health = board.picture, board.assessment, self._store.health
        if not health.read or health.unread or astray(picture):
            self._held = None
            return
        known, held = self._store.projection.maintenance, self._held
        if held is not None and assessment.whole and assessment.number >= held.number:
            self._held = None
            newest = {**held.newest, self._store.terminal: self._store.clock.now()}
            found = _unsaid(assessment.maintenance or {}, known, newest, self._store.terminal)
            if found:
                since = min(p.closes for _, _, periods in found for p in periods)
                read = {name: at for name, at in held.newest.items() if at >= since}
                await self._store.append(
                    EntryKind.NOTE, actor="tfdash", sentence=_sentence(found), data=missed_data(found, read)
                )
        if self._held is None and picture.store_state.maintenance == known:
            self._held = _Held(picture.number, self._store.projection.newest)


def _unsaid(
    states: Mapping[Subject, ItemState], known: MaintenanceRecord, newest: Mapping[str, float], own: str
) -> _Found:
    """What is missed, closed, and not on record by those that held all of each terminal of which that is held now.
    What a terminal says of itself is lost with it: another says that, too."""
    found: _Found = []
    left = _MANY
    for subject, state in states.items():
        if state.terms is None:
            continue
        said: dict[tuple[float, float, float, str], set[str]] = {}
        for one in known.missed.get(subject, ()):
            said.setdefault((one.start, one.end, one.closes, one.evidence), set()).update(
                one.read if one.terminal == own else one.read - {one.terminal}
            )
        periods = [
            p
            for p in _misses(state.periods)
            if any(
                at >= p.closes and name not in said.get((p.start, p.end, p.closes, state.terms.evidence), ())
                for name, at in newest.items()
            )
        ][:left]
        left -= len(periods)
        if periods:
            found.append((subject, state.terms.evidence, periods))
    return found


def _misses(periods: Sequence[Period]) -> Iterator[Period]:
    """By what is on record of them, and not by such an entry itself."""
    return (p for p in periods if p.verdict is PeriodVerdict.MISSED and p.said is None)


def _sentence(found: _Found) -> str:
    named = [
        f"{subject.name} {p.label} ({place_of(subject)})" for subject, _, periods in found for p in periods
    ]
    more = len(named) - _NAMED
    return f"closed as missed: {', '.join(named[:_NAMED])}" + (f" and {more:,} more" if more > 0 else "")
