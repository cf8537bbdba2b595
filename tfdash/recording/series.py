"""Samples in columns (``tfdash.model.samples``, ``usage_points``): of arrays that only grow, what was added since it was written last.

A value holds a placeholder in their place, and beside it stand its views (which part of which arrays) and the chunks that
those arrays grew by. Who reads has the same arrays, and makes the same views of them.
"""

from __future__ import annotations

import sys
import weakref
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tfdash.model.samples import Points, Scrapes
from tfdash.model.traffic import Traffic
from tfdash.model.usage import Usage
from tfdash.model.usage_points import AskedSince, CoarseColumns, FineColumns, UsagePoints
from tfdash.recording.bounds import Odd, bounded, within

LETTERS = {"p": "dd", "s": "ddd", "f": "Hff", "c": "HHH"}
"""The columns of a counter, a histogram, of what was used as measured, and as means."""


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """What array ``number`` grew by behind its place ``start``: bytes of each column, little-endian. ``bounds`` of a histogram,
    ``base`` of times that are held as their distance from it."""

    number: int
    kind: str
    start: int
    columns: tuple[bytes, ...]
    bounds: tuple[float, ...] = ()
    base: int = 0


class SeriesView(msgspec.Struct, frozen=True, array_like=True):
    """Which part of which arrays a series is: one array, or of what is used the means and the measurements."""

    numbers: tuple[int, ...]
    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    asked: tuple[AskedSince, ...] = ()


class _Written:
    """How much of one array of its owner's is written: from place ``origin`` to before ``end``."""

    __slots__ = ("end", "number", "origin", "seen")

    def __init__(self, seen: weakref.ref[array[Any]], number: int, origin: int) -> None:
        self.seen, self.number, self.origin, self.end = seen, number, origin, origin


class SeriesWriter:
    """Of one file, between two keyframes. Encode with ``hook``, then ``take`` what belongs to it."""

    def __init__(self) -> None:
        self._known: dict[int, _Written] = {}
        self._next = 0
        self._views: list[SeriesView] = []
        self._chunks: list[Chunk] = []
        self._before: list[tuple[_Written, int]] = []

    def reset(self) -> None:
        self._known.clear()

    def hook(self, value: Any) -> Any:
        """For msgspec: what stands in the place of columns."""
        if isinstance(value, Points):
            view, rest = self._of("p", (value.ats, value.numbers), value.first, value.last), (0.0,)
            return self._placed(SeriesView((view[0],), (view[1],), (view[2],)), rest)
        if isinstance(value, Scrapes):
            columns = (value.ats, value.numbers, value.sums)
            view = self._of("s", columns, value.first, value.last, bounds=value.bounds)
            return self._placed(SeriesView((view[0],), (view[1],), (view[2],)), ((), (), 0.0))
        if isinstance(value, UsagePoints):
            (coarse, low, high), (fine, first, last), asked = value.parts
            old = self._of("c", coarse[1:], low, high, base=coarse.base)
            new = self._of("f", fine[1:], first, last, base=fine.base)
            numbers, firsts, lasts = zip(old, new, strict=True)
            return self._placed(SeriesView(numbers, firsts, lasts, asked), (0.0, 0.0))
        raise NotImplementedError(f"no recording of {type(value).__name__}")

    def _placed(self, view: SeriesView, rest: tuple[Any, ...]) -> list[Any]:
        self._views.append(view)
        return [[-float(len(self._views)), *rest]]

    def _of(
        self,
        kind: str,
        columns: tuple[array[Any], ...],
        first: int,
        last: int,
        *,
        bounds: tuple[float, ...] = (),
        base: int = 0,
    ) -> tuple[int, int, int]:
        """The number of these columns and the places in what was written of them."""
        own = columns[1]  # of a counter and of those that are errors the times may be one array
        known = self._known.get(id(own))
        if known is None or known.seen() is not own or first < known.origin:
            known = self._known[id(own)] = _Written(weakref.ref(own), self._next, first)
            self._next += 1
        if last > known.end:
            self._before.append((known, known.end))
            wide = len(bounds) if kind == "s" else 1
            parts = tuple(
                _bytes(column[known.end * by : last * by])
                for column, by in zip(columns, (1, wide, 1), strict=False)
            )
            self._chunks.append(Chunk(known.number, kind, known.end - known.origin, parts, bounds, base))
            known.end = last
        elif not any(chunk.number == known.number for chunk in self._chunks) and known.end == known.origin:
            self._chunks.append(Chunk(known.number, kind, 0, (b"",) * len(columns), bounds, base))
        return known.number, first - known.origin, last - known.origin

    def mark(self) -> tuple[int, int, int]:
        """Where we are, for ``back_to``."""
        return len(self._views), len(self._chunks), len(self._before)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """What was encoded since is not written after all."""
        for known, end in reversed(self._before[mark[2] :]):
            known.end = end
        del self._views[mark[0] :], self._chunks[mark[1] :], self._before[mark[2] :]

    def take(self) -> tuple[tuple[Chunk, ...], tuple[SeriesView, ...]]:
        """Of all that was encoded since the last ``take``: they are written with it."""
        found = tuple(self._chunks), tuple(self._views)
        self._views, self._chunks, self._before = [], [], []
        return found


