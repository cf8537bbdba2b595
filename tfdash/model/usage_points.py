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


class BothWindows(NamedTuple):
    """At the same times."""

    cpu: PointWindow
    memory: PointWindow

    def of(self, resource: str) -> PointWindow:
        return self.cpu if resource == "cpu" else self.memory


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

    def times(self, low: int, high: int) -> list[int]:
        base = self.base
        return [base + at for at in self.at[low:high]]

    def values(self, low: int, high: int, cpu: bool) -> Sequence[float]:
        return (self.cpu if cpu else self.memory)[low:high]


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

    def times(self, low: int, high: int) -> list[int]:
        base = self.base
        return [base + 2 * at for at in self.at[low:high]]

    def values(self, low: int, high: int, cpu: bool) -> Sequence[float]:
        return [decoded(c) for c in (self.cpu if cpu else self.memory)[low:high]]


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

    @classmethod
    def of(
        cls,
        coarse: tuple[CoarseColumns, int, int],
        fine: tuple[FineColumns, int, int],
        asked: tuple[AskedSince, ...],
    ) -> UsagePoints:
        """Of ``parts``."""
        made = cls(coarse[0], fine[0], (coarse[1], fine[1]), asked)
        made._coarse_last, made._fine_last = coarse[2], fine[2]
        return made

    @property
    def parts(
        self,
    ) -> tuple[tuple[CoarseColumns, int, int], tuple[FineColumns, int, int], tuple[AskedSince, ...]]:
        """The columns, and from which place to before which they are meant: for a recording."""
        coarse = self._coarse, self._coarse_first, self._coarse_last
        return coarse, (self._fine, self._fine_first, self._fine_last), self._asked

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
        cpu, memory = self._values(start, stop, cpu=True), self._values(start, stop, cpu=False)
        asked, place = self._asked, 0
        found = []
        for at, cores, size in zip(self._times(start, stop), cpu, memory, strict=True):
            while place + 1 < len(asked) and asked[place + 1].at <= at:
                place += 1
            found.append(UsagePoint(float(at), cores, size, asked[place].cpu, asked[place].memory))
        return tuple(found)

    def _times(self, start: int, stop: int) -> list[int]:
        """Of the places from ``start`` to before ``stop``."""
        many = self._coarse_last - self._coarse_first
        first, last = self._coarse_first, self._fine_first - many
        if start >= many:
            return self._fine.times(last + start, last + stop)
        if stop <= many:
            return self._coarse.times(first + start, first + stop)
        old = self._coarse.times(first + start, first + many)
        return old + self._fine.times(self._fine_first, last + stop)

    def _values(self, start: int, stop: int, cpu: bool) -> Sequence[float]:
        """At those times."""
        many = self._coarse_last - self._coarse_first
        first, last = self._coarse_first, self._fine_first - many
        if start >= many:
            return self._fine.values(last + start, last + stop, cpu)
        if stop <= many:
            return self._coarse.values(first + start, first + stop, cpu)
        old = self._coarse.values(first + start, first + many, cpu)
        return [*old, *self._fine.values(self._fine_first, last + stop, cpu)]

    def _place(self, at: float) -> int:
        """Of the first at that time or after it."""
        fine, coarse = self._fine, self._coarse
        found = bisect_left(fine.at, at - fine.base, self._fine_first, self._fine_last)
        many = self._coarse_last - self._coarse_first
        if found > self._fine_first or not many:
            return many + found - self._fine_first
        found = bisect_left(coarse.at, (at - coarse.base) / 2, self._coarse_first, self._coarse_last)
        return found - self._coarse_first

    def values_since(self, start: float, cpu: bool) -> Sequence[float]:
        return self._values(self._place(start), len(self), cpu)

    def windows(self, start: float) -> BothWindows:
        """From ``start`` (epoch seconds) on."""
        first, length = self._place(start), len(self)
        at = self._times(first, length)
        before = float(self._times(first - 1, first)[0]) if first else None
        if not at:
            return BothWindows(PointWindow(before, (), (), ()), PointWindow(before, (), (), ()))
        asked = self._asked
        place = len(asked) - 1  # mostly the last stands for all
        if asked[place].at > at[0]:
            place = max(0, bisect_right(asked, at[0], key=lambda a: a.at) - 1)
        runs = [(0, asked[place])]
        for later in asked[place + 1 :]:
            from_there = bisect_left(at, later.at)
            if from_there < len(at):
                runs.append((from_there, later))
        return BothWindows(
            PointWindow(before, at, self._values(first, length, True), [(n, a.cpu) for n, a in runs]),
            PointWindow(before, at, self._values(first, length, False), [(n, a.memory) for n, a in runs]),
        )


def windows_of(points: Sequence[UsagePoint], start: float) -> BothWindows:
    """See ``UsagePoints.windows``; of any points."""
    if isinstance(points, UsagePoints):
        return points.windows(start)
    first = bisect_left(points, start, key=lambda p: p.at)
    part = points[first:]
    before, at = points[first - 1].at if first else None, [p.at for p in part]
    return BothWindows(
        PointWindow(before, at, [p.cpu for p in part], [(n, p.cpu_request) for n, p in enumerate(part)]),
        PointWindow(
            before, at, [p.memory for p in part], [(n, p.memory_request) for n, p in enumerate(part)]
        ),
    )


def values_since(points: Sequence[UsagePoint], resource: str, start: float) -> Sequence[float]:
    """What was used of "cpu" or "memory" from ``start`` on; of any points."""
    if isinstance(points, UsagePoints):
        return points.values_since(start, resource == "cpu")
    first = bisect_left(points, start, key=lambda p: p.at)
    return [p.cpu if resource == "cpu" else p.memory for p in points[first:]]
