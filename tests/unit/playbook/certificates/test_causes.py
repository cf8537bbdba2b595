"""Why a certificate is not issued: what ``cmctl status certificate`` lays side by side, as one sentence (its cases:
cert-manager/cmctl, test/integration/ctl_status_certificate_test.go)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.certificates.kept import (
    MISSING,
    READY,
    certificate,
    challenge,
    issuer,
    issuing,
    order,
    request,
)
from tests.unit.playbook.making import NOW, REF, condition, picture
from tfdash.judging.judge import judge_all
from tfdash.model.cert_manager import ClusterIssuer, IssuerRef
from tfdash.model.kube import Object
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.certificates.managed import ID

APPROVED = condition("Approved", "True", "cert-manager.io", "approved")
PENDING = condition(
    "Ready", "False", "Pending", 'Waiting on certificate issuance from order a/shop-4-1: "pending"'
)
FAILED = condition("Ready", "False", "Failed", "Failed to wait for order resource to become ready")
DENIED = condition("Denied", "True", "policy", "no wildcards here")
INVALID = condition("InvalidRequest", "True", "policy", "the common name is too long")
BROKEN = condition("Ready", "False", "ErrRegisterACMEAccount", "Failed to register ACME account: 403")
SELF = Subject(REF, "Certificate", "a", "shop")
STUCK: dict[str, Any] = {"conditions": (READY, issuing(NOW - 1800))}
SINCE = "is being renewed since 1970-01-12 08:16 EST"


def said(of: Picture) -> Verdict:
    [found] = [v for v in judge_all(of, NOW).verdicts[SELF] if v.rule == ID]
    return found


def told(*objects: Object) -> Verdict:
    return said(picture(*objects))


CAUSES: list[tuple[tuple[Object, ...], str, list[str]]] = [
    ((), "there is no Issuer le", []),
    (
        (issuer(conditions=(BROKEN,)),),
        "Issuer le is not ready: Failed to register ACME account: 403",
        ["le"],
    ),
    (  # what the issuer says comes first: no request gets past it
        (issuer(conditions=(BROKEN,)), request(APPROVED, PENDING)),
        "Issuer le is not ready: Failed to register ACME account: 403",
        ["le"],
    ),
    ((issuer(),), "Renewing certificate", []),
    ((issuer(), request()), "CertificateRequest shop-4 waits for somebody to approve it", ["shop-4"]),
    (
        (issuer(), request(DENIED, PENDING)),
        "CertificateRequest shop-4 was denied: no wildcards here",
        ["shop-4"],
    ),
    (
        (issuer(), request(APPROVED, INVALID)),
        "CertificateRequest shop-4 is invalid: the common name is too long",
        ["shop-4"],
    ),
    ((issuer(), request(APPROVED)), "CertificateRequest shop-4 waits for Issuer le", ["shop-4"]),
    (
        (issuer(), request(APPROVED, FAILED)),
        "CertificateRequest shop-4 failed: Failed to wait for order resource to become ready",
        ["shop-4"],
    ),
    ((issuer(), request(APPROVED, PENDING, revision=3)), "Renewing certificate", []),  # of what is there
    (  # it was issued, and is not taken: only the Certificate says why
        (issuer(), request(APPROVED, condition("Ready", "True", "Issued", "fetched successfully"))),
        "Renewing certificate",
        ["shop-4"],
    ),
    (
        (issuer(), request(APPROVED, PENDING), order("")),
        "Order shop-4-1 is not begun at Issuer le",
        ["shop-4", "shop-4-1"],
    ),
    (
        (issuer(), request(APPROVED, PENDING), order("pending")),
        "Order shop-4-1 is pending at Issuer le",
        ["shop-4", "shop-4-1"],
    ),
    (
        (issuer(), request(APPROVED, PENDING), order("errored", "Failed to create Order: 429 rateLimited")),
        "Order shop-4-1 is errored: Failed to create Order: 429 rateLimited",
        ["shop-4", "shop-4-1"],
    ),
    (
        (issuer(), request(APPROVED, FAILED), order("invalid")),
        "Order shop-4-1 is invalid: Failed to wait for order resource to become ready",
        ["shop-4", "shop-4-1"],
    ),
    (
        (issuer(), request(APPROVED, PENDING), order("pending"), challenge("")),
        "HTTP-01 of shop.example.com is not presented yet",
        ["shop-4", "shop-4-1", "shop-4-1-1"],
    ),
    (
        (issuer(), request(APPROVED, PENDING), order("pending"), challenge("pending", presented=True)),
        "HTTP-01 of shop.example.com waits for the server to look",
        ["shop-4", "shop-4-1", "shop-4-1-1"],
    ),
    (
        (
            issuer(),
            request(APPROVED, PENDING),
            order("pending"),
            challenge("pending", "wrong status code '404', expected '200'", presented=True),
        ),
        "HTTP-01 of shop.example.com is not there yet: wrong status code '404', expected '200'",
        ["shop-4", "shop-4-1", "shop-4-1-1"],
    ),
    (  # of several the one that ended, and how many more are open; one that was shown is none of them
        (
            issuer(),
            request(APPROVED, PENDING),
            order("pending"),
            challenge("pending", "not found"),
            challenge("valid", name="shop-4-1-2"),
            challenge("invalid", "NXDOMAIN", name="shop-4-1-3", by="DNS-01", wildcard=True),
        ),
        "DNS-01 of *.shop.example.com is invalid: NXDOMAIN, and 1 more",
        ["shop-4", "shop-4-1", "shop-4-1-3"],
    ),
    (
        (issuer(), certificate(name="other", uid="c2")),
        "Certificate other is kept in the same Secret shop-tls",
        ["other"],
    ),
]


@pytest.mark.parametrize(("objects", "words", "followed"), CAUSES)
def test_the_cause_in_one_sentence(objects: tuple[Object, ...], words: str, followed: list[str]) -> None:
    found = told(certificate(**STUCK), *objects)
    assert (found.level, found.sentence) == (Level.WARN, f"shop: {SINCE}: {words}")
    assert [s.name for s in found.evidence.objects] == followed


def test_a_first_issuance_is_followed_by_its_first_request() -> None:
    first = {"revision": None, "not_after": None, "not_before": None, "renewal": None}
    found = told(
        certificate(**first, conditions=(MISSING, issuing())),
        issuer(),
        request(APPROVED, PENDING, revision=1),
        order("pending"),
    )
    assert found.level is Level.MOVING
    assert found.sentence == "shop: is being issued: Order shop-4-1 is pending at Issuer le"


def test_a_cluster_issuer_is_found_without_a_namespace_and_one_of_another_group_is_none_of_ours() -> None:
    wide = ClusterIssuer(namespace="", name="le", by="acme", conditions=(BROKEN,))
    of = certificate(**STUCK, issuer=IssuerRef("le", "ClusterIssuer"))
    assert "ClusterIssuer le is not ready" in told(of, wide).sentence
    assert "there is no ClusterIssuer le" in told(of, issuer()).sentence
    foreign = certificate(**STUCK, issuer=IssuerRef("le", "AWSPCAClusterIssuer", "awspca.cert-manager.io"))
    assert told(foreign).sentence == f"shop: {SINCE}: Renewing certificate"


@pytest.mark.parametrize("kind", ["CertificateRequest", "Order", "Challenge"])
def test_what_may_not_be_read_is_said_and_not_taken_for_none(kind: str) -> None:
    whole = picture(certificate(**STUCK), issuer(), request(APPROVED, PENDING), order("pending"))
    cluster = whole.clusters[REF]
    problem = Problem(kind=ProblemKind.FORBIDDEN, cause="forbidden")
    kinds = {**cluster.kinds, kind: Observation(problem=problem)}
    found = said(
        msgspec.structs.replace(whole, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    )
    assert f"({kind}s are not known: forbidden" in found.sentence


def test_an_issuer_that_may_not_be_read_is_not_called_absent() -> None:
    whole = picture(certificate(**STUCK), request(APPROVED, PENDING))
    cluster = whole.clusters[REF]
    problem = Problem(kind=ProblemKind.FORBIDDEN, cause="forbidden")
    kinds = {**cluster.kinds, "Issuer": Observation(problem=problem)}
    found = said(
        msgspec.structs.replace(whole, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    )
    assert "there is no" not in found.sentence and "Waiting on certificate issuance" in found.sentence
