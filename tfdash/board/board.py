"""Runs the sources, keeps the newest observation of each, has them judged, and tells who listens.

The board owns a thread with an event loop of its own, so that neither the network nor decoding holds the screen's
loop, and so that a source that hangs cannot hold the exit (the thread is a daemon). Readers get immutable pictures.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import msgspec

from tfdash.board.pending import Pending
from tfdash.board.scheduler import JudgeScheduler, Judging
from tfdash.board.subscriptions import Subscriptions
from tfdash.clock import Clock
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.requests import Document, LogLine, LogRequest, Managed, Privilege
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.traffic import Published, with_signals
from tfdash.model.update import Update
from tfdash.sources.base import ClusterSource, Scope, Source

log = logging.getLogger(__name__)
T = TypeVar("T")

__all__ = ["Board", "Update"]


class Board:
    """See the module. ``interval`` is the shortest time between two updates, in seconds."""

    def __init__(
        self,
        clusters: Sequence[ClusterSource],
        judge: Judging | None,
        clock: Clock,
        *,
        interval: float = 0.2,
        sources: Sequence[Source] = (),
    ) -> None:
        self._sources: list[Source] = list(sources)
        self._group: asyncio.TaskGroup | None = None
        self._clusters: dict[ClusterRef, ClusterSource] = {source.ref: source for source in clusters}
        self._clock = clock
        self._interval = interval
        self._lock = threading.RLock()
        self._subscriptions = Subscriptions()
        self._listeners: list[Callable[[Update], None]] = []
        self._pending = Pending()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._main: asyncio.Task[None] | None = None
        self._flush_at: float = 0.0  # monotonic; earliest next flush
        self._scheduled = False
        self._scheduler = (
            None if judge is None else JudgeScheduler(judge, clock, interval, self._schedule_locked)
        )
        self.assessment: Assessment = EMPTY_ASSESSMENT
        self.picture = Picture(
            at=clock.now(),
            number=0,
            clusters={
                ref: ClusterPicture(ref=ref, info=Observation(source=ref.cluster), kinds={})
                for ref in self._clusters
            },
        )

    @property
    def clusters(self) -> tuple[ClusterRef, ...]:
        return tuple(self._clusters)

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(self._sources)

    # -- what sources call, from any thread ---------------------------------------------------------------------

    def put_objects(
        self, ref: ClusterRef, kind: str, observation: Observation[Objects], changed: frozenset[Key] | None
    ) -> None:
        with self._lock:
            cluster = self.picture.clusters[ref]
            self._replace(msgspec.structs.replace(cluster, kinds={**cluster.kinds, kind: observation}))
            self._pending.objects((ref, kind), changed)
            self._schedule()

    def put_info(self, ref: ClusterRef, observation: Observation[ServerInfo]) -> None:
        with self._lock:
            self._replace(msgspec.structs.replace(self.picture.clusters[ref], info=observation))
            self._pending.info(ref)
            self._schedule()

    def put_signals(self, published: Published) -> None:
        with self._lock:
            signals, changed = with_signals(self.picture.signals, published)
            if changed:
                self._next(signals=signals)
                self._pending.signals(changed)
                self._schedule()

    def put_store_state(self, state: StoreState) -> None:
        with self._lock:
            self._pending.store(self.picture.store_state, state)
            self._next(store_state=state)
            self._schedule()

    def put_status(self, source: str, status: Observation[SourceInfo]) -> None:
        with self._lock:
            self._next(sources={**self.picture.sources, source: status})
            self._pending.source(source)
            self._schedule()

    def _replace(self, cluster: ClusterPicture) -> None:
        self._next(clusters={**self.picture.clusters, cluster.ref: cluster})

    def _next(self, **changes: Any) -> None:
        number = self.picture.number + 1
        self.picture = msgspec.structs.replace(self.picture, at=self._clock.now(), number=number, **changes)

    # -- updates ------------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        """Arrange for one flush; at once where none ran lately, and synchronously while no loop runs yet."""
        if self._loop is None:
            self._flush()
        elif not self._scheduled:
            self._scheduled = True
            self._call(self._arm)

    def _call(self, callback: Callable[[], None]) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(callback)
            except RuntimeError:  # the loop closed between the check and the call: we are stopping
                log.debug("board is stopping; update dropped")

    def _arm(self) -> None:
        assert self._loop is not None
        wait = self._flush_at - time.monotonic()
        if wait > 0:
            self._loop.call_later(wait, self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            self._scheduled = False
            change, picture = self._pending.take(), self.picture
        self._flush_at = time.monotonic() + self._interval
        judged: frozenset[Subject] | None = frozenset()
        if self._scheduler is not None and self._loop is not None:
            told = self._scheduler.assess(picture, change)
            if told is not None:
                self.assessment, judged = told
        update = Update(picture, self.assessment, change, judged)
        for listener in tuple(self._listeners):
            try:
                listener(update)
            except Exception:
                log.exception("a listener failed")

    def _schedule_locked(self) -> None:
        with self._lock:
            self._schedule()

    def subscribe(self, listener: Callable[[Update], None]) -> Callable[[], None]:
        """Call ``listener`` on the board's thread after each update; returns how to stop that."""
        with self._lock:
            self._listeners = [*self._listeners, listener]

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [other for other in self._listeners if other is not listener]

        return unsubscribe

    # -- what readers ask for -----------------------------------------------------------------------------------

    def want(self, owner: str, kinds: Mapping[str, Scope], cluster: ClusterRef | None = None) -> None:
        """Keep ``kinds`` current for ``owner`` (a screen's name), in ``cluster`` or everywhere; {} ends it."""
        with self._lock:
            self._subscriptions.replace(owner, kinds, cluster)
            for ref, source in self._clusters.items():
                total = self._subscriptions.of(ref)
                if self._loop is None:
                    source.want(total)
                else:
                    self._call(partial(source.want, total))

    def unsettled(self) -> tuple[tuple[ClusterRef, str], ...]:
        """What was wanted and has neither come whole nor failed yet; kind "" stands for the cluster itself."""
        with self._lock:
            return self._subscriptions.unsettled(self.picture)

    def login_command(self) -> tuple[ClusterRef, list[str]] | None:
        """The first cluster that waits for a person to log in, and the command for it."""
        waiting = ((ref, source.login) for ref, source in self._clusters.items())
        return next(((ref, command) for ref, command in waiting if command), None)

    def retry_now(self) -> None:
        """Have every source try at once what it waits to try again."""
        for source in self._clusters.values():
            self._call(source.retry_now)

    def relist(self, kinds: Iterable[str]) -> None:
        """Have every source list ``kinds`` again at once."""
        names = tuple(kinds)
        for source in self._clusters.values():
            self._call(partial(source.relist, names))

    async def read(self, subject: Subject) -> Document:
        """One whole object. Callable from any loop. Raises ``ReadFailed``."""
        return await self._ask(self._clusters[subject.cluster].read(subject))

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

    async def probe(self, ref: ClusterRef) -> Observation[ServerInfo]:
        return await self._ask(self._clusters[ref].probe())

    async def privileges(self, ref: ClusterRef) -> tuple[Privilege, ...]:
        return await self._ask(self._clusters[ref].privileges())

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

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` on the board's loop, where the clients live, and wait for it from any other loop."""
        return await self._ask(work)

    async def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(self._submit(work))

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread and all sources; returns at once."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="tfdash-board", daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)

        async def main() -> None:
            with self._lock:
                self._loop = loop
                for ref, cluster in self.picture.clusters.items():  # what was prefetched was never judged
                    for kind in cluster.kinds:
                        self._pending.objects((ref, kind), None)
                self._schedule()
            ready.set()
            async with asyncio.TaskGroup() as group:
                self._group = group
                for cluster_source in self._clusters.values():
                    name = f"source {cluster_source.ref.cluster}"
                    group.create_task(self._observe(cluster_source.run, name))
                for source in self._sources:
                    self._feed(source)

        self._main = loop.create_task(main())
        try:
            loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def add_source(self, source: Source) -> None:
        """One more source, also while the board runs: what is not on the way to the first frame joins behind it."""
        with self._lock:
            self._sources.append(source)
            if self._group is not None:
                self._call(lambda: self._feed(source))

    def _feed(self, source: Source) -> None:
        assert self._group is not None
        self._group.create_task(self._observe(source.run, type(source).__name__))

    async def _observe(self, run: Callable[[Board], Awaitable[None]], name: str) -> None:
        delay = 1.0
        while True:
            try:
                await run(self)
                return
            except Exception:  # a bug in a source must not end the others; it is logged and tried again
                log.exception("%s failed", name)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 60.0)

    def stop(self, timeout: float = 0.2) -> None:
        """Cancel everything and wait up to ``timeout`` seconds; whatever still hangs dies with the process."""
        self._listeners = []
        loop, main = self._loop, self._main
        if loop is not None and main is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(main.cancel)
            except RuntimeError:
                return
            if self._thread is not None:
                self._thread.join(timeout)
