"""The single reads of clusters, for those who are not on the board's loop: screens, planners, reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from tfdash.model.kubecluster import Event
from tfdash.model.requests import Document, LogLine, LogRequest, Managed
from tfdash.model.resources import Catalogue
from tfdash.model.subject import ClusterRef, Subject
from tfdash.sources.base import ClusterSource

T = TypeVar("T")


class ClusterReads:
    """Each asks the source of its cluster, on the board's loop, and waits on the caller's. Raises ``RuntimeError`` where the
    board is not running."""

    def __init__(self, clusters: Sequence[ClusterSource]) -> None:
        self._clusters: dict[ClusterRef, ClusterSource] = {source.ref: source for source in clusters}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def read(self, subject: Subject) -> Document:
        """One whole object. Callable from any loop. Raises ``ReadFailed``."""
        return await self._ask(self._clusters[subject.cluster].read(subject))

    async def read_catalogue(self, ref: ClusterRef, max_age: float = 60.0) -> Catalogue:
        return await self._ask(self._clusters[ref].read_catalogue(max_age))

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        return await self._ask(self._clusters[subject.cluster].read_children(subject, kind))

    async def read_managers(self, ref: ClusterRef, kind: str, namespace: str | None) -> tuple[Managed, ...]:
        return await self._ask(self._clusters[ref].read_managers(kind, namespace))

    async def read_labelled(
        self, ref: ClusterRef, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> tuple[Mapping[str, Any], ...]:
        return await self._ask(
            self._clusters[ref].read_labelled(kind, namespace, selector, metadata=metadata)
        )

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        return await self._ask(self._clusters[subject.cluster].read_events(subject))

    def stream_logs(
        self, request: LogRequest, deliver: Callable[[list[LogLine]], None]
    ) -> tuple[Awaitable[None], Callable[[], None]]:
        """Deliver batches of lines on the board's thread until the stream ends; returns (its end, how to cancel)."""

        async def pump() -> None:
            lines: AsyncIterator[list[LogLine]] = self._clusters[request.pod.cluster].logs(request)
            async for batch in lines:
                deliver(batch)

        future = self._submit(pump())

        def cancel() -> None:
            future.cancel()

        return asyncio.wrap_future(future), cancel

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop is None:
            work.close()
            raise RuntimeError("the board is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(self._submit(work))
