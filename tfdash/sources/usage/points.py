"""What was seen of one use in this session: every measurement for an hour, then the means of five minutes for a day.

In columns of 12 bytes a point, which those who read share (as ``tfdash.model.samples``): a series is published without a copy,
stays as it was, and its owner begins new arrays where it forgets.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

from tfdash.model.usage import UsagePoint
from tfdash.quantities import NANO, Amounts, amount

FINE, LONGEST, MEAN = 3600, 86_400, 300  # seconds
_UNUSED = 32  # points before the first that is meant, after which the arrays are made anew


class _Columns(NamedTuple):
    at: array[int]  # whole seconds, as metrics.k8s.io writes them
    cpu: array[float]
    memory: array[float]

    def add(self, at: int, cpu: float, memory: float) -> None:
        self.at.append(at)
        self.cpu.append(cpu)
        self.memory.append(memory)

    def since(self, first: int) -> _Columns:
        return _Columns(self.at[first:], self.cpu[first:], self.memory[first:])


def _none() -> _Columns:
    return _Columns(array("I"), array("f"), array("f"))


class _Asked(NamedTuple):
    """What the measured pods asked for from a time on. None: some container says nothing of it."""

    at: int
    cpu: float | None
    memory: float | None


class UsagePoints(Sequence[UsagePoint]):
    """A view of a series as it was when it was published."""

    __slots__ = ("_asked", "_coarse", "_coarse_first", "_coarse_last", "_fine", "_fine_first", "_fine_last")

    def __init__(
        self,
        coarse: _Columns,
        fine: _Columns,
        firsts: tuple[int, int],
        asked: tuple[_Asked, ...],
    ) -> None:
        self._coarse, self._fine, self._asked = coarse, fine, asked
        self._coarse_first, self._fine_first = firsts
        self._coarse_last, self._fine_last = len(coarse.at), len(fine.at)

    def __len__(self) -> int:
        return self._coarse_last - self._coarse_first + self._fine_last - self._fine_first

    @overload
    def __getitem__(self, index: int) -> UsagePoint: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[UsagePoint]: ...
    def __getitem__(self, index: int | slice) -> UsagePoint | Sequence[UsagePoint]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            return self._part(start, stop) if step == 1 else tuple(self)[index]
        length = len(self)
        place = index + length if index < 0 else index
        if not 0 <= place < length:
            raise IndexError(index)
        coarse = self._coarse_last - self._coarse_first
        if place < coarse:
            columns, place = self._coarse, place + self._coarse_first
        else:
            columns, place = self._fine, place - coarse + self._fine_first
        at = columns.at[place]
        asked = self._asked[max(0, bisect_right(self._asked, at, key=lambda a: a.at) - 1)]
        return UsagePoint(float(at), columns.cpu[place], columns.memory[place], asked.cpu, asked.memory)

    def __iter__(self) -> Iterator[UsagePoint]:
        return iter(self._part(0, len(self)))

    def _part(self, start: int, stop: int) -> tuple[UsagePoint, ...]:
        """Those at the places from ``start`` to before ``stop``, in one go: a rule looks at many."""
        coarse = self._coarse_last - self._coarse_first
        found: list[UsagePoint] = []
        asked, place = self._asked, 0
        for columns, before, first, last in (
            (self._coarse, 0, self._coarse_first, self._coarse_last),
            (self._fine, coarse, self._fine_first, self._fine_last),
        ):
            low = min(max(first, first + start - before), last)
            high = max(low, min(last, first + stop - before))
            for at, cpu, memory in zip(
                columns.at[low:high], columns.cpu[low:high], columns.memory[low:high], strict=True
            ):
                while place + 1 < len(asked) and asked[place + 1].at <= at:
                    place += 1
                found.append(UsagePoint(float(at), cpu, memory, asked[place].cpu, asked[place].memory))
        return tuple(found)

    def since(self, at: float) -> Sequence[UsagePoint]:
        """Those at that time or after it."""
        fine = bisect_left(self._fine.at, at, self._fine_first, self._fine_last)
        if fine > self._fine_first:
            return self[len(self) - (self._fine_last - fine) :]
        coarse = bisect_left(self._coarse.at, at, self._coarse_first, self._coarse_last)
        return self[coarse - self._coarse_first :]


class Series:
    """The points of one workload, namespace, node, pool or cluster, to which what comes is added."""

    __slots__ = ("_asked", "_coarse", "_coarse_first", "_fine", "_fine_first", "at")

    def __init__(self) -> None:
        self._coarse, self._fine = _none(), _none()
        self._coarse_first = self._fine_first = 0
        self._asked: tuple[_Asked, ...] = ()
        self.at = 0  # of the newest

    def add(self, at: float, used: Amounts, requests: Amounts) -> bool:
        """False for a time that was seen already, and where nothing was measured."""
        cpu, memory, when = amount(used, "cpu"), amount(used, "memory"), int(at)
        if when <= self.at or cpu is None or memory is None:
            return False
        self.at = when
        self._fine.add(when, cpu / NANO, memory / NANO)
        self._ask(_Asked(when, _plain(requests, "cpu"), _plain(requests, "memory")))
        self._fold(when - FINE)
        self._forget(when - LONGEST)
        return True

    def _ask(self, now: _Asked) -> None:
        if not self._asked or self._asked[-1][1:] != now[1:]:
            oldest = (self._coarse.at or self._fine.at)[0]
            kept = max(0, bisect_right(self._asked, oldest, key=lambda a: a.at) - 1)
            self._asked = (*self._asked[kept:], now)

    def _fold(self, before: int) -> None:
        """The means of five minutes that ended before then take the place of their points."""
        fine = self._fine
        while self._fine_first < len(fine.at):
            first = self._fine_first
            end = fine.at[first] - fine.at[first] % MEAN + MEAN
            if end > before:
                break
            last = bisect_left(fine.at, end, first)
            count = last - first
            mean = sum(fine.cpu[first:last]) / count, sum(fine.memory[first:last]) / count
            self._coarse.add(fine.at[last - 1], *mean)
            self._fine_first = last
        if self._fine_first > _UNUSED:
            self._fine, self._fine_first = fine.since(self._fine_first), 0

    def _forget(self, before: int) -> None:
        at = self._coarse.at
        while self._coarse_first < len(at) and at[self._coarse_first] < before:
            self._coarse_first += 1
        if self._coarse_first > _UNUSED:
            self._coarse, self._coarse_first = self._coarse.since(self._coarse_first), 0

    @property
    def points(self) -> UsagePoints:
        """As they are now."""
        return UsagePoints(self._coarse, self._fine, (self._coarse_first, self._fine_first), self._asked)


def _plain(found: Amounts, name: str) -> float | None:
    value = amount(found, name)
    return None if value is None else value / NANO
