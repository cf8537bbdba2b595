"""What a recorder says of itself, among the sources: how much is kept where, and why nothing is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tfdash.clock import Clock
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.recording.recorder import Recorder
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import Diagnosis, by_status

_EVERY = 30.0  # seconds of the machine between two words on itself


class RecordingSource:
    """``tfdash.sources.base.Source``. ``where`` says where it is written to."""

    def __init__(self, name: str, recorder: Recorder, where: Callable[[], str], clock: Clock) -> None:
        self.id, self._recorder, self._where, self._clock = name, recorder, where, clock
        self._since = 0.0

    @property
    def status(self) -> Observation[SourceInfo]:
        now, problem = self._clock.now(), self._recorder.problem
        lost = f", {self._recorder.lost:,} changes lost" if self._recorder.lost else ""
        about = f"{self._recorder.written / 1e6:.1f} MB written{lost}: {self._where()}"
        self._since = (self._since or now) if problem else 0.0
        return Observation(
            value=SourceInfo(name=self.id, about=about),
            source=self.id,
            observed_at=now,
            complete=True,
            interval=float("inf"),
            problem=Problem(
                kind=ProblemKind.INTERNAL if "fault of tfdash" in problem else ProblemKind.SERVER_ERROR,
                cause=problem,
                remedy="it is tried again; make room on that disk, or choose another",
                since=self._since,
            )
            if problem
            else None,
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        return ()

    async def run(self, board: SourceBoard) -> None:
        while True:
            board.put_status(self.id, self.status)
            await asyncio.sleep(_EVERY)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        return by_status(self.id, self.status)
