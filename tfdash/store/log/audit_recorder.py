"""Records entries so that they are durable when the call returns: in this terminal's file, or else in the shared store.

The local file comes first. Where it cannot (full, read-only, hung, on a network file system), the entry goes straight to the
shared store in a chain of its own, ``TERMINAL-d...``; only where neither acknowledges is the ledger unavailable.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.action import Result
from tfdash.model.store_state import Entry, EntryKind
from tfdash.store.log import data_dir
from tfdash.store.log.canonical import GENESIS
from tfdash.store.log.draft import EntryDraft
from tfdash.store.log.durable_file import cause
from tfdash.store.log.local_file import Abandoned, LocalFile
from tfdash.store.log.redact import Redactor
from tfdash.store.log.thread import StoreThread, Ticket

T = TypeVar("T")


class Put(msgspec.Struct, frozen=True):
    """What the shared store did with one entry: "taken", "known", "gap" or "fork"; ``head`` is the chain's last sequence."""

    status: str
    head: int


class EntrySink(Protocol):
    """A shared store, as the recorder needs it."""

    async def put(self, rows: Sequence[tuple[bytes, str]]) -> list[Put]:
        """Insert (bytes, hash), in order. Raises ``LedgerUnavailable``."""

    async def ping(self) -> None:
        """Raises ``LedgerUnavailable`` where nothing could be put."""

    async def newest(self, count: int) -> list[tuple[str, int, bytes, str, str]]:
        """(terminal, sequence, bytes, hash, written by) of what came last. Raises ``LedgerUnavailable``."""


