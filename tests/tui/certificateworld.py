"""What cert-manager keeps on the platform of the golden screens: one of each sort."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.tui import world
from tests.tui.recorded import Recorded
from tfdash.model.cert_manager import (
    Bundle,
    BundleSource,
    Certificate,
    CertificateRequest,
    Challenge,
    ClusterIssuer,
    Issuer,
    IssuerRef,
    Order,
)
from tfdash.model.certificates import (
    CertificateFacts,
    Contact,
    HeldCertificate,
    Role,
    ServedCertificate,
    Trust,
)
from tfdash.model.kube import Condition, Object, Owner, Pod

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
                namespace="",
                name="roots",
                sources=(BundleSource(of="defaults"),) * 2,
                conditions=(condition("Synced", "True", "", "", DAY),),
            )
        ],
    }


def source() -> Recorded:
    return Recorded({**world.objects(), **objects()})


def facts(name: str, days: float, left: float, **over: Any) -> CertificateFacts:
    given: dict[str, Any] = {
        "serial": "04A1B2C3D4E5F60718293A4B5C6D7E8F9012",
        "subject": f"CN={name}",
        "issuer": "CN=R10,O=Let's Encrypt,C=US",
        "not_before": NOW + (left - days) * DAY,
        "not_after": NOW + left * DAY,
        "fingerprint": "F0",
        "names": (name,),
    }
    return CertificateFacts(**(given | over))


def served(name: str, *chain: CertificateFacts, **over: Any) -> ServedCertificate:
    given: dict[str, Any] = {
        "namespace": "",
        "name": f"{name}:443",
        "asked": name,
        "looked_at": NOW - 600,
        "seen_at": NOW - 600 if chain else 0.0,
        "chain": chain,
        "protocol": "TLSv1.3" if chain else "",
    }
    return ServedCertificate(**(given | over))


def held(of: str, name: str, role: Role, *bundle: CertificateFacts, **over: Any) -> HeldCertificate:
    given: dict[str, Any] = {"namespace": "", "name": f"{of}/{name}", "of": of, "called": name, "role": role}
    return HeldCertificate(**(given | {"bundle": bundle} | over))


def also_looked_at() -> Recorded:
    """The same, with addresses that were looked at, good and bad, and what lies in objects."""
    root = facts("internal ca", 3650, 900, names=(), issuer="CN=internal ca", is_ca=True, self_signed=True)
    looked: list[Object] = [
        served("api.example.com", facts("api.example.com", 90, 27.5)),
        served("www.example.com", facts("www.example.com", 90, 5, serial="0377")),
        served("old.example.com", facts("old.example.com", 398, 200), protocol="TLSv1", lowered=True),
        served("gone.example.com", answer=Contact.NO_HOST, said="there is no host gone.example.com"),
        served("vault.internal", facts("vault.internal", 45, 20), trust=Trust.INCOMPLETE, code=20),
    ]
    lying: list[Object] = [
        held("APIService", "v1beta1.metrics.k8s.io", Role.ANCHORS, root),
        held(
            "ValidatingWebhookConfiguration",
            "shop-policy",
            Role.ANCHORS,
            facts("webhook-ca", 365, -1, names=()),
        ),
        held("kubeconfig", "client certificate", Role.SHOWN, facts("oncall", 365, 20, names=())),
        held("Secret", "broken-tls", Role.SHOWN, namespace=NS, odd=("it holds no certificate in PEM",)),
    ]
    return Recorded(
        {**world.objects(), **objects(), ServedCertificate.KIND: looked, HeldCertificate.KIND: lying}
    )


def behind() -> Recorded:
    """An address serves what was kept until a quarter of an hour ago, which pods of a Deployment mount."""
    found = {**world.objects(), **objects()}
    pods: list[Object] = [
        msgspec.structs.replace(p, secrets=("www-tls",)) if isinstance(p, Pod) and _of_auth(p) else p
        for p in found["Pod"]
    ]
    new = certificate("www", 90, 90 - 0.25 / 24, names=("www.example.com", "example.com"))
    kept = [new if c.name == "www" else c for c in found["Certificate"]]
    looked: list[Object] = [
        served("www.example.com", facts("www.example.com", 90, 5), seen_at=NOW - 60),
        served("api.example.com", facts("api.example.com", 90, 27.5)),
    ]
    return Recorded({**found, "Pod": pods, "Certificate": kept, ServedCertificate.KIND: looked})


def _of_auth(pod: Pod) -> bool:
    return pod.labels.get("app") == "auth"
