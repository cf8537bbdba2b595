"""Runs the sources, keeps the newest observation of each, has them judged, and tells who listens.

The board owns a thread with an event loop of its own, so that neither the network nor decoding holds the screen's
loop, and so that a source that hangs cannot hold the exit (the thread is a daemon). Readers get immutable pictures.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from tfdash.board.cluster_reads import ClusterReads
from tfdash.board.fold import Entered, Fold
from tfdash.board.scheduler import JudgeScheduler, Judging
from tfdash.board.subscriptions import Subscriptions
from tfdash.clock import Clock
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.traffic import NOT_MEASURED, Published, Signals
from tfdash.model.update import Update
from tfdash.model.usage import UseOverTime
from tfdash.process import LoginCommand
from tfdash.sources.base import ClusterSource, Observing, Scope, Source, UseReader
from tfdash.sources.diagnosis import Diagnosis

log = logging.getLogger(__name__)
T = TypeVar("T")

__all__ = ["Board", "Update"]

_ENDS = 1.0  # seconds for which what was cancelled at the end is waited for


class Board(ClusterReads):
    """See the module. ``interval`` is the shortest time between two updates, in seconds: the one place where what comes is
    gathered. The first change after quiet passes at once."""

    def __init__(
        self,
        clusters: Sequence[ClusterSource],
        judge: Judging | None,
        clock: Clock,
        *,
        interval: float = 0.2,
        sources: Sequence[Source] = (),
        signals: Signals | None = None,
    ) -> None:
        """``signals``: those that are known from the start; without them that no cluster has metrics."""
        self._sources: list[Source] = list(sources)
        self._tasks: list[tuple[str, Callable[[Board], Awaitable[None]]]] = []
        self._group: asyncio.TaskGroup | None = None
        super().__init__(clusters)
        self._clock = clock
        self._interval = interval
        self._lock = threading.RLock()
        self._subscriptions = Subscriptions()
        self._listeners: list[Callable[[Update], None]] = []
        self._collect: dict[Callable[[], None], None] = {}  # in the order in which they asked
        self._thread: threading.Thread | None = None
        self._main: asyncio.Task[None] | None = None
        self._flush_at: float = 0.0  # monotonic; earliest next flush
        self._scheduled = False
        self._scheduler = None if judge is None else JudgeScheduler(judge, clock, self._schedule_locked)
        self.assessment: Assessment = EMPTY_ASSESSMENT
        self.picture = Picture(
            at=clock.now(),
            number=0,
            clusters={
                ref: ClusterPicture(ref=ref, info=Observation(source=ref.cluster), kinds={})
                for ref in self._clusters
            },
            sources={source.id: source.status for source in self._sources},
            signals=signals
            if signals is not None
            else Signals(prometheus=dict.fromkeys(self._clusters, NOT_MEASURED)),
        )
        self._fold = Fold(self.picture)
        self._recorded: tuple[Callable[[Entered], None], ...] = ()

    @property
    def clusters(self) -> tuple[ClusterRef, ...]:
        return tuple(self._clusters)

    @property
    def cluster_sources(self) -> tuple[ClusterSource, ...]:
        return tuple(self._clusters.values())

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(self._sources)

    # -- what sources call, from any thread ---------------------------------------------------------------------

    def put_objects(
        self, ref: ClusterRef, kind: str, observation: Observation[Objects], changed: frozenset[Key] | None
    ) -> None:
        self._put("put_objects", ref, kind, observation, changed)

    def drop_objects(self, ref: ClusterRef, kind: str) -> None:
        self._put("drop_objects", ref, kind)

    def gather(self, collect: Callable[[], None]) -> None:
        with self._lock:
            self._collect[collect] = None
            self._schedule()

    def put_info(self, ref: ClusterRef, observation: Observation[ServerInfo]) -> None:
        self._put("put_info", ref, observation)

    def put_signals(self, published: Published) -> None:
        self._put("put_signals", published)

    def put_store_state(self, state: StoreState) -> None:
        self._put("put_store_state", state)

    def put_status(self, source: str, status: Observation[SourceInfo]) -> None:
        self._put("put_status", source, status)

    def show(self, picture: Picture) -> None:
        """Another picture, of another time, in the place of what is known: a replay that jumps."""
        with self._lock:
            self._fold.show(picture)
            self.picture = self._fold.picture
            self._schedule()

    def enter(self, one: Entered) -> None:
        """What entered a board before, at the time that it was then."""
        with self._lock:
            if self._fold.put(one):
                self.picture = self._fold.picture
                for taken in self._recorded:
                    taken(one)
                self._schedule()

    def _put(self, what: str, *arguments: Any) -> None:
        with self._lock:  # so that times stand in the order of what came
            self.enter(Entered(self._clock.now(), what, arguments))

    def record(self, taken: Callable[[Entered], None]) -> None:
        """Have ``taken`` called with each thing that enters from now on, on the thread that puts it and under the board's lock: it only
        takes what it gets."""
        with self._lock:
            self._recorded = (*self._recorded, taken)

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
            collect, self._collect = self._collect, {}
        for one in collect:  # what they put belongs to this turn
            try:
                one()
            except Exception:
                log.exception("what a source gathered was not put")
        with self._lock:
            self._scheduled = False
            change, picture = self._fold.take(), self.picture
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

    async def until(self, true: Callable[[], bool], patience: float) -> None:
        """Return when it is true, or after ``patience`` seconds. Looked at with each update, on the board's loop."""
        news = asyncio.Event()
        unsubscribe = self.subscribe(lambda _: news.set())
        try:
            async with asyncio.timeout(patience):
                while not true():
                    news.clear()
                    await news.wait()
        except TimeoutError:
            pass
        finally:
            unsubscribe()

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

    def login_command(self) -> tuple[ClusterRef, LoginCommand] | None:
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

    async def doctor(self) -> list[Diagnosis]:
        """Every source examined, the clusters first."""
        everyone: list[Observing] = [*self._clusters.values(), *self._sources]
        return await asyncio.gather(*(self._ask(source.doctor(self)) for source in everyone))

    async def on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` on the board's loop, where the clients live, and wait for it from any other loop."""
        return await self._ask(work)

    async def read_use(self, subject: Subject, span: float) -> UseOverTime | None:
        """What it used in the last ``span`` seconds; None where no source can tell. Raises ``ReadFailed``."""
        readers = (s for s in self._sources if isinstance(s, UseReader) and s.ref == subject.cluster)
        if (reader := next(readers, None)) is None:
            return None
        return await self._ask(reader.read_use(subject, span, self.picture.clusters[subject.cluster]))

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
                self._fold.mark(self.picture)  # what was prefetched was never judged
                self._schedule()
            ready.set()
            async with asyncio.TaskGroup() as group:
                with self._lock:
                    self._group = group
                    for cluster_source in self._clusters.values():
                        at = f"source {cluster_source.ref.cluster}"
                        group.create_task(self._observe(cluster_source.run, at))
                    for source in self._sources:
                        self._observe_source(source)
                    for name, task in self._tasks:
                        self._start_task(name, task)
                await asyncio.Event().wait()  # until it is cancelled, whatever ends before and comes later

        self._main = loop.create_task(main())
        try:
            loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        finally:
            for task in (left := asyncio.all_tasks(loop)):  # what a task began beside itself ends with it
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=_ENDS))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def add_source(self, source: Source) -> None:
        """One more source, also while the board runs: what is not on the way to the first frame joins behind it."""
        with self._lock:
            self._sources.append(source)
            self.put_status(source.id, source.status)
            if self._group is not None:
                self._call(lambda: self._observe_source(source))

    def _observe_source(self, source: Source) -> None:
        assert self._group is not None

        def failed(error: Exception) -> None:
            self.put_status(source.id, msgspec.structs.replace(source.status, problem=self._internal(error)))

        self._group.create_task(self._observe(source.run, source.id, failed))

    def add_task(self, name: str, run: Callable[[Board], Awaitable[None]]) -> None:
        """Something else that goes on beside the sources, on the board's loop, started again where it fails."""
        with self._lock:
            self._tasks.append((name, run))
            if self._group is not None:
                self._call(lambda: self._start_task(name, run))

    def _start_task(self, name: str, run: Callable[[Board], Awaitable[None]]) -> None:
        assert self._group is not None
        self._group.create_task(self._observe(run, name))

    def _internal(self, error: Exception) -> Problem:
        return Problem(
            kind=ProblemKind.INTERNAL,
            cause=f"it failed with {type(error).__name__}, a fault of the program; the log has more",
            remedy="it is started again; please file the fault",
            since=self._clock.now(),
        )

    async def _observe(
        self,
        run: Callable[[Board], Awaitable[None]],
        name: str,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        delay = 1.0
        while True:
            try:
                await run(self)
                return
            except (
                Exception
            ) as error:  # a bug in a source must not end the others; it is logged and tried again
                log.exception("%s failed", name)
                if failed is not None:
                    failed(error)
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
