"""The kinds that every cluster serves, by name."""

from __future__ import annotations

from tfdash.model.kube import (
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    Object,
    Pod,
    PodDisruptionBudget,
    ReplicaSet,
    StatefulSet,
)
from tfdash.model.kubecluster import EndpointSlice, Event, Namespace, Node, Service

WORKLOAD_KINDS: tuple[str, ...] = ("Deployment", "StatefulSet", "DaemonSet")
"""The kinds whose serving health and release state are judged; Jobs and CronJobs have no serving state."""

KINDS: dict[str, type[Object]] = {
    kind.KIND: kind
    for kind in (
        Namespace,
        Node,
        Deployment,
        ReplicaSet,
        StatefulSet,
        DaemonSet,
        Job,
        CronJob,
        Pod,
        Event,
        HorizontalPodAutoscaler,
        PodDisruptionBudget,
        Service,
        EndpointSlice,
    )
}
