"""Writes down which versions run where, when they become others, and which updates were planned. For how long they were watched the
heartbeat says, so that no more entries are written than there are anyway.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import EntryKind
from tfdash.model.versions import PlannedUpdate, VersionSighting
from tfdash.playbook.clocks import astray
from tfdash.sources.base import SourceBoard
from tfdash.store.ledger import Store
from tfdash.store.log.version_facts import data_of_versions, not_recorded

log = logging.getLogger(__name__)
_EVERY = 5.0  # seconds between two looks


def watched(store: Store, board: SourceBoard) -> dict[str, Any]:
    """What a heartbeat says of it: all that this terminal saw and no entry has."""
    versions = board.assessment.versions
    new = (
        ()
        if versions is None or astray(board.picture)
        else not_recorded(versions.seen, store.projection.versions.told().sightings)
    )
    return data_of_versions(new) if new else {}


class VersionRecorder:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, board: SourceBoard) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(board)
            except LedgerUnavailable as error:
                log.warning("which versions run is not recorded: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self, board: SourceBoard) -> None:
        """Write what has begun and is not recorded, and plans that are not, unless our clock is wrong: whoever set it back would have
        given notice long ago. Raises ``LedgerUnavailable``."""
        versions, facts = board.assessment.versions, self._store.projection.versions.told()
        if versions is None or astray(board.picture):
            return
        begun = [s for s in versions.seen if not _known(s, facts.sightings)]
        plans = [p for p in versions.plans if p.announced is None and not _announced(p, facts.announced)]
        if not (begun or plans):
            return
        said = [f"plans Kubernetes {p.version} for {p.environment} on {p.day}" for p in plans]
        said += sorted({f"{one.cluster.cluster} runs {', '.join(one.versions)}" for one in begun})
        # what went on meanwhile with it, so that a change has both its ends
        seen = not_recorded(versions.seen, facts.sightings) if begun else ()
        await self._store.append(
            EntryKind.NOTE, actor="tfdash", sentence="; ".join(said), data=data_of_versions(seen, plans)
        )


def _known(one: VersionSighting, recorded: Iterable[VersionSighting]) -> bool:
    """Whether its beginning lies in one that is recorded."""
    return any(
        k.cluster == one.cluster and k.versions == one.versions and k.since <= one.since <= k.until
        for k in recorded
    )


def _announced(plan: PlannedUpdate, announced: Iterable[PlannedUpdate]) -> bool:
    return any(
        (p.environment, p.version, p.day) == (plan.environment, plan.version, plan.day) for p in announced
    )
