"""What metrics.k8s.io and Prometheus say of one use, beside each other: only where both answer the same question. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from tfdash.durations import write_duration
from tfdash.model.usage import PROMETHEUS_WINDOW, Usage
from tfdash.model.usage_points import UsagePoint

_APART = 60.0  # seconds between two moments of memory at most
_STANDS = 90.0  # seconds that one measurement of CPU stands for at most
_COVERED = 0.9  # of the five minutes: a poll may fail
_AGREE = 0.1  # of the greater one


class UsageCompared(NamedTuple):
    """``apart``: by how much the two differ, of the greater one; None where they cannot be compared, and ``why``."""

    apart: float | None
    why: str = ""

    @property
    def agree(self) -> bool:
        return self.apart is not None and self.apart <= _AGREE

    @property
    def words(self) -> str:
        if self.apart is None:
            return f"NOT COMPARABLE: {self.why}"
        percent = f"{100 * self.apart:.0f} %"
        return f"agrees within {percent}" if self.agree else f"differs by {percent}"


def usage_compared(usage: Usage, resource: str) -> UsageCompared | None:
    """Of the newest point of Prometheus: memory with the working set of that time, CPU with the mean of the same five minutes. None where
    only one of them is there."""
    mine, other = usage.points, usage.other_points
    if not mine or not other:
        return None
    theirs = other[-1]
    place = bisect_right(mine, theirs.at, key=lambda p: p.at)
    if resource == "memory":
        beside = min(mine[max(0, place - 1) : place + 1], key=lambda p: abs(p.at - theirs.at))
        if abs(beside.at - theirs.at) > _APART:
            return UsageCompared(None, f"{write_duration(round(abs(beside.at - theirs.at)))} apart")
        if _others(beside.memory_request, theirs.memory_request):
            return UsageCompared(None, "other pods are measured")
        return UsageCompared(_apart(beside.memory, theirs.memory))
    begin = theirs.at - PROMETHEUS_WINDOW
    first = bisect_left(mine, begin, key=lambda p: p.at)
    mean, covered = _mean(mine[max(0, first - 1) : place], begin, usage.window)
    if covered < _COVERED * PROMETHEUS_WINDOW:
        window, seconds = write_duration(round(PROMETHEUS_WINDOW)), round(covered)
        if not seconds:
            return UsageCompared(None, f"nothing was seen of metrics.k8s.io in the same {window}")
        return UsageCompared(None, f"metrics.k8s.io seen for {seconds}s of the same {window}")
    if _others(mine[place - 1].cpu_request, theirs.cpu_request):
        return UsageCompared(None, "other pods are measured")
    return UsageCompared(_apart(mean, theirs.cpu))


def _mean(points: Sequence[UsagePoint], begin: float, each: float) -> tuple[float, float]:
    """Of CPU from ``begin`` until the last, and for how many seconds of that it is known."""
    total = covered = 0.0
    before: float | None = None
    for point in points:
        lasted = min(each if before is None else point.at - before, _STANDS, point.at - begin)
        before = point.at
        if lasted <= 0:  # the one before the five minutes
            continue
        total += point.cpu * lasted
        covered += lasted
    return (total / covered if covered else 0.0), covered


def _others(mine: float | None, theirs: float | None) -> bool:
    """Those that were measured asked for something else together, so that they are not the same."""
    return None not in (mine, theirs) and mine != theirs


def _apart(one: float, other: float) -> float:
    most = max(abs(one), abs(other))
    return abs(one - other) / most if most else 0.0
