"""Makes ``Usage`` of what metrics.k8s.io says, whenever a poll of it brought something, and says how that source is."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from functools import cache

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.durations import write_duration
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Objects, Picture, SourceInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.usage import INSTEAD, PodMetrics, Usage
from tfdash.pieces import in_pieces
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.sources.usage.making import SOURCE, UsageMade, UsageMaker
from tfdash.sources.usage.second import OFTEN, SecondUsage, UsedThen
from tfdash.sources.usage.settings import UsageSettings
from tfdash.usage_compared import usage_compared

log = logging.getLogger(__name__)
_LOOK = 3600.0  # seconds: it is looked with each update of the board
_WINDOWS = 3  # as old as so many windows, what was measured is not current
_LEAST = (
    60.0  # seconds of patience in any case: a kubelet's sample, its collection and our poll have each an age
)
_DUE = 45.0  # seconds within which the next poll is to prove it again
_READ = ("PodMetrics", "NodeMetrics", "Pod", "ReplicaSet", "Job", "Node")
_FROM = ("PodMetrics", "NodeMetrics")
_NOTHING = UsedThen({}, {})


class UsageSource:
    """See ``tfdash.sources.base.Source``. ``whole`` says whether pods of all namespaces are read."""

    def __init__(
        self,
        ref: ClusterRef,
        settings: UsageSettings,
        clock: Clock,
        whole: Callable[[], bool],
        second: SecondUsage | None = None,
    ) -> None:
        self.ref, self._clock, self._whole, self._second = ref, clock, whole, second
        self._maker = UsageMaker(settings.pool_labels)
        self._made: UsageMade | None = None
        self._why = ""  # metrics.k8s.io is not what it was made of
        self._then: UsedThen | None = None  # what pods and nodes used, where it stands in
        self._away = self._doubted = (
            False  # it is not what counts; it failed, and what it said is not old yet
        )
        self._since: float | None = None  # since when metrics.k8s.io is, without a break
        self._of: tuple[object, ...] = ()  # the observations that it was last made of
        self._heard = False  # whether the second's first word is in what was put
        self._seen: Observation[Objects] = Observation(source=SOURCE)
        self._without: Observation[Objects] | None = (
            None  # the last that was put before, while the second is waited for
        )

    @property
    def id(self) -> str:
        return f"usage {self.ref.environment}/{self.ref.cluster}"

    @property
    def status(self) -> Observation[SourceInfo]:
        made, seen = self._made, self._seen
        said = ""
        if made is not None and made.at:
            over = write_duration(round(made.window)) if round(made.window) else "an instant"
            said = f"{made.measured:,} of {made.pods:,} pods measured, each over {over}"
        info = SourceInfo(
            name=f"{self.ref.cluster} usage",
            about=" · ".join(part for part in (seen.source, said, self._why) if part),
            count=None if made is None else len(made.objects),
            cluster=self.ref,
        )
        return Observation(
            value=info,
            source=seen.source,
            observed_at=seen.observed_at,
            problem=seen.problem,
            complete=seen.complete,
            interval=seen.interval,
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """What came of pods and nodes is to be put together first; where nobody asked for it, nothing is."""
        cluster = picture.clusters[self.ref]
        if cluster.kinds.get("PodMetrics") is None or _first(cluster) is None:
            return ()
        there = cluster.kinds.get("Usage")
        if there is not None and there is not self._without and not self._waits_for_second():
            return ()  # else it is put, and in no picture yet
        return (f"{self.ref.cluster} usage",)

    def _waits_for_second(self) -> bool:
        """Whether it has answered, and that is in nothing that was put yet: putting together takes a while."""
        return self._second is not None and self._second.tried and not self._heard

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        """Once it was made; a cluster without metrics-server is none that is ill."""
        second = self._second
        await board.until(
            lambda: (
                "Usage" in board.picture.clusters[self.ref].kinds
                and (second is None or (second.tried and not self._waits_for_second()))
            ),
            PATIENCE,
        )
        status = self.status
        if status.absent and status.problem is not None and status.value is not None:
            told = by_status(
                self.id, msgspec.structs.replace(status, problem=None, observed_at=self._clock.now())
            )
            line = f"· {status.value.name}: {status.problem.cause}"
            return msgspec.structs.replace(
                told, document={**told.document, "problem": status.problem.cause}, lines=(line,)
            )
        return by_status(self.id, status)

    async def run(self, board: SourceBoard) -> None:
        while True:
            look = _DUE if self._doubted else _LOOK
            await board.until(lambda: self._news(board.picture.clusters[self.ref]), look)
            cluster = board.picture.clusters[self.ref]
            if not self._news(cluster) and not self._doubted:
                continue
            self._of = (*_of(cluster), *self._of_second())
            heard = self._second is not None and self._second.tried
            if heard and not self._heard:
                self._without = self._seen
            try:
                await self._make(board, cluster)
            except Exception as error:  # a bug of ours must not end what comes after
                log.exception("what is used was not put together")
                self._put(board, frozenset(), _internal(error, self._clock.now()))
            self._heard = self._heard or heard

    def _news(self, cluster: ClusterPicture) -> bool:
        """Another poll was answered, or failed otherwise, and all that it is put together with was read."""
        return (*_of(cluster), *self._of_second()) != self._of and _first(cluster) is not None

    def _of_second(self) -> tuple[object, ...]:
        """Its first word, and while it may stand in each; otherwise what it says is taken along with the next poll."""
        second = self._second
        if second is None:
            return (None,)
        return ((second.tried, *((_Same(second.made), second.problem) if self._away else ())),)

    async def _make(self, board: SourceBoard, cluster: ClusterPicture) -> None:
        first, second = cluster.kinds["PodMetrics"], self._second
        made, problem = None, first.problem
        patience = in_clock_seconds(self._clock, _LEAST)
        now = self._clock.now() + _skew(cluster)  # by the server's clock, as what was measured is
        if first.value is not None:
            hidden = any(seen.hidden for k in ("Pod", "Node") if (seen := cluster.kinds.get(k)) is not None)
            other = second.made.objects if second is not None and second.made is not None else {}
            whole = self._whole() and not hidden
            made = await in_pieces(self._maker.make(cluster, patience, whole, other, now + patience))
            problem = problem or self._old(made, patience, first.value, now)
            if self._made is not None:
                leave_alone_what_stays()
        away = problem is not None and (made is None or now - made.at > patience)
        if away is not self._away:
            self._away = away
            self._of = (*self._of[:-1], *self._of_second())
        self._doubted = second is not None and problem is not None and not away
        if second is not None:
            self._since = None if away or made is None else self._since or made.at
            alone = self._since is None or self._clock.now() - self._since < second.window
            second.urgent = alone
            stead = second.instead() if away else None
            if stead is not None and problem is not None:
                self._instead(board, second, stead, problem)
                return
            if made is not None and not away:
                self._compare(board, second, made)
        back = self._why != ""
        self._why, self._made = "", made or self._made
        changed = None if back else made.changed if made is not None else frozenset[Key]()
        proven, source = (None, self._seen.source) if made is None else (first.observed_at, SOURCE)
        self._put(board, changed, problem, proven, source)

    def _compare(self, board: SourceBoard, second: SecondUsage, made: UsageMade) -> None:
        """How the two say the use of the whole cluster, or of what is read of it."""
        every = [usage for usage in made.objects.values() if isinstance(usage, Usage)]
        told = next((u for u in every if u.of == "Cluster" and u.used), None) or max(
            (u for u in every if u.of == "Namespace"), key=lambda u: u.measured, default=None
        )
        found = [(name, usage_compared(told, name)) for name in ("cpu", "memory")] if told is not None else []
        words = "; ".join(f"{name} {one.words}" for name, one in found if one is not None)
        if words and told is not None and told.called:
            words = f"namespace {told.called}: {words}"
        if words != second.compared:
            second.compared = words
            board.put_status(second.id, second.status)

    def _instead(self, board: SourceBoard, second: SecondUsage, made: UsageMade, why: Problem) -> None:
        """Of the second source, as it is said of each figure."""
        before = self._made.objects if self._made is not None else {}
        self._why, self._made = f"{SOURCE}: {why.cause}", made
        changed = {
            key for key in before.keys() | made.objects.keys() if before.get(key) is not made.objects.get(key)
        }
        self._put(board, frozenset(changed), None, second.read_at, second.source)

    def _old(self, made: UsageMade, patience: float, metrics: Objects, now: float) -> Problem | None:
        """That the newest measurement is old although an answer came, or is none that can have been made."""
        if not made.at and any(isinstance(m, PodMetrics) for m in metrics.values()):
            return Problem(
                kind=ProblemKind.STALE,
                cause=f"{SOURCE} answers with times that are still to come",
                remedy="compare the clocks of the nodes with the server's",
                since=self._clock.now(),
            )
        age, most = now - made.at, max(patience, _WINDOWS * made.window)
        if not made.at or age <= most:
            return None
        return Problem(
            kind=ProblemKind.STALE,
            cause=f"{SOURCE} answers with what was measured {write_duration(round(age))} ago",
            remedy="see the log of metrics-server",
            since=self._clock.now() - age + most,
        )

    def _put(
        self,
        board: SourceBoard,
        changed: frozenset[Key] | None,
        problem: Problem | None,
        proven: float | None = None,
        source: str = SOURCE,
    ) -> None:
        before, made = self._seen, self._made
        since = before.problem.since if before.problem is not None else 0.0
        if problem is not None and before.problem is not None and before.problem.kind is problem.kind:
            problem = msgspec.structs.replace(problem, since=since)
        old = problem is not None and problem.kind is ProblemKind.STALE
        measured = made.at if made is not None else 0.0  # 0.0: nothing that can have been measured yet
        self._seen = Observation(
            value=made.objects if made is not None else None,
            source=source,
            observed_at=(measured if old else proven) or before.observed_at,
            problem=problem,
            complete=made is not None,
            interval=in_clock_seconds(self._clock, _DUE if source == SOURCE else 3 * OFTEN),
        )
        board.put_objects(self.ref, Usage.KIND, self._seen, changed)
        then = self._second.then if self._second is not None and self._why else None
        if then is not self._then:
            self._then = then
            for kind, objects in zip(INSTEAD.values(), then or _NOTHING, strict=True):
                seen = msgspec.structs.replace(self._seen, value=objects, problem=None)
                board.put_objects(self.ref, kind, seen, None)
        board.put_status(self.id, self.status)


@cache  # once in the program's life: what is garbage then stays for ever
def leave_alone_what_stays() -> None:
    """The garbage collector's passes over what the first poll of a large cluster brought, and over what was said of it, hold the
    thread for 60 ms with each poll: they are not to walk it."""
    gc.freeze()


def _of(cluster: ClusterPicture) -> tuple[object, ...]:
    """What a poll brought: objects and problem of each; an age alone is no news."""
    found: list[object] = []
    for kind in _FROM:
        seen = cluster.kinds.get(kind)
        found += (None,) if seen is None else (_Same(seen.value), seen.problem, seen.observed_at)
    return tuple(found)


class _Same:
    """Equal to another that holds the same thing, which is quicker told than equal things."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    __hash__ = object.__hash__


def _skew(cluster: ClusterPicture) -> float:
    """Seconds that the server's clock is ahead of ours."""
    info = cluster.info.value
    return (info.skew or 0.0) if info is not None else 0.0


def _first(cluster: ClusterPicture) -> ClusterPicture | None:
    """The cluster, once pod metrics came or failed, and where they came all that they are put together with."""
    metrics = cluster.kinds.get("PodMetrics")
    if metrics is None or not (metrics.complete or metrics.problem is not None):
        return None
    if metrics.value is None or not metrics.complete:
        return cluster
    for kind in _READ:
        seen = cluster.kinds.get(kind)
        if seen is None or not ((seen.complete and not seen.provisional) or seen.problem is not None):
            return None
    return cluster


def _internal(error: Exception, now: float) -> Problem:
    return Problem(
        kind=ProblemKind.INTERNAL,
        cause=f"it failed with {type(error).__name__}, a fault of the program; the log has more",
        since=now,
    )
