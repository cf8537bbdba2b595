"""The certificates that lie in objects, as PEM: those fields alone are decoded. Of a Secret that is its certificate and authority: its key stays
in the bytes of the answer, which nobody keeps. Pure; raises what msgspec raises for malformed JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import field
from msgspec.json import Decoder

from tfdash.model.certificates import Role
from tfdash.sources.kubernetes.decoders.wire import Wire

_INJECTED = "cert-manager.io/inject-ca-from"


class FoundPem(NamedTuple):
    """What stands in one object. ``key``: of several in one, which ("" the one that it has). ``follows``: the Certificate of which cert-manager
    writes it (its annotation ``cert-manager.io/inject-ca-from``), "" none."""

    kind: str
    namespace: str
    name: str
    role: Role
    pem: bytes
    key: str = ""
    follows: str = ""


class _Named(Wire):
    name: str = ""
    namespace: str = ""
    annotations: dict[str, str] | None = None

    @property
    def follows(self) -> str:
        return (self.annotations or {}).get(_INJECTED, "")


class _ClientConfig(Wire):
    ca_bundle: str = ""


class _Webhook(Wire):
    client_config: _ClientConfig = field(default_factory=_ClientConfig)


class _Webhooks(Wire):
    metadata: _Named
    webhooks: list[_Webhook] | None = None


class _ApiServiceSpec(Wire):
    ca_bundle: str = ""


class _ApiService(Wire):
    metadata: _Named
    spec: _ApiServiceSpec = field(default_factory=_ApiServiceSpec)


class _ConversionWebhook(Wire):
    client_config: _ClientConfig = field(default_factory=_ClientConfig)


class _Conversion(Wire):
    webhook: _ConversionWebhook | None = None


class _CrdSpec(Wire):
    conversion: _Conversion | None = None


class _Crd(Wire):
    metadata: _Named
    spec: _CrdSpec = field(default_factory=_CrdSpec)


class _TlsData(Wire):
    """The fields of a TLS Secret and of those by which meshes sign (``tfdash.sources.certificates.anchors``): none holds a key."""

    certificate: str = field(name="tls.crt", default="")
    authority: str = field(name="ca.crt", default="")
    istio: str = field(name="ca-cert.pem", default="")
    istio_root: str = field(name="root-cert.pem", default="")
    linkerd: str = field(name="crt.pem", default="")


class _TlsSecret(Wire):
    metadata: _Named
    data: _TlsData | None = None


class _ConfigMap(Wire):
    metadata: _Named
    data: dict[str, str] | None = None


def _webhooks(kind: str, found: _Webhooks) -> Iterator[FoundPem]:
    """One for all of its webhooks: they are mostly one program's."""
    pieces = dict.fromkeys(_decoded(w.client_config.ca_bundle) for w in found.webhooks or ())
    pem = b"\n".join(piece for piece in pieces if piece)
    if pem:
        yield FoundPem(kind, "", found.metadata.name, Role.ANCHORS, pem, follows=found.metadata.follows)


def _api_service(kind: str, found: _ApiService) -> Iterator[FoundPem]:
    if pem := _decoded(found.spec.ca_bundle):
        yield FoundPem(kind, "", found.metadata.name, Role.ANCHORS, pem, follows=found.metadata.follows)


def _conversion(kind: str, found: _Crd) -> Iterator[FoundPem]:
    """Of the webhook that turns its versions into each other, where one does."""
    webhook = found.spec.conversion.webhook if found.spec.conversion is not None else None
    if webhook is not None and (pem := _decoded(webhook.client_config.ca_bundle)):
        yield FoundPem(kind, "", found.metadata.name, Role.ANCHORS, pem, follows=found.metadata.follows)


def _secret(kind: str, found: _TlsSecret) -> Iterator[FoundPem]:
    data = found.data or _TlsData()
    for text, role, key in (
        (data.certificate, Role.SHOWN, ""),
        (data.authority, Role.ANCHORS, "ca.crt"),
        (data.istio, Role.SHOWN, "ca-cert.pem"),
        (data.istio_root, Role.ANCHORS, "root-cert.pem"),
        (data.linkerd, Role.SHOWN, "crt.pem"),
    ):
        if pem := _decoded(text):
            yield FoundPem(kind, found.metadata.namespace, found.metadata.name, role, pem, key)


def _config_map(kind: str, found: _ConfigMap) -> Iterator[FoundPem]:
    for key, text in (found.data or {}).items():
        if "-----BEGIN " in text:
            pem = text.encode("utf-8", "replace")
            yield FoundPem(kind, found.metadata.namespace, found.metadata.name, Role.ANCHORS, pem, key)


def _decoded(text: str) -> bytes:
    """b"" of what is blank, as which some install what is filled in later; what is no Base64 as it is, so that it is told as what it is."""
    try:
        return base64.b64decode(text, validate=False).strip()
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "replace")


class _Page(Wire):
    metadata: dict[str, Any] = field(default_factory=dict)
    items: list[msgspec.Raw] | None = None


FINDERS: Mapping[str, tuple[Decoder[Any], Callable[[str, Any], Iterator[FoundPem]]]] = {
    "ValidatingWebhookConfiguration": (Decoder(_Webhooks), _webhooks),
    "MutatingWebhookConfiguration": (Decoder(_Webhooks), _webhooks),
    "APIService": (Decoder(_ApiService), _api_service),
    "CustomResourceDefinition": (Decoder(_Crd), _conversion),
    "Secret": (Decoder(_TlsSecret), _secret),
    "ConfigMap": (Decoder(_ConfigMap), _config_map),
}
"""Kinds in which certificates lie: how they come, and where in them."""


_PAGE = Decoder(_Page)


class PemPage(NamedTuple):
    """``following``: where the list goes on, "" at its end; ``odd``: how many objects could not be read."""

    found: tuple[FoundPem, ...] = ()
    following: str = ""
    odd: int = 0


def page(kind: str, body: bytes) -> PemPage:
    """What the objects of one page of a list hold."""
    whole = _PAGE.decode(body)
    decoder, finder = FINDERS[kind]
    found: list[FoundPem] = []
    odd = 0
    for raw in whole.items or ():
        try:
            found += finder(kind, decoder.decode(raw))
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
            odd += 1
    return PemPage(tuple(found), str(whole.metadata.get("continue") or ""), odd)


def single(kind: str, body: bytes) -> PemPage:
    """What one object holds."""
    decoder, finder = FINDERS[kind]
    return PemPage(tuple(finder(kind, decoder.decode(body))))
