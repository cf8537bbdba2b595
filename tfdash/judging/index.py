"""What belongs to what in one cluster, followed change by change: pods and ReplicaSets by owner, events by object."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeVar

from tfdash.model.kinds import WORKLOAD_KINDS
from tfdash.model.kube import HorizontalPodAutoscaler, Object, Pod, PodDisruptionBudget, ReplicaSet
from tfdash.model.kubecluster import Event
from tfdash.model.picture import Objects
from tfdash.model.subject import Key
from tfdash.playbook.serving.links import Links, selects

Obj = TypeVar("Obj", bound=Object)
NONE: Objects = {}
INDEXED = ("Pod", "ReplicaSet", "Event", "HorizontalPodAutoscaler", "PodDisruptionBudget")


class Index:
    """What belongs to what, in one cluster."""

    def __init__(self) -> None:
        self.seen: dict[str, Objects] = {}
        self.pods: dict[str, dict[Key, Pod]] = defaultdict(dict)  # by owner uid
        self.sets: dict[str, dict[Key, ReplicaSet]] = defaultdict(dict)  # by owner uid
        self.owner_of_set: dict[str, tuple[str, Key]] = {}  # ReplicaSet uid -> (kind, key of its Deployment)
        self.events: dict[str, dict[Key, Event]] = defaultdict(dict)  # by uid of the object they are about
        self.scalers: dict[tuple[str, Key], HorizontalPodAutoscaler] = {}
        self.budgets: dict[str, dict[Key, PodDisruptionBudget]] = defaultdict(dict)  # by namespace

    def take(self, kind: str, key: Key, before: Object | None, after: Object | None) -> set[tuple[str, Key]]:
        """Follow one change; returns the workloads that it touches, as (kind, key)."""
        touched: set[tuple[str, Key]] = set()
        for obj, add in ((before, False), (after, True)):
            match obj:
                case Pod() if obj.owner is not None:
                    _put(self.pods, obj.owner.uid, key, obj if add else None)
                    touched |= self._owner(obj)
                case ReplicaSet() if obj.owner is not None:
                    _put(self.sets, obj.owner.uid, key, obj if add else None)
                    self.owner_of_set[obj.uid] = (obj.owner.kind, Key(obj.namespace, obj.owner.name))
                    touched.add(self.owner_of_set[obj.uid])
                    if not add and after is None:
                        self.owner_of_set.pop(obj.uid, None)
                case Event():
                    _put(self.events, obj.involved_uid, key, obj if add else None)
                    touched |= self._about(obj)
                case HorizontalPodAutoscaler():
                    at = (obj.target_kind, Key(obj.namespace, obj.target_name))
                    if add:
                        self.scalers[at] = obj
                    elif self.scalers.get(at) is obj:
                        del self.scalers[at]
                    touched.add(at)
                case PodDisruptionBudget():
                    _put(self.budgets, obj.namespace, key, obj if add else None)
                    touched |= {
                        (k, w)
                        for k in WORKLOAD_KINDS
                        for w in self.seen.get(k, NONE)
                        if w.namespace == obj.namespace
                    }
        return touched

    def _owner(self, pod: Pod) -> set[tuple[str, Key]]:
        assert pod.owner is not None
        if pod.owner.kind == "ReplicaSet":
            found = self.owner_of_set.get(pod.owner.uid)
            return {found} if found is not None else set()
        return {(pod.owner.kind, Key(pod.namespace, pod.owner.name))}

    def _about(self, event: Event) -> set[tuple[str, Key]]:
        key = Key(event.involved_namespace, event.involved_name)
        if event.involved_kind in WORKLOAD_KINDS:
            return {(event.involved_kind, key)}
        if event.involved_kind == "ReplicaSet":
            found = self.owner_of_set.get(event.involved_uid)
            return {found} if found is not None else set()
        if event.involved_kind == "Pod":
            pod = self.seen.get("Pod", NONE).get(key)
            if isinstance(pod, Pod) and pod.owner is not None:
                return self._owner(pod)
        return set()

    def links(self, kind: str, obj: Object) -> Links:
        """Everything that belongs to one workload."""
        known = "Pod" in self.seen
        layered = kind in ("Deployment", "Rollout")  # their pods belong to ReplicaSets
        sets = tuple(self.sets.get(obj.uid, {}).values()) if layered else ()
        owners = [s.uid for s in sets] if layered else [obj.uid]
        pods = [p for uid in owners for p in self.pods.get(uid, {}).values()]
        pods.sort(key=lambda p: p.name)
        about = [obj.uid, *(s.uid for s in sets), *(p.uid for p in pods)]
        labels = getattr(obj, "template", None)
        budgets = tuple(
            b
            for b in self.budgets.get(obj.namespace, {}).values()
            if labels and selects(b.selector, labels.labels)
        )
        return Links(
            pods=tuple(pods) if known else None,
            replica_sets=sets,
            events=tuple(e for uid in about for e in self.events.get(uid, {}).values()),
            autoscaler=self.scalers.get((kind, Key(obj.namespace, obj.name))),
            budgets=budgets,
        )


def _put(table: dict[str, dict[Key, Obj]], at: str, key: Key, obj: Obj | None) -> None:
    if obj is not None:
        table[at][key] = obj
    elif at in table:
        table[at].pop(key, None)
        if not table[at]:
            del table[at]
