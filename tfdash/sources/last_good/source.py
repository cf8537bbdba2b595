"""Takes the last-good picture of each cluster, and reads what other terminals took. Each half a minute it is looked whether services serve; the file
is written where a service's numbers moved, else once in ten minutes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tfdash.clock import Clock, in_clock_seconds
from tfdash.model.assessment import Assessment
from tfdash.model.last_good import GoodService, LastGood
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.subject import ClusterRef
from tfdash.nouns import counted
from tfdash.playbook.procedures.last_good import LastGoodTaking
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.recovery_settings import AHEAD, RecoverySettings
from tfdash.process import in_thread
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import PATIENCE, Diagnosis, by_status
from tfdash.sources.last_good.kept import keep, recall

_EVERY, _WRITTEN = 30.0, 600.0  # seconds
_ANSWERS = 20.0  # seconds for a folder that may be a mount of something far away
T = TypeVar("T")


class LastGoodSource:
    """See ``tfdash.sources.base.Source``. ``keeping``: it may be written; else it is only read."""

    id = "last-good"

    def __init__(
        self,
        refs: Sequence[ClusterRef],
        settings: RecoverySettings,
        clock: Clock,
        *,
        keeping: bool,
        answers: float = _ANSWERS,
    ) -> None:
        self._refs, self._settings, self._clock, self._keeping = tuple(refs), settings, clock, keeping
        self._folder = Path(settings.last_good.folder).expanduser()
        self._steady = LastGoodTaking(settings)
        self._seen: dict[ClusterRef, Observation[LastGood]] = {}
        self._answers = answers
        self._hangs: asyncio.Future[Any] | None = None

    @property
    def status(self) -> Observation[SourceInfo]:
        seen = list(self._seen.values())
        services = sum(len(one.value.services) for one in seen if one.value is not None)
        about = f"{counted(services, 'service')} of {counted(len(self._refs), 'cluster')} in {self._folder}"
        return Observation(
            value=SourceInfo(name=self.id, about=about, count=services),
            source=self.id,
            observed_at=min((one.observed_at or 0.0 for one in seen), default=None),
            problem=next((one.problem for one in seen if one.problem is not None), None),
            complete=len(seen) == len(self._refs),
            interval=in_clock_seconds(self._clock, 2 * _EVERY),
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        return tuple(ref.cluster for ref in self._refs if ref not in self._seen)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        await board.until(lambda: len(self._seen) == len(self._refs), PATIENCE)
        return by_status(self.id, self.status)

    async def run(self, board: SourceBoard) -> None:
        while True:
            for ref in self._refs:
                self._seen[ref] = await self._look(board, ref)
                board.put_signals({("last_good", ref): self._seen[ref]})
            board.put_status(self.id, self.status)
            await board.until(lambda: False, _EVERY)

    async def _look(self, board: SourceBoard, ref: ClusterRef) -> Observation[LastGood]:
        now = self._clock.now()
        case = ProbeCase(
            arguments={}, cluster=ref, picture=board.picture, assessment=board.assessment, now=now
        )
        gap = in_clock_seconds(self._clock, 4 * _EVERY)
        taken = self._steady.taken(case, gap) if self._keeping else {}
        before = self._seen.get(ref)
        problem: Problem | None = None
        found: LastGood | None = before.value if before is not None else None
        try:
            on_disk = await self._disk(partial(recall, self._folder, ref)) or LastGood()
            found = self._steady.merged(on_disk, taken)
            if self._keeping and self._news(on_disk, taken):
                whole = self._steady.written(on_disk, found, now)
                await self._disk(partial(keep, self._folder, ref, whole))
        except (OSError, ValueError) as error:
            word = getattr(error, "strerror", None) or str(error)
            was = before.problem if before is not None else None
            problem = Problem(
                kind=ProblemKind.NOT_WRITTEN,
                cause=f"the last-good picture of {ref.cluster}: {self._folder}: {word}",
                remedy="see [recovery.last_good] folder",
                since=was.since if was is not None else now,
            )
        return Observation(
            value=found,
            source=self.id,
            observed_at=now if problem is None else (before.observed_at if before is not None else None),
            problem=problem,
            complete=True,
            interval=in_clock_seconds(self._clock, 2 * _EVERY),
        )

    async def _disk(self, work: Callable[[], T]) -> T:
        """What hangs is waited for so long and no longer, and nothing is begun beside it. Raises ``OSError``."""
        if self._hangs is None or self._hangs.done():
            self._hangs = asking = asyncio.ensure_future(in_thread(work))
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._answers):
                    return await asyncio.shield(asking)
        raise OSError(errno.ETIMEDOUT, f"no answer within {self._answers:g} s")

    def _news(self, on_disk: LastGood, taken: dict[str, GoodService]) -> bool:
        """Whether what was taken says more than the file: another number, or the same much later."""
        known = {one.name: one for one in on_disk.services}
        late = in_clock_seconds(self._clock, _WRITTEN)
        return any(
            (was := known.get(name)) is None
            or not -AHEAD <= one.at - was.at < late
            or _numbers(one) != _numbers(was)
            for name, one in taken.items()
        )


def _numbers(one: GoodService) -> tuple[object, ...]:
    return (
        one.workload,
        one.replicas,
        one.scaler,
        one.minimum,
        one.maximum,
        one.images,
        one.tier,
        one.owner,
        one.rests_on,
        one.comes_up,
        one.by,
    )
