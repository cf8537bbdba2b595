"""How long an environment has run a version, by what was seen and when. Pure.

It begins when the last node or control plane on an older version was gone. New ones of that version change nothing, an older one that
comes back begins it anew. Time that nobody watched is a gap: it is told and not counted; nor is a time at which everything was newer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise
from math import inf
from typing import NamedTuple

from tfdash.model.subject import ClusterRef
from tfdash.model.versions import Soak, Unwatched
from tfdash.playbook.versions.version import Version


class WatchedSpan(NamedTuple):
    """A cluster was watched from ``since`` to ``until``, and ``oldest`` and ``newest`` were what ran there."""

    cluster: ClusterRef
    since: float
    until: float
    oldest: Version
    newest: Version


def oldest_now(spans: Iterable[WatchedSpan], clusters: Collection[ClusterRef]) -> Version | None:
    """The oldest that runs in these clusters, by what was seen last of each; None where one of them was not seen."""
    last: dict[ClusterRef, WatchedSpan] = {}
    for span in spans:
        before = last.get(span.cluster)
        # of what was seen at one time the latest to begin; of these the older, so that nothing is said to be gone that may be there
        if before is None or (span.until, span.since, _down(span.oldest)) > (
            before.until,
            before.since,
            _down(before.oldest),
        ):
            last[span.cluster] = span
    if not clusters or not all(cluster in last for cluster in clusters):
        return None
    return min(last[cluster].oldest for cluster in clusters)


def soak(
    spans: Collection[WatchedSpan], clusters: Collection[ClusterRef], version: Version, now: float
) -> Soak | None:
    """Of ``version`` in an environment of these clusters; None where one of them was not seen without anything older since an older one
    was seen last. What is said of times after ``now`` does not count."""
    mine = [s for s in spans if s.cluster in clusters and s.since <= now]
    begins = [_begins([s for s in mine if s.cluster == cluster], version, now) for cluster in clusters]
    found = [at for at in begins if at is not None]
    if not clusters or len(found) < len(begins):
        return None
    since = max(found)
    until = min(max(min(s.until, now) for s in mine if s.cluster == cluster) for cluster in clusters)
    watched, gaps = 0.0, list[Unwatched]()
    cuts = sorted(
        {since, max(since, until), *(t for s in mine for t in (s.since, s.until) if since < t < until)}
    )
    coming = sorted(mine, key=lambda s: s.since, reverse=True)
    open_: list[WatchedSpan] = []
    for start, end in pairwise(cuts):
        while coming and coming[-1].since <= start:
            open_.append(coming.pop())
        open_ = [s for s in open_ if s.until > start]
        if not all(any(s.cluster == cluster for s in open_) for cluster in clusters):
            if gaps and gaps[-1].until == start:
                start = gaps.pop().since
            gaps.append(Unwatched(start, end))
        elif min(s.oldest for s in open_) == version:
            watched += end - start
    first = not any(s.oldest < version for s in mine)
    return Soak(
        version=version.short,
        since=since,
        until=max(since, until),
        watched=watched,
        gaps=tuple(gaps),
        first=first,
    )


def _begins(spans: Iterable[WatchedSpan], version: Version, now: float) -> float | None:
    """When one cluster was first seen without anything older, after it was last seen with that."""
    spans = list(spans)
    left = max((min(s.until, now) for s in spans if s.oldest < version), default=-inf)
    return min(
        (max(s.since, left) for s in spans if s.oldest >= version and min(s.until, now) >= left),
        default=None,
    )


def _down(version: Version) -> tuple[int, ...]:
    return tuple(-part for part in version)
