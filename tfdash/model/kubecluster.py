"""As ``kube``: nodes, namespaces, events, Services and EndpointSlices."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tfdash.model.kube import EMPTY_LABELS, Condition, Labels, Object
from tfdash.quantities import NANO, NOTHING, Amounts, amount


class Taint(msgspec.Struct, frozen=True, gc=False):
    key: str
    value: str
    effect: str


class Node(Object, frozen=True, gc=False, kw_only=True):
    """``allocatable``: what its pods may ask for together, "pods" among it; the capacity where a kubelet says nothing else."""

    KIND: ClassVar[str] = "Node"

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()
    conditions: tuple[Condition, ...] = ()
    allocatable: Amounts = NOTHING
    internal_ip: str = ""
    kubelet_version: str = ""
    os_image: str = ""
    kernel: str = ""
    runtime: str = ""
    architecture: str = ""
    roles: tuple[str, ...] = ()

    @property
    def cpu(self) -> float:
        """Cores; for what is only shown, as the two below."""
        return (amount(self.allocatable, "cpu") or 0) / NANO

    @property
    def memory(self) -> float:
        return (amount(self.allocatable, "memory") or 0) / NANO

    @property
    def pods(self) -> int:
        return (amount(self.allocatable, "pods") or 0) // NANO


KEEP_UP = "tfdash.io/keep-up-"
"""How the annotations begin that keep a namespace up outside its hours."""


class Namespace(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "Namespace"

    phase: str = ""
    keeps_up: Labels = (
        EMPTY_LABELS  # our annotations that say until when it is not scaled down, who said so and why
    )
    conditions: tuple[Condition, ...] = ()


class Event(Object, frozen=True, gc=False, kw_only=True):
    """A core/v1 Event. ``type`` is "Normal" or "Warning"; ``last_seen`` is the newest of its times."""

    KIND: ClassVar[str] = "Event"

    type: str = "Normal"
    reason: str = ""
    message: str = ""
    count: int = 1
    first_seen: float = 0.0
    last_seen: float = 0.0
    source: str = ""
    involved_kind: str = ""
    involved_namespace: str = ""
    involved_name: str = ""
    involved_uid: str = ""
    involved_field: str = ""


class ServicePort(msgspec.Struct, frozen=True, gc=False):
    name: str
    port: int
    target: str
    protocol: str = "TCP"
    node_port: int | None = None


class Service(Object, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "Service"

    type: str = "ClusterIP"
    cluster_ip: str = ""
    external: tuple[str, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    selector: Labels = EMPTY_LABELS


class EndpointSlice(Object, frozen=True, gc=False, kw_only=True):
    """Counts of endpoints, and the pods behind them as (pod name, ready)."""

    KIND: ClassVar[str] = "EndpointSlice"

    service: str = ""  # kubernetes.io/service-name
    address_type: str = ""
    ready: int = 0
    total: int = 0
    pods: tuple[tuple[str, bool], ...] = ()
    ports: tuple[str, ...] = ()
