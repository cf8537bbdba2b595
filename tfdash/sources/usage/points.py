"""What was seen of one use in this session: every measurement for half an hour, then the means of five minutes for six hours, then
those of half an hour for a day.

In columns of 10 and 6 bytes a point, which those who read share (``tfdash.model.usage_points``).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TypeVar

from tfdash.model.usage_points import AskedSince, CoarseColumns, FineColumns, UsagePoints, coded, decoded
from tfdash.quantities import NANO, Amounts, amount

FINE, LONGEST, MEAN = 1800, 86_400, 300  # seconds
MEANS, LONG_MEAN = 6 * 3600, 1800  # seconds for which means are kept, and of the means that take their place
_UNUSED = 12  # points before the first that is meant, after which the arrays are made anew
_FURTHEST = 0xFFFF  # from the base, in units
C = TypeVar("C", FineColumns, CoarseColumns)


class Series:
    """The points of one workload, namespace, node, pool or cluster, to which what comes is added."""

    __slots__ = ("_asked", "_coarse", "_coarse_first", "_fine", "_fine_first", "_merged", "at")

    def __init__(self) -> None:
        self._fine = FineColumns(0, array("H"), array("f"), array("f"))
        self._coarse = CoarseColumns(0, array("H"), array("H"), array("H"))
        self._coarse_first = self._fine_first = self._merged = 0
        self._asked: tuple[AskedSince, ...] = ()
        self.at = 0  # of the newest

    def add(self, at: float, used: Amounts, requests: Amounts) -> bool:
        """False for a time that was seen already, and where nothing was measured."""
        cpu, memory, when = amount(used, "cpu"), amount(used, "memory"), int(at)
        if when <= self.at or cpu is None or memory is None:
            return False
        self.at = when
        self._fold(when - FINE)
        self._merge(when - MEANS)
        self._forget(when - LONGEST)
        self._fine, self._fine_first = _reaching(self._fine, self._fine_first, when)
        fine = self._fine
        fine.at.append(when - fine.base)
        fine.cpu.append(cpu / NANO)
        fine.memory.append(memory / NANO)
        self._ask(AskedSince(when, _plain(requests, "cpu"), _plain(requests, "memory")))
        return True

    def _ask(self, now: AskedSince) -> None:
        if not self._asked or self._asked[-1][1:] != now[1:]:
            oldest = self._oldest()
            kept = max(0, bisect_right(self._asked, oldest, key=lambda a: a.at) - 1)
            self._asked = (*self._asked[kept:], now)

    def _oldest(self) -> int:
        for columns, first in ((self._coarse, self._coarse_first), (self._fine, self._fine_first)):
            if first < len(columns.at):
                return columns.base + columns.unit * columns.at[first]
        return self.at

    def _fold(self, before: int) -> None:
        """The means of five minutes that ended before then take the place of their points."""
        fine = self._fine
        while self._fine_first < len(fine.at):
            first = self._fine_first
            oldest = fine.base + fine.at[first]
            end = oldest - oldest % MEAN + MEAN
            if end > before:
                break
            last = bisect_left(fine.at, end - fine.base, first)
            count = last - first
            self._mean(
                fine.base + fine.at[last - 1],
                sum(fine.cpu[first:last]) / count,
                sum(fine.memory[first:last]) / count,
            )
            self._fine_first = last
        if self._fine_first > _UNUSED:
            self._fine, self._fine_first = _since(fine, self._fine_first, before), 0

    def _mean(self, at: int, cpu: float, memory: float) -> None:
        self._coarse, self._coarse_first = _reaching(self._coarse, self._coarse_first, at)
        coarse = self._coarse
        coarse.at.append((at - coarse.base) // coarse.unit)
        coarse.cpu.append(coded(cpu))
        coarse.memory.append(coded(memory))

    def _merge(self, before: int) -> None:
        """Likewise the means of half an hour, of all means until then; of new columns, since those that there are were published."""
        end = before - before % LONG_MEAN
        if end <= self._merged:
            return
        old = self._coarse
        low, high = (
            bisect_left(old.at, (at - old.base) / old.unit, self._coarse_first) for at in (self._merged, end)
        )
        self._merged = end
        merged = CoarseColumns(old.base, *(column[self._coarse_first : low] for column in old[1:]))
        place = low
        while place < high:
            slot = (old.base + old.unit * old.at[place]) // LONG_MEAN
            after = bisect_left(old.at, ((slot + 1) * LONG_MEAN - old.base) / old.unit, place, high)
            merged.at.append(old.at[after - 1])
            for into, codes in ((merged.cpu, old.cpu), (merged.memory, old.memory)):
                into.append(coded(sum(map(decoded, codes[place:after])) / (after - place)))
            place = after
        if high > low:
            for into, column in zip(merged[1:], old[1:], strict=True):
                into.extend(column[high:])
            self._coarse, self._coarse_first = merged, 0

    def _forget(self, before: int) -> None:
        coarse = self._coarse
        from_there = (before - coarse.base) / coarse.unit
        self._coarse_first = bisect_left(coarse.at, from_there, self._coarse_first)
        if self._coarse_first > _UNUSED:
            self._coarse, self._coarse_first = _since(coarse, self._coarse_first, before), 0

    @property
    def points(self) -> UsagePoints:
        """As they are now."""
        return UsagePoints(self._coarse, self._fine, (self._coarse_first, self._fine_first), self._asked)


def _reaching(columns: C, first: int, at: int) -> tuple[C, int]:
    """Columns, and the place of the first that is meant, to which that time can be added."""
    if (at - columns.base) // columns.unit <= _FURTHEST:
        return columns, first
    return _since(columns, first, at), 0


def _since(columns: C, first: int, at: int) -> C:
    """Made anew, to measure, from the place ``first`` on; where there is none, for what comes at that time or after it."""
    unit, times = columns.unit, columns.at[first:]
    base = columns.base + unit * times[0] if times else at - at % unit
    less = (base - columns.base) // unit if times else 0
    return columns._replace(
        base=base,
        at=array("H", [time - less for time in times]),
        cpu=columns.cpu[first:],
        memory=columns.memory[first:],
    )


def _plain(found: Amounts, name: str) -> float | None:
    value = amount(found, name)
    return None if value is None else value / NANO
