"""The kinds of cert-manager and trust-manager: from the wire to the model. Of their status only what says how things stand is
kept: of a certificate in it what that says of itself, and of a challenge no token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from tfdash.model import cert_manager as m
from tfdash.model.certificates import CertificateFacts
from tfdash.sources.kubernetes.decoders.common import Decoders, meta, share
from tfdash.sources.kubernetes.decoders.custom_resource import (
    Custom,
    conditions,
    flag,
    integer,
    items,
    mapping,
    text,
    when,
    words,
)

_END = b"-----END CERTIFICATE-----"
_NAMES = ("dnsNames", "ipAddresses", "uris", "emailAddresses")
OTHER = m.BundleSource()
_ISSUERS = ("acme", "ca", "selfSigned", "vault", "venafi")


def _issuer_of(spec: Mapping[str, Any]) -> m.IssuerRef:
    ref = mapping(spec, "issuerRef")
    return share(m.IssuerRef(text(ref, "name"), text(ref, "kind") or "Issuer", text(ref, "group") or m.GROUP))


def _names(spec: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        value = spec.get(key)
        found += [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
    common = text(spec, "commonName")
    if common and common not in found:  # what has no DNS name is known by it
        found.append(common)
    return tuple(dict.fromkeys(found))


def _count(found: Mapping[str, Any], name: str) -> int | None:
    return integer(found, name) if found.get(name) is not None else None


def _time(found: Mapping[str, Any], name: str) -> float | None:
    """Raises ValueError for what is there and is no time: nobody may take it for long ago."""
    at = when(found, name)
    if at == 0.0:
        raise ValueError(f"{name}: {str(found.get(name))[:40]!r} is no time")
    return at


def certificate(found: Custom) -> m.Certificate:
    spec, status = mapping(found.spec), mapping(found.status)
    return m.Certificate(
        **meta(found.metadata),
        names=_names(spec, *_NAMES),
        secret=text(spec, "secretName"),
        issuer=_issuer_of(spec),
        is_ca=flag(spec, "isCA"),
        rotation=text(mapping(spec, "privateKey"), "rotationPolicy"),
        renews=text(mapping(spec, "renewal"), "policy") != "Disabled",
        not_before=_time(status, "notBefore"),
        not_after=_time(status, "notAfter"),
        renewal=_time(status, "renewalTime"),
        revision=_count(status, "revision"),
        failed=_count(status, "failedIssuanceAttempts"),
        last_failure=_time(status, "lastFailureTime"),
        expiration=text(status, "notAfter"),
        conditions=conditions(status),
    )


def certificate_request(found: Custom) -> m.CertificateRequest:
    spec, status = mapping(found.spec), mapping(found.status)
    revision = (found.metadata.annotations or {}).get(m.REVISION, "")
    return m.CertificateRequest(
        **meta(found.metadata),
        issuer=_issuer_of(spec),
        requester=text(spec, "username"),
        revision=int(revision) if revision.isdecimal() and revision.isascii() else None,
        issued=_issued(text(status, "certificate")),
        conditions=conditions(status),
    )


def _issued(encoded: str) -> CertificateFacts | None:
    """The first of a chain in PEM, in Base64; None of what is none."""
    if not encoded:
        return None
    from tfdash.sources.certificates.x509 import bundle_of

    try:
        pem = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    first, end, _ = pem.partition(_END)
    return next(iter(bundle_of(first + end).certificates), None)


def _issuer(found: Custom) -> dict[str, Any]:
    spec, status = mapping(found.spec), mapping(found.status)
    return {
        **meta(found.metadata),
        "by": next((name for name in _ISSUERS if isinstance(spec.get(name), Mapping)), ""),
        "secret": text(mapping(spec, "ca"), "secretName"),
        "server": words(mapping(spec, "acme"), "server"),
        "conditions": conditions(status),
    }


def issuer(found: Custom) -> m.Issuer:
    return m.Issuer(**_issuer(found))


def cluster_issuer(found: Custom) -> m.ClusterIssuer:
    return m.ClusterIssuer(**_issuer(found))


def order(found: Custom) -> m.Order:
    spec, status = mapping(found.spec), mapping(found.status)
    return m.Order(
        **meta(found.metadata),
        names=_names(spec, "dnsNames", "ipAddresses"),
        issuer=_issuer_of(spec),
        state=text(status, "state"),
        reason=words(status, "reason"),
    )


def challenge(found: Custom) -> m.Challenge:
    spec, status = mapping(found.spec), mapping(found.status)
    return m.Challenge(
        **meta(found.metadata),
        domain=text(spec, "dnsName"),
        wildcard=flag(spec, "wildcard"),
        by=text(spec, "type"),
        state=text(status, "state"),
        reason=words(status, "reason"),
        presented=flag(status, "presented"),
        processing=flag(status, "processing"),
    )


def _bundle_source(found: Mapping[str, Any]) -> m.BundleSource:
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        ref = mapping(found, field)
        if ref:  # by labels, or all keys of one, is more than one place
            one = text(ref, "name") and text(ref, "key")
            return m.BundleSource(of=kind, name=text(ref, "name"), key=text(ref, "key")) if one else OTHER
    if found.get("inLine"):
        from tfdash.sources.certificates.x509 import bundle_of

        read = bundle_of(text(found, "inLine").encode("utf-8", "replace"))
        return m.BundleSource(of="inline", written=read.certificates, odd=read.problems)
    return m.BundleSource(of="defaults") if found.get("useDefaultCAs") is True else OTHER


def bundle(found: Custom) -> m.Bundle:
    spec, status = mapping(found.spec), mapping(found.status)
    target = mapping(spec, "target")
    return m.Bundle(
        **meta(found.metadata),
        sources=tuple(_bundle_source(s) for s in items(spec, "sources")),
        config_map_key=text(mapping(target, "configMap"), "key"),
        secret_key=text(mapping(target, "secret"), "key"),
        conditions=conditions(status),
    )


DECODERS: Decoders = {
    "Certificate": (Custom, certificate),
    "CertificateRequest": (Custom, certificate_request),
    "Issuer": (Custom, issuer),
    "ClusterIssuer": (Custom, cluster_issuer),
    "Order": (Custom, order),
    "Challenge": (Custom, challenge),
    "Bundle": (Custom, bundle),
}
