"""Short ways to make what cert-manager keeps."""

from __future__ import annotations

from typing import Any

from tests.unit.playbook.making import NOW, condition
from tfdash.model.cert_manager import (
    Certificate,
    CertificateRequest,
    Challenge,
    Issuer,
    IssuerRef,
    Order,
)
from tfdash.model.kube import Owner

DAY = 86_400.0
READY = condition("Ready", "True", "Ready", "Certificate is up to date and has not expired")
MISSING = condition("Ready", "False", "DoesNotExist", "Issuing certificate as Secret does not exist")
ISSUER_READY = condition("Ready", "True", "ACMEAccountRegistered", "The ACME account was registered")


def issuing(since: float = NOW - 60, message: str = "Renewing certificate") -> Any:
    return condition("Issuing", "True", "Renewing", message, since)


def certificate(**over: Any) -> Certificate:
    """Of 90 days, 30 of them over, to be renewed after 60; revision 3, issued by ACME."""
    given: dict[str, Any] = {
        "namespace": "a",
        "name": "shop",
        "uid": "c",
        "created": NOW - 400 * DAY,
        "names": ("shop.example.com",),
        "secret": "shop-tls",
        "issuer": IssuerRef("le"),
        "not_before": NOW - 30 * DAY,
        "not_after": NOW + 60 * DAY,
        "renewal": NOW + 30 * DAY,
        "revision": 3,
        "conditions": (READY,),
    }
    return Certificate(**(given | over))


def issuer(**over: Any) -> Issuer:
    given: dict[str, Any] = {
        "namespace": "a",
        "name": "le",
        "by": "acme",
        "created": NOW - 400 * DAY,
        "conditions": (ISSUER_READY,),
    }
    return Issuer(**(given | over))


def request(*conditions: Any, **over: Any) -> CertificateRequest:
    """The one that is to become revision 4."""
    given: dict[str, Any] = {
        "namespace": "a",
        "name": "shop-4",
        "uid": "r",
        "created": NOW - 50,
        "owner": Owner("Certificate", "shop", "c"),
        "issuer": IssuerRef("le"),
        "revision": 4,
        "conditions": conditions,
    }
    return CertificateRequest(**(given | over))


def order(state: str, reason: str = "", **over: Any) -> Order:
    given: dict[str, Any] = {
        "namespace": "a",
        "name": "shop-4-1",
        "uid": "o",
        "created": NOW - 40,
        "owner": Owner("CertificateRequest", "shop-4", "r"),
        "names": ("shop.example.com",),
        "issuer": IssuerRef("le"),
    }
    return Order(state=state, reason=reason, **(given | over))


def challenge(state: str, reason: str = "", **over: Any) -> Challenge:
    given: dict[str, Any] = {
        "namespace": "a",
        "name": "shop-4-1-1",
        "uid": "h",
        "owner": Owner("Order", "shop-4-1", "o"),
        "domain": "shop.example.com",
        "by": "HTTP-01",
    }
    return Challenge(state=state, reason=reason, **(given | over))
