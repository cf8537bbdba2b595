"""Reads what workloads used over weeks: whole days once, today's part hourly, and never in the way of what judges releases."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Object, Pod
from tfdash.model.kubecluster import Node
from tfdash.model.observation import ListProgress, Observation, Problem
from tfdash.model.picture import ClusterPicture, Objects, Picture, SourceInfo
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.usage import HISTORY_SOURCE, UsageHistory, UseOverTime
from tfdash.node_pools import POOL_LABELS, pool_of
from tfdash.process import in_thread
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import Diagnosis, by_status
from tfdash.sources.prometheus.usage.asking import Asking
from tfdash.sources.prometheus.usage.histories import HistoryTerms, PlaceSums, histories, places_now
from tfdash.sources.prometheus.usage.kept import KeptDays
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.over_time import Sought, over_time
from tfdash.sources.prometheus.usage.owners import owners_of
from tfdash.sources.prometheus.usage.piece import Answers, Owner, UsagePiece, joined, piece_of
from tfdash.sources.prometheus.usage.queries import coarse, queries
from tfdash.sources.prometheus.usage.turn import away, may_ask, read_whole

log = logging.getLogger(__name__)
DAY, HOUR = 86_400.0, 3600.0
_SHORTEST = 900.0  # seconds of a piece; less is not asked for
_SETTLED = 600.0  # seconds after its end a day may still get samples
_FIRST = 10.0  # seconds that what judges has for itself
_OFTEN = 60.0  # seconds between two rounds at least, however fast the clock of a demonstration runs
_LINES = 16  # of the newest that somebody looked at


class Windows(NamedTuple):
    """Days: of which a percentile is held against a band, of which sizes are proposed; ``percentile`` of the sizes' CPU."""

    bands: int
    sizes: int
    percentile: float

    @property
    def longest(self) -> int:
        return max(self.bands, self.sizes)


class _Read(NamedTuple):
    """Of one namespace: what failed, how many days there are, and how many of those that are held against a band."""

    problem: Problem | None
    days: int
    banded: int


