"""cert-manager's own controllers, and a real server that reads its Secret when it starts and never again: a renewal is issued and not served, which is
found, with who is to be restarted, and what the restart mends."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.platform import world
from tests.platform.harness.cert_manager import CertManager
from tests.platform.harness.cluster import Cluster
from tests.platform.test_served_certificates import Server
from tests.unit.actions.acting import REF, Bench, TestJudge, bench, confirmed
from tests.waiting import seconds_later
from tfdash.actions.core.policy import ActionPolicy
from tfdash.clock import SystemClock
from tfdash.model.action import Result
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import ServedCertificate
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.certificates import served as rule
from tfdash.playbook.certificates.policy import default_certificates_policy
from tfdash.playbook.policies import Policies
from tfdash.sources.certificates.endpoint import Endpoint
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.certificates.source import CertificatesSource

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]
NS, HOST = "tf-renewed", "shop.tf-renewed.svc"
KINDS = (
    "Certificate",
    "CertificateRequest",
    "Issuer",
    "ClusterIssuer",
    "Order",
    "Pod",
    "ReplicaSet",
    "Namespace",
)
LONG = 240.0  # seconds: an address is looked at a minute after the first look that found it behind, then two
ADDRESS = Subject(REF, ServedCertificate.KIND, "", "shop")


def of_cert_manager(kind: str, name: str, **spec: object) -> str:
    meta = {"name": name, "namespace": NS}
    return json.dumps({"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": meta, "spec": spec})


def certificate(name: str, by: str, **spec: object) -> str:
    given = {"secretName": f"{name}-tls", "issuerRef": {"name": by, "kind": "Issuer"}, **spec}
    return of_cert_manager("Certificate", name, **given)


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Iterator[Cluster]:
    with CertManager(cluster) as controllers:
        if not cluster.request("GET", "/api/v1/nodes")["items"]:
            world.add_nodes(cluster, 2)
        world.add_namespaces(cluster, NS)
        for manifest in (
            of_cert_manager("Issuer", "self", selfSigned={}),
            certificate("root", "self", isCA=True, commonName="root"),
            of_cert_manager("Issuer", "internal", ca={"secretName": "root-tls"}),
            certificate("shop", "internal", dnsNames=[HOST], privateKey={"rotationPolicy": "Always"}),
        ):
            cluster.apply(manifest)
        cluster.wait(lambda: bool(data(cluster, "tls.crt")), "the first issue", 120.0)
        volume = {"volumes": [{"name": "tls", "secret": {"secretName": "shop-tls"}}]}
        body = world.deployment("shop", NS, pod=volume)
        cluster.request("POST", f"/apis/apps/v1/namespaces/{NS}/deployments", body)
        cluster.wait(lambda: runs(cluster), "its pod")
        yield cluster
        cluster.kubectl("delete", "namespace", NS, "--wait=false")
    cluster.kubectl("delete", "-f", str(controllers.binaries / "crds"), "--wait=false")


def runs(cluster: Cluster) -> bool:
    pods = cluster.request("GET", f"/api/v1/namespaces/{NS}/pods")["items"]
    return any(p["status"].get("phase") == "Running" for p in pods)


def data(cluster: Cluster, key: str) -> bytes:
    path = key.replace(".", "\\.")
    told = cluster.kubectl(
        "get", "secret", "shop-tls", "-n", NS, "-o", f"jsonpath={{.data.{path}}}", check=False
    )
    return b"" if "rror" in told else base64.b64decode(told)


@pytest.fixture
def server(seeded: Cluster, tmp_path: Path) -> Iterator[Server]:
    mount(seeded, file := tmp_path / "tls.pem")
    found = Server(file)
    yield found
    found.stop()


def mount(cluster: Cluster, file: Path) -> None:
    """As a kubelet brings what is in the Secret."""
    file.write_bytes(data(cluster, "tls.crt") + b"\n" + data(cluster, "tls.key"))


@pytest.fixture
def at(seeded: Cluster, server: Server) -> Iterator[Bench]:
    root = data(seeded, "ca.crt")
    endpoint = Endpoint(REF, "shop", "127.0.0.1", server.port, HOST, lambda: root)
    source = CertificatesSource((REF,), lambda: [endpoint], CertificatesSettings(timeout=20.0), SystemClock())
    policy = replace(default_certificates_policy(), served_grace=1.0)
    judge = TestJudge(policies=Policies(certificates=policy))
    with bench(
        seeded.kubeconfig("admin"),
        "admin",
        kinds=KINDS,
        judge=judge,
        sources=(source,),
        policy=ActionPolicy(follow=30.0, server_timeout=5.0),
    ) as found:
        yield found


def said(at: Bench) -> Verdict | None:
    return next((v for v in at.board.assessment.verdicts.get(ADDRESS, ()) if v.rule == rule.ID), None)


def becomes(at: Bench, level: Level, words: str) -> None:
    def there() -> bool:
        found = said(at)
        return found is not None and found.level is level and words in found.sentence

    at.until(there, f"{level.name} {words}; {said(at)}", LONG)


def serial(at: Bench) -> str:
    one = at.board.picture.clusters[REF].objects(ServedCertificate.KIND)[ADDRESS.key]
    assert isinstance(one, ServedCertificate) and one.leaf is not None
    return one.leaf.serial


def test_a_renewal_is_over_when_it_is_served(seeded: Cluster, server: Server, at: Bench) -> None:
    becomes(at, Level.OK, f"serves {HOST}")
    before = serial(at)
    seconds_later(
        2
    )  # dates of certificates and pods have whole seconds: one of the same second is no earlier one
    kept = at.board.picture.clusters[REF].objects(Certificate.KIND)[Key(NS, "shop")]
    guarded = at.plan("certificate.renew", at.subject("Certificate", NS, "shop")._replace(uid=kept.uid))
    assert guarded.allowed, guarded.refused
    assert [p.id for p in guarded.plan.posts] == ["reissued:1", "served:1"]
    with ThreadPoolExecutor(1) as pool:
        work = at.actions.execute(guarded, confirmed(guarded), lambda told: None)
        running = pool.submit(at.run, work, 2 * LONG)
        becomes(
            at, Level.WARN, f"restart Deployment {NS}/shop, which mounts its Secret and runs since before"
        )
        assert serial(at) == before and not running.done(), "issued, and not served"
        server.stop()
        mount(seeded, server.file)
        server.start()
        done = running.result()
    held = {post.id: state for post, state in done.posts}
    assert done.result is Result.APPLIED and held == {"reissued:1": True, "served:1": True}, done.sentence
    assert "shop serves it" in done.sentence
    becomes(at, Level.OK, f"serves {HOST}")
    assert serial(at) != before