class AuditRecorder:
    """See the module. ``folder`` None: there is no local file and never will be (a read-only terminal)."""

    def __init__(
        self,
        folder: Path | None,
        redact: Redactor,
        now: Callable[[], float],
        *,
        name: str,
        deadline: float,
        sink: EntrySink | None = None,
        refused: str = "",
    ) -> None:
        self._folder, self.redact, self._now, self._name = folder, redact, now, name
        self.thread = StoreThread(deadline)
        self.sink = sink
        self.file: LocalFile | None = None
        self.local_problem = refused
        self._refused = refused
        self._direct: tuple[str, int, str] | None = None
        self._direct_lock: asyncio.Lock | None = None
        self.terminal = f"{name}-{secrets.token_hex(6)}"  # until the file says what it is
        self._said = 0

    # -- the file -----------------------------------------------------------------------------------------------

    def open_now(self) -> list[EntryDraft]:
        """On the store's thread: take a place, open the file. Returns what it wants noted. Raises ``LedgerUnavailable``."""
        if self._folder is None:
            raise LedgerUnavailable(self._refused or "this terminal records nothing")
        if self.file is None:
            data_dir.prepare(self._folder)
            slot = data_dir.take_slot(self._folder)
            try:
                self.file = LocalFile(slot, self.redact, name=self._name, now=self._now())
            except BaseException:
                data_dir.release(slot)
                raise
        self.terminal = self.file.terminal
        return self.file.drafts(self._now())

    def _opened(self) -> LocalFile:
        if self.file is None:
            for note in self.open_now():
                assert self.file is not None
                self.file.append(note)
        assert self.file is not None
        return self.file

    async def on_file(self, work: Callable[[LocalFile], T], what: str) -> T:
        """Do something with the local file, on its thread. Raises ``LedgerUnavailable``."""

        def on_thread() -> T:
            file = self._opened()
            try:
                return work(file)
            except sqlite3.Error as error:
                raise LedgerUnavailable(f"{file.path}: {cause(error)}") from None

        return await self.thread.call(on_thread, what)

    async def pieces(self, begin: Callable[[LocalFile], Iterator[T]], what: str) -> AsyncIterator[T]:
        """What it reads of the local file, piece by piece (``StoreThread.pieces``). Raises ``LedgerUnavailable``."""
        file = await self.on_file(lambda file: file, what)
        try:
            async for piece in self.thread.pieces(lambda: begin(file), what):
                yield piece
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"{file.path}: {cause(error)}") from None

    # -- recording ----------------------------------------------------------------------------------------------

    async def record(self, draft: EntryDraft) -> Entry:
        """Durable when it returns. Raises ``LedgerUnavailable`` where no sink acknowledged."""
        ticket = Ticket()
        try:
            entry = await self.thread.call(lambda: self._record_local(draft, ticket), "recording", ticket)
        except (LedgerUnavailable, Abandoned) as error:
            self.local_problem = str(error) or "the disk did not answer in time"
            return await self._record_direct(draft)
        self.local_problem = ""
        return entry

    async def record_all(self, drafts: Sequence[EntryDraft]) -> list[Entry]:
        """All of them or none, in the local file alone: what was said before, and by nobody who waits. Raises ``LedgerUnavailable``."""

        def append(file: LocalFile) -> list[Entry]:
            entries = file.append_all(drafts)
            self.terminal = file.terminal
            return entries

        return await self.on_file(append, "recording")

    async def record_many(self, drafts: Sequence[EntryDraft]) -> list[Entry]:
        """As ``record_all``; where the file takes none, one by one, as the shared store may take them. Raises ``LedgerUnavailable``."""
        try:
            return await self.record_all(drafts)
        except LedgerUnavailable:
            return [await self.record(draft) for draft in drafts]

    def _record_local(self, draft: EntryDraft, ticket: Ticket) -> Entry:
        file = self._opened()
        entry = file.append(draft, ticket.abandoned)
        self.terminal = file.terminal
        if ticket.left and entry.kind is EntryKind.INTENT:  # whoever asked was told that it is not recorded
            file.append(
                EntryDraft(
                    kind=EntryKind.OUTCOME,
                    at=self._now(),
                    actor="tfdash",
                    intent=entry.intent,
                    target=entry.target,
                    environment=entry.environment,
                    cluster=entry.cluster,
                    action=entry.action,
                    sentence="the disk answered too late: nothing was sent under this intent",
                    data={"result": Result.NOT_APPLIED.value, "late": True},
                )
            )
        return entry

    async def _record_direct(self, draft: EntryDraft) -> Entry:
        """Straight to the shared store, in a chain that is begun anew whenever it is not known how far it came."""
        if self.sink is None:
            raise LedgerUnavailable(f"{self.local_problem}; no shared store is configured")
        if self._direct_lock is None:
            self._direct_lock = asyncio.Lock()
        async with self._direct_lock:
            if self._direct is None:
                self._direct = (f"{self.terminal}-d{secrets.token_hex(4)}", 0, GENESIS)
            terminal, sequence, head = self._direct
            self._direct = None
            entry, raw = draft.placed(terminal, sequence + 1, head, self.redact)
            try:
                (put,) = await self.sink.put([(raw, entry.hash)])
            except LedgerUnavailable as error:
                raise LedgerUnavailable(f"{self.local_problem}; the shared store: {error}") from None
            if put.status not in ("taken", "known"):
                raise LedgerUnavailable(
                    f"{self.local_problem}; the shared store refused the entry: {put.status}"
                )
            self._direct = (terminal, entry.sequence, entry.hash)
            return entry

    async def reserve(self, entries: int) -> None:
        """Room for so many entries, here, or else a shared store that takes them now. Raises ``LedgerUnavailable``."""
        try:
            await self.on_file(lambda file: file.reserve(entries), "keeping room")
        except LedgerUnavailable as error:
            self.local_problem = str(error)
            if self.sink is None:
                raise
            try:
                await self.sink.ping()
            except LedgerUnavailable as shared:
                raise LedgerUnavailable(f"{error}; the shared store: {shared}") from None
        else:
            self.local_problem = ""

    def close(self) -> None:
        """Let the file and its place go, once the thread has done what it was given."""

        def work() -> None:
            if self.file is not None:
                self.file.close()
                self.file = None

        self.thread.submit(work)
        self.thread.stop()
        self.thread.join(self.thread.deadline)
