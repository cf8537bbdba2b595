"""At which bounds the latencies of both sides can be compared: those that every histogram has.

A bound that one of them lacks says nothing of it: the count at its next lower bound is no count at that one. Native
histograms name only buckets that hold something, so there a bound is left out where it lies inside somebody's bucket
(another resolution); elsewhere the next lower one holds the same count. Native against classic is no comparison.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from tfdash import figures
from tfdash.model.samples import Buckets, Scrapes
from tfdash.model.traffic import HistogramSeries

N = TypeVar("N", int, float)
N_co = TypeVar("N_co", int, float, covariant=True)
Sided = tuple[str, HistogramSeries]


class Shared(NamedTuple):
    """``bounds`` ascending, seconds. ``unlike``: why there is no comparison; ``note``: what is left out of it; "" of neither."""

    bounds: tuple[float, ...]
    native: bool
    unlike: str = ""
    note: str = ""


def shared(series: Iterable[Sided]) -> Shared:
    """Of the histograms of both sides, each with its side's name."""
    found = [(side, one) for side, one in series if one.points]
    kinds = {(side, one.native) for side, one in found}
    if len({native for _, native in kinds}) > 1:
        return Shared((), False, _kinds(kinds))
    native = any(is_native for _, is_native in kinds)
    return _native(found) if native else _classic(found)


def _kinds(kinds: set[tuple[str, bool]]) -> str:
    for side, _ in sorted(kinds):
        if {(side, True), (side, False)} <= kinds:
            return f"the {side}'s latencies are native and classic histograms at once: they have no bounds in common"
    (native,) = (side for side, is_native in kinds if is_native)
    (classic,) = (side for side, is_native in kinds if not is_native)
    return f"the {native}'s latencies are native histograms, the {classic}'s classic ones: they have no bounds in common"


def _all_bounds(one: HistogramSeries) -> set[tuple[float, ...]]:
    if isinstance(one.points, Scrapes):
        return {one.points.bounds}
    return set({id(p.bounds): p.bounds for p in one.points}.values())


def _classic(found: Sequence[Sided]) -> Shared:
    several: dict[tuple[float, ...], set[str]] = {}
    for side, one in found:
        for bounds in _all_bounds(one):
            several.setdefault(bounds, set()).add(side)
    if len(several) < 2:
        return Shared(next(iter(several), ()), False)
    sets = {bounds: frozenset(bounds) for bounds in several}
    both = frozenset.intersection(*sets.values())
    common = tuple(sorted(both))
    if len(common) < 2 or common[-1] != math.inf:
        return Shared((), False, f"the sides' histograms have no two bounds in common: {_said(several)}")
    lost = sorted(frozenset.union(*sets.values()) - both)
    return Shared(
        common, False, "", f"compared at the bounds that both have; left out: {', '.join(map(_bound, lost))}"
    )


def _native(found: Sequence[Sided]) -> Shared:
    union: set[float] = set()
    filled: set[tuple[float, float]] = set()
    for _, one in found:
        for bounds in _all_bounds(one):
            union.update(b for b in bounds if b == b)
        for point in (one.points[0], one.points[-1]):
            filled.update(_filled(point))
    ordered = sorted(union)
    inside: set[float] = set()
    for low, high in filled:
        inside.update(ordered[bisect_right(ordered, low) : bisect_left(ordered, high)])
    if not inside:
        return Shared(tuple(ordered), True)
    common = tuple(b for b in ordered if b not in inside)
    return Shared(common, True, "", "compared at the coarser of the histograms' resolutions")


def _filled(point: Buckets) -> Iterable[tuple[float, float]]:
    """Its buckets that hold something."""
    low, before = -math.inf, 0.0
    for bound, count in zip(point.bounds, point.counts, strict=True):
        if count > before and low > -math.inf and bound < math.inf:
            yield low, bound
        low, before = bound, count


def _said(several: dict[tuple[float, ...], set[str]]) -> str:
    told = []
    for side in sorted({s for sides in several.values() for s in sides}):
        own = sorted({b for bounds, sides in several.items() if side in sides for b in bounds})
        told.append(f"{side} {', '.join(map(_bound, own[:6]))}{' ...' if len(own) > 6 else ''}")
    return "; ".join(told)


def _bound(bound: float) -> str:
    return "+Inf" if bound == math.inf else figures.duration(bound)


class Cumulative(Protocol[N_co]):
    """``counts``: how many are at or below each of ``bounds``, which ascend."""

    @property
    def bounds(self) -> tuple[float, ...]: ...
    @property
    def counts(self) -> tuple[N_co, ...]: ...


def at_bounds(held: Cumulative[N], bounds: tuple[float, ...]) -> tuple[N, ...]:
    """The counts at these bounds: at one that it lacks, those of its next lower bound."""
    own = held.bounds
    if own is bounds or own == bounds:
        return held.counts
    told: list[N] = []
    seen: N = 0
    i = 0
    for bound in bounds:
        while i < len(own) and own[i] <= bound:
            seen = held.counts[i]
            i += 1
        told.append(seen)
    return tuple(told)
