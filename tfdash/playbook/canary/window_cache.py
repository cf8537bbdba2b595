"""What was counted of a release and stays so: windows that have ended are not counted again at every look.

A counted window changes only where samples that fall into it change, a series comes or goes, or a pod's version or
start becomes known. ``grown`` therefore compares the samples themselves, old with new (pointers, mostly: the source
hands on the same objects), and everything else that the counts rest on stands in ``Counted`` and must be equal. Where
anything is not, all is counted afresh: with a ``WindowCache`` or without, the result is the same.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from tfdash.model.samples import Columns, Points, Scrapes, how_many_before
from tfdash.model.traffic import Buckets, Point

T = TypeVar("T")
Samples = Sequence[Point] | Sequence[Buckets]


class Mark(NamedTuple):
    """How one series is counted: whose it is, whether its first sample counts whole, when its target started."""

    side: str
    from_zero: bool
    start: float | None


class Counted(NamedTuple):
    """What the counts rest on, and they. ``basis``: all but the samples; ``samples``: as they were, by series.

    ``plain``: of each series whether its samples are in order, numbers and without a reset. ``edges`` are those of the
    windows, ``columns`` what was counted in each (``tally``).
    """

    basis: tuple[Any, ...]
    samples: tuple[Samples, ...]
    plain: tuple[bool, ...]
    edges: list[float]
    columns: tuple[tuple[Any, ...], ...]


class Memo:
    """What was said of the same windows at the last look. Mutable, and of one owner, as the cache that holds it."""

    __slots__ = ("_each", "_last")

    def __init__(self) -> None:
        self._last: dict[Callable[..., Any], tuple[tuple[Any, ...], Any]] = {}
        self._each: dict[Callable[..., Any], tuple[tuple[Any, ...], dict[Any, Any]]] = {}

    def last(self, make: Callable[..., T], *given: Any) -> T:
        """``make(memo, *given)``, or what it gave last where it was given the same."""
        known = self._last.get(make)
        if known is None or known[0] != given:
            known = self._last[make] = (given, make(self, *given))
        told: T = known[1]
        return told

    def each(self, make: Callable[..., T], items: Sequence[Any], *given: Any) -> list[T]:
        """``make(item, *given)`` of each; those of the last call, where the rest was the same, are not made again."""
        rest, known = self._each.get(make, ((), {}))
        known = known if rest == given else {}
        told = {item: known[item] if item in known else make(item, *given) for item in items}
        self._each[make] = (given, told)
        return [told[item] for item in items]


class WindowCache:
    """The memory of one release's judge. Mutable, and of one owner: the pure functions take it and give the same without.

    ``turn`` grows whenever a window is counted; ``twice`` is what was said of these (``tally``).
    """

    __slots__ = ("before", "last", "memo", "turn", "twice")

    def __init__(self) -> None:
        self.last: Counted | None = None
        self.before: WindowCache | None = None  # of the windows before the release
        self.turn = 0
        self.twice: tuple[tuple[Any, ...], tuple[str, str]] | None = None
        self.memo = Memo()

    def earlier(self) -> WindowCache:
        self.before = self.before or WindowCache()
        return self.before


class Reuse(NamedTuple):
    """The windows of ``Counted`` from ``first`` on, so ``many``, are the next count's first ones."""

    first: int
    many: int
    plain: tuple[bool, ...]


def reusable(
    last: Counted | None, basis: tuple[Any, ...], samples: tuple[Samples, ...], edges: list[float]
) -> Reuse | None:
    """Which windows need not be counted again; None: all do."""
    if last is None or last.basis != basis or len(edges) < 2 or len(last.samples) != len(samples):
        return None
    first = bisect_left(last.edges, edges[0])
    until, plain = math.inf, []
    for before, after, was in zip(last.samples, samples, last.plain, strict=True):
        if before is after:
            plain.append(was)
            continue
        told = grown(before, after, edges[0], was)
        if told is None:
            return None
        until = min(until, told.until)
        plain.append(was and told.plain)
    many = 0
    for old, new in zip(last.edges[first + 1 :], edges[1:], strict=False):
        if old != new or new > until:
            break
        many += 1
    if first >= len(last.edges) or last.edges[first] != edges[0]:
        return None
    return Reuse(first, many, tuple(plain))


class Grown(NamedTuple):
    """Counts up to ``until`` stay; ``plain``: the new samples rise in order."""

    until: float
    plain: bool


def grown(before: Samples, after: Samples, since: float, was_plain: bool) -> Grown | None:
    """Whether ``after`` is ``before`` but for the oldest samples and new ones at the end, and counts from ``since`` on stay.

    They do not where what went was a reset, or the base on which the first window stood.
    """
    if not before or not after or not (was_plain or _fair(before)):
        return None
    # Both are of one type, as the first test says; an isinstance of the second would be dear where it is asked so often.
    if type(before) is type(after) and isinstance(before, Points | Scrapes) and before.ats is after.ats:  # type: ignore[union-attr]  # of one type, see above
        return _grown_view(before, after, since)  # type: ignore[arg-type]  # likewise
    gone = how_many_before(before, after[0][0])
    same = len(before) - gone
    if same <= 0 or same > len(after):
        return None
    if before[gone:] != after[:same]:
        return None
    if gone and (after[0][0] >= since or not plain(before[: gone + 1])):
        return None
    if same == len(after):
        return Grown(math.inf, True)
    rises = plain(after[same - 1 :])
    if not rises and not _value(after[0]) >= 0:  # a fall makes values under nothing read otherwise
        return None
    return Grown(min(p[0] for p in after[same:]), rises)


def _grown_view(before: Columns[Any], after: Columns[Any], since: float) -> Grown | None:
    """The same of two views of the same arrays, which their owner only appends to."""
    if not before.first <= after.first < before.last <= after.last:
        return None
    gone = after.first - before.first
    if gone and (after.ats[after.first] >= since or not after.rises(before.first, after.first + 1)):
        return None
    if after.last == before.last:
        return Grown(math.inf, True)
    rises = after.rises(before.last - 1, after.last)
    if not rises and not after.value(after.first) >= 0:
        return None
    return Grown(after.ats[before.last], rises)


def _fair(points: Samples) -> bool:
    """Whether all are numbers, in order, and none is under nothing; they may fall."""
    ats, values = samples_of(points)
    total = sum(values)
    return total - total == 0 and min(values) >= 0 and list(ats) == sorted(ats)


def plain(points: Samples) -> bool:
    """Whether all are numbers, in order, and none falls."""
    ats, values = samples_of(points)
    total = sum(values)
    return total - total == 0 and list(values) == sorted(values) and list(ats) == sorted(ats)


def samples_of(points: Samples) -> tuple[Sequence[float], Sequence[float]]:
    """Times and values: the counter's, or a histogram's counts of all observations."""
    if isinstance(points, Points | Scrapes):
        return points.times(), points.values()
    return [p[0] for p in points], [_value(p) for p in points]


def _value(point: Point | Buckets) -> float:
    """The counter, or a histogram's count of all observations; not a number of none."""
    if isinstance(point, Buckets):
        return point.counts[-1] if point.counts else math.nan
    return point[1]
