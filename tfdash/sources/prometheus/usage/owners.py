"""Whose the pods are that there are now."""

from __future__ import annotations

from tfdash.model.kube import Job, Pod, ReplicaSet
from tfdash.model.picture import ClusterPicture
from tfdash.sources.prometheus.usage.piece import Owner
from tfdash.sources.usage.making import workload_of


def owners_of(cluster: ClusterPicture, namespace: str) -> dict[str, Owner]:
    """Of those of a namespace, by name."""
    sets, jobs = cluster.objects(ReplicaSet.KIND), cluster.objects(Job.KIND)
    found: dict[str, Owner] = {}
    for key, pod in cluster.objects(Pod.KIND).items():
        if key.namespace == namespace and isinstance(pod, Pod):
            kind, _, name = workload_of(pod, sets, jobs)
            found[pod.name] = kind, name
    return found
