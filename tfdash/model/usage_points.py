"""What was seen of one use in this session, as it is kept and as those who read it see it: in columns, of which a view is
published without a copy. Its owner (``tfdash.sources.usage.points``) adds to them behind what was published, and begins new
ones where it forgets.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import exp, log
from typing import NamedTuple, TypeAlias, overload


class UsagePoint(NamedTuple):
    """At one time (epoch seconds): cores and bytes that all measured pods used together, and what those pods asked for then
    (None: some container says nothing): a use is held against the request of its own time."""

    at: float
    cpu: float
    memory: float
    cpu_request: float | None = None
    memory_request: float | None = None


class AskedSince(NamedTuple):
    """What the measured pods asked for from a time on. None: some container says nothing of it."""

    at: int
    cpu: float | None
    memory: float | None


AskedRun: TypeAlias = tuple[int, float | None]
"""From which place on the pods asked for so much; None: some container says nothing."""


class PointWindow(NamedTuple):
    """One resource from a time on, in columns. ``before``: when the last point before that was; ``runs``: of requests, the first
    at place 0, none where there are no points."""

    before: float | None
    at: Sequence[float]
    values: Sequence[float]
    runs: Sequence[AskedRun]


_STEPS, _LOWEST = 1000, -21 * 1000  # a thousandth, of amounts from a billionth to 1E19


def coded(value: float) -> int:
    """In 16 bits, to a twentieth of a percent."""
    return 0 if value <= 0 else min(max(round(log(value) * _STEPS) - _LOWEST, 1), 0xFFFF)


def decoded(code: int) -> float:
    return exp((code + _LOWEST) / _STEPS) if code else 0.0


class FineColumns(NamedTuple):
    """Every measurement: whole seconds since ``base``, as metrics.k8s.io writes them; cores and bytes."""

    base: int
    at: array[int]
    cpu: array[float]
    memory: array[float]

    @property
    def unit(self) -> int:
        """Seconds."""
        return 1

    def part(self, low: int, high: int, cpu: bool) -> tuple[list[int], Sequence[float]]:
        base = self.base
        return [base + at for at in self.at[low:high]], (self.cpu if cpu else self.memory)[low:high]


class CoarseColumns(NamedTuple):
    """Means: pairs of seconds since ``base``, cores and bytes ``coded``."""

    base: int
    at: array[int]
    cpu: array[int]
    memory: array[int]

    @property
    def unit(self) -> int:
        """Seconds."""
        return 2

    def part(self, low: int, high: int, cpu: bool) -> tuple[list[int], Sequence[float]]:
        base, codes = self.base, self.cpu if cpu else self.memory
        return [base + 2 * at for at in self.at[low:high]], [decoded(c) for c in codes[low:high]]


class UsagePoints(Sequence[UsagePoint]):
    """A view of a series as it was when it was published, oldest first."""

    __slots__ = ("_asked", "_coarse", "_coarse_first", "_coarse_last", "_fine", "_fine_first", "_fine_last")

    def __init__(
        self,
        coarse: CoarseColumns,
        fine: FineColumns,
        firsts: tuple[int, int],
        asked: tuple[AskedSince, ...],
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
            return self._points(start, stop) if step == 1 else tuple(self)[index]
        length = len(self)
        place = index + length if index < 0 else index
        if not 0 <= place < length:
            raise IndexError(index)
        return self._points(place, place + 1)[0]

    def __iter__(self) -> Iterator[UsagePoint]:
        return iter(self._points(0, len(self)))

    def _points(self, start: int, stop: int) -> tuple[UsagePoint, ...]:
        cpu, memory = self._part(start, stop, cpu=True), self._part(start, stop, cpu=False)
        asked, place = self._asked, 0
        found = []
        for at, cores, size in zip(cpu[0], cpu[1], memory[1], strict=True):
            while place + 1 < len(asked) and asked[place + 1].at <= at:
                place += 1
            found.append(UsagePoint(float(at), cores, size, asked[place].cpu, asked[place].memory))
        return tuple(found)

    def _part(self, start: int, stop: int, cpu: bool) -> tuple[list[int], Sequence[float]]:
        """Times and values of the places from ``start`` to before ``stop``."""
        many = self._coarse_last - self._coarse_first
        first, last = self._coarse_first, self._fine_first - many
        if start >= many:
            return self._fine.part(last + start, last + stop, cpu)
        if stop <= many:
            return self._coarse.part(first + start, first + stop, cpu)
        old = self._coarse.part(first + start, first + many, cpu)
        new = self._fine.part(self._fine_first, last + stop, cpu)
        return old[0] + new[0], [*old[1], *new[1]]

    def _place(self, at: float) -> int:
        """Of the first at that time or after it."""
        fine, coarse = self._fine, self._coarse
        found = bisect_left(fine.at, at - fine.base, self._fine_first, self._fine_last)
        many = self._coarse_last - self._coarse_first
        if found > self._fine_first or not many:
            return many + found - self._fine_first
        found = bisect_left(coarse.at, (at - coarse.base) / 2, self._coarse_first, self._coarse_last)
        return found - self._coarse_first

    def window(self, resource: str, start: float) -> PointWindow:
        """ "cpu" or "memory", from ``start`` (epoch seconds) on."""
        cpu, first, length = resource == "cpu", self._place(start), len(self)
        at, values = self._part(first, length, cpu)
        before = float(self._part(first - 1, first, cpu)[0][0]) if first else None
        if not at:
            return PointWindow(before, at, values, ())
        asked = self._asked
        place = len(asked) - 1  # mostly the last stands for all
        if asked[place].at > at[0]:
            place = max(0, bisect_right(asked, at[0], key=lambda a: a.at) - 1)
        runs = [(0, asked[place].cpu if cpu else asked[place].memory)]
        for later in asked[place + 1 :]:
            from_there = bisect_left(at, later.at)
            if from_there < len(at):
                runs.append((from_there, later.cpu if cpu else later.memory))
        return PointWindow(before, at, values, runs)


def window_of(points: Sequence[UsagePoint], resource: str, start: float) -> PointWindow:
    """See ``UsagePoints.window``; of any points."""
    if isinstance(points, UsagePoints):
        return points.window(resource, start)
    first = bisect_left(points, start, key=lambda p: p.at)
    part, cpu = points[first:], resource == "cpu"
    return PointWindow(
        points[first - 1].at if first else None,
        [p.at for p in part],
        [p.cpu if cpu else p.memory for p in part],
        [(place, p.cpu_request if cpu else p.memory_request) for place, p in enumerate(part)],
    )
