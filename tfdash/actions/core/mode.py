"""Whether this terminal may act, and for how long yet. The clock counts while the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tfdash.model.mode import ModeNow, Posture


def awake_or_not() -> float:
    """Seconds on a clock that nobody sets and that goes on in suspend, where the system has one."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()


@dataclass(frozen=True)
class Mode:
    """``lasts``: seconds of elevation from now; None where acting was configured for good. ``recorded``: what is shown is a
    recording, to which nothing can be done."""

    acts: bool = False
    recorded: bool = False
    lasts: float | None = None
    clock: Callable[[], float] = awake_or_not
    since: float = field(default=-1.0)

    def __post_init__(self) -> None:
        if self.since < 0:
            object.__setattr__(self, "since", self.clock())

    @property
    def left(self) -> float | None:
        return None if self.lasts is None else self.lasts - (self.clock() - self.since)

    @property
    def now(self) -> ModeNow:
        if self.recorded:
            return ModeNow(Posture.RECORDING)
        left = self.left
        if not self.acts or (left is not None and left <= 0):
            return ModeNow()
        return ModeNow(Posture.ACTING) if left is None else ModeNow(Posture.ELEVATED, left)

    @property
    def refused(self) -> str:
        """Why nothing may be done; "" where it may."""
        if self.recorded:
            return "this is a recording: nothing can be done to what was"
        if not self.acts:
            return "read-only: this terminal was started so"
        left = self.left
        if left is not None and left <= 0:
            return "the elevation is over: start it anew to act"
        return ""

    @property
    def remedy(self) -> str:
        if self.recorded:
            return "tfdash run shows the platform as it is now"
        return "tfdash run --act" if self.refused else ""
