"""How long something goes on already, though the machine's clock is set meanwhile.

What stands on record has times of the wall clock. A program that lives looks at a second clock, too, which is never set and counts sleep: what the
wall clock went on by beyond that, between two looks, it was set by, and that is no time that passed. Of what lies before the first look of this program (it was
begun at another terminal, or by a program that ended) only the wall clock tells, and is believed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from tfdash.clock import Clock, boottime, in_clock_seconds

_STEP = 2.0  # seconds by which the two may differ between two looks
_MOST = 2000  # that are kept in mind: those that were looked at last


class _Look(NamedTuple):
    """``set_by``: seconds of the clock, all in all since the first look."""

    at: float
    boot: float
    set_by: float


class Elapsed:
    """``boot``: seconds of the machine, on a clock that nobody sets."""

    def __init__(self, clock: Clock, boot: Callable[[], float] = boottime) -> None:
        self._clock, self._boot = clock, boot
        self._looks: OrderedDict[object, _Look] = OrderedDict()

    def since(self, what: object, began: float) -> float:
        """Seconds of the clock since ``began`` (epoch seconds), as far as is known; asked of ``what`` again and again."""
        return self._clock.now() - began - self._looked(what).set_by

    def set_by(self, what: object) -> float:
        """By how many seconds the clock was set since ``what`` was looked at first; below 0: back."""
        return self._looked(what).set_by

    def forget(self, what: object) -> None:
        self._looks.pop(what, None)

    def _looked(self, what: object) -> _Look:
        at, boot = self._clock.now(), self._boot()
        before = self._looks.pop(what, None)
        step, set_by = 0.0, 0.0
        if before is not None:
            step = at - before.at - in_clock_seconds(self._clock, boot - before.boot)
            set_by = before.set_by
        if abs(step) > in_clock_seconds(self._clock, _STEP):
            set_by += step
        look = self._looks[what] = _Look(at, boot, set_by)
        while len(self._looks) > _MOST:
            self._looks.popitem(last=False)
        return look
