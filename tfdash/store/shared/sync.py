"""Delivers this terminal's entries to the shared store and fetches those of others.

A notification is only a hint to look; the truth is a cursor for each terminal. What does not fit the chain that was
fetched so far is not taken in, and said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.log import data_dir
from tfdash.store.log.anchors import SHARED
from tfdash.store.log.canonical import GENESIS, UnreadableEntry, decode, digest, read_header
from tfdash.store.log.encryption import close_up
from tfdash.store.log.local_file import LocalFile
from tfdash.store.shared.shared_store import SharedStore
from tfdash.store.store_source import StoreSource

log = logging.getLogger(__name__)
POLL = 5.0
BATCH = 100
BATCH_BYTES = 1 << 20
Row = tuple[str, int, bytes, str, str]


class Sync:
    """See the module. ``key``: seals templates for the people who share it; b"": templates are not shared."""

    def __init__(self, shared: SharedStore, *, key: bytes, poll: float = POLL) -> None:
        self.shared, self.key, self.poll = shared, key, poll
        self.problem = self.away = ""  # what is wrong; and of that, why it was not reached
        self.looked = False  # it answered once, or was seen not to
        self._wake = asyncio.Event()
        self._heads: dict[str, tuple[int, str]] = {}  # of others, as fetched
        self._broken: dict[str, str] = {}
        self._cut: dict[str, str] = {}  # of which the shared store holds less than it did
        self._bodies_sent: set[str] = set()
        self._delivering = asyncio.Lock()

    def wake(self) -> None:
        self._wake.set()

    async def run(self, source: StoreSource) -> None:
        """Until it is cancelled; the connections are given up then, and not left to a loop that is closed."""
        try:
            await self._run(source)
        finally:
            await self.shared.close()

    async def _run(self, source: StoreSource) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            wait = 0.5
            while True:
                await asyncio.sleep(0.05)  # a burst of entries is delivered together
                self._wake.clear()
                try:
                    await self.once(source)
                    self._told(source)
                    wait = 0.5
                except LedgerUnavailable as error:
                    self.problem = self.away = str(error)
                    await source.look_at_health()
                    self._told(source)
                    wait = min(wait * 2, 30.0)
                    await self._woken(wait)
                    await asyncio.sleep(min(wait, 2.0))
                    continue
                await source.look_at_health()
                await self._woken(self.poll)

    def _told(self, source: StoreSource) -> None:
        if not self.looked:
            self.looked = True
            source.store.refreshed()  # those who wait for it need not until the next tick

    async def _woken(self, longest: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._wake.wait()

    async def _listen(self) -> None:
        wait = 1.0
        while True:
            try:
                async for _ in self.shared.listen():
                    wait = 1.0
                    self._wake.set()
            except LedgerUnavailable:
                pass
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)

    async def once(self, source: StoreSource) -> None:
        """Deliver, then fetch. Raises ``LedgerUnavailable`` where the shared store does not answer."""
        if source.acting:
            await self.deliver(source)
        await self.fetch(source)
        source.store.projection.login = self.shared.role
        await self._templates(source)
        await source.store.look_at_approvals()
        self.away = ""
        told = sorted((self._cut | self._broken).items())
        self.problem = "; ".join(f"{terminal}: {why}" for terminal, why in told)

    # -- out ----------------------------------------------------------------------------------------------------

    async def deliver(self, source: StoreSource) -> None:
        """Everything of this file, then what terminals that ended left behind."""
        recorder = source.store.recorder
        with suppress(LedgerUnavailable):
            await recorder.on_file(lambda f: None, "opening")
        if recorder.file is None:
            return

        async def on_own(work: Callable[..., Any]) -> Any:
            return await recorder.on_file(work, "the outbox")

        async with self._delivering:
            await self._drain(source, on_own, rotate=True)
            for number in source.other_numbers():
                await self._drain_left(source, number)

    async def _drain_left(self, source: StoreSource, number: int) -> None:
        recorder = source.store.recorder

        def adopt() -> LocalFile | None:
            slot = data_dir.try_slot(source.folder, number)
            if slot is None:
                return None
            try:
                file = LocalFile(slot, recorder.redact, adopt=True)
            except BaseException:
                data_dir.release(slot)
                raise
            if file.behind(SHARED) == 0:
                file.close()
                return None
            return file

        file = await recorder.thread.call(adopt, "looking into the outbox of a terminal that ended")
        if file is None:
            return
        left = file

        async def on_left(work: Callable[..., Any]) -> Any:
            return await recorder.thread.call(lambda: work(left), "the outbox of a terminal that ended")

        try:
            await self._drain(source, on_left, rotate=False)
        finally:
            recorder.thread.submit(left.close)

    async def _drain(
        self, source: StoreSource, on: Callable[[Callable[..., Any]], Awaitable[Any]], *, rotate: bool
    ) -> None:
        skip: set[str] = set()
        rewound: set[str] = set()
        now = source.store.clock.now()
        while True:
            pending = await on(lambda f: f.pending(SHARED, BATCH, tuple(skip)))
            if not pending:
                return
            pending = _within(pending, BATCH_BYTES)
            puts = await self.shared.put([(raw, hash) for _, _, raw, hash in pending])
            acknowledged: dict[str, tuple[int, str]] = {}
            for (terminal, sequence, _, hash), put in zip(pending, puts, strict=True):
                if terminal in skip:
                    continue
                if put.status in ("taken", "known"):
                    acknowledged[terminal] = (sequence, hash)
                elif put.status == "gap" and terminal not in rewound:  # it was put back to an older state
                    rewound.add(terminal)
                    await on(lambda f, t=terminal, h=put.head: f.rewind(t, SHARED, h))
                    break
                else:
                    skip.add(terminal)
                    await self._forked(source, terminal, sequence, put.status, rotate)
            for terminal, (sequence, hash) in acknowledged.items():
                await on(lambda f, t=terminal, s=sequence, h=hash: f.acknowledge(t, s, h, SHARED, now))

    async def _forked(
        self, source: StoreSource, terminal: str, sequence: int, status: str, rotate: bool
    ) -> None:
        recorder = source.store.recorder
        why = f"the log was forked: the shared store holds another entry {sequence} of this chain"
        if status == "gap":
            why = f"entries before {sequence} are missing both here and in the shared store"
        if terminal not in self._broken:
            log.error("%s: %s", terminal, why)
        self._broken[terminal] = why
        if rotate and terminal == recorder.terminal:

            def work(file: LocalFile) -> None:
                file.rotate("forked", why)
                for noted in file.drafts(source.store.clock.now()):
                    file.append(noted)
                recorder.terminal = file.terminal

            await recorder.on_file(work, "beginning a new chain")

    async def _templates(self, source: StoreSource) -> None:
        """Templates travel only sealed with a key that people share."""
        if not self.key:
            return
        store = source.store
        wanted = [d for d in store.projection.template_digests() if d not in store.bodies]
        if wanted:
            store.take_bodies(await self.shared.bodies(wanted), (self.key,))
        for found in set(store.projection.template_digests()) & set(store.bodies) - self._bodies_sent:
            if source.acting:
                await self.shared.put_body(found, close_up(self.key, store.bodies[found]))
            self._bodies_sent.add(found)

    # -- in -----------------------------------------------------------------------------------------------------

    async def fetch(self, source: StoreSource) -> None:
        recorder = source.store.recorder
        kept: dict[str, tuple[int, str]] = {}
        own: set[str] = set()
        if recorder.file is not None:
            try:
                kept, own = await recorder.on_file(lambda f: (f.other_heads(), f.own_terminals()), "cursors")
            except LedgerUnavailable:
                kept, own = {}, set()
        heads = await self.shared.heads()
        if recorder.file is not None and source.acting:
            await self._put_back(source, {terminal: head for terminal, (head, _) in heads.items()})
        for terminal, (head, _) in heads.items():
            if terminal in own:
                continue
            sequence, hash = max(self._heads.get(terminal, (0, GENESIS)), kept.get(terminal, (0, GENESIS)))
            if head < sequence:
                self._cut[terminal] = (
                    f"the shared store holds it up to {head} only, and we hold {sequence}: its tail was cut"
                )
                continue
            if self._cut.pop(terminal, ""):  # delivered again, as we have it?
                again = await self.shared.after(terminal, sequence - 1)
                if not again or again[0][3] != hash:
                    self._broken[terminal] = f"entry {sequence} is another one than we hold"
                    continue
            while sequence < head:
                rows = await self.shared.after(terminal, sequence)
                good, why = chained(rows, sequence, hash)
                if good:
                    sequence, hash = good[-1][1], good[-1][3]
                    self._heads[terminal] = (sequence, hash)
                    await self._take(source, good)
                if why:
                    self._broken[terminal] = why
                if why or not rows:
                    break

    async def _put_back(self, source: StoreSource, heads: dict[str, int]) -> None:
        """What the shared store acknowledged and holds no more is due again: it was put back to an older state."""

        def rewind(file: LocalFile) -> bool:
            lost = {
                t: heads.get(t, 0) for t, held in file.acknowledged(SHARED).items() if heads.get(t, 0) < held
            }
            for terminal, head in lost.items():
                file.rewind(terminal, SHARED, head)
            return bool(lost)

        with suppress(LedgerUnavailable):
            if await source.store.recorder.on_file(rewind, "what the shared store holds no more"):
                log.warning("the shared store was put back to an older state; it gets what it lacks again")
                self.wake()

    async def _take(self, source: StoreSource, rows: list[Row]) -> None:
        if source.store.recorder.file is not None:
            with suppress(LedgerUnavailable):  # a full disk here does not hide what others do
                await source.store.recorder.on_file(
                    lambda f: f.take_others(rows), "keeping what others recorded"
                )
        entries = []
        for _, _, raw, hash, written_by in rows:
            with suppress(UnreadableEntry):
                entries.append((decode(raw, hash), written_by))
        source.apply(entries)


def _within(rows: list[Any], most: int) -> list[Any]:
    """The first rows whose bytes are so many at most, and one at least."""
    kept: list[Any] = []
    size = 0
    for row in rows:
        size += len(row[2])
        if kept and size > most:
            break
        kept.append(row)
    return kept


def chained(rows: list[Row], sequence: int, hash: str) -> tuple[list[Row], str]:
    """The rows that follow on ``sequence`` and ``hash``, and what is wrong with the first that does not, "" for none."""
    good: list[Row] = []
    for row in rows:
        terminal, number, raw, stored, _ = row
        try:
            header = read_header(raw)
        except UnreadableEntry as error:
            return good, f"entry {number} was forged: {error}"
        if digest(raw) != stored:
            return good, f"entry {number} was changed: its hash is not that of its bytes"
        if header.terminal != terminal or header.sequence != number or number != sequence + 1:
            return good, f"entry {number} does not follow on {sequence}"
        if header.previous != hash:
            return good, f"entry {number} was forged: it does not continue entry {sequence}"
        good.append(row)
        sequence, hash = number, stored
    return good, ""
