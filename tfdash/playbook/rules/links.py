"""What belongs to a workload: its pods, ReplicaSets, events, HPA and disruption budgets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tfdash.model.kube import (
    DaemonSet,
    Deployment,
    Event,
    HorizontalPodAutoscaler,
    Labels,
    Object,
    Pod,
    PodDisruptionBudget,
    ReplicaSet,
    Selector,
    StatefulSet,
)
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.verdict import UnknownKind

Workload = Deployment | StatefulSet | DaemonSet
_REVISION_LABEL = "controller-revision-hash"


@dataclass(frozen=True)
class Links:
    """Of one workload, each in a fixed order.

    ``unseen`` says why its pods are not (all) known, None where they are. ``nodes`` are those of the cluster, None
    where they are not known; they serve to look up, and belong to nobody.
    """

    pods: tuple[Pod, ...] = ()
    replica_sets: tuple[ReplicaSet, ...] = ()
    events: tuple[Event, ...] = ()  # of the workload, its ReplicaSets and its pods; the newest last
    autoscaler: HorizontalPodAutoscaler | None = None
    budgets: tuple[PodDisruptionBudget, ...] = ()  # the tightest first
    nodes: Objects | None = None
    unseen: UnknownKind | None = None

    @property
    def newest(self) -> ReplicaSet | None:
        """The ReplicaSet of the newest revision."""
        return max(self.replica_sets, key=lambda r: (r.revision or 0, r.created, r.name), default=None)

    def by_revision(self, workload: Workload) -> tuple[list[Pod], list[Pod]]:
        """The pods of the newest revision, and all others; where it cannot be told, all are of the newest."""
        if isinstance(workload, Deployment):
            newest = self.newest
            if newest is None:
                return list(self.pods), []
            new = [p for p in self.pods if p.owner is not None and p.owner.uid == newest.uid]
        elif isinstance(workload, StatefulSet) and workload.update_revision:
            new = [p for p in self.pods if p.labels.get(_REVISION_LABEL) == workload.update_revision]
        else:
            return list(self.pods), []
        ids = {id(p) for p in new}
        return new, [p for p in self.pods if id(p) not in ids]


def ordered(
    pods: Iterable[Pod],
    replica_sets: Iterable[ReplicaSet],
    events: Iterable[Event],
    scalers: Iterable[HorizontalPodAutoscaler],
    budgets: Iterable[PodDisruptionBudget],
    labels: Labels,
    nodes: Objects | None,
    unseen: UnknownKind | None,
) -> Links:
    """Links in their fixed order, whatever order the parts came in. ``labels`` are the pod template's."""
    return Links(
        pods=tuple(sorted(pods, key=lambda p: p.name)),
        replica_sets=tuple(sorted(replica_sets, key=lambda r: r.name)),
        events=tuple(sorted(events, key=lambda e: (e.last_seen, e.name))),
        autoscaler=min(scalers, key=lambda h: h.name, default=None),
        budgets=tuple(
            sorted((b for b in budgets if selects(b.selector, labels)), key=lambda b: (b.allowed, b.name))
        ),
        nodes=nodes,
        unseen=unseen,
    )


def gather(cluster: ClusterPicture, workload: Workload, unseen: UnknownKind | None = None) -> Links:
    """The links of one workload by looking through everything: what an index must give too, only faster."""
    kind, space = workload.KIND, workload.namespace
    sets = [
        r for r in cluster.objects("ReplicaSet").values()
        if isinstance(r, ReplicaSet) and _owned(r, {workload.uid})
    ]  # fmt: skip
    owners = {s.uid for s in sets} if kind == "Deployment" else {workload.uid}
    pods = [p for p in cluster.objects("Pod").values() if isinstance(p, Pod) and _owned(p, owners)]
    about = {workload.uid, *(s.uid for s in sets), *(p.uid for p in pods)}
    nodes = cluster.kinds.get("Node")
    return ordered(
        pods,
        sets,
        [e for e in cluster.objects("Event").values() if isinstance(e, Event) and e.involved_uid in about],
        [
            h for h in cluster.objects("HorizontalPodAutoscaler").values()
            if isinstance(h, HorizontalPodAutoscaler)
            and (h.target_kind, h.namespace, h.target_name) == (kind, space, workload.name)
        ],
        [
            b for b in cluster.objects("PodDisruptionBudget").values()
            if isinstance(b, PodDisruptionBudget) and b.namespace == space
        ],
        workload.template.labels,
        nodes.value if nodes is not None and nodes.complete else None,
        unseen,
    )  # fmt: skip


def _owned(obj: Object, uids: set[str]) -> bool:
    return obj.owner is not None and obj.owner.uid in uids


def selects(selector: Selector, labels: Labels) -> bool:
    """Kubernetes' label selector semantics; an empty selector selects everything (policy/v1)."""
    for key, value in selector.match.items():
        if labels.get(key) != value:
            return False
    for key, operator, values in selector.expressions:
        there = key in labels
        if operator == "In" and (not there or labels[key] not in values):
            return False
        if operator == "NotIn" and there and labels[key] in values:
            return False
        if operator == "Exists" and not there:
            return False
        if operator == "DoesNotExist" and there:
            return False
    return True
