"""For how much of a window a use was above a share of what it is held against. Pure.

What was not seen is taken for neither: the window is above for at least so long as it was seen above, and at most for all that was
not seen below.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import NamedTuple

from tfdash.model.usage_points import PointWindow, UsagePoint, window_of

_GAP = 90.0  # seconds that one measurement stands for at most: a poll that failed, and the one after
_MEAN = 300.0  # likewise of what is older than half an hour, of which means of five minutes are kept
_FINE = 1800.0
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


def held(
    points: Sequence[UsagePoint],
    resource: str,
    whole: float | None,
    percent: float,
    until: float,
    window: float,
    each: float,
) -> Held:
    """The ``window`` seconds up to ``until``. ``whole``: cores or bytes; None: each point's own request. ``each``: the seconds over
    which one was measured, which the first of all stands for."""
    start = until - window
    found = window_of(points, resource, start)
    times, values = found.at, found.values
    if not times:
        return Held(window)
    lengths = _lengths(found, until, start, each)
    runs = found.runs if whole is None else ((0, whole),)
    seen = above = past = 0.0
    since: float | None = None
    for number, (low, of) in enumerate(runs):
        high = runs[number + 1][0] if number + 1 < len(runs) else len(times)
        if of is None or of <= 0:
            since = None
            continue
        mine, used = lengths[low:high], values[low:high]
        seen += sum(mine)
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
    return Held(window, seen, above, past, len(times), since)


def _lengths(found: PointWindow, until: float, start: float, each: float) -> list[float]:
    """For how long each point stands: since the one before it, which is not for longer than polls fail."""
    times = found.at
    first = each if found.before is None else min(_most(times[0], until), times[0] - found.before)
    lengths: list[float] = list(map(sub, times[1:], times))
    if lengths and max(lengths) > _GAP:
        lengths = [min(_most(at, until), lasted) for at, lasted in zip(times[1:], lengths, strict=True)]
    return [min(first, times[0] - start), *lengths]


def _most(at: float, until: float) -> float:
    return _GAP if until - at < _FINE else _MEAN
