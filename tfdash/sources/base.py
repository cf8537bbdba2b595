"""What the board expects of a source, and what a source may expect of the board."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from tfdash.model.assessment import Assessment
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.requests import Document, LogLine, LogRequest, Managed
from tfdash.model.resources import Catalogue
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.traffic import Published
from tfdash.model.usage import UseOverTime
from tfdash.process import LoginCommand
from tfdash.sources.diagnosis import Diagnosis


class Scope(NamedTuple):
    """Which namespaces are wanted: ``None`` means all."""

    namespaces: tuple[str, ...] | None = None

    def union(self, other: Scope) -> Scope:
        if self.namespaces is None or other.namespaces is None:
            return ALL
        return Scope(tuple(sorted({*self.namespaces, *other.namespaces})))


ALL = Scope(None)


class Sink(Protocol):
    """Where a source puts what it saw. Callable from any thread; cheap; never blocks on a reader."""

    def put_objects(
        self, ref: ClusterRef, kind: str, observation: Observation[Objects], changed: frozenset[Key] | None
    ) -> None:
        """A new value (``changed`` names its differences, None: all may differ) or new freshness (empty ``changed``)."""

    def put_info(self, ref: ClusterRef, observation: Observation[ServerInfo]) -> None: ...


class Gathering(Sink, Protocol):
    """A sink that also says when: what comes bit by bit is put together once for each of its turns."""

    def drop_objects(self, ref: ClusterRef, kind: str) -> None:
        """Nobody wants the kind any more: what was read of it is forgotten, and grows no older."""

    def gather(self, collect: Callable[[], None]) -> None:
        """Have ``collect`` called at the sink's next turn, on its loop, where it puts what has come until then: at once after
        quiet, and once however often it is asked before."""


class SourceBoard(Protocol):
    """What a source may ask of the board: the newest picture and assessment, and where to put what it saw."""

    picture: Picture
    assessment: Assessment

    def unsettled(self) -> tuple[tuple[ClusterRef, str], ...]:
        """What was wanted of the clusters and has neither come nor failed yet."""

    async def until(self, true: Callable[[], bool], patience: float) -> None:
        """Return when it is true, or after ``patience`` seconds. Looked at with each update."""

    def put_objects(
        self, ref: ClusterRef, kind: str, observation: Observation[Objects], changed: frozenset[Key] | None
    ) -> None:
        """As ``Sink`` has it: of a kind that the source makes (``tfdash.model.made: MADE``)."""

    def put_signals(self, published: Published) -> None:
        """What is seen of some signals now. What is the same object as before is no change, and nothing happens."""

    def put_store_state(self, state: StoreState) -> None:
        """What the store remembers, anew."""

    def put_status(self, source: str, status: Observation[SourceInfo]) -> None:
        """What the source of that id says of itself: whether it is well, since when, and what it delivers."""


class Observing(Protocol):
    """What every source says of itself, a cluster's reader too. ``doctor`` lives on the board's loop."""

    @property
    def id(self) -> str:
        """Unique and stable, e.g. "prometheus production/eu-1"."""

    @property
    def status(self) -> Observation[SourceInfo]:
        """What it says of itself now. The board shows the first one; from then on the source puts each news of it."""

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Names of what a judgement of this moment needs and what has neither come nor failed yet; () where settled."""

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        """Examine it once, with some patience for what is still to come."""


class ClusterSource(Observing, Protocol):
    """One cluster's reader. ``run`` lives on the board's loop; everything it does can be cancelled there. What it says of
    itself and of each kind stands in its ``ClusterPicture``."""

    ref: ClusterRef

    @property
    def login(self) -> LoginCommand | None:
        """The command by which a person logs in, while the credential cannot be had without one; else None."""

    def retry_now(self) -> None:
        """Try at once what waits to be tried again. On the board's loop."""

    def relist(self, kinds: Iterable[str]) -> None:
        """List ``kinds`` again at once, because a person asked for it. On the board's loop."""

    def want(self, wanted: Mapping[str, Scope]) -> None:
        """The kinds to keep current from now on, replacing what was wanted before. Callable before ``run``."""

    async def run(self, sink: Gathering) -> None:
        """Observe until cancelled. A failure becomes a problem of an observation, never an exception."""

    async def read(self, subject: Subject) -> Document:
        """One object as it is now. Raises ``ReadFailed``."""

    async def read_catalogue(self, max_age: float) -> Catalogue:
        """Everything that the cluster serves, at most ``max_age`` seconds old. Raises ``ReadFailed``."""

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        """The whole objects of ``kind`` that ``subject`` controls, e.g. the ReplicaSets of a Deployment."""

    async def read_managers(self, kind: str, namespace: str | None) -> tuple[Managed, ...]:
        """Who wrote to each object of a kind (``namespace`` None: all), by metadata alone. Raises ``ReadFailed``."""

    async def read_labelled(
        self, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> tuple[Mapping[str, Any], ...]:
        """The objects of a kind with these labels, as they are (``metadata``: nothing else of them), from the server's
        cache. Raises ``ReadFailed``."""

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        """The events about one object, oldest first. Raises ``ReadFailed``."""

    def logs(self, request: LogRequest) -> AsyncIterator[list[LogLine]]:
        """Batches of lines. Reconnects by itself while following, and says so with notes. Raises ``ReadFailed``."""


@runtime_checkable
class UseReader(Protocol):
    """A source that can tell what one workload or namespace used over time. On the board's loop."""

    ref: ClusterRef

    async def read_use(self, subject: Subject, span: float, cluster: ClusterPicture) -> UseOverTime:
        """The last ``span`` seconds, asked for now or a little before. Raises ``ReadFailed``."""


class Source(Observing, Protocol):
    """Whatever is observed beside the clusters: metrics, journeys, the store, other terminals, a recording.

    All but ``id`` and ``status`` live on the board's loop.
    """

    async def run(self, board: SourceBoard) -> None:
        """Observe until cancelled. A failure becomes a problem of an observation, never an exception."""
