"""What is read of one cluster now and then, by questions of its own: when it is asked, and what its status says."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from tfdash.model.observation import Observation
from tfdash.model.picture import Objects, Picture, SourceInfo
from tfdash.model.subject import ClusterRef
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status

_FIRST = 5.0  # seconds in which the first lists may go before it
_LONGEST = 3600.0  # seconds


class ClusterRounds:
    """Most of a ``tfdash.sources.base.Source``. Subclasses look (``_look``), leave what they saw in ``_seen``, and say how many that is (``_about``);
    ``noun`` is what is read, ``interval`` the seconds between two looks."""

    ONLY_FOR: ClassVar[tuple[str, ...]] = ()  # pages that rest on it; none: every page does

    def __init__(self, ref: ClusterRef, noun: str, interval: float) -> None:
        self.ref, self._noun, self._interval = ref, noun, interval
        self._seen: Observation[Objects] = Observation(source=self.id)

    @property
    def id(self) -> str:
        raise NotImplementedError

    def _about(self, count: int | None) -> str:
        """``count`` None: nothing is known yet."""
        raise NotImplementedError

    async def _look(self, board: SourceBoard) -> None:
        raise NotImplementedError

    def _is_asked(self, picture: Picture) -> bool:
        """Whether a headless run waits for it: nothing is known of a cluster of which nothing is asked."""
        return picture.clusters[self.ref].info.value is not None

    @property
    def _called(self) -> str:
        return f"{self.ref.cluster} {self._noun}"

    @property
    def status(self) -> Observation[SourceInfo]:
        seen = self._seen
        count = None if seen.value is None else len(seen.value)
        return Observation(
            value=SourceInfo(
                name=self._called,
                about=self._about(count),
                count=count,
                cluster=self.ref,
                only_for=self.ONLY_FOR,
            ),
            source=self.id,
            observed_at=seen.observed_at,
            problem=seen.problem,
            complete=seen.complete,
            interval=seen.interval,
        )

    def unsettled(self, picture: Picture, assessment: object) -> tuple[str, ...]:
        settled = self._seen.complete or self._seen.problem is not None
        return () if settled or not self._is_asked(picture) else (self._called,)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        def known() -> bool:
            info = board.picture.clusters[self.ref].info
            return not self._seen.unasked or (info.value is None and info.problem is not None)

        await board.until(known, PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        while True:
            # nothing is asked of a cluster of which nothing is asked: a log-in may be waited for
            await board.until(lambda: board.picture.clusters[self.ref].info.value is not None, _LONGEST)
            if board.picture.clusters[self.ref].info.value is not None:
                await board.until(lambda: not board.unsettled(), _FIRST)
                await self._look(board)
                await asyncio.sleep(self._interval)
