"""As ``wire``: nodes, namespaces, events, Services and EndpointSlices."""

from __future__ import annotations

from msgspec import field

from tfdash.sources.kubernetes.decoders.wire import Condition, Meta, TargetRef, Wire


class NodeTaint(Wire):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Wire):
    unschedulable: bool = False
    taints: list[NodeTaint] | None = None


class Address(Wire):
    type: str = ""
    address: str = ""


class NodeInfo(Wire):
    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    container_runtime_version: str = ""
    architecture: str = ""


class NodeStatus(Wire):
    allocatable: dict[str, str | int | float] | None = None
    capacity: dict[str, str | int | float] | None = None
    conditions: list[Condition] | None = None
    addresses: list[Address] | None = None
    node_info: NodeInfo | None = None


class Node(Wire):
    metadata: Meta
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)


class NamespaceStatus(Wire):
    phase: str = ""
    conditions: list[Condition] | None = None


class Namespace(Wire):
    metadata: Meta
    status: NamespaceStatus = field(default_factory=NamespaceStatus)


class ObjectReference(Wire):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class EventSource(Wire):
    component: str = ""
    host: str = ""


class EventSeries(Wire):
    count: int = 0
    last_observed_time: str | None = None


class Event(Wire):
    metadata: Meta
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


class Port(Wire):
    name: str = ""
    port: int | None = None
    target_port: str | int | None = None
    protocol: str = "TCP"
    node_port: int | None = None


class ServiceSpec(Wire):
    type: str = "ClusterIP"
    cluster_ip: str = field(name="clusterIP", default="")
    external_ips: list[str] | None = field(name="externalIPs", default=None)
    external_name: str = ""
    ports: list[Port] | None = None
    selector: dict[str, str] | None = None


class Ingress(Wire):
    ip: str = ""
    hostname: str = ""


class LoadBalancer(Wire):
    ingress: list[Ingress] | None = None


class ServiceStatus(Wire):
    load_balancer: LoadBalancer | None = None


class Service(Wire):
    metadata: Meta
    spec: ServiceSpec = field(default_factory=ServiceSpec)
    status: ServiceStatus = field(default_factory=ServiceStatus)


class EndpointConditions(Wire):
    ready: bool | None = None


class Endpoint(Wire):
    conditions: EndpointConditions | None = None
    target_ref: TargetRef | None = None


class EndpointSlice(Wire):
    metadata: Meta
    address_type: str = ""
    endpoints: list[Endpoint] | None = None
    ports: list[Port] | None = None
