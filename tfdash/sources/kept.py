"""What a terminal writes for later (verdict journal, ring, recording), told as every source is: where to, and why nothing is written.

No page rests on it: what is shown and judged is the same without.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tfdash.clock import Clock
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import NO_PAGE, Picture, SourceInfo
from tfdash.sources.base import SourceBoard
from tfdash.sources.diagnosis import Diagnosis, by_status

_LOOK, _EVERY = 5.0, 30.0  # seconds of the machine between two looks, and two words on what is as it was


class KeptRecord(NamedTuple):
    """``written``: why it is not, "" where it is, None while nothing is known of that. ``about``: where to, and how much. ``could``: why a
    terminal of this user could not write it, "" where it could; it blocks, and is asked where nobody here writes it.
    ``fault``: whether that cause is a fault of the program itself."""

    name: str
    written: Callable[[], str | None]
    about: Callable[[], str]
    could: Callable[[], str]
    remedy: str
    fault: Callable[[], bool] = lambda: False


class KeptSource:
    """``tfdash.sources.base.Source``."""

    id = ""

    def __init__(self, kept: KeptRecord, clock: Clock) -> None:
        self.id, self._kept, self._clock = kept.name, kept, clock
        self._since = 0.0

    @property
    def status(self) -> Observation[SourceInfo]:
        return self._said(self._kept.written())

    def _said(self, cause: str | None) -> Observation[SourceInfo]:
        now = self._clock.now()
        self._since = (self._since or now) if cause else 0.0
        return Observation(
            value=SourceInfo(name=self.id, about=self._kept.about(), only_for=NO_PAGE),
            source=self.id,
            observed_at=None if cause is None else now,
            complete=cause is not None,
            interval=float("inf"),
            problem=Problem(
                kind=ProblemKind.INTERNAL if self._kept.fault() else ProblemKind.NOT_WRITTEN,
                cause=cause,
                remedy=self._kept.remedy,
                since=self._since,
            )
            if cause
            else None,
        )

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        """Nothing is judged by it."""
        return ()

    async def run(self, board: SourceBoard) -> None:
        told: str | None = None
        looks = 0
        while True:
            cause = self._kept.written()
            if cause != told or looks * _LOOK >= _EVERY:
                told, looks = cause, 0
                board.put_status(self.id, self._said(cause))
            looks += 1
            await asyncio.sleep(_LOOK)

    async def doctor(self, board: SourceBoard) -> Diagnosis:
        cause = self._kept.written()
        if cause is None:
            cause = await asyncio.to_thread(self._kept.could)
        return by_status(self.id, self._said(cause))


def why_unwritable(folder: Path) -> str:
    """Why this user could not write there, "" where that is possible: in the folder, or in the nearest above it that is there. Writes nothing."""
    try:
        there = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), folder)
        if not there.is_dir():
            return f"{there} is not a folder"
        room = os.statvfs(there)
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    if room.f_flag & os.ST_RDONLY:
        return f"{there}: the file system is read-only"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there}: permission denied"
