"""One Kubernetes cluster as a source of the board."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.kind_spec import KindSpec
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.requests import Document, LogLine, LogRequest, Managed, Privilege
from tfdash.model.resources import Catalogue
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.process import LoginCommand
from tfdash.sources.base import ALL, Gathering, Scope, Sink, SourceBoard
from tfdash.sources.diagnosis import Diagnosis
from tfdash.sources.kubernetes.credentials import Credentials, ask_commands_again
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.settings import KubernetesSettings

if TYPE_CHECKING:
    from tfdash.sources.kubernetes.feed import KindPublisher
    from tfdash.sources.kubernetes.kind_finder import KindFinder
    from tfdash.sources.kubernetes.reads import SingleReads
    from tfdash.sources.kubernetes.transport import Reader

_INFO_EVERY = 30.0
_LINGER = 60.0  # a kind that nobody wants any more is watched on for so long: going back is instant


class KubernetesSource:
    """See ``tfdash.sources.base.ClusterSource``. Cheap to make: nothing is imported or opened before ``run``.

    ``namespaces`` are those to fall back to where listing all is forbidden.
    """

    def __init__(
        self,
        ref: ClusterRef,
        access: Access,
        clock: Clock,
        *,
        namespaces: tuple[str, ...] = (),
        tuning: KubernetesSettings | None = None,
    ) -> None:
        self.ref = ref
        self.credentials = Credentials(access)
        self._clock = clock
        self._tuning = tuning or KubernetesSettings()
        known = [*namespaces, *([access.namespace] if access.namespace else [])]
        self._configured, self._fallback = namespaces, tuple(dict.fromkeys(known))
        self._wanted: dict[str, Scope] = {}
        self._dropped: dict[str, float] = {}
        self._tasks: dict[str, tuple[Scope, KindSpec, asyncio.Task[None]]] = {}
        self._feeds: dict[str, KindPublisher] = {}
        self._changed: asyncio.Event | None = None
        self._prefetched: dict[str, Objects] = {}
        self._sink: Sink | None = None
        self._reader: Reader | None = None
        self._discovery = Discovery(self._tuning.removed_apis)
        self._finder: KindFinder | None = None
        self._info = ServerInfo(url=access.server, context=access.context)
        self._known: Observation[ServerInfo] = Observation(
            source=ref.cluster, interval=in_clock_seconds(clock, _INFO_EVERY * 2)
        )
        self._identified = -1  # with which of our credentials we were told who we are

    # -- before the loop runs -----------------------------------------------------------------------------------

    def prefetch(self, sink: Sink, kind: str, scope: Scope) -> threading.Thread:
        """Start fetching the first list as a server-printed Table, in a thread of its own."""
        from tfdash.sources.kubernetes.table_prefetch import prefetch

        class Remembering:
            """Remembers the rows for the feed, so that they stand until the objects are there."""

            def put_objects(
                _, ref: ClusterRef, kind: str, seen: Observation[Objects], changed: frozenset[Key] | None
            ) -> None:
                if kind in self._feeds and self._feeds[kind].complete:
                    return
                if seen.value is not None:
                    self._prefetched[kind] = seen.value
                    # by the clock by which all else is aged: the simulated platform's is not the machine's
                    seen = msgspec.structs.replace(seen, observed_at=self._clock.now())
                sink.put_objects(ref, kind, seen, changed)

            def put_info(_, ref: ClusterRef, observation: Observation[ServerInfo]) -> None:
                sink.put_info(ref, observation)

        thread = threading.Thread(
            target=prefetch,
            args=(self.credentials, self.ref, Remembering(), kind, scope),
            daemon=True,
            name="tfdash-first",
        )
        thread.start()
        return thread

    def want(self, wanted: Mapping[str, Scope]) -> None:
        now = time.monotonic()
        for kind in self._wanted:
            if kind not in wanted:
                self._dropped.setdefault(kind, now if self._is_read(kind) else -math.inf)
        self._wanted = {**{k: s for k, s in self._wanted.items() if k in self._dropped}, **wanted}
        for kind in wanted:
            self._dropped.pop(kind, None)
        if self._changed is not None:
            self._changed.set()

    def reads_all(self, kind: str) -> bool:
        """Whether it is wanted of all namespaces."""
        return self._wanted.get(kind) == ALL

    def _is_read(self, kind: str) -> bool:
        """Whether there are rows of it, or may be soon: what was refused is not watched on for nobody."""
        first = self._feeds.get(kind)
        return first is not None and not first.failed

    # -- on the board's loop ------------------------------------------------------------------------------------

    async def run(self, sink: Gathering) -> None:
        self._sink = sink
        self._changed = asyncio.Event()
        self._changed.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_info(sink))
                while True:
                    try:
                        async with asyncio.timeout(_LINGER / 2):
                            await self._changed.wait()
                    except TimeoutError:
                        pass
                    self._changed.clear()
                    forgotten = self._forget()
                    self._adjust(group, sink)
                    for kind in forgotten:  # behind their feeds, which put nothing more
                        sink.drop_objects(self.ref, kind)
        finally:
            self._tasks.clear()
            self._feeds.clear()
            if self._reader is not None:
                await self._reader.close()
                self._reader = None

    def _open(self) -> Reader:
        if self._reader is None:
            from tfdash.sources.kubernetes.transport import Reader

            self._reader = Reader(
                self.credentials,
                now=self._clock.now,
                connect_timeout=self._tuning.connect_timeout,
                read_timeout=self._tuning.read_timeout,
                served=self._discovery.allowed,
            )
        return self._reader

    def _forget(self) -> list[str]:
        """Want no longer what nobody has wanted for a while; returns which kinds those are."""
        old = time.monotonic() - _LINGER
        forgotten = [k for k, at in self._dropped.items() if at < old]
        for kind in forgotten:
            del self._dropped[kind]
            self._wanted.pop(kind, None)
        return forgotten

    def _adjust(self, group: asyncio.TaskGroup, sink: Gathering) -> None:
        """Start and end feeds so that they are what is wanted."""
        from tfdash.sources.kubernetes.feed import Feed, KindPublisher
        from tfdash.sources.kubernetes.kind_finder import KindFinder

        assert self._changed is not None
        if self._finder is None:
            self._finder = KindFinder(self.ref, self._discovery, self._open, self._clock, self._changed.set)
        self._finder.look(group, sink, self._wanted)
        for kind, (scope, spec, task) in list(self._tasks.items()):
            served = self._discovery.where(kind)
            if self._wanted.get(kind) != scope or served is None or spec != served:
                task.cancel()
                del self._tasks[kind]
                self._feeds.pop(kind, None)
        for kind, scope in self._wanted.items():
            served = self._discovery.where(kind)
            if kind in self._tasks or served is None:
                continue
            first = KindPublisher(sink, self.ref, kind)
            feed = Feed(
                self._open(),
                served,
                scope,
                self._fallback,
                first.publish,
                self._clock,
                self._tuning,
                partial(self._prefetched.get, kind),
                sink.gather,
            )
            first.done = partial(self._prefetched.pop, kind, None)
            first.feed = feed
            self._feeds[kind] = first
            task = group.create_task(feed.run(), name=f"{self.ref.cluster} {kind}")
            self._tasks[kind] = (scope, served, task)

    async def close(self) -> None:
        """End the connections of one that was only asked singly; ``run`` does so by itself."""
        if self._reader is not None:
            await self._reader.close()
            self._reader = None

    @property
    def access(self) -> Access:
        """As the kubeconfig has it now."""
        return self.credentials.access

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Those to which it falls back."""
        return self._fallback

    @property
    def login(self) -> LoginCommand | None:
        return self.credentials.login

    def retry_now(self) -> None:
        """End all waits between tries, e.g. after a person logged in. On the board's loop."""
        self._ask_again()
        for first in self._feeds.values():
            if first.feed is not None:
                first.feed.retry_now()

    def _ask_again(self) -> None:
        """What waits for a person is tried once more: a person is here."""
        self.credentials.ask_again()
        ask_commands_again()

    def relist(self, kinds: Iterable[str]) -> None:
        """List ``kinds`` again at once, because a person asked for it. On the board's loop."""
        self._ask_again()
        for kind in kinds:
            first = self._feeds.get(kind)
            if first is not None and first.feed is not None:
                first.feed.relist()

    async def _follow_info(self, sink: Sink) -> None:
        known = self._known
        since = 0.0
        while True:
            seen = await self.probe()
            if seen.problem is not None:
                since = since or self._clock.now()
                problem = msgspec.structs.replace(seen.problem, since=since)
                known = msgspec.structs.replace(known, problem=problem)
            else:
                since, known = 0.0, seen
            self._known = known
            sink.put_info(self.ref, known)
            await asyncio.sleep(_INFO_EVERY if known.problem is None else 5.0)

    @property
    def id(self) -> str:
        return f"kubernetes {self.ref.environment}/{self.ref.cluster}"

    @property
    def status(self) -> Observation[SourceInfo]:
        """Of its API server. On the board it stands in the cluster's own picture."""
        known, info = self._known, self._known.value
        about = " · ".join(part for part in (info.version, info.url, info.user) if part) if info else ""
        return Observation(
            value=SourceInfo(name="API server", about=about, cluster=self.ref),
            source=self.id,
            observed_at=known.observed_at,
            problem=known.problem,
            complete=known.complete,
            interval=known.interval,
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        cluster = picture.clusters[self.ref]
        waiting = ["API server"] if cluster.info.value is None and cluster.info.problem is None else []
        for kind in self._wanted:
            seen = cluster.kinds.get(kind)
            if kind not in self._dropped and not (seen and (seen.complete or seen.problem)):
                waiting.append(kind)
        return tuple(f"{self.ref.cluster} {what}" for what in waiting)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        from tfdash.sources.kubernetes.doctor import examined, not_reached

        seen = await self.probe()
        if seen.problem is not None or seen.value is None:
            return not_reached(self.ref, seen.problem)
        return examined(self.ref, seen.value, await self.privileges())

    async def probe(self) -> Observation[ServerInfo]:
        from tfdash.sources.kubernetes.namespaces import missing
        from tfdash.sources.kubernetes.transport import problem_of

        try:
            reader = self._open()
            started = time.monotonic()
            version = msgspec.json.decode(await reader.get("/version"))
            latency = time.monotonic() - started
            shown = self.credentials.changes
            if not self._info.user or shown != self._identified:
                await self._identify(reader)
                self._identified = shown
            changed = await self._discovery.look(reader)
            if (changed or self._discovery.served is not None) and self._changed is not None:
                self._changed.set()  # the kinds that it lacks are said anew: they are as fresh as this answer
            self._info = msgspec.structs.replace(
                self._info,
                url=self.access.server,
                version=str(version.get("gitVersion", "")),
                latency=latency,
                skew=reader.skew,
                crds=self._discovery.crds,
                deprecated=self._discovery.deprecated.found,
                missing=await missing(reader, self._configured, self._wanted.values(), self._info.missing),
            )
        except Exception as error:
            if self._discovery.served is None and not self._discovery.silent:
                self._discovery.silent = True  # the kinds' own feeds say what is wrong
                if self._changed is not None:
                    self._changed.set()
            return Observation(source=self.ref.cluster, problem=problem_of(error, self._clock.now()))
        return Observation(
            value=self._info,
            source=self.ref.cluster,
            observed_at=self._clock.now(),
            complete=True,
            interval=in_clock_seconds(self._clock, _INFO_EVERY * 2),
        )

    async def _identify(self, reader: Reader) -> None:
        """Who the server takes us for."""
        from tfdash.sources.kubernetes.transport import ApiError

        user, groups = self.access.user, tuple[str, ...]()
        try:
            body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
            answer = await reader.review("/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
            told = answer.get("status", {}).get("userInfo", {})
            user, groups = str(told.get("username") or user), tuple(map(str, told.get("groups") or ()))
        except ApiError as error:
            if error.status == 401:
                raise
        self._info = msgspec.structs.replace(self._info, user=user, groups=groups)

    # -- single reads -------------------------------------------------------------------------------------------

    @cached_property
    def singly(self) -> SingleReads:
        """Imported when first asked: they bring the HTTP client."""
        from tfdash.sources.kubernetes.reads import SingleReads

        return SingleReads(self.ref, self._open, self._discovery, self._fallback, self._clock)

    async def read(self, subject: Subject) -> Document:
        return await self.singly.read(subject)

    async def read_catalogue(self, max_age: float) -> Catalogue:
        return await self.singly.read_catalogue(max_age)

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        return await self.singly.read_children(subject, kind)

    async def read_managers(self, kind: str, namespace: str | None) -> tuple[Managed, ...]:
        return await self.singly.read_managers(kind, namespace)

    async def read_labelled(
        self, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> tuple[Mapping[str, Any], ...]:
        return await self.singly.read_labelled(kind, namespace, selector, metadata=metadata)

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        return await self.singly.read_events(subject)

    def logs(self, request: LogRequest) -> AsyncIterator[list[LogLine]]:
        return self.singly.logs(request)

    async def privileges(self) -> tuple[Privilege, ...]:
        return await self.singly.privileges()


__all__ = ["ALL", "KubernetesSource"]
