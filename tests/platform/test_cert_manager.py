"""Certificates that cert-manager's own controllers issue, renew and fail on a real API server: what tfdash says of each, and that its
renewal is done by them."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform.harness.cert_manager import CertManager
from tests.platform.harness.cluster import Cluster
from tests.platform.world import add_namespaces
from tests.unit.actions.acting import REF, Bench, bench
from tfdash.clock import Clock
from tfdash.model.action import FreezeRule, Result, Risk
from tfdash.model.cert_manager import Certificate
from tfdash.model.kinds import LISTED
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.certificates import issuer, managed, rotating
from tfdash.sources.certificates.held import HeldCertificatesSource
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.certificates.source import CertificatesSource
from tfdash.sources.kubernetes.source import KubernetesSource

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]
NS = "tf-certified"
KINDS = (
    "Certificate",
    "CertificateRequest",
    "Issuer",
    "ClusterIssuer",
    "Order",
    "Challenge",
    "Bundle",
    "Pod",
    "ReplicaSet",
    "Namespace",
)
LONG = 120.0  # seconds that a controller may take on a busy machine


def of_cert_manager(kind: str, name: str, **spec: Any) -> str:
    meta = {"name": name, "namespace": NS}
    return json.dumps({"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": meta, "spec": spec})


def certificate(name: str, by: str, **spec: Any) -> str:
    given = {
        "secretName": f"{name}-tls",
        "issuerRef": {"name": by, "kind": "Issuer"},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        **({} if spec.get("isCA") else {"dnsNames": [f"{name}.{NS}.svc"]}),
        **spec,
    }
    return of_cert_manager("Certificate", name, **given)


@pytest.fixture(scope="module")
def controllers(cluster: Cluster) -> Iterator[CertManager]:
    with CertManager(cluster) as found:
        yield found
    cluster.kubectl("delete", "-f", str(found.binaries / "crds"), "--wait=false")


@pytest.fixture(scope="module")
def seeded(controllers: CertManager) -> Iterator[Cluster]:
    cluster = controllers.cluster
    add_namespaces(cluster, NS)
    for manifest in (
        of_cert_manager("Issuer", "self", selfSigned={}),
        certificate("root", "self", isCA=True, commonName="root", secretName="root"),
        of_cert_manager("Issuer", "internal", ca={"secretName": "root"}),
        certificate("leaf", "internal"),
        certificate("other", "internal"),
        certificate("lost", "not-there"),
        of_cert_manager("Issuer", "empty", ca={"secretName": "nothing"}),
        certificate("waits", "empty"),
        certificate(
            "fails", "internal", duration="-1h"
        ),  # what its webhook would refuse: it is over when it is issued
    ):
        cluster.apply(manifest)
    yield cluster
    cluster.kubectl("delete", "namespace", NS, "--wait=false")


@pytest.fixture(scope="module")
def at(seeded: Cluster) -> Iterator[Bench]:
    settings = CertificatesSettings(interval=0.5, webhooks=False, config_maps=(f"{NS}/anchors",))

    def looks(source: KubernetesSource, clock: Clock) -> tuple[Any, ...]:
        held = HeldCertificatesSource(REF, settings, clock, source.singly.read_pem, lambda: None)
        return held, CertificatesSource([REF], lambda: (), settings, clock)

    with bench(seeded.kubeconfig("admin"), "admin", kinds=KINDS, more=looks) as found:
        yield found


def said(at: Bench, kind: str, name: str, rule: str = managed.ID) -> Verdict | None:
    told = at.board.assessment.verdicts.get(at.subject(kind, NS, name), ())
    return next((v for v in told if v.rule == rule), None)


def rotated(at: Bench, level: Level, words: str) -> Verdict:
    """How far the rotation of the root is."""

    def there() -> bool:
        found = said(at, "Certificate", "root", rotating.ID)
        return found is not None and found.level is level and words in found.sentence

    at.until(there, f"root: {level.name} {words}", LONG)
    found = said(at, "Certificate", "root", rotating.ID)
    assert found is not None
    return found


def becomes(at: Bench, name: str, level: Level, words: str) -> Verdict:
    def there() -> bool:
        found = said(at, "Certificate", name)
        return found is not None and found.level is level and words in found.sentence

    at.until(there, f"{name}: {level.name} {words}; {said(at, 'Certificate', name)}", LONG)
    found = said(at, "Certificate", name)
    assert found is not None
    return found


def known(at: Bench, name: str) -> Certificate:
    objects = at.board.picture.clusters[at.subject("Certificate", NS, name).cluster].objects("Certificate")
    found = objects[Key(NS, name)]
    assert isinstance(found, Certificate)
    return found


def served(cluster: Cluster, secret: str) -> str:
    """The certificate as it lies in its Secret: no key is read."""
    return cluster.kubectl("get", "secret", secret, "-n", NS, "-o", r"jsonpath={.data.tls\.crt}")


def subject(at: Bench, name: str) -> Subject:
    return at.subject("Certificate", NS, name)._replace(uid=known(at, name).uid)


def test_what_is_issued_is_well_and_root_and_leaf_are_told_apart(at: Bench) -> None:
    assert becomes(at, "root", Level.OK, "root by Issuer self").evidence.objects == ()
    leaf = becomes(at, "leaf", Level.OK, "leaf by Issuer internal")
    assert "is renewed from" in leaf.sentence
    assert known(at, "leaf").revision == 1


@pytest.mark.parametrize("kind", ["Certificate", "CertificateRequest", "Issuer"])
def test_its_columns_are_those_that_kubectl_prints(seeded: Cluster, at: Bench, kind: str) -> None:
    becomes(at, "leaf", Level.OK, "leaf by Issuer internal")
    spec = LISTED[kind]
    head, *rows = seeded.kubectl("get", spec.qualified, "-n", NS, "-o", "wide").splitlines()
    printed = [name.lower() for name in re.split(r"\s{2,}", head.strip())]
    newer = {"expiration"}  # in the definition after v1.21
    assert {c.printer.lower() for c in spec.columns} - set(printed) <= newer
    assert set(printed) <= {c.printer.lower() for c in spec.columns}
    objects = at.board.picture.clusters[subject(at, "leaf").cluster].objects(kind)
    shown = {
        o.name: [getattr(o, c.attribute) for c in spec.columns if c.printer == "Ready"]
        for o in objects.values()
    }
    assert all(shown[row.split()[0]][0] in row for row in rows)


def test_a_certificate_without_its_issuer_is_told_by_that(at: Bench) -> None:
    """For a quarter of an hour that is an issuance under way, and its cause is said all the same."""
    assert becomes(at, "lost", Level.MOVING, "is being issued: there is no Issuer not-there")


def test_a_failure_is_told_with_the_time_of_the_next_try(at: Bench) -> None:
    told = becomes(at, "fails", Level.WARN, "issuance failed once and is tried again from")
    assert "Issuer returned an already expired certificate" in told.sentence
    found = known(at, "fails")
    assert (found.failed, found.last_failure) == (1, told.since)


def test_an_issuer_that_is_not_ready_is_told_in_the_controllers_words(at: Bench) -> None:
    def there() -> bool:
        found = said(at, "Issuer", "empty", issuer.ID)
        return found is not None and found.level is Level.WARN

    at.until(there, "the issuer to be judged", LONG)
    found = said(at, "Issuer", "empty", issuer.ID)
    assert found is not None and "nothing" in found.sentence
    assert found.sentence.endswith("1 Certificate cannot be renewed by it")
    assert becomes(at, "waits", Level.MOVING, "Issuer empty is not ready")


def test_a_renewal_is_done_by_the_controllers(seeded: Cluster, at: Bench) -> None:
    becomes(at, "leaf", Level.OK, "leaf by Issuer internal")
    before = served(seeded, "leaf-tls")
    guarded = at.plan("certificate.renew", subject(at, "leaf"))
    assert guarded.allowed, guarded.refused
    assert (guarded.plan.freeze, guarded.plan.risk) == (FreezeRule.EXEMPT, Risk.TYPED_NAME)
    done = at.act(guarded)[0]
    reissued = next(held for post, held in done.posts if post.id.startswith("reissued"))
    assert done.result is Result.APPLIED and reissued, done.sentence
    at.until(lambda: known(at, "leaf").revision == 2, "revision 2", LONG)
    assert served(seeded, "leaf-tls") not in ("", before)


def trust(cluster: Cluster, *roots: str) -> None:
    """The one bundle: what clients have."""
    meta = {"name": "anchors", "namespace": NS}
    cluster.apply(
        json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"ca.pem": "".join(roots)}}
        )
    )


def pem(cluster: Cluster, secret: str) -> str:
    return base64.b64decode(served(cluster, secret)).decode()


def verified(cluster: Cluster, folder: Path, bundle: str = "") -> dict[str, bool]:
    """What openssl says of each leaf against the bundle as it stands in the cluster, or against that one."""
    there = bundle or cluster.kubectl(
        "get", "configmap", "anchors", "-n", NS, "-o", r"jsonpath={.data.ca\.pem}"
    )
    (folder / "anchors").write_text(there)
    found = {}
    for name in LEAVES:
        (folder / name).write_text(pem(cluster, f"{name}-tls"))
        argv = ["openssl", "verify", "-CAfile", str(folder / "anchors"), str(folder / name)]
        found[name] = subprocess.run(argv, capture_output=True, check=False).returncode == 0
    return found


LEAVES = ("leaf", "other")
ALL_HOLD = dict.fromkeys(LEAVES, True)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_an_authority_is_rotated_in_its_order_and_no_leaf_is_refused_at_any_step(
    seeded: Cluster, at: Bench, tmp_path: Path
) -> None:
    becomes(at, "other", Level.OK, "leaf by Issuer internal")
    old = pem(seeded, "root")
    trust(seeded, old)
    assert verified(seeded, tmp_path) == ALL_HOLD
    guarded = at.plan("certificate.renew", subject(at, "root"))
    assert guarded.plan.risk is Risk.TYPED_NAME_AND_REASON
    assert any("Issuer internal signs with it" in note for note in guarded.plan.notes)
    assert at.act(guarded)[0].result is Result.APPLIED

    rotated(at, Level.MOVING, "step 2 of 6: every bundle trusts the new one: 0 of 1 bundle")
    assert verified(seeded, tmp_path) == ALL_HOLD
    new = pem(seeded, "root")
    assert new != old
    for action, name in (("certificate.renew", "leaf"), ("certificate.renew-all", "root")):
        early = at.plan(action, subject(at, name))
        assert "not before every bundle trusts the new one: 0 of 1 bundle" in early.refused
    assert "the rotation before is not over" in at.plan("certificate.renew", subject(at, "root")).refused
    assert verified(seeded, tmp_path, new) == dict.fromkeys(LEAVES, False), "out of order it is an outage"

    trust(seeded, old, new)
    told = rotated(at, Level.MOVING, "step 4 of 6: all leaves are signed by the new one: 0 of")
    assert {s.name for s in told.evidence.objects} >= set(LEAVES)
    assert verified(seeded, tmp_path) == ALL_HOLD
    of_all = at.plan("certificate.renew-all", subject(at, "root"))
    assert of_all.allowed, of_all.refused
    before = {name: known(at, name).revision or 0 for name in LEAVES}
    assert at.act(of_all)[0].result is Result.APPLIED
    rotated(at, Level.MOVING, "step 6 of 6: no bundle trusts the old one: 0 of 1 bundle")
    assert all((known(at, name).revision or 0) == before[name] + 1 for name in LEAVES)
    assert verified(seeded, tmp_path) == ALL_HOLD
    assert verified(seeded, tmp_path, old) == dict.fromkeys(LEAVES, False), "each is signed by the new one"

    trust(seeded, new)
    at.until(lambda: said(at, "Certificate", "root", rotating.ID) is None, "the rotation to be over", LONG)
    assert verified(seeded, tmp_path) == ALL_HOLD
    becomes(at, "root", Level.OK, "root by Issuer self")


def test_an_old_root_that_is_gone_too_early_is_a_breach_as_openssl_says(
    seeded: Cluster, at: Bench, tmp_path: Path
) -> None:
    old = pem(seeded, "root")
    assert at.do("certificate.renew", subject(at, "root")).result is Result.APPLIED
    rotated(at, Level.MOVING, "step 2 of 6")
    trust(seeded, pem(seeded, "root"))
    rotated(at, Level.BREACH, "the old one is gone from ConfigMap tf-certified/anchors/ca.pem while")
    assert not any(verified(seeded, tmp_path).values())
    trust(seeded, old, pem(seeded, "root"))
    rotated(at, Level.MOVING, "step 4 of 6")
    assert at.do("certificate.renew-all", subject(at, "root")).result is Result.APPLIED
    rotated(at, Level.MOVING, "step 6 of 6")
    trust(seeded, pem(seeded, "root"))
    at.until(lambda: said(at, "Certificate", "root", rotating.ID) is None, "the rotation to be over", LONG)


def test_what_is_short_is_renewed_by_itself(seeded: Cluster, at: Bench) -> None:
    """Without the webhook nothing forbids so short a life: each kind of judgement is by shares of it."""
    seeded.apply(certificate("short", "internal", duration="60s", renewBefore="40s"))
    at.until(
        lambda: (
            Key(NS, "short") in at.board.picture.clusters[subject(at, "leaf").cluster].objects("Certificate")
            and (known(at, "short").revision or 0) >= 3
        ),
        "its third revision",
        LONG,
    )
    assert said(at, "Certificate", "short") is not None


def test_what_nobody_renews_any_more_ends(controllers: CertManager, at: Bench) -> None:
    """The last one: its controllers are gone after it."""
    at.until(lambda: known(at, "short").revision is not None, "a first revision", LONG)
    controllers.stop()
    becomes(at, "short", Level.BREACH, "expired")
    assert becomes(at, "leaf", Level.OK, "leaf by Issuer internal")
