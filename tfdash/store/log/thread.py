"""The one thread that touches the local file. Whoever calls waits no longer than the deadline, whatever the disk does."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Any, TypeVar

from tfdash.actions.core.protocols import LedgerUnavailable

T = TypeVar("T")


class Ticket:
    """Whether whoever asked still waits. Taken by the thread right before a commit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = self._committing = False

    def leave(self) -> bool:
        """The caller gives up; False where the commit began already, so that it may be on the disk all the same."""
        with self._lock:
            self._left = True
            return not self._committing

    def abandoned(self) -> bool:
        """Asked once, by the thread, before it commits."""
        with self._lock:
            self._committing = not self._left
            return self._left

    @property
    def left(self) -> bool:
        with self._lock:
            return self._left


class StoreThread:
    """Runs one piece of work after the other. A daemon: a hung disk cannot hold the exit."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tfdash-store", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            work, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # it belongs to whoever asked
                future.set_exception(error)

    def submit(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    async def call(self, work: Callable[[], T], what: str, ticket: Ticket | None = None) -> T:
        """Its result. Raises what it raises, and ``LedgerUnavailable`` after the deadline."""
        future = self.submit(work)
        try:
            async with asyncio.timeout(self.deadline):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if ticket is not None:
                ticket.leave()
            raise LedgerUnavailable(f"the disk did not answer within {self.deadline:g} s: {what}") from None
        except asyncio.CancelledError:
            if ticket is not None:
                ticket.leave()
            raise

    async def pieces(self, begin: Callable[[], Iterator[T]], what: str) -> AsyncIterator[T]:
        """What it gives one after the other, each with the deadline to itself: that measures the disk, and not how much there
        is to read. Raises as ``call`` does."""
        more = await self.call(begin, what)
        while (found := await self.call(lambda: list(islice(more, 1)), what)) != []:
            yield found[0]

    def stop(self) -> None:
        self._queue.put(None)

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)
