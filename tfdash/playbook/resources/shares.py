"""For how much of a window a use was above a share of what it is held against. Pure.

What was not seen is taken for neither: the window is above for at least so long as it was seen above, and at most for all that was
not seen below.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from tfdash.model.usage import UsagePoint

_GAP = 90.0  # seconds that one measurement stands for at most: a poll that failed, and the one after
_MEAN = 300.0  # likewise of what is older than an hour, of which means of five minutes are kept
_FINE = 3600.0
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
    first = bisect_left(points, start, key=lambda p: p.at)
    before = points[first - 1].at if first else None
    seen = above = past = 0.0
    since: float | None = None
    cpu, many = resource == "cpu", 0
    for point in points[first:]:
        most = _GAP if until - point.at < _FINE else _MEAN
        reaches_back = each if before is None else min(most, point.at - before)
        lasted = min(reaches_back, point.at - start)
        before = point.at
        many += 1
        used = point.cpu if cpu else point.memory
        of = whole if whole is not None else point.cpu_request if cpu else point.memory_request
        if of is None or of <= 0:
            since = None
            continue
        seen += lasted
        if used * 100 > percent * of:
            above += lasted
            past += lasted if used > of else 0.0
            since = point.at - lasted if since is None else since
        else:
            since = None
    return Held(window, seen, above, past, many, since)
