"""When the judge has its turns: on each picture, on what it left then, and when time makes something due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from tfdash.clock import Clock
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Subject

log = logging.getLogger(__name__)
_BREATH = 0.005  # seconds between two pieces of judging


class Judging(Protocol):
    """Keeps one assessment current. Called on the board's thread only."""

    def assess(
        self, picture: Picture, change: Change, now: float
    ) -> tuple[Assessment, frozenset[Subject] | None]: ...

    def go_on(self, now: float) -> bool:
        """Judge a part of what ``assess`` left, not to hold the thread; the next ``assess`` says it. True: more is left."""

    def due_at(self) -> float | None:
        """When something must be judged again although nothing changed (epoch seconds), or None."""


class JudgeScheduler:
    """Of one judge, on the board's loop only. ``again`` asks for another update, which comes when the board has its turn."""

    def __init__(self, judge: Judging, clock: Clock, again: Callable[[], None]) -> None:
        self._judge, self._clock, self._again = judge, clock, again
        self._due: asyncio.TimerHandle | None = None
        self._going_on = False  # judging has something left, and its turn comes

    def assess(self, picture: Picture, change: Change) -> tuple[Assessment, frozenset[Subject] | None] | None:
        """As ``Judging.assess``, and sees to the turns that follow; None where judging failed."""
        told = None
        try:
            told = self._judge.assess(picture, change, self._clock.now())
        except Exception:  # a rule that fails must not stop the picture; the log has the cause
            log.exception("judging failed")
        loop = asyncio.get_running_loop()
        self._rearm_due(loop)
        if not self._going_on:
            self._going_on = True
            loop.call_soon(self._go_on)
        return told

    def _rearm_due(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        at = self._judge.due_at()
        if at is not None:
            self._due = loop.call_later(max(0.0, at - self._clock.now()), self._again)

    def _go_on(self) -> None:
        """Judge what was left, piece by piece, and let the network have its turn between."""
        self._going_on = False
        try:
            left = self._judge.go_on(self._clock.now())
        except Exception:
            log.exception("judging failed")
            return
        if left:
            self._going_on = True
            asyncio.get_running_loop().call_later(_BREATH, self._go_on)
        else:  # what was judged is to be said
            self._rearm_due(asyncio.get_running_loop())
