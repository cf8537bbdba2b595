"""Journeys of users as requests of our own: steps with assertions, run by one terminal at a time.

Nothing here imports httpx before the first run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from tfdash.clock import Clock
from tfdash.model.subject import ClusterRef
from tfdash.sources.journeys.options import JourneySettings
from tfdash.sources.journeys.source import JourneysSource

__all__ = ["JourneySettings", "JourneysSource", "source_for"]


def source_for(
    refs: Sequence[ClusterRef],
    journeys: Sequence[JourneySettings],
    clock: Clock,
    *,
    acting: bool = False,
    may_run: Callable[[], Awaitable[bool]] | None = None,
) -> JourneysSource | None:
    """The source of one environment (``refs``: its clusters); None where it has no journey of our own."""
    environment = refs[0].environment if refs else ""
    own = tuple(j for j in journeys if refs and j.url and j.environment in ("", environment))
    if not own:
        return None
    if may_run is None:
        return JourneysSource(refs, own, clock, acting=acting)
    return JourneysSource(refs, own, clock, acting=acting, may_run=may_run)
