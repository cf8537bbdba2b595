"""A small platform at one fixed moment: what the golden screens show."""

from __future__ import annotations

from typing import Any

from tests.kinds import resources
from tests.tui.metrics import metrics_of
from tfdash.model import kube
from tfdash.model.kube import (
    Condition,
    Container,
    ContainerStatus,
    Labels,
    Object,
    Owner,
    Selector,
)
from tfdash.model.kubecluster import EndpointSlice, Event, Namespace, Node, Service, ServicePort, Taint
from tfdash.quantities import amounts

NOW = 1_795_443_300.0  # Mon 23 Nov 2026 14:15:00 UTC, 09:15 in New York
HOUR, DAY, MI = 3600.0, 86400.0, 2**20
NS = "tf-production"

CAME = (
    *("Namespace", "Node", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"),
    *("Event", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service", "EndpointSlice"),
    *("ResourceQuota", "LimitRange"),
    *("PodMetrics", "NodeMetrics"),
)
"""The order in which the kinds were read: the sources are shown in it."""


def _ids(name: str, kind: str, age: float, **over: Any) -> dict[str, Any]:
    given = {
        "name": name,
        "namespace": NS,
        "uid": f"uid-{kind}-{name}",
        "resource_version": "1",
        "created": NOW - age,
    }
    return given | over


def _container(image: str, cpu: float = 0.2, memory: float = 256 * MI) -> Container:
    return Container(
        "main",
        f"registry.example.com/{image}",
        resources(cpu=cpu, memory=memory, cpu_limit=1, memory_limit=memory),
        has_readiness_probe=True,
    )


def _template(app: str, image: str) -> kube.Template:
    return kube.Template({"app": app}, (_container(image),))


def pod(name: str, app: str, image: str, owner: Owner, node: str = "node-1", **over: Any) -> kube.Pod:
    status = over.pop(
        "status", ContainerStatus("main", ready=True, started=True, state="running", since=NOW - HOUR)
    )
    ready = Condition("Ready", "True" if status.ready else "False", since=NOW - HOUR)
    return kube.Pod(
        **_ids(name, "Pod", over.pop("age", 3 * DAY)),
        labels={"app": app},
        owner=owner,
        node=node,
        phase="Running",
        ip="10.1.0.7",
        qos="Burstable",
        containers=(_container(image),),
        statuses=(status,),
        conditions=(ready,),
        started=NOW - HOUR,
        **over,
    )


def deployment(name: str, image: str, replicas: int, **over: Any) -> kube.Deployment:
    counts = {
        "generation": 1,
        "observed_generation": 1,
        "desired": replicas,
        "replicas": over.pop("total", replicas),
        "updated": replicas,
        "ready": replicas,
        "available": replicas,
        "revision": 1,
        "conditions": (
            Condition("Available", "True", since=NOW - DAY),
            Condition("Progressing", "True", "NewReplicaSetAvailable", since=NOW - DAY, updated=NOW - DAY),
        ),
    }
    return kube.Deployment(
        **_ids(name, "Deployment", over.pop("age", 9 * DAY)),
        labels={"app": name},
        selector=Selector({"app": name}),
        template=_template(name, image),
        **(counts | over),
    )


def replica_set(
    owner: str, suffix: str, image: str, replicas: int, revision: int, age: float
) -> kube.ReplicaSet:
    return kube.ReplicaSet(
        **_ids(f"{owner}-{suffix}", "ReplicaSet", age),
        labels={"app": owner},
        revision=revision,
        owner=Owner("Deployment", owner, f"uid-Deployment-{owner}"),
        selector=Selector({"app": owner}),
        template=_template(owner, image),
        generation=1,
        observed_generation=1,
        desired=replicas,
        replicas=replicas,
        ready=replicas,
        available=replicas,
    )


def _rs(name: str) -> Owner:
    return Owner("ReplicaSet", name, f"uid-ReplicaSet-{name}")


def _workloads() -> list[Object]:
    oom = ContainerStatus(
        "main",
        restarts=4,
        state="waiting",
        reason="CrashLoopBackOff",
        since=NOW - 60,
        last_reason="OOMKilled",
        last_exit_code=137,
        last_finished=NOW - 60,
        message="back-off 1m20s restarting failed container",
    )
    moving = (
        Condition("Available", "True", since=NOW - DAY),
        Condition("Progressing", "True", "ReplicaSetUpdated", since=NOW - 720, updated=NOW - 30),
    )
    return [
        deployment("auth", "auth:5.2.1", 2, revision=31, age=30 * DAY),
        replica_set("auth", "6b5f", "auth:5.2.1", 2, 31, 3 * DAY),
        *(pod(f"auth-6b5f-{i}", "auth", "auth:5.2.1", _rs("auth-6b5f")) for i in "ab"),
        deployment(
            "checkout",
            "checkout:2.14.0",
            3,
            revision=88,
            updated=1,
            total=4,
            ready=3,
            available=3,
            unavailable=1,
            conditions=moving,
            generation=5,
            observed_generation=5,
        ),
        replica_set("checkout", "77aa", "checkout:2.14.0", 1, 88, 720),
        replica_set("checkout", "66ff", "checkout:2.13.4", 3, 87, 6 * DAY),
        *(
            pod(f"checkout-66ff-{i}", "checkout", "checkout:2.13.4", _rs("checkout-66ff"), "node-2")
            for i in "abc"
        ),
        pod(
            "checkout-77aa-a",
            "checkout",
            "checkout:2.14.0",
            _rs("checkout-77aa"),
            "node-3",
            age=700,
            status=ContainerStatus("main", state="running", since=NOW - 600),
        ),
        deployment(
            "ledger-export",
            "ledger:1.9.3",
            2,
            revision=12,
            ready=1,
            available=1,
            unavailable=1,
            conditions=(
                Condition("Available", "True", since=NOW - DAY),
                Condition("Progressing", "True", "ReplicaSetUpdated", since=NOW - DAY, updated=NOW - DAY),
            ),
        ),
        replica_set("ledger-export", "9c1d", "ledger:1.9.3", 2, 12, 9 * DAY),
        pod("ledger-export-9c1d-a", "ledger-export", "ledger:1.9.3", _rs("ledger-export-9c1d")),
        pod(
            "ledger-export-9c1d-b",
            "ledger-export",
            "ledger:1.9.3",
            _rs("ledger-export-9c1d"),
            "node-2",
            status=oom,
        ),
        kube.StatefulSet(
            **_ids("main-db", "StatefulSet", 90 * DAY),
            labels={"app": "main-db"},
            selector=Selector({"app": "main-db"}),
            template=_template("main-db", "postgres:18.1"),
            desired=1,
            replicas=1,
            ready=1,
            current=1,
            updated=1,
            available=1,
            current_revision="main-db-5d8",
            update_revision="main-db-5d8",
            generation=1,
            observed_generation=1,
        ),
        pod(
            "main-db-0",
            "main-db",
            "postgres:18.1",
            Owner("StatefulSet", "main-db", "uid-StatefulSet-main-db"),
            "node-3",
        ),
        kube.DaemonSet(
            **_ids("shipper", "DaemonSet", 60 * DAY),
            labels={"app": "shipper"},
            selector=Selector({"app": "shipper"}),
            template=_template("shipper", "shipper:3.0"),
            desired=3,
            current=3,
            ready=3,
            updated=3,
            available=3,
            generation=1,
            observed_generation=1,
        ),
    ]


def _node(name: str, **over: Any) -> Node:
    ready = Condition("Ready", "True", "KubeletReady", since=NOW - 40 * DAY)
    given: dict[str, Any] = {
        "allocatable": amounts({"cpu": "4", "memory": "16Gi", "pods": "110"}),
        "conditions": (ready,),
        "kubelet_version": "v1.37.2",
        "os_image": "Debian GNU/Linux 13",
        "architecture": "amd64",
        "runtime": "containerd://2.2.0",
        "internal_ip": "192.0.2.10",
        "roles": ("worker",),
    }
    return Node(**_ids(name, "Node", 120 * DAY, namespace=""), **(given | over))


def _rest() -> list[Object]:
    about = {"involved_namespace": NS, "involved_kind": "Pod"}
    return [
        _node("node-1"),
        _node(
            "node-2",
            unschedulable=True,
            taints=(Taint("node.kubernetes.io/unschedulable", "", "NoSchedule"),),
        ),
        _node(
            "node-3",
            conditions=(
                Condition("Ready", "True", "KubeletReady", since=NOW - 40 * DAY),
                Condition("MemoryPressure", "True", "KubeletHasInsufficientMemory", since=NOW - 300),
            ),
        ),
        *(
            Namespace(**_ids(n, "Namespace", 200 * DAY, namespace=""), phase="Active")
            for n in ("default", "tf-batch", NS)
        ),
        Event(
            **_ids("ledger.1", "Event", 90),
            type="Warning",
            reason="BackOff",
            message="Back-off restarting failed container main",
            count=7,
            first_seen=NOW - 900,
            last_seen=NOW - 90,
            source="kubelet",
            involved_name="ledger-export-9c1d-b",
            involved_uid="uid-Pod-ledger-export-9c1d-b",
            **about,
        ),
        Event(
            **_ids("checkout.1", "Event", 720),
            reason="ScalingReplicaSet",
            source="deployment-controller",
            message="Scaled up replica set checkout-77aa to 1",
            first_seen=NOW - 720,
            last_seen=NOW - 720,
            involved_kind="Deployment",
            involved_namespace=NS,
            involved_name="checkout",
        ),
        kube.HorizontalPodAutoscaler(
            **_ids("checkout", "HorizontalPodAutoscaler", 90 * DAY),
            target_kind="Deployment",
            target_name="checkout",
            min_replicas=3,
            max_replicas=10,
            current=3,
            desired=3,
            metrics=(kube.Metric("Resource", "cpu", 70.0, 71.0),),
            conditions=(Condition("ScalingActive", "True"),),
        ),
        kube.PodDisruptionBudget(
            **_ids("checkout", "PodDisruptionBudget", 90 * DAY),
            min_available="2",
            allowed=1,
            healthy=3,
            desired_healthy=2,
            expected=3,
            selector=Selector({"app": "checkout"}),
            observed_generation=1,
            generation=1,
        ),
        Service(
            **_ids("checkout", "Service", 90 * DAY),
            cluster_ip="10.0.0.12",
            selector={"app": "checkout"},
            ports=(ServicePort("http", 80, "8080"),),
        ),
        EndpointSlice(
            **_ids("checkout-x7", "EndpointSlice", 90 * DAY),
            service="checkout",
            address_type="IPv4",
            ready=3,
            total=4,
            ports=("8080/TCP",),
        ),
        kube.Job(
            **_ids("migrate-212", "Job", 2 * HOUR),
            completions=1,
            succeeded=1,
            started=NOW - 2 * HOUR,
            completed=NOW - 2 * HOUR + 45,
            conditions=(Condition("Complete", "True"),),
            template=_template("migrate", "checkout:2.14.0"),
        ),
        kube.CronJob(
            **_ids("nightly-export", "CronJob", 80 * DAY),
            schedule="15 2 * * *",
            time_zone="America/New_York",
            last_scheduled=NOW - 7 * HOUR,
            last_successful=NOW - 7 * HOUR,
            template=_template("export", "ledger:1.9.3"),
        ),
    ]


def objects() -> dict[str, list[Object]]:
    """All of them, by kind, in the model's order of kinds."""
    found: dict[str, list[Object]] = {kind: [] for kind in CAME}
    there = (*_workloads(), *_rest())
    for obj in (*there, *metrics_of(there, NOW - 15)):
        found[type(obj).KIND].append(obj)
    return found


def _template_document(image: str, env: list[dict[str, str]], cpu: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": f"registry.example.com/{image}",
        "env": env,
        "resources": {"requests": {"cpu": cpu, "memory": "256Mi"}},
    }
    return {"metadata": {"labels": {"app": "checkout"}}, "spec": {"containers": [container]}}


def document(kind: str, name: str) -> dict[str, Any]:
    """An object as the server would give it, as far as the pages show it."""
    labels: Labels = {"app": name.split("-")[0]}
    metadata = {
        "name": name,
        "namespace": NS,
        "uid": f"uid-{kind}-{name}",
        "labels": labels,
        "creationTimestamp": "2026-11-14T14:15:00Z",
        "managedFields": [{"manager": "kubectl"}],
    }
    if kind == "Deployment":
        metadata["annotations"] = {"deployment.kubernetes.io/revision": "88"}
        template = _template_document("checkout:2.14.0", [{"name": "FEATURE_TAX", "value": "on"}], "250m")
        spec = {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": template,
            "strategy": {"type": "RollingUpdate"},
        }
        return {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": metadata,
            "spec": spec,
            "status": {"replicas": 4, "updatedReplicas": 1, "availableReplicas": 3},
        }
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": metadata,
        "spec": {},
        "status": {"phase": "Running"},
    }


def children() -> list[dict[str, Any]]:
    """The ReplicaSets of checkout."""
    rows = (
        (
            "checkout-77aa",
            "88",
            "2026-11-23T14:03:00Z",
            1,
            _template_document("checkout:2.14.0", [{"name": "FEATURE_TAX", "value": "on"}], "250m"),
        ),
        ("checkout-66ff", "87", "2026-11-17T14:15:00Z", 3, _template_document("checkout:2.13.4", [], "200m")),
    )
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "spec": {"template": template},
            "status": {"replicas": many},
            "metadata": {
                "name": name,
                "creationTimestamp": at,
                "annotations": {"deployment.kubernetes.io/revision": revision},
            },
        }
        for name, revision, at, many, template in rows
    ]
