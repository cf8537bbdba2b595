"""Samples held in columns: a counter's costs 16 bytes instead of 130, a histogram's of 12 buckets 112 instead of 530.

A view of an array that its owner only ever appends to, so that a series is published without a copy and stays as it was:
what comes later stands behind the view's end, and an owner that forgets old samples begins new arrays. Reads as the
sequence of ``Point`` or ``Buckets`` that it is.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Self, TypeVar, overload

T = TypeVar("T")
COUNTABLE = (
    2.0**53
)  # beyond it a counter's next request changes nothing: the whole numbers of a double end there


class Point(NamedTuple):
    """One scraped sample: the scrape's time (epoch seconds) and the counter's value."""

    at: float
    value: float


class Buckets(NamedTuple):
    """One scraped histogram: cumulative counts by upper bound (seconds; the last bound is +Inf). ``sum`` may be NaN."""

    at: float
    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    sum: float


class Columns(Sequence[T]):
    """What both have in common. ``ats`` are ascending; samples ``first`` to ``last`` - 1 of the arrays are meant."""

    __slots__ = ("ats", "first", "last")

    ats: array[float]
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return tuple(self)[index]
            return self.part(self.first + start, self.first + max(start, stop))
        place = index + (self.last if index < 0 else self.first)
        if not self.first <= place < self.last:
            raise IndexError(index)
        return self.sample(place)

    def __iter__(self) -> Iterator[T]:
        return map(self.sample, range(self.first, self.last))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, type(self)):
            return len(self) == len(other) and self.raw() == other.raw()
        return tuple(self) == tuple(other) if isinstance(other, tuple | list) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def before(self, at: float) -> int:
        """How many of these are older than ``at``."""
        return bisect_left(self.ats, at, self.first, self.last) - self.first

    def times(self) -> tuple[float, ...]:
        return tuple(self.ats[self.first : self.last])

    def rises(self, first: int, last: int) -> bool:
        """Whether all from place ``first`` to ``last`` - 1 are numbers and none is less than the one before."""
        before = self.value(first)
        told = before - before == 0
        for place in range(first + 1, last):
            value = self.value(place)
            if not before <= value < math.inf:
                return False
            before = value
        return told

    @abstractmethod
    def value(self, place: int) -> float:
        """The counter, or the count of all observations, at a place of the arrays."""

    @abstractmethod
    def part(self, first: int, last: int) -> Self:
        """The samples from place ``first`` to ``last`` - 1 of the same arrays."""

    @abstractmethod
    def sample(self, place: int) -> T:
        """The sample at a place of the arrays."""

    @abstractmethod
    def raw(self) -> Any:
        """What two of these are compared by."""


class Points(Columns[Point]):
    """A counter's samples."""

    __slots__ = ("numbers",)

    def __init__(self, ats: array[float], numbers: array[float], first: int, last: int) -> None:
        self.ats, self.numbers, self.first, self.last = ats, numbers, first, last

    def part(self, first: int, last: int) -> Points:
        return Points(self.ats, self.numbers, first, last)

    def value(self, place: int) -> float:
        return self.numbers[place]

    def sample(self, place: int) -> Point:
        return Point(self.ats[place], self.numbers[place])

    def values(self) -> tuple[float, ...]:
        return tuple(self.numbers[self.first : self.last])

    def raw(self) -> Any:
        return self.ats[self.first : self.last], self.numbers[self.first : self.last]


class Scrapes(Columns[Buckets]):
    """A histogram's samples, all of the same bounds. ``numbers``: the counts, scrape after scrape."""

    __slots__ = ("bounds", "numbers", "sums")

    def __init__(
        self,
        ats: array[float],
        bounds: tuple[float, ...],
        numbers: array[float],
        sums: array[float],
        first: int,
        last: int,
    ) -> None:
        self.ats, self.bounds, self.numbers, self.sums = ats, bounds, numbers, sums
        self.first, self.last = first, last

    def part(self, first: int, last: int) -> Scrapes:
        return Scrapes(self.ats, self.bounds, self.numbers, self.sums, first, last)

    def value(self, place: int) -> float:
        return self.numbers[(place + 1) * len(self.bounds) - 1]

    def sample(self, place: int) -> Buckets:
        width = len(self.bounds)
        counts = tuple(self.numbers[place * width : (place + 1) * width])
        return Buckets(self.ats[place], self.bounds, counts, self.sums[place])

    def values(self) -> tuple[float, ...]:
        """The count of all observations of each."""
        width = len(self.bounds)
        return tuple(self.numbers[(self.first + 1) * width - 1 : self.last * width : width or 1])

    def raw(self) -> Any:
        width = len(self.bounds)
        sums = self.sums[self.first : self.last].tobytes()  # NaN is no number, but the same sample
        return (
            self.bounds,
            sums,
            self.ats[self.first : self.last],
            self.numbers[self.first * width : self.last * width],
        )


_AT = itemgetter(0)


def _columns(points: Any) -> Columns[Any]:
    return points  # type: ignore[no-any-return]  # an isinstance of an abstract class is dear where it is asked so often


def first_at(points: Sequence[Point] | Sequence[Buckets]) -> float:
    """The time of the oldest of some."""
    return points[0][0] if isinstance(points, tuple | list) else _columns(points).ats[_columns(points).first]


def last_at(points: Sequence[Point] | Sequence[Buckets]) -> float:
    """The time of the newest of some."""
    return (
        points[-1][0] if isinstance(points, tuple | list) else _columns(points).ats[_columns(points).last - 1]
    )


def how_many_before(points: Sequence[Point] | Sequence[Buckets], at: float) -> int:
    """How many of these are older than ``at``."""
    if isinstance(points, tuple | list):
        return bisect_left(points, at, key=_AT)
    return _columns(points).before(at)
