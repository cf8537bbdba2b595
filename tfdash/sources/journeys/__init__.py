"""Journeys of users as requests of our own: steps with assertions, run by one terminal at a time.

Nothing here imports httpx before the first run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tfdash.clock import Clock
from tfdash.model.subject import ClusterRef
from tfdash.sources.journeys.options import journeys_of
from tfdash.sources.journeys.source import JourneysSource

__all__ = ["JourneysSource", "feeder_of"]


def feeder_of(
    refs: Sequence[ClusterRef],
    raw: Mapping[str, Any],
    clock: Clock,
    *,
    acting: bool = False,
    may_run: Callable[[], Awaitable[bool]] | None = None,
) -> JourneysSource | None:
    """The feeder of one environment (``refs``: its clusters); None where it has no journey of our own.

    ``raw`` is the whole configuration. Raises ``JourneyError`` (a ``ValueError``) with one sentence.
    """
    journeys = journeys_of(raw, refs[0].environment) if refs else ()
    if not journeys:
        return None
    if may_run is None:
        return JourneysSource(refs, journeys, clock, acting=acting)
    return JourneysSource(refs, journeys, clock, acting=acting, may_run=may_run)
