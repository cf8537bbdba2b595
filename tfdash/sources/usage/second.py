"""The second source of what is used, beside metrics.k8s.io: what is asked of it, when, and what is made of it.

Both are put together by makers of their own, so that no series holds points of two: CPU over fifteen seconds and over five
minutes are not the same question. The last minutes come with the first answer, as many points as the window of the bands has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem
from tfdash.model.picture import ClusterPicture, Objects, Picture, SourceInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.usage import PROMETHEUS
from tfdash.pieces import in_pieces
from tfdash.process import in_thread
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.sources.usage.making import UsageMade, UsageMaker

log = logging.getLogger(__name__)
OFTEN = 30.0  # seconds between two questions while it stands in, or has more to say than metrics.k8s.io
SELDOM = 300.0  # and while it is only compared
_HOUR = 3600.0
_OLD = 180.0  # seconds: three scrapes of a minute; older is not what is used now
_WITH = ("Pod", "ReplicaSet", "Job", "Node")


class UsedThen(NamedTuple):
    """What was used at one time: objects of the kinds PodMetrics and NodeMetrics."""

    pods: Objects
    nodes: Objects


class SecondReader(Protocol):
    """Asks the second source. What fails is told, not raised."""

    @property
    def cost(self) -> str:
        """What it cost until now, in words."""

    async def read(
        self, pods: Mapping[Key, Pod], nodes: Iterable[Node], since: float, until: float
    ) -> Generator[UsedThen, None, None] | Problem:
        """What these used after ``since`` and until ``until`` (epoch seconds), at some times, the oldest first."""

    async def names(self) -> Mapping[str, int] | Problem:
        """Of each name that it may ask for, how many series there are."""


class SecondUsage:
    """See ``tfdash.sources.base.Source``. ``window``: seconds that the first answer reaches back."""

    def __init__(
        self,
        ref: ClusterRef,
        pool_labels: Iterable[str],
        reader: SecondReader,
        clock: Clock,
        whole: Callable[[], bool],
        window: float,
        shown: str = "",
    ) -> None:
        self.ref, self._reader, self._clock, self._whole, self.window = ref, reader, clock, whole, window
        self._maker = UsageMaker(pool_labels, PROMETHEUS)
        self.source = f"{PROMETHEUS} {shown}".strip()
        self.made: UsageMade | None = None
        self.then: UsedThen | None = None  # what it is made of
        self.problem: Problem | None = None
        self.urgent = True  # whoever makes ``Usage`` says whether it stands in
        self.compared = ""  # and how the two compare
        self._read_until = 0.0

    @property
    def id(self) -> str:
        return f"usage by prometheus {self.ref.environment}/{self.ref.cluster}"

    @property
    def tried(self) -> bool:
        return self.made is not None or self.problem is not None

    @property
    def read_at(self) -> float | None:
        return self._read_until or None

    @property
    def status(self) -> Observation[SourceInfo]:
        made = self.made
        said = f"{made.measured:,} of {made.pods:,} pods measured" if made is not None else ""
        info = SourceInfo(
            name=f"{self.ref.cluster} usage by Prometheus",
            about=" · ".join(part for part in (said, self.compared, self._reader.cost) if part),
            count=made.measured if made is not None else None,
            cluster=self.ref,
        )
        return Observation(
            value=info,
            source=self.source,
            observed_at=self.read_at,
            problem=self.problem,
            complete=made is not None,
            interval=in_clock_seconds(self._clock, 3 * (OFTEN if self.urgent else SELDOM)),
        )

    def instead(self) -> UsageMade | None:
        """What it knows of now; None where it failed, or what it has is old."""
        made = self.made
        if made is None or self.problem is not None or not made.measured:
            return None
        return made if self._clock.now() - made.at <= in_clock_seconds(self._clock, _OLD) else None

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Bands are judged over minutes that only it has seen; where nobody asked what is used, it is not asked."""
        cluster = picture.clusters[self.ref]
        if self.tried or cluster.kinds.get("PodMetrics") is None or not _read_whole(cluster):
            return ()
        return (f"{self.ref.cluster} usage by Prometheus",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        """And which of the names it asks for there are."""
        await board.until(lambda: self.tried, PATIENCE)
        told = by_status(self.id, self.status)
        if self.problem is not None:
            return told
        names = await self._reader.names()
        if isinstance(names, Problem):
            return told
        there = [f"{name} ({count:,})" for name, count in names.items() if count]
        lacking = [name for name, count in names.items() if not count]
        lines = [f"    series: {', '.join(there) or 'none'}"]
        if lacking:
            lines.append(f"    without series: {', '.join(lacking)}")
        return msgspec.structs.replace(
            told, document={**told.document, "series": dict(names)}, lines=(*told.lines, *lines)
        )

    async def run(self, board: SourceBoard) -> None:
        while True:
            await board.until(lambda: self._may_ask(board.picture), _HOUR)
            if not self._may_ask(board.picture):
                continue
            try:
                await self.round(board)
            except Exception:  # a bug of ours: said in the log, and the next round comes
                log.exception("a round of the second source of usage failed")
            await asyncio.sleep(OFTEN)
            if not self.urgent:
                await board.until(lambda: self.urgent, SELDOM - OFTEN)

    def _may_ask(self, picture: Picture) -> bool:
        """Somebody asks what is used, what it is put together with was read, and what judges releases had its first turn."""
        cluster = picture.clusters[self.ref]
        judging = picture.signals.prometheus.get(self.ref)
        return (
            cluster.kinds.get("PodMetrics") is not None
            and _read_whole(cluster)
            and judging is not None
            and not judging.unasked
        )

    async def round(self, board: SourceBoard) -> None:
        """What came since the last one; at first the whole window."""
        cluster, now = board.picture.clusters[self.ref], self._clock.now()
        judging = board.picture.signals.prometheus[self.ref]
        if judging.observed_at is None:  # not asked twice what does not answer
            self.problem = judging.problem
            board.put_status(self.id, self.status)
            return
        pods = {key: pod for key, pod in cluster.objects("Pod").items() if isinstance(pod, Pod)}
        nodes = [node for node in cluster.objects("Node").values() if isinstance(node, Node)]
        found = await self._reader.read(pods, nodes, max(self._read_until, now - self.window), now)
        if isinstance(found, Problem):
            before = self.problem
            same = before is not None and before.kind is found.kind
            self.problem = before if same else found
        else:
            hidden = any(seen.hidden for k in ("Pod", "Node") if (seen := cluster.kinds.get(k)) is not None)
            whole, patience = self._whole() and not hidden, in_clock_seconds(self._clock, _OLD)
            step = partial(next, found, None)
            made, last = self.made, self.then
            while (then := await in_thread(step)) is not None:
                made, last = await in_pieces(self._maker.make(_with(cluster, then), patience, whole)), then
            self.made, self.then = made, last  # all of the minutes, or nobody is told
            self.problem, self._read_until = None, now
        board.put_status(self.id, self.status)


def _with(cluster: ClusterPicture, then: UsedThen) -> ClusterPicture:
    kinds = {
        **cluster.kinds,
        "PodMetrics": Observation[Objects](value=then.pods, complete=True),
        "NodeMetrics": Observation[Objects](value=then.nodes, complete=True),
    }
    return msgspec.structs.replace(cluster, kinds=kinds)


def _read_whole(cluster: ClusterPicture) -> bool:
    return all(
        seen is not None and ((seen.complete and not seen.provisional) or seen.problem is not None)
        for seen in map(cluster.kinds.get, _WITH)
    )
