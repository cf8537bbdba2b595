"""Writes down by which rules the dated promises are kept, so that another rule in the settings judges nothing that closed before it: of
what is not on record yet, or is on record otherwise, one entry for many. What the settings have no longer is written down once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.item_place import place_of
from tfdash.model.maintenance import ItemStanding, ItemState, MaintenanceRecord, RuleSaid
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import Subject
from tfdash.playbook.clocks import astray
from tfdash.sources.base import SourceBoard
from tfdash.store.ledger import Store
from tfdash.store.log.maintenance_facts import rules_data

log = logging.getLogger(__name__)
_EVERY = 5.0  # seconds between two looks
_MANY = 200  # promises at a place that one entry tells of; the rest is told by the next
_AGAIN = 3600.0
"""Seconds within which this terminal says the same rule once: another, with other settings, may say its own in between."""
_NAMED = 3


class RulesRecorder:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._said: dict[Subject, float] = {}
        self._withdrawn: set[Subject] = set()  # said once: whoever has it in their settings says so again

    async def run(self, board: SourceBoard) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(board)
            except LedgerUnavailable as error:
                log.warning("by which rules the dated promises are kept is not recorded: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self, board: SourceBoard) -> None:
        """Write what is not on record, once all is read that others wrote, and unless our clock is wrong. Raises ``LedgerUnavailable``."""
        states, health = board.assessment.maintenance, self._store.health
        if not states or not health.read or health.unread or astray(board.picture):
            return
        now, known = self._store.clock.now(), self._store.projection.maintenance
        kept: list[ItemState] = []
        gone: list[Subject] = []
        for subject, state in states.items():
            if state.standing is ItemStanding.WITHDRAWN:
                if subject not in self._withdrawn and _kept(known, subject):
                    gone.append(subject)
                continue
            self._withdrawn.discard(subject)  # it came back
            if _otherwise(known, state) and now >= self._said.get(subject, now - _AGAIN) + _AGAIN:
                kept.append(state)
        kept, gone = kept[:_MANY], gone[: _MANY - len(kept[:_MANY])]
        if not (kept or gone):
            return
        self._said.update((state.subject, now) for state in kept)
        self._withdrawn.update(gone)
        await self._store.append(
            EntryKind.NOTE, actor="tfdash", sentence=_sentence(kept, gone), data=rules_data(kept, gone)
        )


def _newest(known: MaintenanceRecord, subject: Subject) -> RuleSaid | None:
    return max(known.rules.get(subject, ()), key=lambda rule: rule.recorded_at, default=None)


def _kept(known: MaintenanceRecord, subject: Subject) -> bool:
    """Whether the newest that is on record has it as kept, or says nothing of that."""
    newest = _newest(known, subject)
    return newest is None or newest.terms is not None


def _otherwise(known: MaintenanceRecord, state: ItemState) -> bool:
    """Whether the settings are another than what is on record of them."""
    newest = _newest(known, state.subject)
    if state.terms is None or newest is None or newest.terms != state.terms:
        return state.terms is not None
    named = [rule for rule in known.rules[state.subject] if rule.title]
    said = max(named, key=lambda rule: rule.recorded_at, default=None)
    return said is None or (said.title, said.kind, said.owner) != (state.title, state.kind, state.owner)


def _sentence(kept: Sequence[ItemState], gone: Sequence[Subject]) -> str:
    told = []
    if kept:
        names = list(dict.fromkeys(state.subject.name for state in kept))
        told.append(f"by which rules dated promises are kept: {_named(names)}")
    if gone:
        told.append(
            f"kept no longer by the settings: {_named([f'{one.name} ({place_of(one)})' for one in gone])}"
        )
    return "; ".join(told)


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
