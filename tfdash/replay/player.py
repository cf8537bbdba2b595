"""Plays a recording into a board: what comes by its clock, and all of another time where somebody jumps."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from tfdash.board.board import Board
from tfdash.board.fold import Entered
from tfdash.judging.judge import Judge
from tfdash.model.picture import Picture
from tfdash.model.verdict import Level
from tfdash.recording.changes import VerdictChange
from tfdash.replay.clock import ReplayClock
from tfdash.replay.cluster import NOT_RECORDED, RecordedCluster
from tfdash.replay.judging import ReplayJudge
from tfdash.replay.recorded import Played
from tfdash.replay.walk import Walk, change_before, next_change
from tfdash.views.replay import ReplayState

_LOOK = 0.02  # seconds between two looks for what has come, at least
_GUESSED = 0.2  # and at most, while it plays or waits for the walk
_HOLD = 0.05  # seconds for which the board's thread may be held by what comes
_BEHIND = 2.0  # seconds of the machine's for which it may be behind


class Player:
    """``board`` is made here; ``run`` goes on its loop. What a person asks for (``jump``, ``play``, ``judge_anew``...) may be
    called from any thread."""

    def __init__(
        self,
        opened: Callable[[], Played],
        make: Callable[[float], Judge],
        *,
        at: float | None = None,
        anew: bool = True,
        anonymised: bool = False,
        interval: float = 0.2,
    ) -> None:
        """``opened`` gives a reader of the recording, one for each who reads it on a way of its own. ``make``: a judge by the policy of today, that judges releases for so many seconds in one go. ``at``: where it begins; None: at the start. ``anonymised``: it has
        aliases, which the bar says."""
        self._anonymised = anonymised
        self.recording = recording = opened()
        self.clock = ReplayClock(recording.start, recording.end)
        self._then = opened()
        self.judge = ReplayJudge(lambda: make(_HOLD), opened(), anew=anew)
        self.walk = Walk(lambda: make(math.inf), opened())
        self._clusters = [RecordedCluster(ref, self._asked) for ref in recording.clusters]
        self.board = Board(self._clusters, self.judge, self.clock, interval=interval)
        self.jumped: list[Callable[[Picture], None]] = []  # told on the board's thread
        self._target: float | None = None
        self._coming: Iterator[Entered] = iter(())
        self._next: Entered | None = None
        self._guessed = False  # what was remembered at the time of the last jump is not known yet
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._show(self._clamped(recording.start if at is None else at))
        self.board.add_task("replay", self.run)

    # -- what a person asks for ---------------------------------------------------------------------------------

    def jump(self, at: float) -> None:
        with self._lock:
            self._target = self._clamped(at)
        self.clock.jump(self._target)
        self._wake()

    def play(self, plays: bool) -> None:
        """From the start again where it was at its end."""
        if plays and self.clock.now() >= self.recording.end:
            self.jump(self.recording.start)
        self.clock.play(plays)
        self._wake()

    def faster(self, steps: int) -> float:
        told = self.clock.faster(steps)
        self._wake()
        return told

    def judge_anew(self, anew: bool) -> None:
        self.judge.switch(anew)
        self.board.gather(lambda: None)

    def step(self, forward: bool) -> tuple[VerdictChange, ...] | None:
        """Jump to the next (or last) moment at which something began or ceased to warn or to break, and stand there: by the
        judgement that is shown. () where there is none, None where that is not known yet."""
        now = self.clock.now()
        anew = self.judge.anew
        changes = [c for c in self._changes(anew) if max(c.before, c.after) >= Level.WARN]
        found = next_change(changes, now) if forward else change_before(changes, now)
        known = self.walk.done or (self.walk.until >= now and (not forward or bool(found)))
        if anew and not known:
            return None
        if found:
            self.clock.play(False)
            self.jump(found[0].at)
        return found

    def _changes(self, anew: bool) -> Sequence[VerdictChange]:
        return tuple(self.walk.changes) if anew else self._then.verdict_changes

    @property
    def state(self) -> ReplayState:
        clock, recording, now = self.clock, self.recording, self.clock.now()
        return ReplayState(
            at=now,
            start=recording.start,
            end=recording.end,
            plays=clock.plays,
            speed=clock.speed,
            anew=self.judge.anew,
            on_record=self.judge.on_record,
            walked=self.walk.until,
            anonymised=self._anonymised,
            cut="; ".join(filter(None, (recording.cut, recording.foreign))),
        )

    def _clamped(self, at: float) -> float:
        return max(self.recording.start, min(self.recording.end, at))

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._news.set)

    # -- on the board's loop ------------------------------------------------------------------------------------

    async def run(self, board: object = None) -> None:
        """Until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._news.clear()
            self._turn()
            try:
                async with asyncio.timeout(self._pause()):
                    await self._news.wait()
            except TimeoutError:
                pass

    def _turn(self) -> None:
        with self._lock:
            target, self._target = self._target, None
        if target is not None:
            self._show(target)
        elif self._guessed and self.walk.until >= self.clock.now():
            self._show(self.clock.now())
        self._enter(self.clock.now())
        self._say_what_is_lacking()

    def _show(self, at: float) -> None:
        """All of another time."""
        known = self.walk.remembered(at)
        self._guessed = known is None and at > self.recording.start
        self.judge.restart(known)
        self.clock.jump(at)
        picture = self.recording.picture_at(at)
        self.board.show(picture)
        self._coming = iter(self.recording.puts(at, self.recording.end))
        self._next = next(self._coming, None)
        for told in self.jumped:
            told(picture)

    def _enter(self, now: float) -> None:
        """What has come by then; where it is too much for the machine, what stands there at the end of it."""
        until = time.perf_counter() + _HOLD
        while self._next is not None and self._next.at <= now:
            self.board.enter(self._next)
            self._next = next(self._coming, None)
            if time.perf_counter() > until:
                if self._next is not None and now - self._next.at > _BEHIND * self.clock.speed:
                    self._show(now)
                break
        due = self.judge.due_at()
        if due is not None and due <= now:
            self.board.gather(lambda: None)

    def _say_what_is_lacking(self) -> None:
        for cluster in self._clusters:
            for kind in cluster.lacking(self.board.picture):
                self.board.put_objects(cluster.ref, kind, NOT_RECORDED, None)

    def _pause(self) -> float | None:
        """Machine seconds until it has to look again."""
        if not self.clock.plays:
            return _GUESSED if self._guessed else None
        coming = [self.recording.end]
        if self._next is not None:
            coming.append(self._next.at)
        if (due := self.judge.due_at()) is not None:
            coming.append(due)
        return max(_LOOK, min(_GUESSED, (min(coming) - self.clock.now()) / self.clock.speed))

    def _asked(self) -> None:
        self._news.set()
