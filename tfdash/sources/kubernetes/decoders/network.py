"""Services and EndpointSlices: from the wire to the model. Pure; raises only what msgspec raises for malformed JSON."""

from __future__ import annotations

from msgspec import field

from tfdash.model import kubecluster as mc
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import (
    Decoders,
    labels,
    meta,
    text,
)


class Port(w.Wire):
    name: str = ""
    port: int | None = None
    target_port: str | int | None = None
    protocol: str = "TCP"
    node_port: int | None = None


class ServiceSpec(w.Wire):
    type: str = "ClusterIP"
    cluster_ip: str = field(name="clusterIP", default="")
    external_ips: list[str] | None = field(name="externalIPs", default=None)
    external_name: str = ""
    ports: list[Port] | None = None
    selector: dict[str, str] | None = None


class Ingress(w.Wire):
    ip: str = ""
    hostname: str = ""


class LoadBalancer(w.Wire):
    ingress: list[Ingress] | None = None


class ServiceStatus(w.Wire):
    load_balancer: LoadBalancer | None = None


class Service(w.Wire):
    metadata: w.Meta
    spec: ServiceSpec = field(default_factory=ServiceSpec)
    status: ServiceStatus = field(default_factory=ServiceStatus)


class EndpointConditions(w.Wire):
    ready: bool | None = None


class Endpoint(w.Wire):
    conditions: EndpointConditions | None = None
    target_ref: w.TargetRef | None = None


class EndpointSlice(w.Wire):
    metadata: w.Meta
    address_type: str = ""
    endpoints: list[Endpoint] | None = None
    ports: list[Port] | None = None


def service(found: Service) -> mc.Service:
    spec = found.spec
    balancer = found.status.load_balancer or LoadBalancer()
    external = [i.ip or i.hostname for i in balancer.ingress or ()] + list(spec.external_ips or ())
    if spec.external_name:
        external.append(spec.external_name)
    return mc.Service(
        **meta(found.metadata),
        type=spec.type,
        cluster_ip=spec.cluster_ip,
        external=tuple(external),
        ports=tuple(
            mc.ServicePort(p.name, p.port or 0, text(p.target_port), p.protocol, p.node_port or None)
            for p in spec.ports or ()
        ),
        selector=labels(spec.selector),
    )


def endpoint_slice(found: EndpointSlice) -> mc.EndpointSlice:
    # a missing "ready" is to be read as true (discovery.k8s.io/v1 EndpointConditions)
    ready = [e.conditions is None or e.conditions.ready is not False for e in found.endpoints or ()]
    pods = tuple(
        (e.target_ref.name, r)
        for e, r in zip(found.endpoints or (), ready, strict=True)
        if e.target_ref is not None and e.target_ref.kind == "Pod"
    )
    return mc.EndpointSlice(
        **meta(found.metadata),
        service=(found.metadata.labels or {}).get("kubernetes.io/service-name", ""),
        address_type=found.address_type,
        ready=sum(ready),
        total=len(ready),
        pods=pods,
        ports=tuple(f"{p.port or '*'}/{p.protocol}" for p in found.ports or ()),
    )


DECODERS: Decoders = {
    "Service": (Service, service),
    "EndpointSlice": (EndpointSlice, endpoint_slice),
}
