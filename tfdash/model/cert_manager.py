"""As ``kube``: what cert-manager and trust-manager keep (cert-manager/cert-manager, pkg/apis; cert-manager/trust-manager,
pkg/apis/trust/v1alpha1). None of these holds a key; of a certificate in a status what it says of itself is kept (``certificates.CertificateFacts``)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tfdash.model.certificates import CertificateFacts
from tfdash.model.kube import Condition, Object

GROUP = "cert-manager.io"
REVISION = "cert-manager.io/certificate-revision"
"""The annotation of a request that says of which revision it is to be."""


class IssuerRef(msgspec.Struct, frozen=True, gc=False):
    """``kind`` and ``group`` as they hold where they were left out."""

    name: str
    kind: str = "Issuer"
    group: str = GROUP

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


NOBODY = IssuerRef("")


def _of(conditions: tuple[Condition, ...], kind: str) -> Condition | None:
    for one in conditions:  # several for each of thousands: no generator is made for it
        if one.type == kind:
            return one
    return None


class Conditioned(Object, frozen=True, gc=False, kw_only=True):
    """With what ``kubectl get`` prints of the conditions: "" where there is none."""

    conditions: tuple[Condition, ...] = ()

    def said(self, kind: str) -> Condition | None:
        return _of(self.conditions, kind)

    @property
    def ready(self) -> str:
        found = self.said("Ready")
        return found.status if found is not None else ""

    @property
    def status_text(self) -> str:
        found = self.said("Ready")
        return found.message if found is not None else ""


class Certificate(Conditioned, frozen=True, gc=False, kw_only=True):
    """What is to be kept in the Secret ``secret``. ``names``: all that it is for, the DNS names first. ``rotation``: "Never" keeps the
    key at each renewal; "" is the default of whatever version runs. ``renews`` False: cert-manager was told to leave it.

    Of its status: ``renewal`` when it is to be renewed; ``failed`` how often in a row that did not succeed, the last time at
    ``last_failure``. Each is None where it is not said."""

    KIND: ClassVar[str] = "Certificate"

    names: tuple[str, ...] = ()
    secret: str = ""
    issuer: IssuerRef = NOBODY
    is_ca: bool = False
    rotation: str = ""
    renews: bool = True
    not_before: float | None = None
    not_after: float | None = None
    renewal: float | None = None
    revision: int | None = None
    failed: int | None = None
    last_failure: float | None = None
    expiration: str = ""  # ``not_after`` as the server writes it

    @property
    def issuer_name(self) -> str:
        return self.issuer.name

    @property
    def issuing(self) -> Condition | None:
        """That it is being issued or renewed now, since when, and why."""
        found = self.said("Issuing")
        return found if found is not None and found.status == "True" else None

    @property
    def renewed_by_itself(self) -> bool:
        """Whether it is to be renewed before it ends: a time of renewal behind that, or of one whose end nobody says, renews nothing."""
        ends, renewal = self.not_after, self.renewal
        return self.renews and renewal is not None and ends is not None and renewal < ends

    @property
    def lifetime(self) -> float | None:
        """Seconds from its beginning to its end."""
        if self.not_before is None or self.not_after is None or self.not_after <= self.not_before:
            return None
        return self.not_after - self.not_before


class CertificateRequest(Conditioned, frozen=True, gc=False, kw_only=True):
    """One try to have a Certificate (its owner) issued, as ``revision`` of it. ``issued``: what came of it; None before, and where it cannot
    be read: then its ``Certificate`` alone has its dates."""

    KIND: ClassVar[str] = "CertificateRequest"

    issuer: IssuerRef = NOBODY
    requester: str = ""
    revision: int | None = None
    issued: CertificateFacts | None = None

    def _status(self, kind: str) -> str:
        found = self.said(kind)
        return found.status if found is not None else ""

    @property
    def issuer_name(self) -> str:
        return self.issuer.name

    @property
    def approved(self) -> str:
        return self._status("Approved")

    @property
    def denied(self) -> str:
        return self._status("Denied")


class AnyIssuer(Conditioned, frozen=True, gc=False, kw_only=True):
    """``by``: the key of its spec that says how it issues ("acme", "ca", "selfSigned", "vault", "venafi"; "" another). ``secret``: of a
    "ca" one, where its own certificate and key are; ``server``: of an "acme" one."""

    by: str = ""
    secret: str = ""
    server: str = ""


class Issuer(AnyIssuer, frozen=True, gc=False, kw_only=True):
    KIND: ClassVar[str] = "Issuer"


class ClusterIssuer(AnyIssuer, frozen=True, gc=False, kw_only=True):
    """Its Secret is in the namespace that its operator was told, which no object says."""

    KIND: ClassVar[str] = "ClusterIssuer"


class Order(Object, frozen=True, gc=False, kw_only=True):
    """What an ACME server was asked for on behalf of a CertificateRequest (its owner). ``state`` in its words: "", "pending", "ready",
    "processing", "valid", "invalid", "expired", "errored"."""

    KIND: ClassVar[str] = "Order"

    names: tuple[str, ...] = ()
    issuer: IssuerRef = NOBODY
    state: str = ""
    reason: str = ""

    @property
    def issuer_name(self) -> str:
        return self.issuer.name


class Challenge(Object, frozen=True, gc=False, kw_only=True):
    """How an ACME server is shown that ``domain`` is ours, for an Order (its owner). ``by`` "HTTP-01" or "DNS-01"; ``presented``: the
    answer stands where the server looks; ``reason`` says why not, or what is still waited for."""

    KIND: ClassVar[str] = "Challenge"

    domain: str = ""
    wildcard: bool = False
    by: str = ""
    state: str = ""
    reason: str = ""
    presented: bool = False
    processing: bool = False


class BundleSource(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One source of a Bundle. ``of``: "ConfigMap" or "Secret", ``name`` and ``key`` in it, in the namespace that trust-manager was told;
    "inline" with ``written``, what stands in the Bundle itself; "defaults", the public authorities of an image; "" another, which
    may be several objects. ``odd``: a sentence for each piece of ``written`` that cannot be read."""

    of: str = ""
    name: str = ""
    key: str = ""
    written: tuple[CertificateFacts, ...] = ()
    odd: tuple[str, ...] = ()


class Bundle(Object, frozen=True, gc=False, kw_only=True):
    """Of trust-manager: trust anchors from ``sources``, written to each namespace under the keys that are said."""

    KIND: ClassVar[str] = "Bundle"

    sources: tuple[BundleSource, ...] = ()
    config_map_key: str = ""
    secret_key: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def synced(self) -> str:
        found = _of(self.conditions, "Synced")
        return found.status if found is not None else ""

    @property
    def synced_reason(self) -> str:
        found = _of(self.conditions, "Synced")
        return found.reason if found is not None else ""
