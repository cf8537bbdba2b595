"""What the pods and nodes of the tests' world use, as metrics.k8s.io would say it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from tfdash.model.kube import Object, Pod
from tfdash.model.kubecluster import Node
from tfdash.model.usage import NodeMetrics, measured_pod
from tfdash.quantities import Amounts, amounts


def _used(name: str, cpu: int, memory: int) -> Amounts:
    """Some share of so many thousandths of a core and Mi, the same for each name whenever it is asked."""
    part = int(sha256(name.encode()).hexdigest()[:4], 16) % 100
    return amounts({"cpu": f"{cpu * part * 10_000 + 1}n", "memory": f"{memory * part * 10 + 7}Ki"})


def metrics_of(objects: Iterable[Object], at: float) -> list[Object]:
    """Of each pod that runs, and of each node, measured at ``at``."""
    found: list[Object] = []
    for obj in objects:
        if isinstance(obj, Pod) and obj.phase == "Running":
            found.append(
                measured_pod(
                    obj.namespace,
                    obj.name,
                    at,
                    15.0,
                    tuple(c.name for c in obj.containers),
                    tuple(n for c in obj.containers for _, n in _used(f"{obj.name}/{c.name}", 250, 256)),
                )
            )
        elif isinstance(obj, Node):
            usage = _used(obj.name, 4000, 16_000)
            found.append(NodeMetrics(namespace="", name=obj.name, at=at, window=15.0, usage=usage))
    return found
