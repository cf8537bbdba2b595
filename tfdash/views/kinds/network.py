"""Services and the endpoints behind them."""

from __future__ import annotations

from tfdash.model.kube import Object, Provisional
from tfdash.model.kubecluster import EndpointSlice, Service
from tfdash.text import safe
from tfdash.views.kinds.base import (
    Context,
    Field,
    age_field,
    kind_view,
    labels_text,
    name_field,
    none,
    printed,
    text_field,
)

SHOWN_PORTS = 3


def ports(service: Service) -> str:
    """``80/TCP,443:30443/TCP``: the port, its node port where it has one, the protocol."""
    return none(
        ",".join(
            f"{p.port}:{p.node_port}/{p.protocol}" if p.node_port else f"{p.port}/{p.protocol}"
            for p in service.ports
        )
    )


def external(service: Service) -> str:
    """EXTERNAL-IP by the rules of the printer for each type of Service."""
    listed = ",".join(service.external)
    if service.type == "ExternalName":
        return listed
    if service.type == "LoadBalancer":
        return listed or "<pending>"
    return listed or "<none>" if service.type in ("ClusterIP", "NodePort") else "<unknown>"


def _paint_external(obj: Object, context: Context) -> str:
    if isinstance(obj, Provisional):
        return "moving" if printed(obj, "External-IP") == "<pending>" else ""
    return "moving" if isinstance(obj, Service) and obj.type == "LoadBalancer" and not obj.external else ""


def _ports_value(service: Service, context: Context) -> list[dict[str, object]]:
    return [
        {
            "name": safe(p.name),
            "port": p.port,
            "target": safe(p.target),
            "protocol": safe(p.protocol),
            "node_port": p.node_port,
        }
        for p in service.ports
    ]


def _search(service: Service, context: Context) -> str:
    return f"{service.namespace} {service.name} {service.type} {service.cluster_ip} {external(service)} {ports(service)}"


SERVICES = kind_view(
    "Service",
    search=_search,
    fields=(
        name_field(),
        text_field("type", "TYPE", 12, lambda s: s.type, printer="Type", priority=1),
        text_field("cluster_ip", "CLUSTER-IP", 15, lambda s: none(s.cluster_ip), printer="Cluster-IP"),
        text_field(
            "external_ip",
            "EXTERNAL-IP",
            18,
            external,
            printer="External-IP",
            priority=3,
            paint=_paint_external,
        ),
        Field(
            "ports",
            "PORT(S)",
            22,
            lambda s, c: safe(ports(s)),
            value=_ports_value,
            printer="Port(s)",
            priority=0,
            flexible=True,
        ),
        age_field(priority=2),
        text_field(
            "selector",
            "SELECTOR",
            30,
            lambda s: labels_text(s.selector),
            printer="Selector",
            priority=4,
            flexible=True,
        ),
    ),
)


def slice_ports(found: EndpointSlice) -> str:
    """Up to three ports, and how many more, as the printer writes them."""
    shown = ",".join(found.ports[:SHOWN_PORTS])
    more = len(found.ports) - SHOWN_PORTS
    return f"{shown} + {more} more..." if more > 0 else shown or "<unset>"


def _paint_ready(obj: Object, context: Context) -> str:
    return "warn" if isinstance(obj, EndpointSlice) and obj.total and not obj.ready else ""


ENDPOINTS = kind_view(
    "EndpointSlice",
    search=lambda o, c: f"{o.namespace} {o.name} {o.service}",
    fields=(
        name_field(),
        text_field("service", "SERVICE", 26, lambda e: none(e.service), priority=1),
        text_field(
            "address_type", "ADDRESSTYPE", 11, lambda e: e.address_type, printer="AddressType", priority=4
        ),
        text_field("ports", "PORTS", 20, slice_ports, printer="Ports"),
        Field(
            "ready",
            "READY",
            7,
            lambda e, c: f"{e.ready}/{e.total}",
            lambda e, c: float(e.ready),
            _paint_ready,
            value=lambda e, c: {"ready": e.ready, "total": e.total},
            right=True,
        ),
        age_field(priority=3),
    ),
)

VIEWS = (
    SERVICES,
    ENDPOINTS,
)
