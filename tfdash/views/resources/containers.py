"""The containers of a workload one by one: what each uses of what it asked for, in all its pods together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tfdash.model.kube import Pod
from tfdash.model.picture import ClusterPicture
from tfdash.model.subject import Key, Subject
from tfdash.model.usage import PodMetrics
from tfdash.quantities import Amounts, amount, total
from tfdash.text import safe
from tfdash.views.kinds.usage import top_cpu, top_memory
from tfdash.views.measured_objects import measured_objects
from tfdash.views.scope import Restriction
from tfdash.views.table import Cell, Column

COLUMNS = (
    Column("name", "CONTAINER", min=14, flex=1, sort="none"),
    Column("pods", "MEASURED", 8, align="right", priority=3, sort="none"),
    Column("cpu", "CPU", 7, align="right", sort="none"),
    Column("cpu-request", "REQUEST", 8, align="right", priority=2, sort="none"),
    Column("cpu-share", "% REQ", 6, align="right", priority=1, sort="none"),
    Column("cpu-limit", "LIMIT", 8, align="right", priority=4, sort="none"),
    Column("memory", "MEMORY", 8, align="right", sort="none"),
    Column("memory-request", "REQUEST", 8, align="right", priority=2, sort="none"),
    Column("memory-share", "% REQ", 6, align="right", priority=1, sort="none"),
    Column("memory-limit", "LIMIT", 8, align="right", priority=4, sort="none"),
    Column("most", "MOST IN A POD", 14, align="right", priority=5, sort="none"),
)


class ContainerUse(NamedTuple):
    """One container in the ``measured`` ones of its ``pods``; ``requests`` and ``limits`` lack a resource of which one of those
    says nothing; of all its pods where none is measured. ``most``: of the pod with the most memory."""

    name: str
    pods: int
    measured: int
    used: Amounts
    requests: Amounts
    limits: Amounts
    most: Amounts


def pods_of(cluster: ClusterPicture, subject: Subject) -> list[Pod]:
    """The pods that it controls."""
    pods = cluster.objects("Pod")
    if subject.kind == "Pod":
        own = pods.get(subject.key)
        return [own] if isinstance(own, Pod) else []
    match = Restriction((subject.namespace,), owner=subject).match(cluster)
    return [pod for pod in pods.values() if isinstance(pod, Pod) and match is not None and match(pod)]


def container_uses(cluster: ClusterPicture, subject: Subject) -> dict[str, ContainerUse]:
    """By name, in the order of the newest pod's spec."""
    metrics = measured_objects(cluster, "PodMetrics")
    found: dict[str, list[tuple[Amounts, Amounts, Amounts]]] = {}
    pods: dict[str, int] = {}
    said: dict[str, list[tuple[Amounts, Amounts]]] = {}
    for pod in sorted(pods_of(cluster, subject), key=lambda p: -p.created):
        measured = metrics.get(Key(pod.namespace, pod.name))
        used = {c.name: c.usage for c in measured.containers} if isinstance(measured, PodMetrics) else {}
        for container in pod.containers:
            if container.init and not container.sidecar:
                continue
            pods[container.name] = pods.get(container.name, 0) + 1
            uses = found.setdefault(container.name, [])
            asked = container.resources
            said.setdefault(container.name, []).append((asked.requests, asked.limits))
            if container.name in used:
                uses.append((used[container.name], asked.requests, asked.limits))
    return {
        name: ContainerUse(
            name,
            pods[name],
            len(uses),
            total(used for used, _, _ in uses),
            _of_all([requests for _, requests, _ in uses] or [requests for requests, _ in said[name]]),
            _of_all([limits for _, _, limits in uses] or [limits for _, limits in said[name]]),
            max((used for used, _, _ in uses), key=lambda u: amount(u, "memory") or 0, default=()),
        )
        for name, uses in found.items()
    }


def _of_all(several: Sequence[Amounts]) -> Amounts:
    """Added up, of the resources that each of them names."""
    names = set.intersection(*({name for name, _ in one} for one in several)) if several else set()
    return tuple((name, value) for name, value in total(several) if name in names)


def cells(use: ContainerUse) -> Sequence[Cell]:
    cpu, memory = (_figures(use, name) for name in ("cpu", "memory"))
    most = f"{top_cpu(amount(use.most, 'cpu'))} {top_memory(amount(use.most, 'memory'))}"
    return (
        (safe(use.name), "bright"),
        f"{use.measured}/{use.pods}",
        *cpu,
        *memory,
        (most if use.most else "", "dim"),
    )


def _figures(use: ContainerUse, resource: str) -> Iterable[Cell]:
    write = top_cpu if resource == "cpu" else top_memory
    used, request, limit = (amount(one, resource) for one in (use.used, use.requests, use.limits))
    share = f"{100 * used / request:.0f}" if used is not None and request else "-"
    return (write(used), write(request), share, (write(limit), "dim"))
