"""Tells other terminals which clusters this one reaches, while anybody does not reach them: nothing is written of a platform that answers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import EntryKind, TerminalView
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes.control_plane import answers
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.procedures.proposals import LATELY
from tfdash.sources.base import SourceBoard
from tfdash.store.ledger import Store
from tfdash.store.log.view_facts import data_of_views

log = logging.getLogger(__name__)
_EVERY = 5.0  # seconds between two looks
AGAIN = 45.0
"""Seconds after which the same is said again: before what was said stops to count."""
SURE = 30.0
"""Seconds for which a cluster does not answer before that is told."""


class ViewRecorder:
    def __init__(self, store: Store, machine: str = "") -> None:
        self._store, self._machine = store, machine or socket.gethostname()

    async def run(self, board: SourceBoard) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(board)
            except LedgerUnavailable as error:
                log.warning("what this terminal reaches is not recorded: %s", error)
            await asyncio.sleep(_EVERY)

    async def look(self, board: SourceBoard) -> None:
        """Raises ``LedgerUnavailable``."""
        told = self._store.projection.views.told()
        new = [one for one in self._reached(board) if self._is_news(*one, told)]
        if not new:
            return
        words = [f"{'reaches' if reaches else 'does not reach'} {ref.cluster}" for ref, reaches in new]
        await self._store.append(
            EntryKind.NOTE,
            actor="tfdash",
            sentence=f"this terminal {', '.join(words)}",
            data=data_of_views(self._machine, new),
        )

    def _reached(self, board: SourceBoard) -> Iterator[tuple[ClusterRef, bool]]:
        now = self._store.clock.now()
        for ref, cluster in board.picture.clusters.items():
            case = ProbeCase(
                arguments={}, cluster=ref, picture=board.picture, assessment=board.assessment, now=now
            )
            found = answers(ProbeLook(case))
            since = cluster.info.problem.since if cluster.info.problem is not None else now
            if found is True or (found is False and now - since >= SURE):
                yield ref, found

    def _is_news(self, ref: ClusterRef, reaches: bool, told: tuple[TerminalView, ...]) -> bool:
        now, mine = self._store.clock.now(), self._store.terminal
        about = [one for one in told if one.cluster == ref]
        last = next((one for one in about if one.terminal == mine), None)
        if last is not None and last.reaches is reaches and now - last.at < AGAIN:
            return False
        if not reaches:
            return True
        lately = [one for one in about if not one.reaches and now - one.at < LATELY]
        return bool(lately) or (last is not None and not last.reaches)
