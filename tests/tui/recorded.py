"""A source that plays what a test gives it, behind the protocol that the real one has."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from tests.kinds import CUSTOM
from tests.tui import world
from tfdash.model.capacity import PersistentVolume, PersistentVolumeClaim
from tfdash.model.certificates import HeldCertificate, ServedCertificate
from tfdash.model.kube import Object
from tfdash.model.kubecluster import Event
from tfdash.model.observation import ListProgress, Observation, Problem, ProblemKind
from tfdash.model.picture import ServerInfo
from tfdash.model.requests import Document, LogLine, LogRequest, Managed, Privilege, ReadFailed
from tfdash.model.resources import Catalogue
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.usage import Usage
from tfdash.sources.base import Scope, Sink

DELIVERY = ("Rollout", "AnalysisRun", "Experiment", "Canary", "Application", "Kustomization", "HelmRelease")
_NONE = (
    Usage.KIND,
    ServedCertificate.KIND,
    HeldCertificate.KIND,
    PersistentVolumeClaim.KIND,
    PersistentVolume.KIND,
)  # what is judged, of which a small world has none
REF = ClusterRef("production", "eu-1")
INFO = ServerInfo(version="v1.37.2", user="oncall@corp", url="https://192.0.2.1:6443", context="eu-1")


class Recorded:
    """Puts ``objects`` when it is run; ``put``, ``fail``, ``load`` change a kind later, from any thread."""

    def __init__(
        self,
        objects: Mapping[str, Iterable[Object]] | None = None,
        info: ServerInfo = INFO,
        ref: ClusterRef = REF,
    ) -> None:
        self.ref, self.info = ref, info
        found = world.objects() if objects is None else objects
        self.objects = {kind: {Key(o.namespace, o.name): o for o in many} for kind, many in found.items()}
        self.wanted: Mapping[str, Scope] = {}
        self.logs_of: dict[str, list[LogLine]] = {}
        self.asked: list[LogRequest] = []
        self.managed: list[Managed] = []
        self.sink: Sink | None = None
        self.running = threading.Event()

    login: None = None

    def relist(self, kinds: object) -> None:
        pass

    def retry_now(self) -> None:
        """A recording has nothing to try again."""

    def want(self, wanted: Mapping[str, Scope]) -> None:
        self.wanted = dict(wanted)

    async def run(self, sink: Sink) -> None:
        self.sink = sink
        sink.put_info(self.ref, Observation(value=self.info, source=self.ref.cluster, observed_at=world.NOW))
        for kind in self.objects:
            self.show(kind)
        for kind in CUSTOM:  # as the real source says it of a cluster without these
            if kind not in self.objects:
                absent: Observation[Mapping[Key, Object]] = Observation(
                    value={}, source=kind, observed_at=world.NOW, complete=True, note="not installed"
                )
                sink.put_objects(self.ref, kind, absent, None)
        for kind in _NONE:
            if kind not in self.objects:
                nothing: Observation[Mapping[Key, Object]] = Observation(
                    value={}, source=kind, observed_at=world.NOW, complete=True
                )
                sink.put_objects(self.ref, kind, nothing, None)
        self.running.set()
        await asyncio.Event().wait()

    def show(self, kind: str, changed: frozenset[Key] | None = None, **over: object) -> None:
        assert self.sink is not None
        given: dict[str, Any] = {
            "value": self.objects[kind],
            "complete": True,
            "observed_at": world.NOW,
            "source": self.ref.cluster,
        }
        seen: Observation[Mapping[Key, Object]] = Observation(**(given | over))
        self.sink.put_objects(self.ref, kind, seen, changed)

    def put(self, obj: Object) -> None:
        kind, key = type(obj).KIND, Key(obj.namespace, obj.name)
        self.objects[kind] = {**self.objects[kind], key: obj}
        self.show(kind, frozenset({key}))

    def remove(self, kind: str, key: Key) -> None:
        self.objects[kind] = {k: v for k, v in self.objects[kind].items() if k != key}
        self.show(kind, frozenset({key}))

    def fail(self, kind: str, problem: Problem, observed_at: float | None = world.NOW) -> None:
        self.show(kind, frozenset(), problem=problem, observed_at=observed_at)

    def load(self, kind: str, loaded: int, total: int) -> None:
        """A list under way, of which nothing was seen before."""
        assert self.sink is not None
        seen: Observation[Mapping[Key, Object]] = Observation(progress=ListProgress(loaded, total))
        self.sink.put_objects(self.ref, kind, seen, frozenset())

    async def read(self, subject: Subject) -> Document:
        if subject.key not in self.objects.get(subject.kind, {}):
            raise ReadFailed(Problem(kind=ProblemKind.NOT_SERVED, cause=f"there is no {subject}"))
        return Document(subject, world.document(subject.kind, subject.name), world.NOW)

    async def read_catalogue(self, max_age: float) -> Catalogue:
        return Catalogue()

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        if subject.name != "checkout":
            return ()
        return tuple(Document(subject, child, world.NOW) for child in world.children())

    async def read_managers(self, kind: str, namespace: str | None) -> tuple[Managed, ...]:
        return tuple(m for m in self.managed if m.subject.kind == kind)

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        events = self.objects.get("Event", {}).values()
        return tuple(e for e in events if isinstance(e, Event) and e.involved_name == subject.name)

    async def logs(self, request: LogRequest) -> AsyncIterator[list[LogLine]]:
        self.asked.append(request)
        lines = self.logs_of.get(request.pod.name)
        if lines is None:
            raise ReadFailed(Problem(kind=ProblemKind.FORBIDDEN, cause="may not get pods/log"))
        yield lines
        if request.follow:
            await asyncio.Event().wait()

    async def probe(self) -> Observation[ServerInfo]:
        return Observation(value=self.info, observed_at=world.NOW)

    async def privileges(self) -> tuple[Privilege, ...]:
        return ()
