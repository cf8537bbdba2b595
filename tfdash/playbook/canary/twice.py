"""The same requests counted twice: two series of one pod that rise alike, which more than chance explains.

A pod that two jobs scrape has each of its series twice. Added up they make chance look like evidence, so nothing is said
of them until one is left out. Two ports of one pod rise each in its own way and are added. Samples of the same moments are
alike where each increase is; of two moments where each lies where the other's straight line has it, nearer than two
counters that merely rise as fast would stay.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from tfdash.model.samples import how_many_before
from tfdash.model.traffic import CounterSeries, HistogramSeries
from tfdash.playbook.canary.window_cache import samples_of

_CHANCE = math.log(1e-6)  # two series that are not the same are taken for it no oftener than this
_MOMENTS = 20  # scrapes with an increase, where the two are scraped at different moments
_NEAR = 0.5  # mean square of their distance, in increases of one scrape: 1/4 of one counter, ever more of two
_BESIDE = 3  # neighbours by value that are looked at

Series = CounterSeries | HistogramSeries
Read = tuple[tuple[float, ...], tuple[float, ...]]


def counted_twice(series: Iterable[Series], since: float, until: float) -> str:
    """Of which pod two series rise alike in [``since``, ``until``) of epoch seconds, and how they differ; "" of none."""
    groups: dict[str, list[Series]] = {}
    for one in series:
        if one.points:
            groups.setdefault(one.pod or one.version, []).append(one)
    for pod, several in sorted(groups.items()):
        if len(several) < 2:
            continue
        read = [(*_read(one, since, until), one) for one in several]
        known = sorted((r for r in read if len(r[0]) > 1), key=lambda r: (r[1][-1], r[2].labels))
        for i, (ats, values, one) in enumerate(known):
            for other_ats, other_values, other in known[i + 1 : i + 1 + _BESIDE]:
                if _alike((ats, values), (other_ats, other_values)):
                    return _said(pod, one, other)
        by_steps: dict[tuple[object, ...], Series] = {}
        for ats, values, one in known:
            key = (ats, *(b - a for a, b in pairwise(values)))
            other = by_steps.setdefault(key, one)
            if other is not one and _equal(values, values):
                return _said(pod, other, one)
    return ""


def _read(one: Series, since: float, until: float) -> Read:
    points = one.points
    first, last = how_many_before(points, since), how_many_before(points, until)
    ats, values = samples_of(points[first:last]) if last > first else ((), ())
    return tuple(ats), tuple(values)


def _alike(one: Read, two: Read) -> bool:
    (ats, values), (other_ats, other_values) = one, two
    if ats == other_ats:
        return _equal(values, other_values)
    return _near(ats, values, other_ats, other_values)


def _equal(values: Sequence[float], others: Sequence[float]) -> bool:
    """Each increase the same, which of counts that merely have the same mean would be by chance every 2 sqrt(pi n)-th."""
    log = 0.0
    for (a, b), (c, d) in zip(pairwise(values), pairwise(others), strict=True):
        if b - a != d - c:
            return False
        if b > a:
            log -= math.log(max(2 * math.sqrt(math.pi * (b - a)), 2.0))
    return log < _CHANCE


def _near(
    ats: Sequence[float], values: Sequence[float], others: Sequence[float], other_values: Sequence[float]
) -> bool:
    """Scraped at other moments: the distance stays that of one counter; of two it grows with the root of their number."""
    total, seen = 0.0, 0
    for at, value in zip(ats, values, strict=True):
        i = bisect_left(others, at)
        if not 0 < i < len(others):
            continue
        low, high = other_values[i - 1], other_values[i]
        if not low <= value <= high:
            return False
        if high > low:
            part = (at - others[i - 1]) / (others[i] - others[i - 1])
            total += (value - low - part * (high - low)) ** 2 / (high - low)
            seen += 1
    return seen >= _MOMENTS and total < _NEAR * seen


def _said(pod: str, one: Series, two: Series) -> str:
    first, second = dict(one.labels), dict(two.labels)
    names = sorted(k for k in {**first, **second} if first.get(k) != second.get(k))
    left = ",".join(f'{k}="{first.get(k, "")}"' for k in names)
    right = ",".join(f'{k}="{second.get(k, "")}"' for k in names)
    return (
        f"the same requests of {pod} are counted twice: {{{left}}} and {{{right}}} rise alike; "
        f"name one of them in the template's selectors ([metrics.templates])"
    )
