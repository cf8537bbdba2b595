"""Simulated time: one clock for all clusters, and an agenda of what happens when in each.

Everything the world does is an entry of an agenda, run at its own time however late the machine comes to it; so the
same seed gives the same world at the same simulated time, at any speed.
"""

from __future__ import annotations

import heapq
import itertools
import time as machine
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class SimulatedClock:
    """``epoch`` (UTC seconds) at the machine's ``wall_start``, running ``speed`` times as fast; may stand still."""

    def __init__(self, epoch: float, speed: float = 1.0) -> None:
        self.epoch = epoch
        self.wall_start = machine.time()
        self.speed = speed
        self._mono = machine.monotonic()
        self._base = epoch
        self._running = True

    @property
    def running(self) -> bool:
        return self._running

    def now(self) -> float:
        if not self._running:
            return self._base
        return self._base + (machine.monotonic() - self._mono) * self.speed

    def wall_delay(self, at: float) -> float | None:
        """Real seconds until ``at``; None while the clock stands."""
        if not self._running or self.speed <= 0:
            return None
        return max(0.0, (at - self.now()) / self.speed)

    def restart(self, epoch: float) -> None:
        """Begin at ``epoch`` now, whatever was before."""
        self._base = self.epoch = epoch
        self._mono = machine.monotonic()
        self.wall_start = machine.time()

    def set(self, *, speed: float | None = None, running: bool | None = None, advance: float = 0.0) -> None:
        """Change the pace, stop or go on, or jump ahead by ``advance`` simulated seconds."""
        self._base = self.now() + advance
        self._mono = machine.monotonic()
        self.wall_start = machine.time()
        self.epoch = self._base
        if speed is not None:
            self.speed = speed
        if running is not None:
            self._running = running


class Planned:
    __slots__ = ("action", "args", "cancelled")

    def __init__(self, action: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.action = action
        self.args = args
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Agenda:
    """What is to happen in one cluster. ``now`` is the time of the entry that runs, or the clock's between entries."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, int, Planned]] = []
        self._count = itertools.count()
        self._current: float | None = None
        self.woken: Callable[[], None] = lambda: None  # told when something earlier than all else was added

    def now(self) -> float:
        return self._current if self._current is not None else self.clock.now()

    def at(self, when: float, action: Callable[..., Any], *args: Any) -> Planned:
        entry = Planned(action, args)
        first = self._heap[0][0] if self._heap else float("inf")
        heapq.heappush(self._heap, (max(when, self.now()), next(self._count), entry))
        if when < first and self._current is None:
            self.woken()
        return entry

    def after(self, delay: float, action: Callable[..., Any], *args: Any) -> Planned:
        return self.at(self.now() + delay, action, *args)

    @contextmanager
    def pretending(self, when: float) -> Iterator[None]:
        """As if it were ``when``: for what is laid down before the clock starts."""
        before, self._current = self._current, when
        try:
            yield
        finally:
            self._current = before

    def next_time(self) -> float | None:
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run_until(self, until: float, budget: float | None = None) -> bool:
        """Run what is due by ``until``, for at most ``budget`` real seconds; False when some of it is left."""
        deadline = None if budget is None else machine.perf_counter() + budget
        while True:
            when = self.next_time()
            if when is None or when > until:
                return True
            if deadline is not None and machine.perf_counter() > deadline:
                return False
            _, _, entry = heapq.heappop(self._heap)
            self._current = when
            try:
                entry.action(*entry.args)
            finally:
                self._current = None
