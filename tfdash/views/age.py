"""Ages and freshness as people read them.

``human_duration`` writes what the API server's printers write (k8s.io/apimachinery, pkg/util/duration,
``HumanDuration``), so that our AGE equals kubectl's; ``short_age`` is the one-unit form of sentences and headers.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from tfdash.model.observation import Observation, Problem
from tfdash.text import safe

MINUTE, HOUR, DAY = 60, 3600, 86400
YEAR = 365 * DAY
UNKNOWN = "<unknown>"  # what the printers write for a time that was never set


def human_duration(seconds: float) -> str:
    """``seconds`` with two or three significant figures: ``119s``, ``2m``, ``9m59s``, ``3h1m``, ``2d4h``, ``3y12d``.

    One second into the future counts as now, as in kubectl; further ahead is ``<invalid>``.
    """
    whole = math.trunc(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 2 * MINUTE:
        return f"{max(whole, 0)}s"
    minutes, hours, days = whole // MINUTE, whole // HOUR, whole // DAY
    if minutes < 10:
        return _two(minutes, "m", whole % MINUTE, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"


def since(when: float | None, now: float) -> str:
    """The printers' age of an API time; 0 and None are times that were never set."""
    return human_duration(now - when) if when else UNKNOWN


def short_age(seconds: float) -> str:
    """One unit: ``12s``, ``4m``, ``3h``, ``2d``; never negative."""
    whole = max(math.trunc(seconds), 0)
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_duration(text: str) -> float | None:
    """Seconds of a printer's duration (``2d4h``), so that server-printed rows sort by age; None if it is none."""
    match = _DURATION.fullmatch(text) if text else None
    if match is None:
        return None
    return float(
        sum(int(n) * size for n, size in zip(match.groups(), (YEAR, DAY, HOUR, MINUTE, 1), strict=True) if n)
    )


_LASTING = re.compile(
    r"(-?)(?:(\d+)y)?(?:(\d+)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)


def seconds_of(text: str) -> float | None:
    """Seconds of any duration that controllers print: kubectl's (``2d4h``) and Go's (``1h0m0s``, ``1.5s``, ``500ms``); None for
    what is none, a number without a unit among it."""
    match = _LASTING.fullmatch(text)
    if match is None or not any(match.groups()[1:]):
        return None
    sizes = (YEAR, DAY, HOUR, MINUTE, 1.0, 0.001)
    total = sum(float(n) * size for n, size in zip(match.groups()[1:], sizes, strict=True) if n)
    return -total if match[1] else total


class Freshness(NamedTuple):
    """How current a value is. ``text`` is "" while it is fresh; ``state`` is "", "late", "old", "dead" or "loading". ``cause``
    is why, for where there is room; it is part of ``text`` elsewhere."""

    text: str
    state: str
    cause: str = ""


FRESH = Freshness("", "")


def freshness(
    observed_at: float | None,
    interval: float,
    now: float,
    problem: Problem | None = None,
    stale: float | None = None,
) -> Freshness:
    """Under the interval nothing; past it the age; past twice it, or where it was judged ``stale`` since a time,
    ``? 47s old``; a dead source ``? 4m old: cause``."""
    if problem is not None:
        age = "? never read" if observed_at is None else f"? {short_age(now - observed_at)} old"
        return Freshness(f"{age}: {safe(problem.cause)}", "dead")
    if observed_at is None:
        return Freshness("loading", "loading")
    age_seconds = now - observed_at
    if age_seconds > 2 * interval or stale is not None:
        return Freshness(f"? {short_age(age_seconds)} old", "old")
    return FRESH if age_seconds <= interval else Freshness(short_age(age_seconds), "late")


def of_observation(seen: Observation[Any], now: float, stale: float | None = None) -> Freshness:
    """The freshness of one observation; ``stale`` as in ``freshness``."""
    return freshness(seen.observed_at, seen.interval, now, seen.problem, stale)
