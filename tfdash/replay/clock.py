"""The time of a recording: it stands, runs at a speed, or jumps; and ends with the recording."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SPEEDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class ReplayClock:
    """``tfdash.clock.Clock``; callable from any thread. ``passed`` is the machine's own time, which only goes on."""

    def __init__(self, start: float, end: float, *, passed: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._passed, self._end = passed, end
        self._at, self._since = start, passed()
        self._speed, self._plays = SPEEDS[0], False

    @property
    def speed(self) -> float:
        """How many of its seconds pass in one of the machine's while it plays."""
        return self._speed

    @property
    def plays(self) -> bool:
        return self._plays and self.now() < self._end

    def now(self) -> float:
        with self._lock:
            return self._now()

    def _now(self) -> float:
        if not self._plays:
            return self._at
        return min(self._end, self._at + (self._passed() - self._since) * self._speed)

    def _set(self, at: float) -> None:
        self._at, self._since = at, self._passed()

    def play(self, plays: bool) -> None:
        with self._lock:
            self._set(self._now())
            self._plays = plays

    def jump(self, at: float) -> None:
        with self._lock:
            self._set(min(at, self._end))

    def faster(self, steps: int) -> float:
        """Another of ``SPEEDS``, so many further; returns it."""
        with self._lock:
            self._set(self._now())
            found = SPEEDS.index(self._speed) + steps
            self._speed = SPEEDS[max(0, min(len(SPEEDS) - 1, found))]
            return self._speed
