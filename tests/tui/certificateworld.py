"""What cert-manager keeps on the platform of the golden screens: one of each sort."""

from __future__ import annotations

from typing import Any

from tests.tui import world
from tests.tui.recorded import Recorded
from tfdash.model.cert_manager import (
    Bundle,
    Certificate,
    CertificateRequest,
    Challenge,
    ClusterIssuer,
    Issuer,
    IssuerRef,
    Order,
)
from tfdash.model.kube import Condition, Object, Owner

NOW, NS, DAY = world.NOW, world.NS, world.DAY
LE, INTERNAL = IssuerRef("letsencrypt", "ClusterIssuer"), IssuerRef("internal")
READY = Condition("Ready", "True", "Ready", "Certificate is up to date and has not expired", NOW - 40 * DAY)


def certificate(name: str, days: float, left: float, **over: Any) -> Certificate:
    """Of so many days, so many of them left; to be renewed after two thirds."""
    given: dict[str, Any] = {
        "namespace": NS,
        "name": name,
        "uid": f"uid-{name}",
        "resource_version": "1",
        "created": NOW - 400 * DAY,
        "names": (f"{name}.example.com",),
        "secret": f"{name}-tls",
        "issuer": LE,
        "not_before": NOW + (left - days) * DAY,
        "not_after": NOW + left * DAY,
        "renewal": NOW + (left - days / 3) * DAY,
        "revision": 4,
        "conditions": (READY,),
    }
    return Certificate(**(given | over))


def condition(kind: str, status: str, reason: str, message: str, ago: float) -> Condition:
    return Condition(kind, status, reason, message, NOW - ago)


def objects() -> dict[str, list[Object]]:
    failed = condition("Issuing", "False", "Failed", "failed to complete", 3000)
    certificates: list[Object] = [
        certificate("www", 90, 61, names=("www.example.com", "example.com")),
        certificate("api", 90, 27.5),
        certificate("shop", 90, 21, failed=3, last_failure=NOW - 3000, conditions=(READY, failed)),
        certificate("mesh", 1, 0.5, conditions=(READY, condition("Issuing", "True", "Renewing", "m", 30))),
        certificate("legacy", 398, 12, renews=False, renewal=None, issuer=INTERNAL),
        certificate(
            "old-admin",
            90,
            -2,
            issuer=IssuerRef("retired"),
            conditions=(READY, condition("Ready", "False", "Expired", "Certificate expired", 2 * DAY))[1:],
        ),
        certificate(
            "ca", 365, 350, is_ca=True, issuer=IssuerRef("self"), names=("internal ca",), secret="ca-key"
        ),
        certificate("grpc", 45, 20, issuer=INTERNAL, rotation="Never"),
    ]
    request = CertificateRequest(
        namespace=NS,
        name="shop-5",
        uid="r",
        created=NOW - 3100,
        revision=5,
        issuer=LE,
        owner=Owner("Certificate", "shop", "uid-shop"),
        conditions=(
            condition("Approved", "True", "", "", 3100),
            condition("Ready", "False", "Failed", "order is invalid", 3000),
        ),
    )
    order = Order(
        namespace=NS,
        name="shop-5-1",
        uid="o",
        created=NOW - 3100,
        state="invalid",
        names=("shop.example.com",),
        issuer=LE,
        owner=Owner("CertificateRequest", "shop-5", "r"),
    )
    challenge = Challenge(
        namespace=NS,
        name="shop-5-1-1",
        uid="h",
        domain="shop.example.com",
        by="HTTP-01",
        state="invalid",
        reason="Invalid response from http://shop.example.com/.well-known/acme-challenge/x: 404",
        owner=Owner("Order", "shop-5-1", "o"),
    )
    ready = condition("Ready", "True", "", "", 90 * DAY)
    return {
        "Certificate": certificates,
        "CertificateRequest": [request],
        "Order": [order],
        "Challenge": [challenge],
        "Issuer": [
            Issuer(
                namespace=NS,
                name="internal",
                by="ca",
                secret="ca-key",
                conditions=(ready,),
                created=NOW - 400 * DAY,
            ),
            Issuer(namespace=NS, name="self", by="selfSigned", conditions=(ready,), created=NOW - 400 * DAY),
        ],
        "ClusterIssuer": [
            ClusterIssuer(
                namespace="", name="letsencrypt", by="acme", conditions=(ready,), created=NOW - 400 * DAY
            )
        ],
        "Bundle": [
            Bundle(
                namespace="", name="roots", sources=2, conditions=(condition("Synced", "True", "", "", DAY),)
            )
        ],
    }


def source() -> Recorded:
    return Recorded({**world.objects(), **objects()})
