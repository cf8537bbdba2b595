"""The objects of one issuance as cert-manager writes them (v1.21): Certificate, CertificateRequest, Order, Challenge, Secret."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from tfdash.demo.apiserver.objects import Obj, dig, hashed, name_of, namespace_of, owner_reference, stamp
from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.tls import Issued

CERTIFICATES, REQUESTS = "certificates.cert-manager.io", "certificaterequests.cert-manager.io"
ISSUERS, CLUSTER_ISSUERS = "issuers.cert-manager.io", "clusterissuers.cert-manager.io"
ORDERS, CHALLENGES = "orders.acme.cert-manager.io", "challenges.acme.cert-manager.io"
CERT_MANAGER, ACME = "cert-manager.io/v1", "acme.cert-manager.io/v1"
REVISION, NAME = "cert-manager.io/certificate-revision", "cert-manager.io/certificate-name"
SOURCE = "cert-manager-certificates-trigger"
UP_TO_DATE = "Certificate is up to date and has not expired"
ISSUED = "The certificate has been successfully issued"
MONTHS = "2160h"  # where a Certificate does not say for how long


def condition(kind: str, status: str, reason: str, message: str, at: float) -> Obj:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": stamp(at),
    }


def lifetime(certificate: Obj) -> float:
    """Seconds."""
    return duration(str(dig(certificate, "spec", "duration", default=MONTHS)))


def times(begins: float, seconds: float) -> Obj:
    """Of the status: what is issued at ``begins`` is to be renewed after two thirds."""
    return {
        "notBefore": stamp(begins),
        "notAfter": stamp(begins + seconds),
        "renewalTime": stamp(begins + seconds * 2 / 3),
    }


def names_of(certificate: Obj) -> list[str]:
    names: list[str] = dig(certificate, "spec", "dnsNames", default=[])
    return names


def secret(certificate: Obj, issued: Issued | None) -> Obj:
    """With what was issued, and nothing in it that could be a key."""
    meta = {
        "name": certificate["spec"]["secretName"],
        "namespace": namespace_of(certificate),
        "annotations": {NAME: name_of(certificate)},
    }
    told = answered(issued)
    data = {"tls.crt": told.get("certificate", ""), "tls.key": "", "ca.crt": told.get("ca", "")}
    return {"metadata": meta, "type": "kubernetes.io/tls", "data": data}


def request(certificate: Obj, revision: int, at: float) -> Obj:
    name = f"{name_of(certificate)}-{revision}"
    return {
        "metadata": {
            "name": name,
            "namespace": namespace_of(certificate),
            "generation": 1,
            "annotations": {REVISION: str(revision), NAME: name_of(certificate)},
            "ownerReferences": [owner_reference(CERT_MANAGER, "Certificate", certificate)],
        },
        "spec": {
            "issuerRef": certificate["spec"]["issuerRef"],
            "username": "system:serviceaccount:cert-manager:cert-manager",
            "request": "",
            **({"isCA": True} if dig(certificate, "spec", "isCA") else {}),
        },
        "status": {
            "conditions": [
                condition(
                    "Approved",
                    "True",
                    "cert-manager.io",
                    "Certificate request has been approved by cert-manager.io",
                    at,
                )
            ]
        },
    }


def answered(issued: Issued | None) -> Obj:
    """Of a request's status: the chain without its root, and the root; nothing where who signs is not there any more."""
    if issued is None:
        return {}
    return {"certificate": b64encode(issued.pem).decode(), "ca": b64encode(issued.root.pem).decode()}


def order(certificate: Obj, asked: Obj) -> Obj:
    return {
        "metadata": {
            "name": f"{name_of(asked)}-{int(hashed(name_of(asked), 8), 36) % 10**9}",
            "namespace": namespace_of(asked),
            "generation": 1,
            "ownerReferences": [owner_reference(CERT_MANAGER, "CertificateRequest", asked)],
        },
        "spec": {"issuerRef": asked["spec"]["issuerRef"], "dnsNames": names_of(certificate), "request": ""},
        "status": {"state": "pending", "url": "https://acme.demo.example/order/1"},
    }


def challenge(ordered: Obj, domain: str, place: int) -> Obj:
    return {
        "metadata": {
            "name": f"{name_of(ordered)}-{place}",
            "namespace": namespace_of(ordered),
            "generation": 1,
            "ownerReferences": [owner_reference(ACME, "Order", ordered)],
        },
        "spec": {
            "type": "HTTP-01",
            "dnsName": domain,
            "issuerRef": ordered["spec"]["issuerRef"],
            "solver": {"http01": {"ingress": {"ingressClassName": "nginx"}}},
        },
        "status": {
            "state": "pending",
            "presented": True,
            "processing": True,
            "reason": "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
        },
    }


def attempts(status: Any) -> int:
    return int(dig(status, "failedIssuanceAttempts", default=0))
