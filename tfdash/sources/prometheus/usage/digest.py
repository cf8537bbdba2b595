"""How often which value was seen, so that a percentile over weeks is had from days that were each read once.

Values are counted in bins whose bounds grow by a factor (as in DDSketch, Masson et al., VLDB 2019): digests are added up bin by
bin, exactly, and a percentile of the sum is within ``ERROR`` of that of all the values themselves, whatever they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

ERROR = 0.005
"""The greatest relative error of a percentile."""
_GROWTH = math.log((1 + ERROR) / (1 - ERROR))
_LEAST = 1e-9  # below this it is nothing


class Digest(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """``bins``: how many values by the number of their bin; ``nothing``: how many were 0."""

    bins: dict[int, int] = {}
    nothing: int = 0

    @property
    def count(self) -> int:
        return self.nothing + sum(self.bins.values())

    def percentile(self, percent: float) -> float | None:
        """Between the two values next to that rank, as PromQL's ``quantile`` and numpy have it; None without any."""
        count = self.count
        if not count:
            return None
        rank = (count - 1) * percent / 100
        low = math.floor(rank)
        first, second = self._at(low), self._at(min(low + 1, count - 1))
        return first + (second - first) * (rank - low)

    def _at(self, rank: int) -> float:
        seen = self.nothing
        if rank < seen:
            return 0.0
        for number in sorted(self.bins):
            seen += self.bins[number]
            if rank < seen:
                return _value(number)
        raise AssertionError("no such rank")


def _value(number: int) -> float:
    """What stands for a bin: equally far, in relation, from both its bounds."""
    return 2 * math.exp(number * _GROWTH) / (1 + math.exp(_GROWTH))


def digest_of(values: Iterable[float]) -> Digest:
    """Of finite values; below 0 counts as 0, which no use is."""
    bins: dict[int, int] = {}
    nothing = 0
    log, ceil = math.log, math.ceil
    for value in values:
        if value < _LEAST:
            nothing += 1
        else:
            number = ceil(log(value) / _GROWTH)
            bins[number] = bins.get(number, 0) + 1
    return Digest(bins, nothing)


def together(digests: Iterable[Digest]) -> Digest:
    bins: dict[int, int] = {}
    nothing = 0
    for one in digests:
        nothing += one.nothing
        for number, count in one.bins.items():
            bins[number] = bins.get(number, 0) + count
    return Digest(bins, nothing)
