"""[certificates]: which addresses are looked at, how often, and whom they are to be trusted by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from tfdash.model.subject import Key
from tfdash.setting import Between, Listed, Note, Seconds, SettingsTable, Texts, Unfit

_HTTPS, _POSTGRES = 443, 5432
_SCHEMES = {
    "": ("tls", _HTTPS),
    "https": ("tls", _HTTPS),
    "postgres": ("postgres", _POSTGRES),
    "postgresql": ("postgres", _POSTGRES),
}
"""What is spoken behind an address that begins so, and where if no port is said."""


class HostPort(NamedTuple):
    host: str
    port: int
    speaks: str


def place_of(text: str) -> HostPort:
    """Of ``host`` (443), ``host:port``, ``[address]:port``, ``https://host``, ``postgres://host`` (5432). Raises ``ValueError`` in words."""
    wrong = ValueError(
        f'"{text}" is no address; write it as "host:port", "host" (port 443) or "postgres://host" (port 5432), an '
        "address of IPv6 in brackets"
    )
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        speaks, usual = _SCHEMES[parts.scheme]
        host, port = parts.hostname, parts.port
    except (ValueError, KeyError):
        raise wrong from None
    odd = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None or port == 0
    if not host or odd or (parts.path and not parts.scheme):
        raise wrong
    return HostPort(host, port or usual, speaks)


@dataclass(frozen=True)
class EndpointSettings(SettingsTable, short="address"):
    """An address whose certificate is looked at; one that has nothing more to say may stand as a text: endpoints = ["host:port", ...]."""

    address: Annotated[
        str,
        Note(
            'where to connect; a host alone: port 443, "postgres://host": 5432, asked as PostgreSQL is',
            '"shop.example.com:443"',
        ),
    ] = ""
    server_name: Annotated[
        str, Note('the name that its certificate is to have; "": the host in address', '"shop.example.com"')
    ] = ""
    environment: Annotated[str, Note('"": all')] = ""
    cluster: Annotated[str, Note('of several in the environment; "": the first')] = ""
    trust: Annotated[
        str, Note('a file with the authorities that it is trusted by (PEM); "": those of this system')
    ] = ""
    speaks: Annotated[
        Literal["tls", "postgres"],
        Note('tls | postgres: what is said before the handshake; "postgres://..." says it too'),
    ] = "tls"

    def __post_init__(self) -> None:
        if not self.address:
            raise Unfit("address", "missing; every endpoint needs one")
        try:
            self.place  # noqa: B018  # the check is the reading
        except ValueError as error:
            raise Unfit("address", str(error)) from None

    @property
    def place(self) -> HostPort:
        found = place_of(self.address)
        return found._replace(speaks="postgres") if self.speaks == "postgres" else found

    @property
    def asked(self) -> str:
        """The name that is expected."""
        return self.server_name or self.place.host

    @property
    def name(self) -> str:
        """By which it is told from others: two may differ in the name alone."""
        return named(self.place.host, self.place.port, self.asked)


def named(host: str, port: int, asked: str) -> str:
    """``shop.example.com:443``, ``shop.example.com at 192.0.2.7:443``."""
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return shown if asked in ("", host) else f"{asked} at {shown}"


def _different(endpoints: tuple[EndpointSettings, ...]) -> None:
    if len({(e.name, e.environment, e.cluster) for e in endpoints}) != len(endpoints):
        raise Unfit("endpoints", "one of them stands there twice; leave one out")


@dataclass(frozen=True)
class CertificatesSettings(SettingsTable):
    """Certificates as they are served: looked at by a handshake that sends nothing after it, from here and through no proxy. Whether one
    was revoked (OCSP, lists of revoked ones) is not looked at."""

    endpoints: Annotated[tuple[EndpointSettings, ...], Listed()] = ()
    api_servers: Annotated[bool, Note("whether those of the clusters are among them")] = True
    store: Annotated[
        bool, Note("whether the PostgreSQL of [store] url is among them, where its sslmode asks for TLS")
    ] = True
    found_by: Annotated[
        tuple[Literal["Ingress", "Gateway", "LoadBalancer"], ...],
        Listed(),
        Note(
            "what of the clusters names further addresses, which are then looked at from here",
            '["Ingress", "Gateway"]',
        ),
    ] = ()
    most_found: Annotated[int, Between(1, 10_000), Note("of these")] = 500
    interval: Annotated[
        Seconds,
        Between(60, 86_400, seconds=True),
        Note("how often each is looked at; after a renewal sooner, until it serves what is new"),
    ] = 3600.0
    timeout: Annotated[Seconds, Between(0.1, 60, seconds=True), Note("of one handshake")] = 5.0
    at_once: Annotated[int, Between(1, 64), Note("how many handshakes at the same time")] = 8

    webhooks: Annotated[
        bool,
        Note(
            "whether the authorities that API servers trust for webhooks, conversions and aggregated APIs are read; where they may "
            "not be listed that is said as not known"
        ),
    ] = True
    anchors: Annotated[
        bool,
        Note(
            "likewise those of the ConfigMaps kube-root-ca.crt, extension-apiserver-authentication, istio-ca-root-cert and "
            "linkerd-identity-trust-roots, where there are any"
        ),
    ] = True
    secrets: Annotated[
        bool,
        Note(
            "true: TLS Secrets and those by which Istio and Linkerd sign, which needs the right to list Secrets; their keys are "
            "dropped where the answer is decoded"
        ),
    ] = False
    config_maps: Annotated[
        Texts,
        Note('further ConfigMaps with authorities that are trusted, as "namespace/name"', '["shop/roots"]'),
    ] = ()

    @property
    def maps(self) -> tuple[Key, ...]:
        return tuple(Key(*one.split("/")) for one in self.config_maps)

    def __post_init__(self) -> None:
        for one in self.config_maps:
            if one.count("/") != 1 or not all(one.split("/")):
                raise Unfit("config_maps", f'"{one}" names none; write "namespace/name"')
        _different(self.endpoints)
