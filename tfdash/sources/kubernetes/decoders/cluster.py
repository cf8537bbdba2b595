"""Nodes, namespaces and events: from the wire to the model. Pure; raises only what msgspec raises for malformed JSON."""

from __future__ import annotations

from msgspec import field

from tfdash.model import kubecluster as mc
from tfdash.model.kubecluster import KEEP_UP
from tfdash.quantities import amounts
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import (
    Decoders,
    conditions,
    labels,
    meta,
    seconds,
    share,
    words,
)

_ROLE = "node-role.kubernetes.io/"


class NodeTaint(w.Wire):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(w.Wire):
    unschedulable: bool = False
    taints: list[NodeTaint] | None = None


class Address(w.Wire):
    type: str = ""
    address: str = ""


class NodeInfo(w.Wire):
    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    container_runtime_version: str = ""
    architecture: str = ""


class NodeStatus(w.Wire):
    allocatable: dict[str, str | int | float] | None = None
    capacity: dict[str, str | int | float] | None = None
    conditions: list[w.Condition] | None = None
    addresses: list[Address] | None = None
    node_info: NodeInfo | None = None


class Node(w.Wire):
    metadata: w.Meta
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)


class NamespaceStatus(w.Wire):
    phase: str = ""
    conditions: list[w.Condition] | None = None


class Namespace(w.Wire):
    metadata: w.Meta
    status: NamespaceStatus = field(default_factory=NamespaceStatus)


class ObjectReference(w.Wire):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class EventSource(w.Wire):
    component: str = ""
    host: str = ""


class EventSeries(w.Wire):
    count: int = 0
    last_observed_time: str | None = None


class Event(w.Wire):
    metadata: w.Meta
    involved_object: ObjectReference = field(default_factory=ObjectReference)
    type: str = "Normal"
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    reporting_component: str = ""


def node(found: Node) -> mc.Node:
    room = found.status.allocatable or found.status.capacity
    info = found.status.node_info or NodeInfo()
    known = found.metadata.labels or {}
    roles = {n.removeprefix(_ROLE) for n in known if n.startswith(_ROLE)}
    if known.get("kubernetes.io/role"):
        roles.add(known["kubernetes.io/role"])
    addresses = [a.address for a in found.status.addresses or () if a.type == "InternalIP"]
    return mc.Node(
        **meta(found.metadata),
        unschedulable=found.spec.unschedulable,
        taints=tuple(mc.Taint(t.key, t.value, t.effect) for t in found.spec.taints or ()),
        conditions=conditions(found.status.conditions),
        allocatable=share(amounts(room)),
        internal_ip=addresses[0] if addresses else "",
        kubelet_version=info.kubelet_version,
        os_image=info.os_image,
        kernel=info.kernel_version,
        runtime=info.container_runtime_version,
        architecture=info.architecture,
        roles=tuple(sorted(roles - {""})),
    )


def namespace(found: Namespace) -> mc.Namespace:
    notes = {k: v for k, v in (found.metadata.annotations or {}).items() if k.startswith(KEEP_UP)}
    return mc.Namespace(
        **meta(found.metadata),
        phase=found.status.phase,
        keeps_up=labels(notes),
        conditions=conditions(found.status.conditions),
    )


def event(found: Event) -> mc.Event:
    series = found.series or EventSeries()
    times = (found.last_timestamp, series.last_observed_time, found.event_time, found.first_timestamp)
    last = max(seconds(t) for t in times) or seconds(found.metadata.creation_timestamp)
    first = seconds(found.first_timestamp) or seconds(found.event_time) or last
    source, about = found.source or EventSource(), found.involved_object
    return mc.Event(
        **meta(found.metadata),
        type=share(found.type),
        reason=share(found.reason),
        message=words(found.message),
        count=max(found.count or 0, series.count, 1),
        first_seen=first,
        last_seen=last,
        source=share(source.component or found.reporting_component),
        involved_kind=share(about.kind),
        involved_namespace=share(about.namespace),
        involved_name=about.name,
        involved_uid=about.uid,
        involved_field=share(about.field_path),
    )


DECODERS: Decoders = {
    "Node": (Node, node),
    "Namespace": (Namespace, namespace),
    "Event": (Event, event),
}
