"""Which versions run, since when this terminal sees them, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec

from tfdash.model.helm import StoredRelease
from tfdash.model.kubecluster import Node
from tfdash.model.picture import Change, ClusterPicture, Objects, Picture
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import UnknownKind
from tfdash.model.versions import VersionSighting, VersionsState
from tfdash.nouns import counted
from tfdash.playbook.clocks import APART
from tfdash.playbook.moment import Moment
from tfdash.playbook.staleness import LOADING, Unread, not_current, stale, unread
from tfdash.playbook.versions.policy import VersionsPolicy
from tfdash.playbook.versions.running import Running
from tfdash.playbook.versions.state import versions_state
from tfdash.playbook.versions.stored import Stored
from tfdash.playbook.waivers import NO_WAIVERS, Waivers

ANSWERS_COUNT = 900.0
"""Seconds for which an answer of an API server counts beside a later one: behind one address may be several."""
_MOST_SEEN = 1000  # of a cluster: what came before stands in the log, where this terminal records
_LOOKED_AT = (Node.KIND, StoredRelease.KIND)
_OF_STORE = frozenset({"versions", "health"})
_NOT_YET = Unread(UnknownKind.LOADING, "what terminals recorded is read now")
_AGAIN = 300.0  # seconds after which spans in sentences are told anew


class _Watched:
    """One cluster, as long as this terminal runs. ``answers``: when each was last given."""

    def __init__(self) -> None:
        self.answers: dict[str, float] = {}
        self.seen: list[VersionSighting] = []
        self.of: object = None  # the nodes that ``nodes`` was made of
        self.nodes: Mapping[str, tuple[str, ...]] = {}


class VersionsRunner:
    """``state`` is None until something of a cluster is known. ``patience``: seconds without a proof after which nobody watched."""

    def __init__(
        self, policy: VersionsPolicy, patience: float, zone: ZoneInfo, waivers: Waivers = NO_WAIVERS
    ) -> None:
        self._waivers, self._zone = waivers, zone
        self._policy, self._patience = policy, patience if patience < math.inf else ANSWERS_COUNT
        self._watched: dict[ClusterRef, _Watched] = {}
        self._due: float | None = None
        self._ages: list[float] = []  # when what is looked at now turns stale
        self._judged: object = None  # what ``state`` was made of, but for how long it has been so
        self.state: VersionsState | None = None

    def due_at(self) -> float | None:
        return self._due

    @property
    def remembered(self) -> Mapping[ClusterRef, tuple[Mapping[str, float], tuple[VersionSighting, ...]]]:
        """Of each cluster: when each answer was last given, and what was seen from when to when."""
        return {ref: (dict(w.answers), tuple(w.seen)) for ref, w in self._watched.items()}

    def recall(
        self, known: Mapping[ClusterRef, tuple[Mapping[str, float], tuple[VersionSighting, ...]]]
    ) -> None:
        """Before anything is judged: what an earlier runner remembered."""
        for ref, (answers, seen) in known.items():
            watched = self._watched[ref] = _Watched()
            watched.answers, watched.seen = dict(answers), list(seen)

    def assess(self, picture: Picture, change: Change, now: float) -> bool:
        """Look again where it may say something else; True where it does."""
        news = (
            any(kind in ("", *_LOOKED_AT) for _, kind in change.freshness)
            or any(kind in _LOOKED_AT for _, kind in change.keys)
            or change.store is None
            or change.store & _OF_STORE
            or any(
                watched.of is not None and (at is None or Node.KIND not in at.kinds)
                for ref, watched in self._watched.items()
                for at in (picture.clusters.get(ref),)
            )
        )
        if not (news or self.state is None or (self._due is not None and self._due <= now)):
            return False
        self._ages = []
        running = [self._running(cluster, now) for cluster in picture.clusters.values()]
        known = [one for one in running if one is not None]
        if not known:
            gone = self.state is not None
            self.state = self._due = self._judged = None
            return gone
        moment, facts, health = Moment(now), picture.store_state.versions, picture.store_state.health
        why = Unread(UnknownKind.NO_DATA, health.unread) if health.unread else None
        lacking = why if health.read else _NOT_YET
        seen = tuple(s for w in self._watched.values() for s in w.seen)
        of = (known, facts, lacking, [(s.cluster, s.since, s.versions) for s in seen])
        if self.state is not None and of == self._judged and self._due is not None and now < self._due:
            self.state = msgspec.structs.replace(
                self.state, seen=seen
            )  # nodes report each moment, and say the same
            return False
        self._judged = of
        environment = next(iter(picture.clusters)).environment
        told = versions_state(
            environment,
            known,
            seen,
            facts.sightings,
            facts.announced,
            self._policy,
            moment,
            lacking,
            self._waivers,
        )
        again = moment.again if moment.again is not None else math.inf
        self._due = min(again, now + _AGAIN, *(at for at in self._ages if at > now))
        other = self.state is None or msgspec.structs.replace(told, seen=()) != msgspec.structs.replace(
            self.state, seen=()
        )
        self.state = told
        return other

    def _running(self, cluster: ClusterPicture, now: float) -> Running | None:
        """None where nothing was read yet."""
        info, nodes = cluster.info, cluster.kinds.get(Node.KIND)
        if info.value is None and info.problem is None:
            return None
        watched = self._watched.setdefault(cluster.ref, _Watched())
        if info.value is not None and info.value.version and info.observed_at is not None:
            watched.answers[info.value.version] = info.observed_at
        newest = max(watched.answers.values(), default=0.0)
        watched.answers = {v: at for v, at in watched.answers.items() if newest - at <= ANSWERS_COUNT}
        control = tuple(sorted(watched.answers, key=lambda v: (-watched.answers[v], v)))
        why = unread(nodes)
        if nodes is None:  # nobody asks for them any more
            watched.nodes, watched.of = {}, None
        if why is None and nodes is not None and nodes.value is not watched.of:
            watched.nodes, watched.of = _by_version(nodes.value or {}), nodes.value
        if why is None and nodes is not None and nodes.unreadable:
            why = Unread(UnknownKind.QUERY_ERROR, f"{counted(nodes.unreadable, 'node')} cannot be read")
        if why is None and not control and info.problem is not None:
            why = Unread(UnknownKind.NO_DATA, str(info.problem))
        listed = nodes.observed_at if nodes is not None and nodes.observed_at is not None else 0.0
        proven = min(newest, listed) if control else listed
        self._ages.append(proven + self._patience)
        if why is None and now >= proven + self._patience:
            why = not_current(proven, self._zone)
        skew = info.value.skew if info.value is not None else None
        if why is None and control and abs(skew or 0.0) <= APART:  # else nobody knows when it is seen
            versions = tuple(sorted({*control, *watched.nodes} - {""}))
            self._see(cluster.ref, watched, versions, proven, max(newest, listed))
        elif why == LOADING and not watched.nodes:
            return None
        deprecated = info.value.deprecated if info.value is not None else None
        stored = cluster.kinds.get(StoredRelease.KIND)
        if stored is not None:
            self._ages.append((stored.observed_at or 0.0) + stored.interval)
        return Running(
            cluster.ref, control, watched.nodes, why, deprecated, _stored(cluster, now, self._zone)
        )

    def _see(
        self, ref: ClusterRef, watched: _Watched, versions: tuple[str, ...], proven: float, told: float
    ) -> None:
        """Goes on with what was seen, or begins with something else; a time without a proof in between is nobody's. ``proven``: when all
        of it was; ``told``: when some of it was last, which is when a change was seen."""
        last = watched.seen[-1] if watched.seen else None
        if last is None or proven - last.until > self._patience:
            watched.seen.append(VersionSighting(ref, proven, proven, versions))
            return
        at = max(last.until, proven if last.versions == versions else told)
        watched.seen[-1] = msgspec.structs.replace(last, until=at)
        if last.versions != versions:
            watched.seen.append(VersionSighting(ref, at, at, versions))
            del watched.seen[:-_MOST_SEEN]


def _stored(cluster: ClusterPicture, now: float, zone: ZoneInfo) -> Stored | None:
    """None where nobody looks for them."""
    seen = cluster.kinds.get(StoredRelease.KIND)
    if seen is None:
        return None
    why = unread(seen) or stale(seen.observed_at or 0.0, seen.interval, now, zone)
    if why is None and seen.problem is not None:
        why = unread(msgspec.structs.replace(seen, complete=False))
    releases = (one for _, one in sorted((seen.value or {}).items()))
    return Stored(tuple(one for one in releases if isinstance(one, StoredRelease)), why)


def _by_version(nodes: Objects) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        if isinstance(node, Node):
            found.setdefault(node.kubelet_version, []).append(node.name)
    return {version: tuple(sorted(names)) for version, names in sorted(found.items())}
