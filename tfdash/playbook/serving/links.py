"""What belongs to a workload: its pods, ReplicaSets, events, HPA and disruption budget."""

from __future__ import annotations

from dataclasses import dataclass

from tfdash.model.kube import HorizontalPodAutoscaler, Labels, Pod, PodDisruptionBudget, ReplicaSet, Selector
from tfdash.model.kubecluster import Event


@dataclass(frozen=True)
class Links:
    """Of one workload. ``pods`` None means that they are not known (not loaded, forbidden), () that there are none."""

    pods: tuple[Pod, ...] | None = None
    replica_sets: tuple[ReplicaSet, ...] = ()
    events: tuple[Event, ...] = ()
    autoscaler: HorizontalPodAutoscaler | None = None
    budgets: tuple[PodDisruptionBudget, ...] = ()

    @property
    def newest(self) -> ReplicaSet | None:
        """The ReplicaSet of the newest revision."""
        return max(self.replica_sets, key=lambda r: (r.revision or 0, r.created), default=None)


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
