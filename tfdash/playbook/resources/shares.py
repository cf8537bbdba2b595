"""For how much of a window a use was above a share of what it is held against. Pure.

What was not seen is taken for neither: the window is above for at least so long as it was seen above, and at most for all that was
not seen below.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import NamedTuple

from tfdash.model.usage_points import BothWindows, UsagePoint, windows_of

_GAP = 90.0  # seconds that one measurement stands for at most: a poll that failed, and the one after
_MEAN = 300.0  # likewise of what is older than half an hour, of which means of five minutes are kept
_LONG_MEAN = 1800.0  # and of what is older than six hours
_FINE, _MEANS = 1800.0, 21_600.0
_ROUNDING = 1e-9


class Held(NamedTuple):
    """Seconds of the window: ``seen`` in all, ``above`` the bound, ``past`` the whole of it; ``points`` that were looked at.
    ``since``: from when on without a break it is above (epoch seconds), None where it is not now."""

    window: float
    seen: float = 0.0
    above: float = 0.0
    past: float = 0.0
    points: int = 0
    since: float | None = None

    def lasting(self, seconds: float, percent: float) -> bool | None:
        """Whether ``seconds`` (``above`` or ``past``) are so many percent of the window; None where what was not seen decides."""
        wanted = self.window * percent / 100 - _ROUNDING
        if seconds >= wanted:
            return True
        return None if seconds + self.window - self.seen >= wanted else False


class WindowSeen(NamedTuple):
    """What was seen of one use in a window; ``lengths``: of each point but the first, for how long it stands."""

    until: float
    window: float
    found: BothWindows
    lengths: Sequence[float]


def looked(points: Sequence[UsagePoint], until: float, window: float) -> WindowSeen:
    """At the ``window`` seconds up to ``until``."""
    found = windows_of(points, until - window)
    return WindowSeen(until, window, found, _lengths(found.cpu.at, until))


def held(seen: WindowSeen, resource: str, whole: float | None, percent: float, each: float) -> Held:
    """``whole``: cores or bytes; None: each point's own request. ``each``: the seconds over which one was measured, which the first
    of all stands for."""
    found = seen.found.of(resource)
    times, values = found.at, found.values
    if not times:
        return Held(seen.window)
    first = each
    if found.before is not None:
        first = min(_most(times[0], seen.until), times[0] - found.before)
    lengths = [min(first, times[0] - (seen.until - seen.window)), *seen.lengths]
    runs = found.runs if whole is None else ((0, whole),)
    lasted_in_all = above = past = 0.0
    since: float | None = None
    for number, (low, of) in enumerate(runs):
        high = runs[number + 1][0] if number + 1 < len(runs) else len(times)
        if of is None or of <= 0:
            since = None
            continue
        alone = len(runs) == 1
        mine, used = (lengths, values) if alone else (lengths[low:high], values[low:high])
        lasted_in_all += sum(mine)
        bound = percent * of
        if not max(used) * 100 > bound:  # mostly, and told ten times as quickly
            since = None
            continue
        for place, (value, lasted) in enumerate(zip(used, mine, strict=True)):
            if value * 100 > bound:
                above += lasted
                past += lasted if value > of else 0.0
                since = times[low + place] - lasted if since is None else since
            else:
                since = None
    return Held(seen.window, lasted_in_all, above, past, len(times), since)


def _lengths(times: Sequence[float], until: float) -> list[float]:
    """For how long each point but the first stands: since the one before it, which is not for longer than polls fail."""
    lengths: list[float] = list(map(sub, times[1:], times))
    if lengths and max(lengths) > _GAP:
        return [min(_most(at, until), lasted) for at, lasted in zip(times[1:], lengths, strict=True)]
    return lengths


def _most(at: float, until: float) -> float:
    age = until - at
    return _GAP if age < _FINE else _MEAN if age < _MEANS else _LONG_MEAN
