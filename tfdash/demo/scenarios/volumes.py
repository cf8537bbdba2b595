"""Volumes as they are when the demo begins."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import make_uid
from tfdash.demo.scenarios.ground import Ground


def lay_volume(ground: Ground, namespace: str, claim: str, size: str, age: float) -> None:
    """A bound claim and its volume, ``age`` seconds old."""
    uid = make_uid(ground.luck.of("volume", namespace, claim))
    name = f"pvc-{uid}"
    made = ground.put(
        "persistentvolumeclaims",
        {
            "metadata": {
                "name": claim,
                "namespace": namespace,
                "uid": uid,
                "finalizers": ["kubernetes.io/pvc-protection"],
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": size}},
                "volumeName": name,
                "storageClassName": "fast",
            },
            "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}},
        },
        age,
        "kube-controller-manager",
    )
    ref = {
        "kind": "PersistentVolumeClaim",
        "namespace": namespace,
        "name": claim,
        "uid": made["metadata"]["uid"],
        "apiVersion": "v1",
    }
    ground.put(
        "persistentvolumes",
        {
            "metadata": {"name": name, "finalizers": ["kubernetes.io/pv-protection"]},
            "spec": {
                "capacity": {"storage": size},
                "accessModes": ["ReadWriteOnce"],
                "claimRef": ref,
                "storageClassName": "fast",
                "persistentVolumeReclaimPolicy": "Delete",
                "volumeMode": "Filesystem",
                "csi": {"driver": "csi.demo.example", "volumeHandle": uid},
            },
            "status": {"phase": "Bound"},
        },
        age,
        "csi-provisioner",
    )
