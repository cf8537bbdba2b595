"""Time as a parameter. Nothing below the composition asks the machine for the time by itself."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Where "now" comes from: seconds since the Unix epoch, UTC."""

    def now(self) -> float: ...


def in_clock_seconds(clock: Clock, seconds: float) -> float:
    """So many of the machine's seconds as ages by this clock count them: a simulated one runs faster."""
    return seconds * max(1.0, float(getattr(clock, "speed", 1.0)))


def boottime() -> float:
    """Seconds on a clock that counts suspend: CLOCK_BOOTTIME; on macOS CLOCK_MONOTONIC, which does so there."""
    if sys.platform.startswith("linux"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()


@dataclass(frozen=True)
class ScaledClock:
    """A simulated platform's clock: ``epoch`` at the machine's ``wall_start``, running ``speed`` times as fast."""

    epoch: float
    wall_start: float
    speed: float = 1.0

    def now(self) -> float:
        return self.epoch + (time.time() - self.wall_start) * self.speed


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still, for reports of one moment and for tests."""

    at: float

    def now(self) -> float:
        return self.at
