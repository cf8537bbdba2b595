"""What cert-manager and trust-manager keep, from the wire: as ``kubectl get`` prints it, and nothing that is a secret."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from tests.issuing import issue
from tfdash.model.kube import Unreadable
from tfdash.sources.certificates.x509 import facts_of
from tfdash.sources.kubernetes.codec import Codec

READY = {"type": "Ready", "status": "False", "reason": "DoesNotExist", "message": "Issuing certificate"}


def decoded(kind: str, spec: Any = None, status: Any = None, **meta: Any) -> Any:
    body = {"metadata": {"name": "x", "namespace": "a", **meta}, "spec": spec, "status": status}
    return Codec(kind).item(msgspec.Raw(json.dumps(body).encode()))


def test_a_certificate_has_what_its_status_tells() -> None:
    found = decoded(
        "Certificate",
        {
            "commonName": "shop",
            "dnsNames": ["shop.example.com", "www.shop.example.com"],
            "ipAddresses": ["192.0.2.1"],
            "secretName": "shop-tls",
            "duration": "2160h",
            "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"},
            "privateKey": {"rotationPolicy": "Never"},
        },
        {
            "notBefore": "2026-11-01T00:00:00Z",
            "notAfter": "2027-01-30T00:00:00Z",
            "renewalTime": "2026-12-31T00:00:00Z",
            "revision": 3,
            "failedIssuanceAttempts": 2,
            "lastFailureTime": "2026-11-20T00:00:00Z",
            "conditions": [
                READY,
                {"type": "Issuing", "status": "True", "lastTransitionTime": "2026-11-20T01:00:00Z"},
            ],
        },
    )
    assert found.names == ("shop.example.com", "www.shop.example.com", "192.0.2.1", "shop")
    assert (str(found.issuer), found.issuer.group) == ("ClusterIssuer letsencrypt", "cert-manager.io")
    assert (found.rotation, found.renews, found.is_ca) == ("Never", True, False)
    assert (found.lifetime, found.revision, found.failed) == (90 * 86_400, 3, 2)
    assert (found.ready, found.status_text) == ("False", "Issuing certificate")
    assert found.issuing is not None and found.issuing.since > 0
    bare = decoded("Certificate", {"renewal": {"policy": "Disabled"}, "issuerRef": {"name": "ca"}})
    assert (bare.renews, str(bare.issuer), bare.lifetime, bare.issuing) == (False, "Issuer ca", None, None)
    assert (bare.not_after, bare.renewal, bare.failed) == (None, None, None)


@pytest.mark.parametrize("field", ["notBefore", "notAfter", "renewalTime", "lastFailureTime"])
def test_what_is_no_time_is_named_and_not_taken_for_long_ago(field: str) -> None:
    found = decoded("Certificate", {}, {field: "soon"})
    assert isinstance(found, Unreadable) and field in found.field and "soon" in found.field


def test_a_request_knows_its_revision_and_keeps_no_text_of_a_certificate() -> None:
    found = decoded(
        "CertificateRequest",
        {"request": "Q1NS", "username": "system:serviceaccount:cert-manager:cert-manager"},
        {
            "certificate": "UEVN",
            "ca": "UEVN",
            "failureTime": "2026-11-20T00:00:00Z",
            "conditions": [{"type": "Denied", "status": "True"}, {"type": "Approved", "status": "False"}],
        },
        annotations={"cert-manager.io/certificate-revision": "4"},
    )
    assert (found.revision, found.denied, found.approved, found.ready) == (4, "True", "False", "")
    assert "UEVN" not in str(found) and "Q1NS" not in str(found)
    odd = decoded("CertificateRequest", {}, {}, annotations={"cert-manager.io/certificate-revision": "²"})
    assert odd.revision is None


def test_what_was_issued_says_of_itself_who_signed_it() -> None:
    root = issue("root", ca=True)
    leaf = issue("shop", root, names=("shop.example.com",))
    chain = base64.b64encode(leaf.own_pem + root.own_pem).decode()
    found = decoded("CertificateRequest", {}, {"certificate": chain, "ca": chain})
    assert found.issued == facts_of(leaf.der)
    for odd in ("UEVN", "no Base64!", "", 7, base64.b64encode(root.own_pem[:200]).decode()):
        assert decoded("CertificateRequest", {}, {"certificate": odd}).issued is None


def test_a_bundle_says_where_each_of_its_anchors_comes_from() -> None:
    root = issue("root", ca=True)
    found = decoded(
        "Bundle",
        {
            "sources": [
                {"inLine": root.own_pem.decode()},
                {"inLine": "no PEM"},
                {"configMap": {"name": "roots", "key": "ca.pem"}},
                {"secret": {"name": "root", "key": "tls.crt"}},
                {"useDefaultCAs": True},
                {"configMap": {"selector": {"matchLabels": {"a": "b"}}, "key": "ca.pem"}},
                {"secret": {"name": "root", "includeAllKeys": True}},
                {"useDefaultCAs": False},
                {},
            ]
        },
    )
    assert [s.of for s in found.sources] == ["inline", "inline", "ConfigMap", "Secret", "defaults", *[""] * 4]
    assert found.sources[0].written == (facts_of(root.der),)
    assert (found.sources[1].written, len(found.sources[1].odd)) == ((), 1)
    assert (found.sources[2].name, found.sources[2].key) == ("roots", "ca.pem")


@pytest.mark.parametrize("kind", ["Issuer", "ClusterIssuer"])
@pytest.mark.parametrize(
    ("spec", "by"),
    [
        ({"acme": {"server": "https://acme.example.com/directory"}}, "acme"),
        ({"ca": {"secretName": "root"}}, "ca"),
        ({"selfSigned": {}}, "selfSigned"),
        ({"vault": {"server": "https://vault.example.com"}}, "vault"),
        ({"other": {}}, ""),
    ],
)
def test_an_issuer_says_how_it_issues(kind: str, spec: Any, by: str) -> None:
    found = decoded(kind, spec, {"conditions": [READY]})
    assert (found.by, found.ready) == (by, "False")
    assert found.secret == ("root" if by == "ca" else "") and bool(found.server) is (by == "acme")


def test_orders_challenges_and_bundles() -> None:
    order = decoded(
        "Order",
        {"dnsNames": ["a.example.com"], "issuerRef": {"name": "le"}, "request": "Q1NS"},
        {"state": "invalid", "reason": "no", "failureTime": "2026-11-20T00:00:00Z"},
    )
    assert (order.names, order.state, order.reason, order.issuer_name) == (
        ("a.example.com",),
        "invalid",
        "no",
        "le",
    )
    challenge = decoded(
        "Challenge",
        {"dnsName": "a.example.com", "type": "DNS-01", "token": "T0KEN", "key": "K3Y", "wildcard": True},
        {"state": "pending", "presented": True, "processing": True, "reason": "waiting"},
    )
    assert (challenge.domain, challenge.by, challenge.presented, challenge.wildcard) == (
        "a.example.com",
        "DNS-01",
        True,
        True,
    )
    assert "T0KEN" not in str(challenge) and "K3Y" not in str(challenge)
    bundle = decoded(
        "Bundle",
        {"sources": [{"useDefaultCAs": True}, {"secret": {}}], "target": {"configMap": {"key": "ca.pem"}}},
        {"conditions": [{"type": "Synced", "status": "False", "reason": "SourceNotFound"}]},
    )
    assert (len(bundle.sources), bundle.config_map_key, bundle.secret_key) == (2, "ca.pem", "")
    assert (bundle.synced, bundle.synced_reason) == ("False", "SourceNotFound")
