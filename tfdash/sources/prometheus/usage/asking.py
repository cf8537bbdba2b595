"""Asks for what is used, two questions at a time for all who ask the same server, and counts what that costs.

An answer that the server itself calls incomplete is none: it is added up, kept for weeks, and what it lacks is taken for what is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfdash.process import in_thread
from tfdash.sources.prometheus.answer import Row
from tfdash.sources.prometheus.usage.queries import RangeQuery

if TYPE_CHECKING:
    from tfdash.sources.prometheus.client import Client

IN_FLIGHT = 2
_LONGEST_REST = 2.0  # seconds


class Asking:
    """``connect`` makes one client, in a thread; ``slots`` are shared by those who ask one server; ``rests``: as long after each
    answer as it took."""

    def __init__(self, connect: Callable[[], Client], slots: asyncio.Semaphore, *, rests: bool) -> None:
        self._connect, self._slots, self._rests = connect, slots, rests
        self._free: list[Client] = []
        self.queries, self.samples, self.seconds = 0, 0, 0.0

    @property
    def cost(self) -> str:
        return f"{self.queries:,} queries, {self.samples:,} samples, {self.seconds:.1f} s"

    async def ask(self, query: RangeQuery) -> list[Row]:
        """One answer. Raises what ``Client`` does."""
        async with self._slots:
            began = time.monotonic()
            try:
                rows = await in_thread(lambda: self._with_client(query))
            finally:
                took = time.monotonic() - began
                self.queries += 1
                self.seconds += took
                if self._rests:
                    await asyncio.sleep(min(_LONGEST_REST, took))
            self.samples += sum(len(row.values) or 1 for row in rows)
            return rows

    def _with_client(self, query: RangeQuery) -> list[Row]:
        try:
            client = self._free.pop()
        except IndexError:  # asked before, another thread might take the last one
            client = self._connect()
        try:
            if query.step:
                rows, lacks = client.query_range(query.text, query.begin, query.end, query.step)
            else:
                rows, lacks = client.query(query.text, query.end, "vector")
        except BaseException:
            client.close()
            raise
        self._free.append(client)
        if lacks:
            from tfdash.sources.prometheus.failing import PartOnly

            raise PartOnly(lacks)
        return rows