class UsageHistorySource:
    """See ``tfdash.sources.base.Source``: makes ``UsageHistory``. ``once``: of a command that judges once, which waits for the days
    that are kept; they are read before anything is asked for. No judgement waits for more."""

    def __init__(
        self,
        ref: ClusterRef,
        series: UsageSeries,
        windows: Windows,
        asking: Asking,
        clock: Clock,
        kept: KeptDays,
        *,
        shown: str = "",
        match: Sequence[tuple[str, str]] = (),
        pool_labels: Sequence[str] = POOL_LABELS,
        once: bool = False,
    ) -> None:
        self.ref, self.series, self.windows = ref, series, windows
        self.asking, self._clock, self._kept, self._match = asking, clock, kept, match
        self._source, self._once = f"prometheus {shown}", once
        self._parts: dict[str, int] = {}  # into how many parts a day of a namespace is asked for
        self._today: dict[str, UsagePiece] = {}
        self._only: frozenset[str] | None = None
        self._found: dict[str, dict[Key, UsageHistory]] = {}
        self._places: dict[Key, UsageHistory] = {}  # the cluster and its pools
        self._pool_labels = tuple(pool_labels)
        self._pools: dict[str, str] = {}  # by node, also of those that are gone since
        self._problem: Problem | None = None
        self._read_at: float | None = None
        self._failures = 0  # rounds of which something failed, one after the other
        self._lines: dict[tuple[str, str, str, float], tuple[float, UseOverTime]] = {}
        self._lacking: ListProgress | None = None  # how many days were kept, where some are to be asked for
        self.asks = True  # for what is not kept
        self.whole = False  # every namespace was read, or failed, once

    def only(self, namespaces: Iterable[str] | None) -> None:
        """Read these alone; None: all that have pods."""
        self._only = None if namespaces is None else frozenset(namespaces)

    @property
    def id(self) -> str:
        return f"{HISTORY_SOURCE} {self.ref.environment}/{self.ref.cluster}"

    @property
    def status(self) -> Observation[SourceInfo]:
        return Observation(
            value=SourceInfo(
                name=f"{self.ref.cluster} usage history",
                about=f"{self.windows.longest} d, a namespace and a day at a time: {self.asking.cost}",
                count=sum(map(len, self._found.values())),
                cluster=self.ref,
            ),
            source=self._source,
            observed_at=self._read_at,
            problem=self._problem,
            complete=self.whole,
            progress=None if self.whole else self._lacking,
            interval=self._interval,
        )

    @property
    def _interval(self) -> float:
        return in_clock_seconds(self._clock, 2 * HOUR)

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """No judgement waits for weeks to be asked for."""
        kinds = picture.clusters[self.ref].kinds
        found = kinds.get(UsageHistory.KIND)
        told = found is not None and found.value is not None
        if not self._once or told or not read_whole(kinds.get(Pod.KIND)):
            return ()
        return (f"{self.ref.cluster} usage history",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        """Weeks are not read for it: whether the server answers, what judges releases says already."""
        status = self.status
        if status.observed_at is None and status.problem is None:
            status = msgspec.structs.replace(status, observed_at=self._clock.now())
        return by_status(self.id, status)

    async def run(self, board: SourceBoard) -> None:
        self._put_unread(board, None)
        if self._once:
            await self._begin(board)
        if not self.asks:
            return
        await self._allowed(board)
        await asyncio.sleep(0 if self._once else _FIRST)
        while True:
            try:
                await self.round(board)
            except Exception:  # a bug of ours: said in the log, and the next round comes
                log.exception("a round of the usage history failed")
            await asyncio.sleep(self.pause)

    @property
    def pause(self) -> float:
        """Seconds until the next round: an hour by the clock; after one of which something failed sooner, and twice as long each time."""
        again = _OFTEN * 2.0 ** (self._failures - 1) if self._failures else HOUR
        return min(again, max(_OFTEN, HOUR / in_clock_seconds(self._clock, 1.0)))

    async def _begin(self, board: SourceBoard) -> None:
        """Have judged by what is kept, once it is known which pods and nodes there are."""

        def known() -> bool:
            return read_whole(board.picture.clusters[self.ref].kinds.get(Pod.KIND)) and not board.unsettled()

        while not known():
            await board.until(known, HOUR)
        try:
            await self.recall(board)
        except Exception:  # a bug of ours: said in the log, and all is asked for
            log.exception("the kept days of the usage history could not be made use of")
            self._publish(board, None, None)

    async def recall(self, board: SourceBoard) -> None:
        """The days that are kept. Pools and the cluster have a history only where no day of any namespace is lacking: a sum
        of which one lacks is too small."""
        now, cluster = self._clock.now(), board.picture.clusters[self.ref]
        self._know_pools(cluster)
        sums = PlaceSums()
        found = [await self._read(name, now, None, sums) for name in self._names(cluster)]
        if self._only is None and found and all(one.banded == self.windows.bands for one in found):
            await self._of_places(cluster, sums)
        there, wanted = sum(one.days for one in found), self.windows.longest * len(found)
        self._lacking = ListProgress(there, wanted) if there < wanted else None
        self._publish(board, None, now)

    def _put_unread(self, board: SourceBoard, problem: Problem | None) -> None:
        """While nothing was read: that it is asked for, and what is in the way of that."""
        if self._read_at is None and self._problem is None:
            nothing = Observation[Objects](source=self._source, problem=problem, interval=self._interval)
            board.put_objects(self.ref, UsageHistory.KIND, nothing, None)

    async def _allowed(self, board: SourceBoard) -> None:
        """Until it may ask. Where nothing was read yet, and its server does not answer, that is not loading."""
        while not may_ask(board.picture, self.ref):
            self._put_unread(board, why := away(board.picture, self.ref))
            await board.until(partial(self._changed, board, why), HOUR)
        self._put_unread(board, None)

    def _changed(self, board: SourceBoard, why: Problem | None) -> bool:
        return may_ask(board.picture, self.ref) or away(board.picture, self.ref) != why

    def _names(self, cluster: ClusterPicture) -> list[str]:
        """Of the namespaces that are read."""
        there = {key.namespace for key in cluster.objects(Pod.KIND)}
        return sorted(there if self._only is None else there & self._only)

    def _know_pools(self, cluster: ClusterPicture) -> None:
        self._pools |= {
            node.name: pool
            for node in cluster.objects(Node.KIND).values()
            if isinstance(node, Node) and (pool := pool_of(node, self._pool_labels))
        }

    async def round(self, board: SourceBoard) -> None:
        """Everything that is lacking now, namespace by namespace, the newest days first."""
        now = self._clock.now()
        today = math.floor(now / DAY) * DAY
        await in_thread(lambda: self._kept.forget(today - (self.windows.longest + 1) * DAY))
        cluster = board.picture.clusters[self.ref]
        names = self._names(cluster)
        self._know_pools(cluster)
        sums = PlaceSums()
        failed: Problem | None = None
        self._found = {name: self._found[name] for name in names if name in self._found}
        for namespace in names:
            await self._allowed(board)
            owners = owners_of(board.picture.clusters[self.ref], namespace)
            read = await self._read(namespace, now, owners, sums)
            failed = failed or read.problem
            self._publish(board, failed, now)
        self.whole = True
        self._failures = 0 if failed is None else min(self._failures + 1, 16)
        if failed is None and self._only is None:
            await self._of_places(board.picture.clusters[self.ref], sums)
        self._publish(board, failed, now)

    async def _of_places(self, cluster: ClusterPicture, sums: PlaceSums) -> None:
        """What pools and the cluster have and are asked for; and to their history the first and the last whole day of that."""
        today = math.floor(self._clock.now() / DAY) * DAY
        self._places = await in_thread(lambda: sums.made(coarse(self.series)))
        found, oldest = places_now(cluster, self._pools, today), today - self.windows.longest * DAY
        noted = await in_thread(lambda: self._kept.note(found, oldest))
        for key, history in self._places.items():
            days = [
                places[key.name]
                for day, places in sorted(noted.items())
                if day < today and key.name in places
            ]
            if len(days) > 1:
                self._places[key] = msgspec.structs.replace(history, days=(days[0], days[-1]))

    def _publish(self, board: SourceBoard, problem: Problem | None, now: float | None) -> None:
        """``now``: when it was read; None: nothing was."""
        self._problem = problem
        if problem is None and now is not None:
            self._read_at = now
        value: dict[Key, Object] = {k: one for found in self._found.values() for k, one in found.items()}
        value |= self._places
        seen = Observation[Objects](
            value=value,
            source=self._source,
            observed_at=self._read_at,
            problem=problem,
            complete=bool(value) or self.whole or (self._once and now is not None),  # what is kept is all
            interval=self._interval,
        )
        board.put_objects(self.ref, UsageHistory.KIND, seen, None)
        board.put_status(self.id, self.status)

    async def read_use(self, subject: Subject, span: float, cluster: ClusterPicture) -> UseOverTime:
        """See ``tfdash.sources.base.UseReader``. What was asked for so lately that there is no further point is not asked again."""
        from tfdash.sources.prometheus.failing import problem_of

        now, at = self._clock.now(), (subject.kind, subject.namespace, subject.name, span)
        found = self._lines.get(at)
        if found is not None and now - found[0] < found[1].step:
            return found[1]
        current = owners_of(cluster, subject.namespace)
        sought = Sought(subject.kind, subject.namespace, subject.name, now, span, current)
        try:
            line = await over_time(self.asking.ask, self.series, sought, self._match, self._source)
        except Exception as error:
            raise ReadFailed(problem_of(error, now)) from error
        self._lines = dict([*self._lines.items(), (at, (now, line))][-_LINES:])
        return line

    # -- one namespace --------------------------------------------------------------------------------------------

    async def _read(
        self, namespace: str, now: float, current: Mapping[str, Owner] | None, sums: PlaceSums
    ) -> _Read:
        """Its days and today's part; what failed of it, with what was read all the same made use of. ``current``: whose its pods are;
        None: what is kept alone is read. ``sums``: gets its days."""
        pieces: list[UsagePiece | None] = []
        problem: Problem | None = None
        newest = self._newest(now)
        for back in range(1, self.windows.longest + 1):
            day = newest - back * DAY
            piece = await in_thread(partial(self._kept.get, namespace, day))
            if piece is None and current is not None and problem is None:
                try:
                    piece = await self._day(namespace, day, day + DAY, current)
                    await in_thread(partial(self._kept.put, namespace, day, piece))
                except Exception as error:
                    problem = self._failed(namespace, error, now)
            pieces.append(piece)
        if current is not None and problem is None:
            try:
                await self._follow(namespace, newest, now, current)
            except Exception as error:
                problem = self._failed(namespace, error, now)
        part = self._today.get(namespace)
        bands = [p for p in pieces[: self.windows.bands] if p is not None]
        known = [p for p in (*pieces[: self.windows.sizes], part) if p is not None]
        text = [q.text for q in queries(self.series, namespace, newest - DAY, newest, self._match)]
        asked = HistoryTerms(self.windows.percentile, self.series.step, coarse(self.series), tuple(text))
        self._found[namespace] = await in_thread(lambda: histories(namespace, bands, known, asked))
        await in_thread(lambda: sums.add(bands))
        return _Read(problem, sum(p is not None for p in pieces), len(bands))

    @staticmethod
    def _failed(namespace: str, error: Exception, now: float) -> Problem:
        from tfdash.sources.prometheus.failing import problem_of

        problem = problem_of(error, now)
        if not isinstance(error, OSError | msgspec.MsgspecError):
            log.info("the usage history of %s: %s", namespace, problem.cause)
        return problem

    @staticmethod
    def _newest(now: float) -> float:
        """The end of the newest day that gets no sample any more."""
        today = math.floor(now / DAY) * DAY
        return today - (DAY if now - today < _SETTLED else 0.0)

    async def _follow(self, namespace: str, since: float, now: float, current: Mapping[str, Owner]) -> None:
        """Today's part, from where it was read until."""
        before = self._today.get(namespace)
        if before is not None and before.since < since:
            before = None  # a day ended; it is read anew, whole
        begin = before.until if before is not None else since
        end = math.floor(now / _SHORTEST) * _SHORTEST
        if end <= begin:
            return
        piece = await self._day(namespace, begin, end, current)
        both = joined(p for p in (before, piece) if p is not None)
        assert both is not None
        self._today[namespace] = both

    async def _day(
        self, namespace: str, begin: float, end: float, current: Mapping[str, Owner]
    ) -> UsagePiece:
        """In as many parts as were enough last time; in halves where that is too much."""
        parts = self._parts.get(namespace, 1)
        edges = [begin + (end - begin) * i / parts for i in range(parts + 1)]
        pieces = [await self._piece(namespace, a, b, current) for a, b in pairwise(edges)]
        whole = joined(pieces)
        assert whole is not None
        return whole

    async def _piece(
        self, namespace: str, begin: float, end: float, current: Mapping[str, Owner]
    ) -> UsagePiece:
        from tfdash.sources.prometheus.failing import is_too_much

        wanted = queries(self.series, namespace, begin, end, self._match)
        answers = await asyncio.gather(*(self.asking.ask(q) for q in wanted), return_exceptions=True)
        errors = [a for a in answers if isinstance(a, BaseException)]
        if errors and all(map(is_too_much, errors)) and end - begin > _SHORTEST:
            middle = math.floor((begin + end) / 2)
            self._parts[namespace] = min(
                96, max(self._parts.get(namespace, 1), round(2 * DAY / (end - begin)))
            )
            halves = [
                await self._piece(namespace, begin, middle, current),
                await self._piece(namespace, middle, end, current),
            ]
            whole = joined(halves)
            assert whole is not None
            return whole
        if errors:
            raise errors[0]
        rows = {q.role: a for q, a in zip(wanted, answers, strict=True) if not isinstance(a, BaseException)}
        found, pools = Answers(rows, begin, end), dict(self._pools)
        return await in_thread(lambda: piece_of(namespace, found, self.series, current, pools))
