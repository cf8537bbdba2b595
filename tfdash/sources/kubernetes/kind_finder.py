"""Where a cluster serves the kinds that somebody wants, and what is said of those that it lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.kinds import KINDS, LISTED
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects
from tfdash.model.resources import Catalogue
from tfdash.model.subject import ClusterRef
from tfdash.sources.base import Sink
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.transport import ApiError, Reader, problem_of

_SHOWN_FOR = 120.0  # seconds within which it is looked for again, and said again
_CATALOGUE = (
    300.0  # seconds after which everything that is served is read anew, while that matters to somebody
)
_UNFOUND = 10.0  # and where something that is asked for is not among it
_NOTHING: Objects = {}


class KindFinder:
    """``opened`` gives the reader; ``changed`` is called where a kind came, went or moved to another version."""

    def __init__(
        self,
        ref: ClusterRef,
        discovery: Discovery,
        opened: Callable[[], Reader],
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self._ref, self._discovery, self._open = ref, discovery, opened
        self._clock, self._changed = clock, changed
        self._looking: asyncio.Task[None] | None = None

    def look(self, group: asyncio.TaskGroup, sink: Sink, wanted: Collection[str]) -> None:
        """Say which of our own kinds are not there, and look up those that our table does not have, in a task of ``group``."""
        for kind in wanted:
            if kind in LISTED and self._discovery.served is not None and self._discovery.where(kind) is None:
                self._say_absent(sink, kind, "not installed")
        foreign = [kind for kind in wanted if kind not in KINDS]
        if foreign and (self._looking is None or self._looking.done()):
            self._looking = group.create_task(
                self._find(sink, foreign), name=f"{self._ref.cluster} discovery"
            )

    async def _find(self, sink: Sink, kinds: list[str]) -> None:
        failure: Exception | None = None
        catalogue = Catalogue()
        before = [self._discovery.where(kind) for kind in kinds]
        try:
            catalogue = await self._discovery.catalogue(
                self._open(), _UNFOUND if None in before else _CATALOGUE
            )
        except Exception as error:
            failure = error
        after = [self._discovery.where(kind) for kind in kinds]
        for kind, spec in zip(kinds, after, strict=True):
            if spec is not None:
                continue
            unknown = failure
            if unknown is None and (hidden := catalogue.hidden(kind)):
                unknown = ApiError(503, f"whether it is served is not known: {hidden}")
            if unknown is None:
                self._say_absent(sink, kind, "this cluster does not serve it")
            else:
                problem = problem_of(unknown, self._clock.now())
                sink.put_objects(self._ref, kind, Observation(source=kind, problem=problem), None)
        if after != before:
            self._changed()

    def _say_absent(self, sink: Sink, kind: str, note: str) -> None:
        """A CRD that is not there is no problem: there are none of its objects, and that is certain."""
        absent: Observation[Objects] = Observation(
            value=_NOTHING,
            source=LISTED[kind].resource if kind in LISTED else kind,
            observed_at=self._clock.now(),
            complete=True,
            note=note,
            interval=in_clock_seconds(self._clock, _SHOWN_FOR),
        )
        sink.put_objects(self._ref, kind, absent, None)
