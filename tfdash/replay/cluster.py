"""A cluster of a recording: it is asked what a cluster is asked, and says that a recording does not hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, NoReturn

from tfdash.model.assessment import Assessment
from tfdash.model.kinds import JUDGED
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture, SourceInfo
from tfdash.model.requests import Document, LogLine, LogRequest, Managed, ReadFailed
from tfdash.model.resources import Catalogue
from tfdash.model.subject import ClusterRef, Subject
from tfdash.sources.base import Gathering, Scope, SourceBoard
from tfdash.sources.diagnosis import Diagnosis, by_status

NOT_HELD = Problem(
    kind=ProblemKind.NOT_RECORDED,
    cause="a recording does not hold this",
    remedy="only what the terminal that recorded had read is in it",
    transient=False,
)


class RecordedCluster:
    """``tfdash.sources.base.ClusterSource``. What it saw enters the board from the recording, not from here."""

    login: None = None

    def __init__(self, ref: ClusterRef, asked: Callable[[], None] = lambda: None) -> None:
        """``asked``: told on the board's loop when other kinds are wanted."""
        self.ref, self._asked = ref, asked
        self._wanted: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return f"recording {self.ref.environment}/{self.ref.cluster}"

    @property
    def status(self) -> Observation[SourceInfo]:
        return Observation(value=SourceInfo(name="recording", cluster=self.ref), complete=True)

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        return ()

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        return by_status(self.id, self.status)

    def retry_now(self) -> None:
        """There is nobody to try again."""

    def relist(self, kinds: Iterable[str]) -> None:
        """There is nobody to list anything."""

    def want(self, wanted: Mapping[str, Scope]) -> None:
        self._wanted = frozenset(wanted) - frozenset(JUDGED)
        self._asked()

    async def run(self, sink: Gathering) -> None:
        """Nothing comes from here."""

    def lacking(self, picture: Picture) -> list[str]:
        """Kinds that somebody looks at and that were not read at this time. Of those that are judged it is told as it was:
        a terminal that had just begun had not read them yet."""
        there = picture.clusters[self.ref].kinds
        return sorted(kind for kind in self._wanted if kind not in there)

    async def read(self, subject: Subject) -> Document:
        _not_held()

    async def read_catalogue(self, max_age: float) -> Catalogue:
        _not_held()

    async def read_children(self, subject: Subject, kind: str) -> tuple[Document, ...]:
        _not_held()

    async def read_managers(self, kind: str, namespace: str | None) -> tuple[Managed, ...]:
        _not_held()

    async def read_labelled(
        self, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> tuple[Mapping[str, Any], ...]:
        _not_held()

    async def read_events(self, subject: Subject) -> tuple[Event, ...]:
        _not_held()

    async def logs(self, request: LogRequest) -> AsyncIterator[list[LogLine]]:
        _not_held()
        yield []


def _not_held() -> NoReturn:
    raise ReadFailed(NOT_HELD)


NOT_RECORDED: Observation[Objects] = Observation(source="recording", problem=NOT_HELD)
"""Of a kind that somebody looks at and that the recording has not at this time."""
