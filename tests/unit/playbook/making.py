"""Short ways to make objects for the rules' tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.kinds import resources
from tfdash.model.kube import (
    Condition,
    Container,
    ContainerStatus,
    DaemonSet,
    Deployment,
    Object,
    Owner,
    Pod,
    ReplicaSet,
    StatefulSet,
    Template,
    Unreadable,
)
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.traffic import NOT_MEASURED, Signals
from tfdash.model.workload import CauseCode
from tfdash.playbook.policy import default_policy
from tfdash.playbook.serving.causes.finding import Finding
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.workload import judge

REF = ClusterRef("production", "eu-1")
NOW = 1_000_000.0
CONTAINER = Container(
    "main",
    "registry.example.com/checkout:2.14.0",
    resources(cpu="100m", memory="256Mi", cpu_limit="1", memory_limit="256Mi"),
    has_readiness_probe=True,
)


def deployment(**fields: Any) -> Deployment:
    """Three of three there, observed; ``fields`` change that."""
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "checkout",
        "uid": "d",
        "generation": 1,
        "observed_generation": 1,
        "desired": 3,
        "replicas": 3,
        "updated": 3,
        "ready": 3,
        "available": 3,
        "created": NOW - 9000,
        "revision": 4,
        "template": Template(containers=(CONTAINER,)),
    }
    return Deployment(**{**base, **fields})


def stateful_set(**fields: Any) -> StatefulSet:
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "db",
        "uid": "s",
        "generation": 1,
        "observed_generation": 1,
        "desired": 3,
        "replicas": 3,
        "ready": 3,
        "updated": 3,
        "available": 3,
        "current_revision": "db-1",
        "update_revision": "db-1",
    }
    return StatefulSet(**{**base, **fields})


def daemon_set(**fields: Any) -> DaemonSet:
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "logs",
        "uid": "n",
        "generation": 1,
        "observed_generation": 1,
        "desired": 3,
        "current": 3,
        "ready": 3,
        "updated": 3,
        "available": 3,
    }
    return DaemonSet(**{**base, **fields})


def replica_set(**fields: Any) -> ReplicaSet:
    base: dict[str, Any] = {
        "namespace": "a",
        "name": "checkout-1",
        "uid": "r",
        "owner": Owner("Deployment", "checkout", "d"),
        "revision": 4,
        "created": NOW - 600,
    }
    return ReplicaSet(**{**base, **fields})


def pod(name: str = "checkout-1-x", *statuses: ContainerStatus, **fields: Any) -> Pod:
    base: dict[str, Any] = {
        "namespace": "a",
        "name": name,
        "uid": name,
        "phase": "Running",
        "node": "node-1",
        "owner": Owner("ReplicaSet", "checkout-1", "r"),
        "containers": (CONTAINER,),
        "statuses": statuses,
    }
    return Pod(**{**base, **fields})


def waiting(reason: str, message: str = "", **fields: Any) -> ContainerStatus:
    return ContainerStatus("main", state="waiting", reason=reason, message=message, **fields)


def running(ready: bool = True, **fields: Any) -> ContainerStatus:
    return ContainerStatus("main", state="running", ready=ready, since=NOW - 60, **fields)


def condition(
    type_: str, status: str, reason: str = "", message: str = "", since: float = NOW - 60
) -> Condition:
    return Condition(type_, status, reason, message, since, since)


def judged(workload: Object, *pods: Pod, **links: Any) -> Any:
    return judge(REF, workload, Links(pods=pods, **links), default_policy(), NOW)


def picture(*objects: Object, number: int = 1) -> Picture:
    kinds: dict[str, dict[Key, Object]] = {
        k: {}
        for k in (
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "ReplicaSet",
            "Pod",
            "Node",
            "Event",
            "HorizontalPodAutoscaler",
            "PodDisruptionBudget",
            "Rollout",
            "Canary",
            "Job",
            "CronJob",
            "ResourceQuota",
            "LimitRange",
            "PersistentVolumeClaim",
            "PersistentVolume",
            "ScaledObject",
            "NodePool",
            "Namespace",
            "Usage",
            "UsageHistory",
            "Certificate",
            "CertificateRequest",
            "Issuer",
            "ClusterIssuer",
            "Order",
            "Challenge",
            "Bundle",
            "ServedCertificate",
            "HeldCertificate",
        )
    }
    for obj in objects:
        kind = obj.kind if isinstance(obj, Unreadable) else obj.KIND
        kinds.setdefault(kind, {})[Key(obj.namespace, obj.name)] = obj
    seen = {k: Observation(value=v, complete=True, observed_at=NOW, source=k) for k, v in kinds.items()}
    info = Observation(value=ServerInfo(version="v1.37.2"), observed_at=NOW)
    cluster = ClusterPicture(ref=REF, info=info, kinds=seen)
    return Picture(
        at=NOW, number=number, clusters={REF: cluster}, signals=Signals(prometheus={REF: NOT_MEASURED})
    )


Told = tuple[CauseCode, str, list[str]]
"""A finding by its code, its sentence and the names of its objects."""


def told(findings: Iterable[Finding]) -> list[Told]:
    return [(f.code, f.sentence, [o.name for o in f.objects]) for f in findings]


def event(
    reason: str, message: str = "m", about: str = "p", uid: str = "", at: float = NOW, name: str = "e"
) -> Event:
    return Event(
        namespace="a",
        name=name,
        reason=reason,
        message=message,
        last_seen=at,
        involved_name=about,
        involved_uid=uid,
    )