def _bytes(column: array[Any]) -> bytes:
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()


UNREADABLE = (Odd, msgspec.MsgspecError, RecursionError, OverflowError, UnicodeDecodeError)
"""What reading raises for what no recorder wrote."""


class SeriesReader:
    """The arrays as far as they were read."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Chunk, tuple[array[Any], ...]]] = {}
        self._anew: set[int] = set()

    def forget(self) -> None:
        """All that did not come ``anew`` since the last time."""
        self._held = {number: held for number, held in self._held.items() if number in self._anew}
        self._anew.clear()

    def grow(self, chunk: Chunk, anew: bool = False) -> None:
        if anew:
            self._anew.add(chunk.number)
        letters = LETTERS.get(chunk.kind, "")
        if not letters or len(letters) != len(chunk.columns):
            raise Odd("a series of an unknown kind")
        if chunk.start == 0:
            self._held[chunk.number] = chunk, tuple(array(letter) for letter in letters)
        held = self._held.get(chunk.number)
        if held is None or held[0].kind != chunk.kind or len(held[1][0]) != chunk.start:
            raise Odd("a series that does not go on where it ended")
        try:
            for column, added in zip(held[1], chunk.columns, strict=True):
                more = array(column.typecode)
                more.frombytes(added)
                if sys.byteorder == "big":
                    more.byteswap()
                if column is held[1][0] and not (within(more) and within((chunk.base,))):
                    raise Odd("a series of no time")
                column.extend(more)
        except ValueError:
            raise Odd("a series that is cut") from None
        wide = len(held[0].bounds) if chunk.kind == "s" else 1
        if any(len(c) != len(held[1][0]) * by for c, by in zip(held[1], (1, wide, 1), strict=False)):
            raise Odd("a series whose columns differ in length")

    def view(self, placed: Sequence[Any], views: Sequence[SeriesView]) -> Sequence[Any]:
        """The series in the place of what stands there; what is no placeholder as it is."""
        if len(placed) != 1 or placed[0][0] >= 0:
            bounded(plain := tuple(placed))
            return plain
        place = int(-placed[0][0]) - 1
        if not 0 <= place < len(views):
            raise Odd("a series that is not there")
        view = views[place]
        if not len(view.numbers) == len(view.firsts) == len(view.lasts):
            raise Odd("a series without its places")
        parts = []
        for number, first, last in zip(view.numbers, view.firsts, view.lasts, strict=True):
            held = self._held.get(number)
            if held is None or not 0 <= first <= last <= len(held[1][0]):
                raise Odd("a series beyond what was read")
            parts.append((held[0], held[1], first, last))
        kinds = "".join(part[0].kind for part in parts)
        chunk, columns, first, last = parts[0] if parts else (None, (), 0, 0)
        if kinds == "p":
            return Points(columns[0], columns[1], first, last)
        if kinds == "s" and chunk is not None:
            return Scrapes(columns[0], chunk.bounds, columns[1], columns[2], first, last)
        if kinds == "cf":
            made = [
                (kind(part[0].base, *part[1]), part[2], part[3])
                for kind, part in zip((CoarseColumns, FineColumns), parts, strict=True)
            ]
            return UsagePoints.of(made[0], made[1], view.asked)
        raise Odd("a series of an unknown kind")


def _traffic(value: Traffic, at: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
    every: tuple[Any, ...] = (*value.requests, *value.errors, *value.latency)
    for series in every:
        msgspec.structs.force_setattr(series, "points", at(series.points))


def _usage(value: Usage, at: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
    for name in ("points", "other_points"):
        msgspec.structs.force_setattr(value, name, at(getattr(value, name)))


WITH_SERIES: dict[type, Callable[[Any, Callable[[Sequence[Any]], Sequence[Any]]], None]] = {
    Traffic: _traffic,
    Usage: _usage,
}
"""The types that hold samples, and how those are put in their place after it was decoded."""
