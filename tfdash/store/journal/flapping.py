"""Bounds what is written of a thing that flaps: it is as bad as it was at its worst until a whole minute has passed without that. Pure.

A few changes are told one by one. From then on a rise is told at once and a fall at most once a minute, so that something that flaps
each second for ninety days costs two lines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from tfdash.store.journal.seeing import Says

K = TypeVar("K", bound=Hashable)
FREE = 10
"""Changes of one thing within ``WITHIN`` seconds that are told one by one."""
WITHIN = 600.0
HOLD = 60.0


def rank(says: Says | None) -> tuple[int, bool]:
    return says.rank if says is not None else (0, True)


class _Held:
    """One thing that flaps: the worst since ``since``, how many changes came since then, and how many since something was told."""

    def __init__(self, since: float, worst: Says | None) -> None:
        self.since, self.worst, self.lately, self.flapped = since, worst, 0, 0


class Steady(Generic[K]):
    """What is on record of each thing, and what is to be written next. Times in seconds that never go back."""

    def __init__(self) -> None:
        self.told: dict[K, Says] = {}
        self._lately: dict[K, deque[float]] = {}  # of those that changed, when
        self._held: dict[K, _Held] = {}
        self._is: dict[K, Says] = {}

    def change(self, key: K, says: Says | None, at: float) -> bool:
        """It says that now. Whether this is to be written."""
        if says is None:
            self._is.pop(key, None)
        else:
            self._is[key] = says
        before = self.told.get(key)
        if (held := self._held.get(key)) is not None:
            held.lately += 1
            held.flapped += 1
            if rank(says) > rank(held.worst):
                held.worst = says
            if rank(says) > rank(before):
                return self._tell(key, says)
            return False
        if rank(says) == rank(before):
            return False
        lately = self._lately.setdefault(key, deque(maxlen=FREE))
        if len(lately) == FREE and at - lately[0] < WITHIN:
            self._held[key] = _Held(at, max((says, before), key=rank))
            if rank(says) < rank(before):
                return False
        else:
            lately.append(at)
        return self._tell(key, says)

    def due(self, at: float) -> Iterator[tuple[K, Says | None, Says | None, int]]:
        """What is to be written of those that are held (what was told, what is now), each with how many changes were not told; a minute without one ends it."""
        for key, held in list(self._held.items()):
            if at - held.since < HOLD:
                continue
            worst, now = held.worst, self._is.get(key)
            if rank(worst) < rank(before := self.told.get(key)):
                self._tell(key, worst)
                yield key, before, worst, held.flapped
                held.flapped = 0
            if held.lately == 0:
                del self._held[key]
                self._lately.pop(key, None)
            else:
                held.since, held.worst, held.lately = at, now, 0
        for key in [key for key, lately in self._lately.items() if at - lately[-1] >= WITHIN]:
            if key not in self._held:
                del self._lately[key]

    def _tell(self, key: K, says: Says | None) -> bool:
        if says is None:
            self.told.pop(key, None)
        else:
            self.told[key] = says
        return True
