"""What a node's labels say of it: its pool, its instance type, whether it may be taken away at any time."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.kubecluster import Node

INSTANCE_TYPE = "node.kubernetes.io/instance-type"
POOL_LABELS = (
    "karpenter.sh/nodepool",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    INSTANCE_TYPE,
)
"""Of which the first that a node has names its pool, where nothing else is configured."""
SPOT = {
    "karpenter.sh/capacity-type": "spot",
    "eks.amazonaws.com/capacityType": "SPOT",
    "cloud.google.com/gke-spot": "true",
    "cloud.google.com/gke-preemptible": "true",
    "kubernetes.azure.com/scalesetpriority": "spot",
}
"""Labels with the value that says spot."""
CAPACITY = (*SPOT, "cloud.google.com/gke-provisioning")
"""Labels that say of what kind a node's capacity is."""


def pool_of(node: Node, labels: Iterable[str]) -> str:
    """ "" where it has none of the labels."""
    return next((node.labels[name] for name in labels if node.labels.get(name)), "")


def on_spot(node: Node) -> bool:
    return any(node.labels.get(label) == value for label, value in SPOT.items())
