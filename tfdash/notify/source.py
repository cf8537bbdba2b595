"""The channels as ``:sources`` and ``doctor`` tell them: what waits, since when, and why. Reads the queue and writes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from tfdash.clock import Clock
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import NO_PAGE, Picture, SourceInfo
from tfdash.notify.lacking import lacks
from tfdash.notify.outbox import QueuedMessage, read_waiting
from tfdash.notify.posts import ChannelPost
from tfdash.process import in_thread
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import Diagnosis, by_status

_LOOK = 5.0  # seconds between two looks


class NotifySource:
    """``tfdash.sources.base.Source``. ``secret`` resolves references; only ``doctor`` asks for them."""

    id = "notify"

    def __init__(
        self, posts: Sequence[ChannelPost], folder: Path, secret: Callable[[str], str], clock: Clock
    ) -> None:
        self._posts, self._folder, self._secret, self._clock = posts, folder, secret, clock
        self._said: Observation[SourceInfo] | None = None

    @property
    def status(self) -> Observation[SourceInfo]:
        return self._said or self._told(looked=False)

    def _told(
        self,
        waiting: Sequence[QueuedMessage] = (),
        taken: int = 0,
        trouble: str = "",
        *,
        looked: bool = True,
    ) -> Observation[SourceInfo]:
        late = [row for row in waiting if row.sentence]
        about = f"{', '.join(post.name for post in self._posts)}" + (
            f" · {len(waiting):,} wait" if waiting else ""
        )
        since = min((row.queued_at for row in late), default=0.0)
        if not trouble and late:
            trouble = f"{late[0].channel}: {late[0].sentence}"
        return Observation(
            value=SourceInfo(
                name=self.id,
                about=about,
                count=taken,
                only_for=NO_PAGE,
            ),
            source=self.id,
            observed_at=self._clock.now() if looked else None,
            complete=looked,
            interval=float("inf"),
            problem=Problem(
                kind=ProblemKind.UNREACHABLE,
                cause=trouble,
                remedy="tfdash notify queue shows what waits",
                since=since,
            )
            if trouble
            else None,
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Nothing is judged by it."""
        return ()

    async def run(self, board: SourceBoard) -> None:
        while True:
            said = await in_thread(self._look)
            if self._said is None or said.problem != self._said.problem or said.value != self._said.value:
                board.put_status(self.id, said)
            self._said = said
            await asyncio.sleep(_LOOK)

    def _look(self) -> Observation[SourceInfo]:
        try:
            return self._told(*read_waiting(self._folder, {post.home for post in self._posts}))
        except (OSError, sqlite3.Error) as error:
            return self._told(trouble=f"the queue of messages cannot be read: {error}")

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        status = await in_thread(self._look)
        for post in self._posts if status.problem is None else ():
            lacking = await in_thread(lambda post=post: lacks(post.settings, self._secret))  # type: ignore[misc]
            if lacking:
                status = self._told(trouble=f"{post.name}: {lacking}")
                break
        return by_status(self.id, status)
