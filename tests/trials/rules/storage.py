"""Volumes and claims for the rules of storage, and what a kubelet would tell of the file systems: KWOK mounts nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.platform.harness.cluster import Cluster
from tests.trials.rules.objects import VOLUMES, Manifest, work

CLASS, WAITS = "tf-static", "tf-waits"
BOUND = (
    "half",
    "eighty",
    "full",
    "inodes",
    "untold",
    "alone",
    "block",
    "grown",
    "failing",
    "lost",
    "kept",
    "failed",
)
"""Claims that get the volume of their name."""
MOUNTED = ("half", "eighty", "full", "inodes", "untold", "grown", "failing")
GIB = 2**30
FILLED = {"half": (5, 50), "eighty": (8, 50), "full": (10, 50), "inodes": (5, 90)}
"""GiB of 10 and inodes of 100 that are used, by claim."""


def told_of() -> str:
    """As a kubelet writes it."""
    lines = []
    for claim, (used, inodes) in FILLED.items():
        of = f'{{namespace="{VOLUMES}",persistentvolumeclaim="{claim}"}}'
        for name, value in (
            ("used_bytes", used * GIB),
            ("capacity_bytes", 10 * GIB),
            ("inodes_used", inodes),
            ("inodes", 100),
        ):
            lines.append(f"kubelet_volume_stats_{name}{of} {value}")
    return "\n".join([*lines, ""])


def _volume(name: str, **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"tf-{name}"},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Delete" if name == "failed" else "Retain",
            "storageClassName": CLASS,
            "hostPath": {
                "path": f"/nowhere/tfdash/{name}"
            },  # which cannot be reclaimed: only what is in /tmp can
            **spec,
        },
    }


def _claim(name: str, **spec: Any) -> Manifest:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": VOLUMES},
        "spec": {**asked, "storageClassName": CLASS, **spec},
    }


def _class(name: str, mode: str) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "kubernetes.io/no-provisioner",
        "allowVolumeExpansion": True,
        "volumeBindingMode": mode,
    }


def storage() -> Iterator[Manifest]:
    yield from (_class(CLASS, "Immediate"), _class(WAITS, "WaitForFirstConsumer"))
    for name in BOUND:
        mode = {"volumeMode": "Block"} if name == "block" else {}
        yield _volume(name, **mode)
        yield _claim(name, volumeName=f"tf-{name}", **mode)
    yield _volume("never", storageClassName="tf-nobody")
    yield _claim("no-class", storageClassName="tf-no-such-class")
    yield _claim("waits", storageClassName=WAITS)
    for name in MOUNTED:
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": name}}
        yield work(name, VOLUMES, pod={"volumes": [volume]})


def _phase(cluster: Cluster, path: str, wanted: str) -> bool:
    body = cluster.get(path)
    return bool(body) and json.loads(body)["status"].get("phase") == wanted


def come_to_pass(cluster: Cluster) -> None:
    """What becomes of them after they were bound."""
    claims, volumes = f"/api/v1/namespaces/{VOLUMES}/persistentvolumeclaims", "/api/v1/persistentvolumes"
    for name in BOUND:
        cluster.wait(partial(_phase, cluster, f"{claims}/{name}", "Bound"), f"claim {name} to be bound")
    for name, phase in (("kept", "Released"), ("failed", "Failed")):
        cluster.kubectl("delete", "pvc", name, "-n", VOLUMES, "--wait=false")
        cluster.wait(partial(_phase, cluster, f"{volumes}/tf-{name}", phase), f"volume {name} to be {phase}")
    cluster.kubectl("delete", "pv", "tf-lost", "--wait=false")
    kept = {"metadata": {"finalizers": None}}
    cluster.request("PATCH", f"{volumes}/tf-lost", kept, "application/merge-patch+json")
    cluster.wait(partial(_phase, cluster, f"{claims}/lost", "Lost"), "the claim to be lost")
    more = {"spec": {"resources": {"requests": {"storage": "20Gi"}}}}
    for name in ("grown", "failing"):
        cluster.request("PATCH", f"{claims}/{name}", more, "application/merge-patch+json")
    fails = {"type": "ControllerResizeError", "status": "True", "message": "the provider has no more"}
    status = {"status": {"conditions": [{**fails, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}
    cluster.request("PATCH", f"{claims}/failing/status", status, "application/merge-patch+json")
