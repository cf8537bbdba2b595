"""Where a cluster answers TLS, as its own objects say: Ingresses, Gateways, Services of type LoadBalancer. Pure; raises what msgspec raises for
malformed JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import field
from msgspec.json import Decoder

from tfdash.sources.kubernetes.decoders.wire import Wire

_HTTPS = 443
_SPEAK_TLS = ("HTTPS", "TLS")
_BY_CUSTOM = frozenset({_HTTPS, 8443, 9443})
_EXTERNAL_DNS = "external-dns.alpha.kubernetes.io/hostname"


class Entrance(NamedTuple):
    """``asked``: the name that is expected, "" where nothing says it."""

    host: str
    port: int
    asked: str


class _Meta(Wire):
    annotations: dict[str, str] | None = None


class _IngressTls(Wire):
    hosts: list[str] | None = None


class _IngressRule(Wire):
    host: str = ""


class _IngressSpec(Wire):
    tls: list[_IngressTls] | None = None
    rules: list[_IngressRule] | None = None


class _Ingress(Wire):
    spec: _IngressSpec = field(default_factory=_IngressSpec)


class _Listener(Wire):
    protocol: str = ""
    port: int = 0
    hostname: str | None = None


class _GatewaySpec(Wire):
    listeners: list[_Listener] | None = None


class _Gateway(Wire):
    spec: _GatewaySpec = field(default_factory=_GatewaySpec)


class _Port(Wire):
    name: str = ""
    port: int = 0
    protocol: str = "TCP"
    app_protocol: str | None = None


class _ServiceSpec(Wire):
    type: str = ""
    ports: list[_Port] | None = None


class _At(Wire):
    ip: str = ""
    hostname: str = ""


class _LoadBalancer(Wire):
    ingress: list[_At] | None = None


class _ServiceStatus(Wire):
    load_balancer: _LoadBalancer | None = None


class _Service(Wire):
    metadata: _Meta = field(default_factory=_Meta)
    spec: _ServiceSpec = field(default_factory=_ServiceSpec)
    status: _ServiceStatus = field(default_factory=_ServiceStatus)


def _named(host: str | None) -> bool:
    """Nobody can be asked for a star."""
    return bool(host) and "*" not in (host or "")


def _of_ingress(found: _Ingress) -> Iterator[Entrance]:
    for tls in found.spec.tls or ():
        hosts = tls.hosts or [rule.host for rule in found.spec.rules or ()]
        yield from (Entrance(host, _HTTPS, host) for host in hosts if _named(host))


def _of_gateway(found: _Gateway) -> Iterator[Entrance]:
    for one in found.spec.listeners or ():
        host = one.hostname or ""
        if one.protocol in _SPEAK_TLS and _named(host) and _is_port(one.port):
            yield Entrance(host, one.port, host)


def _of_service(found: _Service) -> Iterator[Entrance]:
    """Its own host is its cloud's, whose name no certificate has: the name is the one that a DNS controller was told."""
    if found.spec.type != "LoadBalancer" or found.status.load_balancer is None:
        return
    told = (found.metadata.annotations or {}).get(_EXTERNAL_DNS, "").partition(",")[0].strip()
    for at in found.status.load_balancer.ingress or ():
        host = at.hostname or at.ip
        for port in found.spec.ports or ():
            if host and _is_port(port.port) and _speaks_tls(port):
                yield Entrance(host, port.port, told if _named(told) else "")


def _speaks_tls(port: _Port) -> bool:
    said = port.app_protocol
    if said is not None:
        return said.lower().rpartition("/")[2] in ("https", "tls")
    return port.protocol == "TCP" and (port.name.startswith(("https", "tls")) or port.port in _BY_CUSTOM)


def _is_port(port: int) -> bool:
    return 0 < port < 65_536


class _Page(Wire):
    metadata: dict[str, Any] = field(default_factory=dict)
    items: list[msgspec.Raw] | None = None


KINDS_WITH_ENTRANCES: Mapping[str, tuple[Decoder[Any], Callable[[Any], Iterator[Entrance]]]] = {
    "Ingress": (Decoder(_Ingress), _of_ingress),
    "Gateway": (Decoder(_Gateway), _of_gateway),
    "Service": (Decoder(_Service), _of_service),
}
_PAGE = Decoder(_Page)


def page(kind: str, body: bytes) -> tuple[tuple[Entrance, ...], str]:
    """What the objects of one page of a list say, and where the list goes on, "" at its end. What cannot be read says nothing."""
    whole = _PAGE.decode(body)
    decoder, finder = KINDS_WITH_ENTRANCES[kind]
    found: list[Entrance] = []
    for raw in whole.items or ():
        try:
            found += finder(decoder.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return tuple(found), str(whole.metadata.get("continue") or "")
