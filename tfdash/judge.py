"""Runs the rules on what changed and on what time made due; one Assessment for every reader.

Indexes (pods by owner, ReplicaSets by owner, events by object, autoscalers by target) follow the picture change by
change, so that one pod costs one workload's judgement and not a walk over ten thousand pods. The result is always
what judging everything afresh would give; a property test holds it to that.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from tfdash.model.kube import (
    WORKLOAD_KINDS,
    Event,
    HorizontalPodAutoscaler,
    Node,
    Object,
    Pod,
    PodDisruptionBudget,
    Provisional,
    ReplicaSet,
)
from tfdash.model.picture import Change, ClusterPicture, Objects, Picture
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.verdict import Assessment, Verdict
from tfdash.model.workload import WorkloadState
from tfdash.playbook.policy import WorkloadPolicy, default_policy
from tfdash.playbook.rules import nodes, workload
from tfdash.playbook.rules.links import Links, selects
from tfdash.playbook.sections import summarise

Obj = TypeVar("Obj", bound=Object)
_NONE: Objects = {}
_INDEXED = ("Pod", "ReplicaSet", "Event", "HorizontalPodAutoscaler", "PodDisruptionBudget")
_LOOK_AGAIN = 15.0  # seconds: a troubled workload is judged again although nothing changed (ages, deadlines)


class _Index:
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
                        for w in self.seen.get(k, _NONE)
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
            pod = self.seen.get("Pod", _NONE).get(key)
            if isinstance(pod, Pod) and pod.owner is not None:
                return self._owner(pod)
        return set()

    def links(self, kind: str, obj: Object) -> Links:
        """Everything that belongs to one workload."""
        known = "Pod" in self.seen
        through = kind in ("Deployment", "Rollout")
        sets = tuple(self.sets.get(obj.uid, {}).values()) if through else ()
        owners = [s.uid for s in sets] if through else [obj.uid]
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


class Judge:
    """See the module; ``assess`` and ``due_at`` are ``tfdash.board.Judging``."""

    def __init__(self, policy: WorkloadPolicy | None = None) -> None:
        self._policy = policy or default_policy()
        self._indexes: dict[ClusterRef, _Index] = {}
        self._verdicts: dict[Subject, tuple[Verdict, ...]] = {}
        self._workloads: dict[Subject, WorkloadState] = {}
        self._sections: tuple[SectionState, ...] = ()
        self._due: list[tuple[float, Subject]] = []
        self._due_of: dict[Subject, float] = {}

    def use(self, policy: WorkloadPolicy) -> None:
        """Judge by another policy from the next update on (the validated configuration's)."""
        self._policy = policy

    def due_at(self) -> float | None:
        while self._due and self._due_of.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def assess(self, picture: Picture, change: Change, now: float) -> tuple[Assessment, frozenset[Subject]]:
        """What is to be said now, and of which subjects something else is said than before."""
        wanted: set[Subject] = set()
        for ref, cluster in picture.clusters.items():
            index = self._indexes.setdefault(ref, _Index())
            for kind in cluster.kinds:
                keys = change.keys.get((ref, kind), frozenset())
                wanted |= self._follow(index, cluster, kind, keys)
        while (due := self.due_at()) is not None and due <= now:
            wanted.add(heapq.heappop(self._due)[1])
        changed: set[Subject] = set()
        if wanted:
            verdicts, workloads = dict(self._verdicts), dict(self._workloads)
            changed = {s for s in wanted if self._judge(picture, s, now, verdicts, workloads)}
            self._verdicts, self._workloads = verdicts, workloads
        if changed or change.freshness:
            self._sections = summarise(picture, self._verdicts, self._workloads)
        assessment = Assessment(
            at=now, number=picture.number, verdicts=self._verdicts, workloads=self._workloads,
            sections=self._sections,
        )  # fmt: skip
        return assessment, frozenset(changed)

    def _follow(
        self, index: _Index, cluster: ClusterPicture, kind: str, keys: frozenset[Key] | None
    ) -> set[Subject]:
        after = cluster.objects(kind)
        before = index.seen.get(kind, _NONE)
        if after is before:
            return set()
        seen = cluster.kinds[kind]
        if seen.provisional or not seen.complete:
            return set()
        index.seen[kind] = after
        # keys are a hint: a mapping that replaced another wholly is compared key by key
        if keys is None or not keys or not before:
            keys = frozenset(k for k in (*before, *after) if before.get(k) is not after.get(k))
        touched: set[tuple[str, Key]] = set()
        for key in keys:
            old, new = before.get(key), after.get(key)
            if old is new:
                continue
            if kind in _INDEXED:
                touched |= index.take(kind, key, old, new)
            elif kind in WORKLOAD_KINDS or kind == "Node":
                touched.add((kind, key))
        if kind == "ReplicaSet" and touched:  # pods that came before their ReplicaSet belong somewhere now
            touched = {t for t in touched if t[0] in WORKLOAD_KINDS}
        if kind == "Pod" and not before:
            touched |= {(k, w) for k in WORKLOAD_KINDS for w in index.seen.get(k, _NONE)}
        return {Subject(cluster.ref, k, *key) for k, key in touched if k in (*WORKLOAD_KINDS, "Node")}

    def _judge(
        self, picture: Picture, subject: Subject, now: float, verdicts: dict[Subject, tuple[Verdict, ...]],
        workloads: dict[Subject, WorkloadState],
    ) -> bool:  # fmt: skip
        """Judge one; True where something else is said than before."""
        obj = picture.clusters[subject.cluster].objects(subject.kind).get(subject.key)
        self._due_of.pop(subject, None)
        if obj is None or isinstance(obj, Provisional):
            workloads.pop(subject, None)
            return verdicts.pop(subject, None) is not None
        if isinstance(obj, Node):
            told: tuple[Verdict, ...] = (nodes.judge(subject.cluster, obj),)
            if verdicts.get(subject) == told:
                return False
            verdicts[subject] = told
            return True
        links = self._indexes[subject.cluster].links(subject.kind, obj)
        state, verdict = workload.judge(subject.cluster, obj, links, self._policy, now)
        leaving = any(p.deleting is not None for p in links.pods or ())
        if state.cause is not None or state.deadline_at is not None or leaving:
            self._look_again(
                subject, min(now + _LOOK_AGAIN, max(state.deadline_at or now, now) + _LOOK_AGAIN)
            )
        if workloads.get(subject) == state and verdicts.get(subject) == (verdict,):
            return False
        workloads[subject], verdicts[subject] = state, (verdict,)
        return True

    def _look_again(self, subject: Subject, at: float) -> None:
        self._due_of[subject] = at
        heapq.heappush(self._due, (at, subject))


def judge_all(picture: Picture, now: float, policy: WorkloadPolicy | None = None) -> Assessment:
    """Everything afresh, for reports of one moment and for tests."""
    keys: Iterable[tuple[ClusterRef, str]] = (
        (ref, k) for ref, c in picture.clusters.items() for k in c.kinds
    )
    known = frozenset(keys)
    change = Change(keys=dict.fromkeys(known), freshness=known)
    return Judge(policy).assess(picture, change, now)[0]
