"""One cluster as the release adapters read it: what belongs to what, found without walking over every pod.

Indexes are kept as long as the mapping that they were made from is the current one of its kind, so that many calls on
one picture share them. Pods and ReplicaSets come from ``links`` where the caller has an index of its own (the judge).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tfdash.model.delivery import AnalysisRun, Application, Canary, Rollout
from tfdash.model.kube import Deployment, HorizontalPodAutoscaler, Object, Pod, Provisional, ReplicaSet
from tfdash.model.kubecluster import Event
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.workload import WorkloadState
from tfdash.playbook.serving.links import Links

K = TypeVar("K", bound=Object)
LinksOf = Callable[[str, Object], Links]
_kept: dict[tuple[ClusterRef, str], tuple[Objects, Any]] = {}
_NO_STATES: Mapping[Subject, WorkloadState] = {}


class World:
    """See the module. ``settled``: seconds for which a finished release is COMPLETE before there is none."""

    def __init__(
        self,
        cluster: ClusterPicture,
        now: float,
        pairs: Sequence[tuple[str, str]] = (),
        links: LinksOf | None = None,
        workloads: Mapping[Subject, WorkloadState] = _NO_STATES,
        settled: float = 3600.0,
    ) -> None:
        self.cluster, self.ref, self.now = cluster, cluster.ref, now
        self.pairs, self.workloads, self.settled = pairs, workloads, settled
        self._links = links

    # -- objects ------------------------------------------------------------------------------------------------

    def all(self, kind: type[K]) -> Iterable[K]:
        return (o for o in self.cluster.objects(kind.KIND).values() if isinstance(o, kind))

    def get(self, kind: type[K], namespace: str, name: str) -> K | None:
        found = self.cluster.objects(kind.KIND).get(Key(namespace, name))
        return found if isinstance(found, kind) else None

    def subject(self, obj: Object) -> Subject:
        return Subject(self.ref, obj.KIND, obj.namespace, obj.name)

    def unread(self, kind: str) -> str:
        """Why the objects of ``kind`` are not known, "" where they are."""
        seen = self.cluster.kinds.get(kind)
        if seen is None:
            return "not asked for"
        if seen.problem is not None and not seen.complete:
            return str(seen.problem)
        return "" if seen.complete and not seen.provisional else "still loading"

    # -- what belongs to what -----------------------------------------------------------------------------------

    def _index(self, kind: str, make: Callable[[Objects], Any]) -> Any:
        objects = self.cluster.objects(kind)
        kept = _kept.get((self.ref, kind))
        if kept is None or kept[0] is not objects:
            kept = _kept[self.ref, kind] = (objects, make(objects))
        return kept[1]

    def links(self, obj: Object) -> Links:
        """Pods, ReplicaSets, events and autoscaler of a Deployment, Rollout or Canary."""
        if self._links is not None and obj.KIND != Canary.KIND:
            return self._links(obj.KIND, obj)
        sets: list[ReplicaSet] = self._index("ReplicaSet", _by_owner).get(obj.uid, [])
        by_owner = self._index("Pod", _by_owner)
        owners = [s.uid for s in sets] or [obj.uid]
        pods = [p for uid in owners for p in by_owner.get(uid, ())]
        scaler = self._index("HorizontalPodAutoscaler", _by_target).get((obj.KIND, obj.namespace, obj.name))
        return Links(
            pods=tuple(sorted(pods, key=lambda p: p.name)) if "Pod" in self.cluster.kinds else None,
            replica_sets=tuple(sets),
            events=tuple(self._index("Event", _by_involved).get(obj.uid, ())),
            autoscaler=scaler,
        )

    def runs(self, rollout: Rollout) -> tuple[AnalysisRun, ...]:
        """The AnalysisRuns that a Rollout owns, oldest first."""
        found = self._index("AnalysisRun", _by_owner).get(rollout.uid, ())
        return tuple(sorted(found, key=lambda r: (r.started or r.created, r.name)))

    def applications(self, name: str) -> tuple[Application, ...]:
        """The Argo CD Applications of that name, in whatever namespace they live."""
        return tuple(self._index("Application", _by_name).get(name, ()))

    def canary_of(self, kind: str, namespace: str, name: str) -> Canary | None:
        """The Flagger Canary whose target that is."""
        found: Canary | None = self._index("Canary", _by_target_ref).get((kind, namespace, name))
        return found

    def rollout_over(self, deployment: Deployment) -> Rollout | None:
        """The Rollout that takes its template from this Deployment."""
        found: Rollout | None = self._index("Rollout", _by_workload).get(
            ("Deployment", deployment.namespace, deployment.name)
        )
        return found

    # -- pairs --------------------------------------------------------------------------------------------------

    def canary_half(self, stable: Deployment) -> Deployment | None:
        """The other Deployment of a configured pair, where it is there."""
        for first, second in self.pairs:
            star = matched(first, stable.namespace, stable.name)
            if star is not None:
                found = self.get(Deployment, stable.namespace, filled(second, star))
                if found is not None and found.name != stable.name:
                    return found
        return None

    def stable_half(self, canary: Deployment) -> Deployment | None:
        """The stable Deployment of the pair whose canary this is."""
        for first, second in self.pairs:
            star = matched(second, canary.namespace, canary.name)
            if star is not None:
                name = filled(first, star)
                found = self.get(Deployment, canary.namespace, name)
                mine = matched(first, canary.namespace, name) is not None
                if found is not None and mine and name != canary.name:
                    return found
        return None


def matched(pattern: str, namespace: str, name: str) -> str | None:
    """What "*" stands for where ``pattern`` ("x", "*-canary", "namespace/x") means this object, else None."""
    where, slash, wanted = pattern.rpartition("/")
    if slash and where not in ("*", namespace):
        return None
    before, star, after = wanted.partition("*")
    if not star:
        return "" if wanted == name else None
    if len(name) > len(before) + len(after) and name.startswith(before) and name.endswith(after):
        return name[len(before) : len(name) - len(after)]
    return None


def filled(pattern: str, star: str) -> str:
    return pattern.rpartition("/")[2].replace("*", star, 1)


def _real(objects: Objects) -> Iterable[Any]:
    return (o for o in objects.values() if not isinstance(o, Provisional))


def _by_owner(objects: Objects) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for obj in _real(objects):
        if obj.owner is not None:
            found[obj.owner.uid].append(obj)
    return dict(found)


def _by_name(objects: Objects) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for obj in _real(objects):
        found[obj.name].append(obj)
    return dict(found)


def _by_involved(objects: Objects) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in _real(objects):
        found[event.involved_uid].append(event)
    return dict(found)


def _by_target(objects: Objects) -> dict[tuple[str, str, str], HorizontalPodAutoscaler]:
    return {(h.target_kind, h.namespace, h.target_name): h for h in _real(objects)}


def _by_target_ref(objects: Objects) -> dict[tuple[str, str, str], Canary]:
    return {(c.target_kind, c.namespace, c.target_name): c for c in _real(objects)}


def _by_workload(objects: Objects) -> dict[tuple[str, str, str], Rollout]:
    return {(r.workload_kind, r.namespace, r.workload_name): r for r in _real(objects) if r.workload_name}


def owner_of(world: World, pod: Pod) -> tuple[str, Key] | None:
    """(kind, key) of the Deployment or Rollout behind a pod, through its ReplicaSet."""
    if pod.owner is None or pod.owner.kind != "ReplicaSet":
        return None
    behind = world.get(ReplicaSet, pod.namespace, pod.owner.name)
    if behind is None or behind.owner is None:
        return None
    return behind.owner.kind, Key(behind.namespace, behind.owner.name)
