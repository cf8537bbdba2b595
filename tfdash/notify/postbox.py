"""The queue of messages as the board's loop uses it: each call on a thread of its own with a deadline, and what is known without asking."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.clock import Clock
from tfdash.notify.outbox import Outbox, QueuedMessage, outbox_at
from tfdash.store.log.data_dir import prepare
from tfdash.store.log.durable_file import cause
from tfdash.store.log.thread import StoreThread

T = TypeVar("T")
_REMEMBERED = 7 * 86_400.0  # seconds for which what ended is known without asking


class Postbox:
    """``folder``: of the store; ``homes``: of the channels that are configured here. ``aside``: where a queue lies that was damaged."""

    def __init__(self, folder: Path, homes: Iterable[str], clock: Clock, *, deadline: float) -> None:
        self.path = outbox_at(folder)
        self._homes, self._clock = tuple(homes), clock
        self._thread = StoreThread(deadline)
        self._box: Outbox | None = None
        self._seen = -1
        self._known: dict[str, dict[str, QueuedMessage]] = {}  # by key, by home
        self._news = asyncio.Event()
        self.aside: Path | None = None

    async def call(self, work: Callable[[Outbox], T], what: str) -> T:
        """Raises ``LedgerUnavailable``."""

        def done() -> T:
            try:
                return work(self._opened())
            except sqlite3.Error as error:
                raise LedgerUnavailable(f"{self.path}: {cause(error)}") from None

        return await self._thread.call(done, what)

    def _opened(self) -> Outbox:
        if self._box is None:
            prepare(self.path.parent)
            self._box = Outbox(self.path, self._clock.now())
            self.aside = self._box.aside
        return self._box

    async def refresh(self) -> None:
        """What other terminals changed. Raises ``LedgerUnavailable``."""
        since = self._clock.now() - _REMEMBERED

        def read(box: Outbox) -> list[QueuedMessage] | None:
            seen = box.changed()
            if seen == self._seen:
                return None
            self._seen = seen
            return box.of(self._homes, ended_since=since)

        found = await self.call(read, "reading the queue of messages")
        if found is not None:
            self._known = {}
            self.learn(found)

    async def add(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        """See ``Outbox.add``."""
        found = await self.call(lambda box: box.add(messages), "queueing a message")
        self.learn(found)
        return found

    async def put(self, message: QueuedMessage) -> None:
        await self.call(lambda box: box.put(message), "writing down what became of a message")
        self.learn([message])

    def learn(self, messages: Iterable[QueuedMessage]) -> None:
        for message in messages:
            self._known.setdefault(message.key, {})[message.home] = message
        self._news.set()

    async def until(self, true: Callable[[], bool], patience: float) -> None:
        """Return when it is true, or after ``patience`` seconds. Looked at whenever something is learned."""
        try:
            async with asyncio.timeout(patience):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass

    def known(self, key: str) -> Sequence[QueuedMessage]:
        """What came of it, by what was read last. No I/O."""
        return tuple(self._known.get(key, {}).values())

    @property
    def waiting(self) -> int:
        """How many wait, by what was read last. No I/O."""
        return sum(message.open for each in self._known.values() for message in each.values())

    def close(self) -> None:
        box, self._box = self._box, None
        if box is not None:
            self._thread.submit(box.close)
        self._thread.stop()
