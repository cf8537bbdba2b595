"""What versions ran where and when, as terminals that record saw it, and which updates were planned since when.

Every terminal's entries add up to it, in any order. A terminal writes anew for how long it has watched: what goes on from the same
beginning is one sighting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tfdash.model.subject import ClusterRef
from tfdash.model.versions import PlannedUpdate, VersionMemory, VersionSighting

TOPIC = "versions"
_MOST = 64  # versions that one sighting may have: more run nowhere


class _Span(NamedTuple):
    since: float
    until: float
    by: frozenset[str]  # terminals


class VersionFacts:
    """See the module. ``apply`` takes the ``data`` of one entry of the topic ``TOPIC``."""

    def __init__(self) -> None:
        self._seen: dict[tuple[ClusterRef, tuple[str, ...]], list[_Span]] = {}
        self._planned: dict[tuple[str, str, str], float] = {}
        self._memory: VersionMemory | None = None

    def apply(self, at: float, data: Mapping[str, Any], terminal: str = "") -> None:
        """``at``: the entry's time, epoch seconds: nobody saw anything later than that, and no plan is older. ``terminal``: whose entry it is. What cannot be read says
        nothing."""
        for one in _rows(data.get("seen")):
            sighting = _sighting(one, at)
            if sighting is not None:
                spans = self._seen.setdefault((sighting.cluster, sighting.versions), [])
                _add(spans, _Span(sighting.since, sighting.until, frozenset({terminal} - {""})))
                self._memory = None
        for one in _rows(data.get("plans")):
            key = (one.get("environment"), one.get("version"), one.get("day"))
            if all(isinstance(part, str) and part for part in key):
                named = (str(key[0]), str(key[1]), str(key[2]))
                self._planned[named] = min(at, self._planned.get(named, at))
                self._memory = None

    def told(self) -> VersionMemory:
        """Sightings in the order of their beginnings. The same object while nothing is new."""
        if self._memory is None:
            found = [
                VersionSighting(cluster, span.since, span.until, versions, tuple(sorted(span.by)))
                for (cluster, versions), spans in self._seen.items()
                for span in spans
            ]
            plans = [
                PlannedUpdate(environment=environment, version=version, day=day, announced=at)
                for (environment, version, day), at in sorted(self._planned.items())
            ]
            found.sort(key=lambda s: (s.since, s.until, s.cluster, s.versions))
            self._memory = VersionMemory(sightings=tuple(found), announced=tuple(plans))
        return self._memory


def _add(spans: list[_Span], more: _Span) -> None:
    """Into ``spans``, which are apart and in order, joined with what it meets."""
    apart = []
    for one in spans:
        if one.until < more.since or more.until < one.since:
            apart.append(one)
        else:
            more = _Span(min(more.since, one.since), max(more.until, one.until), more.by | one.by)
    spans[:] = sorted([*apart, more], key=lambda span: span.since)


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else ()


def _sighting(row: Mapping[str, Any], at: float) -> VersionSighting | None:
    try:
        since, until = float(row["since"]), min(float(row["until"]), at)
        cluster = ClusterRef(str(row["environment"]), str(row["cluster"]))
        versions = row["versions"]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not (isinstance(versions, list) and 0 < len(versions) <= _MOST and 0 <= since <= until):
        return None
    return VersionSighting(cluster, since, until, tuple(sorted(map(str, versions))))


def not_recorded(
    seen: Iterable[VersionSighting], recorded: Iterable[VersionSighting]
) -> tuple[VersionSighting, ...]:
    """Those of ``seen`` of which some time is in none that is recorded."""
    known: dict[tuple[ClusterRef, tuple[str, ...]], list[VersionSighting]] = {}
    for one in recorded:
        known.setdefault((one.cluster, one.versions), []).append(one)
    return tuple(
        s
        for s in seen
        if not any(k.since <= s.since and s.until <= k.until for k in known.get((s.cluster, s.versions), ()))
    )


def data_of_versions(seen: Iterable[VersionSighting], plans: Iterable[PlannedUpdate] = ()) -> dict[str, Any]:
    """What an entry says."""
    told: dict[str, Any] = {"topic": TOPIC}
    told["seen"] = [
        {
            "environment": one.cluster.environment,
            "cluster": one.cluster.cluster,
            "since": one.since,
            "until": one.until,
            "versions": list(one.versions),
        }
        for one in seen
    ]
    planned = [{"environment": p.environment, "version": p.version, "day": p.day} for p in plans]
    return told | ({"plans": planned} if planned else {})
