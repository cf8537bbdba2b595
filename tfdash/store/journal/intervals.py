"""Half-open intervals of times, as sorted tuples that neither touch nor overlap. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

Interval = tuple[float, float]
Intervals = tuple[Interval, ...]


def union(of: Iterable[Interval]) -> Intervals:
    """Those that touch or overlap as one; empty ones are none."""
    kept: list[Interval] = []
    for begin, end in sorted(of):
        if end <= begin:
            continue
        if kept and begin <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(kept[-1][1], end))
        else:
            kept.append((begin, end))
    return tuple(kept)


def total(of: Iterable[Interval]) -> float:
    """Seconds of what neither touches nor overlaps."""
    return sum(end - begin for begin, end in of)


def clipped(of: Iterable[Interval], since: float, until: float) -> Intervals:
    return tuple((max(b, since), min(e, until)) for b, e in of if max(b, since) < min(e, until))


def between(of: Intervals, since: float, until: float) -> Intervals:
    """What of ``[since, until)`` lies in none of them."""
    inside = clipped(of, since, until)
    edges = ((since, since), *inside, (until, until))
    return tuple((left[1], right[0]) for left, right in pairwise(edges) if left[1] < right[0])
