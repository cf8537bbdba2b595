"""Keeps the board's facts current: from this terminal's file, its local peers', and the shared store."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.assessment import Assessment
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.store_state import Entry, EntryKind, StoreHealth, StoreState
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.store.approvals.break_glass import ended
from tfdash.store.evidence_recorder import EvidenceRecorder
from tfdash.store.handing_on import Anchoring, HandingOn
from tfdash.store.ledger import Store
from tfdash.store.local_reading import LocalReading
from tfdash.store.log.anchors import SHARED
from tfdash.store.log.draft import EntryDraft
from tfdash.store.log.local_file import LocalFile
from tfdash.store.rules_recorder import RulesRecorder
from tfdash.store.version_recorder import VersionRecorder, watched
from tfdash.store.view_recorder import ViewRecorder

log = logging.getLogger(__name__)
TICK = 2.0
_SHOWN_EVERY = 20.0  # seconds: a status that only grew younger is not told with each look


class Syncing(Protocol):
    """The way to and from the shared store."""

    problem: str
    looked: bool

    async def run(self, source: StoreSource) -> None: ...

    def wake(self) -> None:
        """There is something to deliver."""


class StoreSource:
    """``tfdash.sources.base.Source`` over a ``Store``. ``acting``: this terminal records, so it has a heartbeat too."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        acting: bool,
        sync: Syncing | None = None,
        heartbeat: float = 3600.0,
        anchoring: Anchoring | None = None,
        policy: str = "",
        keys: tuple[bytes, ...] = (),
    ) -> None:
        self.store, self.acting, self.sync = store, acting, sync
        self.folder, self._heartbeat, self._policy, self.keys = folder, heartbeat, policy, keys
        self.handing_on = HandingOn(store, anchoring or Anchoring())
        self._dirty: asyncio.Event | None = None
        self._told: StoreState | None = None
        self._loaded = self._synced = False
        self._status: Observation[SourceInfo] | None = None
        self._looked_at: float | None = None
        self._slow_look = ""
        self._files = LocalReading(
            store,
            folder,
            acting=acting,
            anchors=None if acting else self.handing_on.to.file,
            apply=self.apply,
            take=self._take,
        )

    id = "store"

    @property
    def status(self) -> Observation[SourceInfo]:
        """Both the files and the shared store, as they were found last; local trouble goes first, that of its anchors last. A
        terminal that only reads has no file, which is no trouble; those of others that it cannot read are."""
        health = self.store.health
        anchoring = (
            self.handing_on.problem and f"the head of the log was not handed on: {self.handing_on.problem}"
        )
        trouble = (health.local if self.acting else "") or self._files.unread or health.shared or anchoring
        about = [
            health.path if self.acting else "read here, not written",
            "with the shared store" if health.shared_configured else "",
        ]
        about += [f"{health.behind:,} not delivered yet"] if health.behind else []
        about += ["entries were lost: tfdash audit verify"] if self.store.projection.losses else []
        problem = Problem(kind=ProblemKind.UNREACHABLE, cause=trouble) if trouble else None
        return Observation(
            value=SourceInfo(name="store", about=" · ".join(part for part in about if part)),
            source="store",
            observed_at=self._looked_at if self._proven else None,
            problem=problem,
            progress=None if self._proven else ListProgress(self._files.count, None),
            complete=self._proven,
        )

    @property
    def _proven(self) -> bool:
        """Whether all was read once, and this terminal's own file walked to its end."""
        return self._looked_at is not None and self._read_once

    @property
    def _read_once(self) -> bool:
        return self._files.read_once and self._shared_looked

    @property
    def _shared_looked(self) -> bool:
        return self.sync is None or self.sync.looked

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Until it was read once: a person's decision may stand there."""
        status = picture.sources.get(self.id)
        return () if status is not None and status.complete else ("the store",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        await board.until(lambda: not self.unsettled(board.picture, board.assessment), PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        """Until cancelled."""
        try:
            await self._run(board)
        finally:
            self._files.close()

    async def _run(self, board: SourceBoard) -> None:
        store = self.store
        self._dirty = asyncio.Event()
        store.changed, store.refreshed = self._mark, self._dirty.set
        await self._remember()
        await self._look_at_health()
        self._publish(board)  # what this terminal did itself; that it is not proven yet, its status says
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick(board))
            group.create_task(self._walk_own())
            if self.sync is not None:
                group.create_task(self.sync.run(self))
            if self.acting:
                group.create_task(self._beat(board))
                group.create_task(VersionRecorder(self.store).run(board))
                group.create_task(ViewRecorder(self.store).run(board))
                group.create_task(EvidenceRecorder(self.store).run(board))
                group.create_task(RulesRecorder(self.store).run(board))
                if self.handing_on.wanted:
                    group.create_task(self.handing_on.run())
            while True:
                await self._dirty.wait()
                self._dirty.clear()
                self._publish(board)
                await asyncio.sleep(0.05)  # a burst of entries is one change

    def other_numbers(self) -> list[int]:
        """The places of this user's other terminals."""
        return self._files.numbers()

    def _mark(self) -> None:
        if self._dirty is not None:
            self._dirty.set()
        if self.sync is not None:
            self.sync.wake()

    def _publish(self, board: SourceBoard) -> None:
        facts = self.store.state()
        if facts != self._told:
            self._told = facts
            board.put_store_state(facts)
        status = self.status
        if self._status is None or _says_more(self._status, status):
            self._status = status
            board.put_status(self.id, status)

    def apply(self, entries: list[tuple[Entry, str]]) -> None:
        """What others recorded, each with the login that the shared store stamped, "" for what lies in this user's files."""
        for entry, written_by in entries:
            self.store.projection.apply(entry, written_by)
        if entries and self._dirty is not None:
            self._dirty.set()

    # -- start --------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read all that lies in files."""
        await self._remember()
        await self._files.look()
        await self.look_at_health()

    async def _remember(self) -> None:
        """Read what this terminal's file remembers, find what is unsettled, and end what a restart ends."""
        store = self.store
        if not self.acting:
            return

        def about(file: LocalFile) -> tuple[set[str], int, dict[str, bytes]]:
            return file.own_terminals(), file.opened_at, file.all_bodies()

        what = "reading what is remembered"
        try:
            async for piece in store.recorder.pieces(LocalFile.remembered, what):
                self.apply(piece)
            own, opened_at, sealed = await store.recorder.on_file(about, what)
        except LedgerUnavailable as error:
            store.recorder.local_problem = self._slow_look = str(error)
            return
        self._take(sealed)
        store.own_terminals = frozenset(own)
        if not self._loaded:
            unsettled = (intent for intent, _ in store.projection.unverified())
            store.before = frozenset(
                e.intent
                for e in (*store.projection.open_intents(), *unsettled)
                if e.terminal in own and (e.terminal != store.terminal or e.sequence <= opened_at)
            )
            await self._end_old_break_glass()
        self._loaded = True

    async def _walk_own(self) -> None:
        """To its end, whatever stops it meanwhile: a disk that does not answer, a file that cannot be opened yet."""
        while not self._files.walked:
            try:
                if not self._loaded:
                    raise LedgerUnavailable("it was not opened yet")
                await self._files.walk()
            except LedgerUnavailable:
                await asyncio.sleep(TICK)
            if self._files.walked:
                await self._look_at_health()
            self.store.refreshed()

    async def _end_old_break_glass(self) -> None:
        store = self.store
        now = store.clock.now()
        for identifier, glass in store.projection.break_glass_of(""):
            ours = store.own_break_glass.active(glass.environment, glass.by)
            if glass.terminal in store.own_terminals and glass.until > now and not ours:
                try:
                    await store.record(
                        ended(identifier, glass.environment, "tfdash", "the terminal was started anew", now)
                    )
                except LedgerUnavailable:
                    log.warning("break-glass of %s ended with the restart, unrecorded", glass.environment)

    def _take(self, sealed: dict[str, bytes]) -> None:
        self.store.take_bodies(sealed, self.keys)

    # -- now and then -------------------------------------------------------------------------------------------

    async def _who_are_we(self, board: SourceBoard) -> None:
        """Break-glass of somebody whom no cluster of its environment takes us for any more is over."""
        for glass in self.store.own_break_glass.all():
            users = {
                cluster.info.value.user
                for ref, cluster in board.picture.clusters.items()
                if ref.environment == glass.environment
                and cluster.info.value is not None
                and cluster.info.value.user
            }
            if users and glass.actor not in users:
                await self.store.identity_is(sorted(users)[0])

    async def _tick(self, board: SourceBoard) -> None:
        count = 0
        while True:
            if self.acting and not self._loaded and count % 15 == 14:
                await self._remember()
            await self._files.look()
            try:
                await self._who_are_we(board)
                await self.store.watch_break_glass()
            except LedgerUnavailable:
                log.warning("break-glass is over; it could not be recorded")
            approvals = self.store.approvals
            if approvals is not None and count % max(1, round(approvals.every / TICK)) == 0:
                await self.store.look_at_approvals()
            await self.look_at_health()
            if self._dirty is not None:
                self._dirty.set()  # time alone changes what is active
            await asyncio.sleep(TICK)
            count += 1

    async def look_at_health(self) -> None:
        await self._look_at_health()
        if not (self.acting and self.store.recorder.local_problem):
            self._looked_at = self.store.clock.now()

    async def _look_at_health(self) -> None:
        store, recorder = self.store, self.store.recorder
        behind = proven = 0
        path = ""
        if self.acting and recorder.file is not None:

            def look(file: LocalFile) -> tuple[int, int, str]:
                shared = file.behind(SHARED) if self.sync is not None else 0
                return shared, file.anchored(file.terminal), str(file.path)

            try:
                behind, proven, path = await recorder.on_file(look, "looking at the outbox")
            except LedgerUnavailable as error:
                recorder.local_problem = self._slow_look = str(error)
            else:  # the disk answers again; that an entry could not be written stays until one is
                if self._loaded and recorder.local_problem == self._slow_look:
                    recorder.local_problem = ""
                if self._loaded:
                    self._slow_look = ""
        shared = ""
        if self.sync is not None and self.sync.problem:
            shared = self.sync.problem
            if behind:
                shared += (
                    f"; others cannot see it yet: {behind} {'entry' if behind == 1 else 'entries'} behind"
                )
        self._synced = self._synced or (self._shared_looked and not shared)
        unread = self._files.unread or (recorder.local_problem if self.acting and not self._loaded else "")
        unread = unread or ("" if self._synced else shared)
        store.health = StoreHealth(
            path=path,
            terminal=store.terminal,
            local=recorder.local_problem,
            shared=shared,
            broken=self._files.broken,
            walked=self._files.walked,
            read=bool(unread) or self._read_once,
            unread=unread,
            shared_configured=self.sync is not None,
            behind=behind,
            proven_to=proven,
            stamps=store.approvals.stamped_by if store.approvals is not None else "",
        )

    async def _beat(self, board: SourceBoard) -> None:
        """An entry now and then, so that silence and deletion are not the same; first of all which policy holds."""
        if self._policy:
            await self._try(
                EntryKind.POLICY,
                f"the policy in force has the digest {self._policy}",
                {"policy": self._policy},
            )
        while True:
            await asyncio.sleep(self._heartbeat)
            await self._try(EntryKind.HEARTBEAT, "still here", watched(self.store, board))

    async def _try(self, kind: EntryKind, sentence: str, data: dict[str, Any]) -> None:
        try:
            await self.store.record(
                EntryDraft(kind=kind, at=self.store.clock.now(), actor="tfdash", sentence=sentence, data=data)
            )
        except LedgerUnavailable as error:
            log.warning("%s is not recorded: %s", kind.value, error)


def _says_more(before: Observation[SourceInfo], after: Observation[SourceInfo]) -> bool:
    """Whether it differs but for a few seconds of age."""
    if msgspec.structs.replace(before, observed_at=after.observed_at) != after:
        return True
    return (after.observed_at or 0.0) - (before.observed_at or 0.0) >= _SHOWN_EVERY
