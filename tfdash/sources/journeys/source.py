"""Runs the journeys of an environment, each at its pace, and puts their runs into the board."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from tfdash.clock import Clock
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Journey, JourneyRun
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.sources.journeys.options import JourneySettings, by_curl
from tfdash.sources.journeys.running import CannotRun, run_journey
from tfdash.text import safe

log = logging.getLogger(__name__)
_MOST = 120  # runs that are kept of a journey
_AT_ONCE = 4
_GAP = 0.2  # seconds between two requests of this terminal: five a second, whatever is configured


async def _always() -> bool:
    return True


class JourneysSource:
    """See ``tfdash.sources.base.Source``.

    ``acting`` False: journeys that change things never run, and no changing method can be sent. ``may_run`` says
    whether this terminal is the one that runs them now; one that may not says so instead of showing old runs as its own.
    """

    def __init__(
        self,
        refs: Sequence[ClusterRef],
        journeys: Sequence[JourneySettings],
        clock: Clock,
        *,
        acting: bool = False,
        may_run: Callable[[], Awaitable[bool]] = _always,
    ) -> None:
        self._refs, self._journeys, self._clock = tuple(refs), tuple(journeys), clock
        self._acting, self._may_run = acting, may_run
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._turns = asyncio.Lock()
        self._last = -1e9
        self._runs: dict[str, tuple[JourneyRun, ...]] = {}
        self._seen_at: dict[str, float] = {}
        self._published: dict[str, Observation[Journey]] = {}

    @property
    def id(self) -> str:
        return "journeys"

    @property
    def status(self) -> Observation[SourceInfo]:
        """As old as the oldest of their newest runs; the first problem is named."""
        seen = [self._published.get(self._name(j), Observation[Journey]()) for j in self._journeys]
        times = [o.observed_at for o in seen]
        return Observation(
            value=SourceInfo(name="journeys", count=len(seen)),
            source="journeys",
            observed_at=None if None in times else min((t for t in times if t is not None), default=None),
            problem=next((o.problem for o in seen if o.problem is not None), None),
            complete=all(o.complete for o in seen),
            interval=max((o.interval for o in seen), default=60.0),
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Each journey needs one run, or the reason why it has none."""
        seen = picture.signals.journeys
        mine = [(j.name, seen.get(self._name(j))) for j in self._journeys]
        if all(found is None for _, found in mine):
            return ("journeys",)
        return tuple(
            f"journey {name}" for name, o in mine if o is None or not (o.complete or o.problem is not None)
        )

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        """Once each was run; whether a service does what it should is the judge's word."""
        await board.until(lambda: not self.unsettled(board.picture, board.assessment), PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        for journey in self._journeys:
            self._publish(board, journey, None)
        async with asyncio.TaskGroup() as group:
            for place, journey in enumerate(self._journeys):
                group.create_task(self._repeat(board, journey, min(place * _GAP, journey.every)))

    async def _repeat(self, board: SourceBoard, journey: JourneySettings, first: float) -> None:
        await asyncio.sleep(first)
        while True:
            began = time.monotonic()
            try:
                await self.once(board, journey)
            except Exception:  # a bug of ours must not end the other journeys
                log.exception("a journey failed")
            await asyncio.sleep(max(1.0, journey.every - (time.monotonic() - began)))

    async def once(self, board: SourceBoard, journey: JourneySettings) -> None:
        """One run, if it may be."""
        try:
            if not await self._may_run():
                raise CannotRun("another terminal runs the journeys", "see its screen")
            async with self._slots:
                run = await run_journey(journey, self._clock.now(), acting=self._acting, turn=self._turn)
        except CannotRun as reason:
            self._publish(board, journey, reason)
            return
        name = self._name(journey)
        self._runs[name] = (*self._runs.get(name, ()), run)[-_MOST:]
        self._seen_at[name] = run.at
        self._publish(board, journey, None)

    async def _turn(self) -> None:
        async with self._turns:
            wait = self._last + _GAP - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self._last = time.monotonic()

    # -- publishing ---------------------------------------------------------------------------------------------

    def _cluster(self, journey: JourneySettings) -> ClusterRef:
        return next((r for r in self._refs if r.cluster == journey.cluster), self._refs[0])

    def _name(self, journey: JourneySettings) -> str:
        ref = self._cluster(journey)
        return f"{ref.environment}/{ref.cluster}/{journey.name}"

    def _publish(self, board: SourceBoard, journey: JourneySettings, reason: CannotRun | None) -> None:
        name, ref = self._name(journey), self._cluster(journey)
        namespace, _, workload = journey.workload.partition("/")
        value = Journey(
            name=journey.name,
            critical=journey.critical,
            side=journey.side,
            control=journey.control,
            workload=Subject(ref, journey.kind, namespace, workload) if workload else None,
            runs=self._runs.get(name, ()),
            source="http",
            line=by_curl(journey),
        )
        problem = None
        if reason is not None:
            problem = Problem(
                kind=ProblemKind.CONFIG,
                cause=safe(str(reason)),
                remedy=safe(reason.remedy),
                since=self._clock.now(),
            )
        seen = Observation(
            value=value,
            source=journey.origin,
            observed_at=self._seen_at.get(name),
            problem=problem,
            complete=name in self._seen_at,
            interval=journey.every * 2 + journey.timeout,
        )
        self._published[name] = seen
        board.put_signals({("journeys", name): seen})
        board.put_status(self.id, self.status)
