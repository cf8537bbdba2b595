"""Which page of the wall is shown, and until when. Pure: time is passed in, in seconds of a clock that never steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

FORGET = 300.0
"""Seconds after which a breach that ended counts as new when it comes again: one that flickers takes the wall once."""


class WallPlace(NamedTuple):
    """A page of one environment, by its number in the wall's list and the page's id."""

    environment: int
    page: str


@dataclass
class Turns:
    """Pages in turn, ``rotate`` seconds each. A breach that is new takes the wall at once, for its own turn; while any lasts every second turn
    is one of theirs, and they share those."""

    pages: Sequence[WallPlace]
    rotate: float
    shown: WallPlace = field(init=False)
    taken: bool = field(init=False, default=False)  # by a breach that is new
    began: float | None = field(init=False, default=None)
    _next: int = field(init=False, default=0)
    _breach: int = field(init=False, default=0)
    _was_breach: bool = field(init=False, default=False)
    _waiting: deque[Hashable] = field(init=False, default_factory=deque)
    _known: dict[Hashable, float] = field(init=False, default_factory=dict)  # and when each was seen last
    _settled: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.shown = self.pages[0]
        self._next = 1 % len(self.pages)

    def look(self, at: float, breaches: Mapping[Hashable, WallPlace], settled: bool = True) -> bool:
        """Whether another turn begins ``at``. What there is when all is ``settled`` for the first time is not new."""
        began, self.began = self.began, at if self.began is None else self.began
        self._remember(at, breaches, settled)
        if self._waiting and not self.taken:
            return self._take(at, breaches)
        if began is None or (at - self.began < self.rotate and at >= self.began):
            return False
        if self._waiting:
            return self._take(at, breaches)
        self.taken, self.began = False, at
        places = list(dict.fromkeys(breaches.values()))
        if places and not self._was_breach:
            self._was_breach, self.shown = True, places[self._breach % len(places)]
            self._breach += 1
            return True
        if self.pages[self._next] == self.shown and len(self.pages) > 1 and self._was_breach:
            self._next = (self._next + 1) % len(self.pages)
        self._was_breach, self.shown = False, self.pages[self._next]
        self._next = (self._next + 1) % len(self.pages)
        return True

    def _remember(self, at: float, breaches: Mapping[Hashable, WallPlace], settled: bool) -> None:
        for key in [k for k, seen in self._known.items() if k not in breaches and at - seen > FORGET]:
            del self._known[key]
        if settled or self._settled:
            fresh = [key for key in breaches if key not in self._known]
            self._known.update(dict.fromkeys(breaches, at))
            if self._settled:
                self._waiting.extend(fresh)
            self._settled = True
        self._waiting = deque(key for key in self._waiting if key in breaches)  # it ended before its turn

    def _take(self, at: float, breaches: Mapping[Hashable, WallPlace]) -> bool:
        """Those of one page that wait take one turn together."""
        self.shown = breaches[self._waiting[0]]
        self._waiting = deque(key for key in self._waiting if breaches[key] != self.shown)
        self.taken, self._was_breach, self.began = True, True, at
        return True
