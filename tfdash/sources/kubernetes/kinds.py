"""The kinds that are read: where the API serves them. The allow-list of the reading client is made from this."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote


class Kind(NamedTuple):
    """``api`` is "api/v1" or "apis/GROUP/VERSION"; ``resource`` its plural."""

    kind: str
    api: str
    resource: str
    namespaced: bool = True
    optional: bool = False  # it comes with a CRD that a cluster may lack, in a version of its own

    def path(self, namespace: str | None = None, name: str = "") -> str:
        """The path of a list (``namespace`` None: all) or of one object."""
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        tail = f"/{quote(name, safe='')}" if name else ""
        return f"/{self.api}{inside}/{self.resource}{tail}"

    @property
    def pattern(self) -> str:
        """``api`` as a regular expression; of an optional kind any version."""
        return rf"apis/{re.escape(self.group)}/[^/]+" if self.optional else re.escape(self.api)

    @property
    def group(self) -> str:
        return self.api.split("/")[1] if self.api.startswith("apis/") else ""

    @property
    def version(self) -> str:
        return self.api.rpartition("/")[2]

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As kubectl writes it: ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


WATCHED: dict[str, Kind] = {
    k.kind: k
    for k in (
        Kind("Namespace", "api/v1", "namespaces", False),
        Kind("Node", "api/v1", "nodes", False),
        Kind("Pod", "api/v1", "pods"),
        Kind("Event", "api/v1", "events"),
        Kind("Service", "api/v1", "services"),
        Kind("Deployment", "apis/apps/v1", "deployments"),
        Kind("ReplicaSet", "apis/apps/v1", "replicasets"),
        Kind("StatefulSet", "apis/apps/v1", "statefulsets"),
        Kind("DaemonSet", "apis/apps/v1", "daemonsets"),
        Kind("Job", "apis/batch/v1", "jobs"),
        Kind("CronJob", "apis/batch/v1", "cronjobs"),
        Kind("HorizontalPodAutoscaler", "apis/autoscaling/v2", "horizontalpodautoscalers"),
        Kind("PodDisruptionBudget", "apis/policy/v1", "poddisruptionbudgets"),
        Kind("EndpointSlice", "apis/discovery.k8s.io/v1", "endpointslices"),
        Kind("Rollout", "apis/argoproj.io/v1alpha1", "rollouts", optional=True),
        Kind("AnalysisRun", "apis/argoproj.io/v1alpha1", "analysisruns", optional=True),
        Kind("Experiment", "apis/argoproj.io/v1alpha1", "experiments", optional=True),
        Kind("Canary", "apis/flagger.app/v1beta1", "canaries", optional=True),
        Kind("Application", "apis/argoproj.io/v1alpha1", "applications", optional=True),
        Kind("Kustomization", "apis/kustomize.toolkit.fluxcd.io/v1", "kustomizations", optional=True),
        Kind("HelmRelease", "apis/helm.toolkit.fluxcd.io/v2", "helmreleases", optional=True),
    )
}
OPTIONAL: dict[str, Kind] = {name: kind for name, kind in WATCHED.items() if kind.optional}
READ_ONLY_SINGLY: dict[str, Kind] = {
    k.kind: k
    for k in (
        Kind("ControllerRevision", "apis/apps/v1", "controllerrevisions"),
        Kind("ConfigMap", "api/v1", "configmaps"),
        Kind("Secret", "api/v1", "secrets"),
        Kind("PersistentVolumeClaim", "api/v1", "persistentvolumeclaims"),
        Kind("ServiceAccount", "api/v1", "serviceaccounts"),
        Kind("ResourceQuota", "api/v1", "resourcequotas"),
        Kind("Lease", "apis/coordination.k8s.io/v1", "leases"),
    )
}
READABLE: dict[str, Kind] = {**WATCHED, **READ_ONLY_SINGLY}
