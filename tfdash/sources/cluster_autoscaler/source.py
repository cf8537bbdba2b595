"""Reads one ConfigMap by its name, now and then, and puts what it says into the picture. That there is none is nothing wrong, nor that
it may not be read: then nobody knows whether nodes can come, and who asks says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.autoscaling import ClusterAutoscaler
from tfdash.model.kube import Unreadable
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Objects, Picture, SourceInfo
from tfdash.model.requests import Document, ReadFailed
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.sources.base import SourceBoard
from tfdash.sources.cluster_autoscaler.settings import ClusterAutoscalerSettings
from tfdash.sources.cluster_autoscaler.status import parsed
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.text import safe

log = logging.getLogger(__name__)
_SELDOM = 10  # times the interval, where it may not be read or the cluster does not answer


class ClusterAutoscalerSource:
    """See ``tfdash.sources.base.Source``. ``read`` gives one object of the cluster as it is now."""

    def __init__(
        self,
        ref: ClusterRef,
        settings: ClusterAutoscalerSettings,
        clock: Clock,
        read: Callable[[Subject], Awaitable[Document]],
    ) -> None:
        self.ref, self._settings, self._clock, self._read = ref, settings, clock, read
        self._at = Key(settings.namespace, settings.configmap)
        self._seen: Observation[Objects] = Observation(source=self.id)

    @property
    def id(self) -> str:
        return f"cluster-autoscaler {self.ref.environment}/{self.ref.cluster}"

    @property
    def status(self) -> Observation[SourceInfo]:
        seen = self._seen
        info = SourceInfo(
            name=f"{self.ref.cluster} cluster-autoscaler",
            about=f"ConfigMap {self._at.namespace}/{self._at.name}",
            count=None if seen.value is None else len(seen.value),
            cluster=self.ref,
        )
        problem = seen.problem
        if seen.complete and not seen.value:
            problem = Problem(kind=ProblemKind.NOT_SERVED, cause=f"{info.about} is not there")
        elif problem is not None and problem.kind is ProblemKind.FORBIDDEN and not seen.complete:
            problem = msgspec.structs.replace(problem, kind=ProblemKind.NOT_SERVED)
        return Observation(
            value=info,
            source=self.id,
            observed_at=seen.observed_at if seen.value else None,
            problem=problem,
            complete=seen.complete and bool(seen.value),
            interval=seen.interval,
        )

    @property
    def _settled(self) -> bool:
        return self._seen.complete or self._seen.problem is not None

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        cluster = picture.clusters[self.ref]
        asked = cluster.info.value is not None and bool(
            cluster.kinds
        )  # of one that is not reached nothing is
        return () if self._settled or not asked else (f"{self.ref.cluster} autoscaler",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        def known() -> bool:
            info = board.picture.clusters[self.ref].info
            return self._settled or (info.value is None and info.problem is not None)

        await board.until(known, PATIENCE)
        status = self.status
        if not status.absent or status.problem is None or status.value is None:
            return by_status(self.id, status)
        # a cluster without one is none that is ill
        well = msgspec.structs.replace(status, problem=None, observed_at=self._clock.now())
        told, cause = by_status(self.id, well), status.problem.cause
        document = {**told.document, "problem": cause}
        return msgspec.structs.replace(told, document=document, lines=(f"· {status.value.name}: {cause}",))

    async def run(self, board: SourceBoard) -> None:
        while True:
            # nothing is asked of a cluster of which nothing is asked: a log-in may be waited for
            await board.until(lambda: board.picture.clusters[self.ref].info.value is not None, 3600.0)
            if board.picture.clusters[self.ref].info.value is not None:
                await self._look(board)
            often = 1 if self._seen.complete else _SELDOM
            await asyncio.sleep(self._settings.interval * often)

    async def _look(self, board: SourceBoard) -> None:
        now = self._clock.now()
        before, problem = self._seen, None
        objects: Objects = before.value or {}
        proven, complete = now, True
        try:
            found = await self._read(Subject(self.ref, "ConfigMap", *self._at))
            objects = {self._at: self._object(found.document)}
        except ReadFailed as failed:
            problem = failed.problem
            if problem.kind is ProblemKind.NOT_SERVED:  # there is none
                objects, problem = {}, None
            else:
                proven, complete = before.observed_at or 0.0, before.complete
        except Exception as error:  # a bug of ours must not end what comes after
            log.exception("the status of the cluster-autoscaler was not read")
            problem = Problem(
                kind=ProblemKind.INTERNAL,
                cause=f"it failed with {type(error).__name__}, a fault of the program; the log has more",
                since=now,
            )
            proven, complete = before.observed_at or 0.0, before.complete
        same = complete and dict(objects) == dict(before.value or {}) and before.complete
        self._seen = Observation(
            value=(before.value if same else objects) if complete else None,
            source=self.id,
            observed_at=proven or None,
            problem=problem,
            complete=complete,
            interval=in_clock_seconds(self._clock, 2 * self._settings.interval),
        )
        changed = frozenset() if same else frozenset({self._at})
        board.put_objects(self.ref, ClusterAutoscaler.KIND, self._seen, changed)
        board.put_status(self.id, self.status)

    def _object(self, content: Mapping[str, Any]) -> ClusterAutoscaler | Unreadable:
        """``Unreadable`` where its text is odd."""
        data = content.get("data")
        text = data.get("status") if isinstance(data, dict) else None
        try:
            if not isinstance(text, str):
                raise ValueError("it has no status")
            return parsed(text, self._at)
        except ValueError as error:
            return Unreadable(
                namespace=self._at.namespace,
                name=self._at.name,
                kind=ClusterAutoscaler.KIND,
                cells=(),
                field=f"data.status: {safe(str(error))}",
            )
