"""As ``kube``: what pods and nodes use, as metrics.k8s.io has it, and what is made of it for whole workloads. Amounts are
billionths (``tfdash.quantities``).

``Usage``, ``UsageHistory`` and ``VolumeUsage`` are on no server: a source puts them together and into the picture, so that rules see them by the one
door, with their freshness and their problem, as any other kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import msgspec

from tfdash.model.kube import EMPTY_LABELS, Object
from tfdash.model.subject import Key, Subject
from tfdash.model.usage_points import UsagePoint
from tfdash.quantities import NOTHING, Amounts


class ContainerUsage(NamedTuple):
    name: str
    usage: Amounts = NOTHING


class PodMetrics(Object, frozen=True, gc=False, kw_only=True):
    """``at``: when it was measured (epoch seconds), over the ``window`` seconds before that.

    ``cpu`` and ``memory`` of all its containers, None where one does not say it; ``names`` of these, and where they are several ``each``:
    CPU and memory of one after the other. There are ten thousand of them, made anew with each poll: see ``measured_pod``.
    """

    KIND: ClassVar[str] = "PodMetrics"

    at: float = 0.0
    window: float = 0.0
    cpu: int | None = None
    memory: int | None = None
    names: tuple[str, ...] = ()
    each: tuple[int | None, ...] = ()

    @property
    def containers(self) -> tuple[ContainerUsage, ...]:
        used = self.each or (self.cpu, self.memory)
        return tuple(
            ContainerUsage(name, _amounts(used[2 * n], used[2 * n + 1])) for n, name in enumerate(self.names)
        )

    @property
    def usage(self) -> Amounts:
        return _amounts(self.cpu, self.memory)


def measured_pod(
    namespace: str, name: str, at: float, window: float, names: tuple[str, ...], used: Sequence[int | None]
) -> PodMetrics:
    """``used``: CPU and memory of each container, one after the other. Of which one says nothing, the pod uses more than the others say."""
    cpus, memories = ([n for n in used[place::2] if n is not None] for place in (0, 1))
    return PodMetrics(
        namespace=namespace,
        name=name,
        labels=EMPTY_LABELS,  # said, or each would have a dict of its own
        at=at,
        window=window,
        cpu=sum(cpus) if names and len(cpus) == len(names) else None,
        memory=sum(memories) if names and len(memories) == len(names) else None,
        names=names,
        each=tuple(used) if len(names) > 1 else (),
    )


def _amounts(cpu: int | None, memory: int | None) -> Amounts:
    if cpu is None:
        return NOTHING if memory is None else (("memory", memory),)
    return (("cpu", cpu),) if memory is None else (("cpu", cpu), ("memory", memory))


class NodeMetrics(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "NodeMetrics"

    at: float = 0.0
    window: float = 0.0
    usage: Amounts = NOTHING


PROMETHEUS = "prometheus"
PROMETHEUS_WINDOW = 300.0  # seconds of which Prometheus' CPU is the mean


class Usage(Object, frozen=True, gc=False, kw_only=True):
    """What a workload, a namespace, a node, a pool of nodes or the whole cluster uses, beside what it asked for. Its key is
    ``usage_key``.

    ``at``, ``window``: of the newest measurement (seconds); ``source`` "metrics.k8s.io" or "prometheus". ``requests`` and
    ``limits`` are those of the ``measured`` ones among its ``pods`` alone, so that like is held against like, and lack a
    resource of which some container says nothing (``without_request``, ``without_limit``: how many of those pods). Of a
    namespace of which some pods request none of it, ``silent`` is what these use, ``rest`` what the others request, and
    ``points`` are of the others alone.
    ``allocatable``: of nodes, pools and the cluster; ``asked``: what all pods on them ask for, measured or not. A node's
    ``used`` is what it says of itself, system included; of all else it is the sum of the measured pods, and ``nodes_used`` of
    pools and the cluster what their nodes say. Where not all namespaces are read, no pods are counted on nodes. ``points``:
    what was seen, oldest first, the newest being the amounts in ``used``. ``other_points``: what Prometheus says beside
    metrics.k8s.io, its CPU a mean of the ``PROMETHEUS_WINDOW`` seconds before each: never mixed with ``points``.
    """

    KIND: ClassVar[str] = "Usage"

    of: str  # "Deployment", "Namespace", "Node", "NodePool", "Cluster"
    called: str
    at: float
    window: float
    source: str
    used: Amounts = NOTHING
    requests: Amounts = NOTHING
    limits: Amounts = NOTHING
    allocatable: Amounts = NOTHING
    asked: Amounts = NOTHING
    nodes_used: Amounts = NOTHING
    pods: int = 0
    measured: int = 0
    without_request: tuple[tuple[str, int], ...] = ()  # ("cpu", 2): of two pods no CPU request is said
    without_limit: tuple[tuple[str, int], ...] = ()
    silent: Amounts = NOTHING
    rest: Amounts = NOTHING
    points: Sequence[UsagePoint] = ()
    other_points: Sequence[UsagePoint] = ()


class ContainerHistory(msgspec.Struct, frozen=True, gc=False):
    """One container of all pods of a workload over the history. CPU in cores, memory in bytes; None: not known.

    ``samples``: points of the least measured resource; ``cpu``: (percentile, cores) of the pod with the most, as KRR has it;
    ``starting_*``: the greatest use in the first minutes of a pod; ``oom_limit``: the greatest limit (bytes) under which it was killed.
    """

    name: str
    samples: int = 0
    seconds: float = 0.0  # from the first to the last point
    cpu: tuple[tuple[float, float], ...] = ()
    cpu_most: float | None = None
    memory_most: float | None = None
    starting_cpu: float | None = None
    starting_memory: float | None = None
    oom_kills: int | None = None
    oom_limit: float | None = None
    throttled: float | None = None  # share of its periods, 0 to 1


class PlaceDay(msgspec.Struct, frozen=True, gc=False):
    """The most that a pool of nodes, or the cluster, was seen to have and to be asked for on the day that began ``at`` (epoch seconds)."""

    at: float
    nodes: int
    allocatable: Amounts = NOTHING
    asked: Amounts = NOTHING


class UsageHistory(Object, frozen=True, gc=False, kw_only=True):
    """The history of a workload (key ``usage_key``), read from Prometheus a day at a time.

    ``since`` to ``until`` (epoch seconds) are whole days, ``covered`` the seconds of them for which there are points; ``cpu_p95`` and
    ``memory_p95`` are those of all its pods together, in cores and bytes. ``containers`` go from ``sized_since`` to the newest point.
    ``current_only``: no owner series, so that
    only the pods of today are in it.
    """

    KIND: ClassVar[str] = "UsageHistory"

    of: str
    called: str
    since: float
    until: float
    covered: float = 0.0
    cpu_p95: float | None = None
    memory_p95: float | None = None
    current_only: bool = False
    sized_since: float = 0.0
    containers: tuple[ContainerHistory, ...] = ()
    queries: tuple[str, ...] = ()  # which can be pasted
    days: tuple[PlaceDay, ...] = ()  # of pools and the cluster: the first and the last whole day noted


class VolumeUsage(Object, frozen=True, gc=False, kw_only=True):
    """How full the file system of a claim's volume is, as its kubelet told Prometheus; its key is the claim's.

    Bytes and inodes; None: not told, as of a file system without inodes. ``at`` (epoch seconds) to ``current_until``: when it was
    asked, and for how long that is taken as current. ``grows``: bytes a second, the Theil-Sen slope (the median of all slopes
    between two points) over the last ``seen`` seconds; None where those are too few to say.
    """

    KIND: ClassVar[str] = "VolumeUsage"

    at: float = 0.0
    current_until: float = 0.0
    used: float | None = None
    capacity: float | None = None
    inodes_used: float | None = None
    inodes: float | None = None
    grows: float | None = None
    seen: float = 0.0

    @property
    def fill(self) -> float | None:
        """In percent."""
        return None if self.used is None or not self.capacity else 100 * self.used / self.capacity

    @property
    def days_left(self) -> float | None:
        """Until it is full, as it grows; None where it does not grow, or nobody can say."""
        if self.used is None or not self.capacity or self.grows is None or self.grows <= 0:
            return None
        return max(0.0, self.capacity - self.used) / self.grows / 86_400


class UsedAt(NamedTuple):
    """Cores and bytes at one time (epoch seconds; None: not known), and of how many pods."""

    at: float
    cpu: float | None
    memory: float | None
    pods: int = 0


class UseOverTime(NamedTuple):
    """What one workload or namespace used in the last ``span`` seconds, a point each ``step``; memory is the most between two
    points. ``current_only``: of the pods that are there now."""

    source: str
    span: float
    step: float
    points: tuple[UsedAt, ...] = ()
    current_only: bool = False


HISTORY_SOURCE = "usage history"
"""Begins the id of the source that makes ``UsageHistory``; behind it stand environment/cluster."""
INSTEAD = {"PodMetrics": "PodUsed", "NodeMetrics": "NodeUsed"}
"""Where what Prometheus says stands in the picture while metrics.k8s.io says nothing current: objects of the kind on the left."""


def usage_key(of: str, namespace: str, name: str) -> Key:
    """Where a ``Usage`` or ``UsageHistory`` stands: ``("Deployment", "shop", "web")``; a namespace is ("Namespace", "", "shop"), the
    cluster ("Cluster", "", "")."""
    return Key(namespace, f"{of}/{name}")


def namespace_of(subject: Subject) -> str:
    """The namespace that it is in, or is, or whose use it is; "" of what is the cluster's."""
    if subject.kind == "Namespace":
        return subject.name
    if subject.kind == Usage.KIND and not subject.namespace:
        of, _, called = subject.name.partition("/")
        return called if of == "Namespace" else ""
    return subject.namespace
