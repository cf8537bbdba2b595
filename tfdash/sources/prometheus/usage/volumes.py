"""Reads how full volumes are, of the claims of which the kubelets tell it: four questions for many namespaces each five minutes, and once
an hour how they grew."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from statistics import median

import msgspec

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.capacity import PersistentVolumeClaim
from tfdash.model.observation import Observation, Problem
from tfdash.model.picture import Objects, Picture, SourceInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.usage import VolumeUsage
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import Diagnosis, by_status
from tfdash.sources.prometheus.answer import Row, decode_labels, number
from tfdash.sources.prometheus.usage.asking import Asking
from tfdash.sources.prometheus.usage.options import UsageSeries
from tfdash.sources.prometheus.usage.piece import is_amount, points_of
from tfdash.sources.prometheus.usage.queries import RangeQuery, first_of_step, written

log = logging.getLogger(__name__)
DAY, HOUR = 86_400.0, 3600.0
_EVERY = 300.0  # seconds of the clock between two rounds
_OFTEN = 15.0  # seconds between two rounds at least, however fast the clock of a demonstration runs
_CURRENT = 3  # rounds for which an answer is taken as current
_TOGETHER = 100  # namespaces in one query: so many names are no long address
_TREND, _STEP = 7 * DAY, 4 * HOUR
_PATIENCE = 20.0
_ROLES = ("volume_used", "volume_capacity", "volume_inodes_used", "volume_inodes")
Points = Sequence[tuple[float, float]]
"""(epoch seconds, value), oldest first."""


def trend(points: Points, least: float = DAY) -> tuple[float | None, float]:
    """(a second, over how many seconds): the median of the slopes between each two points (Theil and Sen), which neither a clean-up
    nor one large file turns round. None where the points span less than ``least`` seconds."""
    span = points[-1][0] - points[0][0] if points else 0.0
    if span < least:
        return None, span
    return median((b - a) / (until - at) for (at, a), (until, b) in combinations(points, 2)), span


class VolumeUsageSource:
    """See ``tfdash.sources.base.Source``: makes ``VolumeUsage``."""

    def __init__(
        self,
        ref: ClusterRef,
        series: UsageSeries,
        asking: Asking,
        clock: Clock,
        *,
        shown: str = "",
        match: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.ref, self._series, self._match = ref, series, match
        self._asking, self._clock = asking, clock
        self._source = f"prometheus {shown}"
        self._history: dict[Key, Points] = {}
        self._asked_history = -HOUR
        self._seen: Observation[Objects] = Observation(source=self._source, interval=self._interval)

    @property
    def id(self) -> str:
        return f"volume usage {self.ref.environment}/{self.ref.cluster}"

    @property
    def _round(self) -> float:
        """Seconds of the clock between two rounds."""
        return max(_EVERY, in_clock_seconds(self._clock, _OFTEN))

    @property
    def _interval(self) -> float:
        return 2 * self._round

    @property
    def status(self) -> Observation[SourceInfo]:
        info = SourceInfo(
            name=f"{self.ref.cluster} volume usage",
            about=f"how full the volumes of claims are: {self._asking.cost}",
            count=len(self._seen.value or ()),
            cluster=self.ref,
        )
        return Observation(
            value=info,
            source=self._source,
            observed_at=self._seen.observed_at,
            problem=self._seen.problem,
            complete=self._seen.complete,
            interval=self._interval,
        )

    @property
    def _settled(self) -> bool:
        return self._seen.complete or self._seen.problem is not None

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Where claims were read, how full they are is to be known."""
        claims = picture.clusters[self.ref].kinds.get(PersistentVolumeClaim.KIND)
        if self._settled or not _whole(claims) or claims is None or not _bound(claims.value or {}):
            return ()
        return (f"{self.ref.cluster} volumes",)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        def known() -> bool:
            claims = board.picture.clusters[self.ref].kinds.get(PersistentVolumeClaim.KIND)
            return self._settled or (claims is not None and claims.problem is not None)

        await board.until(known, _PATIENCE)
        status = self.status
        if not self._settled and known():  # there are no claims to ask about
            status = msgspec.structs.replace(status, observed_at=self._clock.now())
        return by_status(self.id, status)

    async def run(self, board: SourceBoard) -> None:
        board.put_objects(self.ref, VolumeUsage.KIND, self._seen, None)  # that it is asked for
        while True:
            await self._claims_known(board)
            try:
                await self.round(board)
            except Exception:  # a bug of ours: said in the log, and the next round comes
                log.exception("a round of the volumes failed")
            await asyncio.sleep(self._round / in_clock_seconds(self._clock, 1.0))

    async def _claims_known(self, board: SourceBoard) -> None:
        def known() -> bool:
            claims = board.picture.clusters[self.ref].kinds.get(PersistentVolumeClaim.KIND)
            return _whole(claims)

        while not known():
            await board.until(known, HOUR)

    async def round(self, board: SourceBoard) -> None:
        """Ask once of all claims that are bound now."""
        now = self._clock.now()
        claims = _bound(board.picture.clusters[self.ref].objects(PersistentVolumeClaim.KIND))
        before = self._seen
        try:
            found, problem = await self._read(claims, now) if claims else ({}, None)
            seen = Observation[Objects](value=found, observed_at=now, complete=True, problem=problem)
        except Exception as error:
            seen = msgspec.structs.replace(before, problem=self._failed(error, now))
        self._seen = msgspec.structs.replace(seen, source=self._source, interval=self._interval)
        board.put_objects(self.ref, VolumeUsage.KIND, self._seen, None)
        board.put_status(self.id, self.status)

    def _failed(self, error: Exception, now: float) -> Problem:
        from tfdash.sources.prometheus.failing import problem_of

        problem = problem_of(error, now)
        log.info("the volumes of %s: %s", self.ref.cluster, problem.cause)
        return problem

    async def _read(
        self, claims: Mapping[Key, float], now: float
    ) -> tuple[dict[Key, VolumeUsage], Problem | None]:
        """``claims``: when each was made. One query after the other; how they grew may fail alone, and is asked for again."""
        namespaces = sorted({key.namespace for key in claims})
        values: dict[str, dict[Key, float]] = {role: {} for role in _ROLES}
        for some in _together(namespaces):
            for role in _ROLES:
                values[role].update(
                    (key, value)
                    for key, row in await self._ask(role, some, now, now, 0.0)
                    if row.value and is_amount(value := number(row, row.value[1]))
                )
        problem = None
        if now >= self._asked_history + HOUR:
            try:
                self._history = await self._grown(namespaces, now)
                self._asked_history = now
            except Exception as error:
                problem = self._failed(error, now)
        found = {}
        for key in claims.keys() & values["volume_used"].keys():
            points = [p for p in self._history.get(key, ()) if p[0] >= claims[key]]
            grows, seen = trend(points)
            found[key] = VolumeUsage(
                namespace=key.namespace,
                name=key.name,
                at=now,
                current_until=now + _CURRENT * self._round,
                used=values["volume_used"][key],
                capacity=values["volume_capacity"].get(key),
                inodes_used=values["volume_inodes_used"].get(key),
                inodes=values["volume_inodes"].get(key),
                grows=grows,
                seen=seen,
            )
        return found, problem

    async def _grown(self, namespaces: Sequence[str], now: float) -> dict[Key, Points]:
        end = first_of_step(now, _STEP) - _STEP
        return {
            key: points_of(row)
            for some in _together(namespaces)
            for key, row in await self._ask("volume_used", some, end - _TREND, end, _STEP)
        }

    async def _ask(
        self, role: str, namespaces: Sequence[str], begin: float, end: float, step: float
    ) -> list[tuple[Key, Row]]:
        """By claim; nothing where that is not asked for."""
        selector = self._series.selector(role)
        if selector is None:
            return []
        label = self._series.claim_label
        text = f"max by (namespace,{label}) ({written(selector, namespaces, self._match)})"
        rows = await self._asking.ask(RangeQuery(role, text, begin, end, step))
        named = ((decode_labels(row.metric), row) for row in rows)
        return [(Key(of.get("namespace", ""), of[label]), row) for of, row in named if of.get(label)]


def _whole(seen: Observation[Objects] | None) -> bool:
    """Rows that a server printed are no objects yet."""
    return seen is not None and seen.complete and not seen.provisional


def _together(namespaces: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(namespaces), _TOGETHER):
        yield namespaces[begin : begin + _TOGETHER]


def _bound(claims: Objects) -> dict[Key, float]:
    """When each was made, of those that have a volume."""
    return {k: c.created for k, c in claims.items() if isinstance(c, PersistentVolumeClaim) and c.volume}
