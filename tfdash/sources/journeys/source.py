"""Runs the journeys of an environment, each at its pace, and puts their runs into the board."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from tfdash.clock import Clock
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Journey, JourneyRun
from tfdash.sources.base import SourceBoard
from tfdash.sources.journeys.options import JourneySettings
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
        board.put_signals({("journeys", name): seen})
