"""Where samples are gathered: appended at the end, forgotten at the front, published as views that stay as they were."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from tfdash.model.samples import Buckets, Point, Points, Scrapes

_LET_GO = 64  # samples that are forgotten before the arrays are begun anew


class GatheredPoints:
    """A counter's."""

    __slots__ = ("ats", "first", "numbers")

    def __init__(self) -> None:
        self.ats, self.numbers, self.first = array("d"), array("d"), 0

    def append(self, at: float, value: float) -> None:
        self.numbers.append(value)
        self.ats.append(at)

    def __len__(self) -> int:
        return len(self.ats) - self.first

    def last(self) -> Point | None:
        return Point(self.ats[-1], self.numbers[-1]) if self else None

    def cut(self, since: float) -> bool:
        """Forget what is older; True where something was."""
        if not self or self.ats[self.first] >= since:
            return False
        self.first = bisect_left(self.ats, since, self.first)
        if self.first >= _LET_GO or not self:
            self.ats, self.numbers, self.first = self.ats[self.first :], self.numbers[self.first :], 0
        return True

    def view(self) -> Points:
        return Points(self.ats, self.numbers, self.first, len(self.ats))


class GatheredBuckets:
    """A histogram's: in columns while its bounds stay the same (a classic one's), else as they are."""

    __slots__ = ("ats", "bounds", "first", "mixed", "numbers", "sums")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.bounds: tuple[float, ...] = ()
        self.ats, self.numbers, self.sums, self.first = array("d"), array("d"), array("d"), 0
        self.mixed: list[Buckets] | None = None

    def append(self, at: float, bounds: tuple[float, ...], counts: tuple[float, ...], sum_: float) -> None:
        if self.mixed is None and bounds != self.bounds:
            if self:
                self.mixed = list(self.view())
                self.ats, self.numbers, self.sums, self.first = array("d"), array("d"), array("d"), 0
            else:
                self.bounds = bounds
        if self.mixed is not None:
            self.mixed.append(Buckets(at, bounds, counts, sum_))
            return
        self.numbers.extend(counts)
        self.sums.append(sum_)
        self.ats.append(at)

    def __len__(self) -> int:
        return len(self.mixed) if self.mixed is not None else len(self.ats) - self.first

    def last_at(self) -> float | None:
        if self.mixed:
            return self.mixed[-1].at
        return self.ats[-1] if self else None

    def cut(self, since: float) -> bool:
        """Forget what is older; True where something was."""
        if self.mixed is not None:
            gone = bisect_left(self.mixed, since, key=lambda p: p.at)
            del self.mixed[:gone]
            if self.mixed and len({p.bounds for p in (self.mixed[0], self.mixed[-1])}) == 1:
                self._again_in_columns()
            return gone > 0
        if not self or self.ats[self.first] >= since:
            return False
        self.first = bisect_left(self.ats, since, self.first)
        if self.first >= _LET_GO or not self:
            at = self.first
            self.ats, self.sums, self.first = self.ats[at:], self.sums[at:], 0
            self.numbers = self.numbers[at * len(self.bounds) :]
        return True

    def _again_in_columns(self) -> None:
        """Once the old bounds are past the horizon."""
        held = self.mixed or []
        if any(p.bounds != held[0].bounds for p in held):
            return
        self.clear()
        for one in held:
            self.append(*one)

    def view(self) -> Sequence[Buckets]:
        if self.mixed is not None:
            return tuple(self.mixed)
        return Scrapes(self.ats, self.bounds, self.numbers, self.sums, self.first, len(self.ats))
