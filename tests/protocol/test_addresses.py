"""The addresses of the simulated platform: what openssl says of them, and that they serve what its cert-manager and its pods make of them."""

from __future__ import annotations

import asyncio
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.openssl import s_client, serials, verify_code
from tests.protocol.conftest import client
from tests.unit.actions.acting import REF, Bench, bench, confirmed
from tfdash.clock import SystemClock
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Result
from tfdash.model.cert_manager import Certificate
from tfdash.model.certificates import Contact, ServedCertificate, Trust
from tfdash.model.subject import Key
from tfdash.sources.certificates import handshake
from tfdash.sources.certificates.endpoint import Endpoint
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.certificates.source import CertificatesSource

NS = "tf-production"
LEDGER, API = "ledger.tf-production.svc", "api.terrafusion.example"
ENDED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
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


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    options = DemoOptions(seed=7, scenario="expiring-certificate", speed=20.0)
    with start_process(options) as running:
        yield running


@pytest.fixture(scope="module")
def there(demo: DemoProcess) -> dict[str, dict[str, str]]:
    """Production's, by the name that they are asked for, as the demo's configuration has them."""
    found = tomllib.loads(demo.config.read_text("utf-8"))["certificates"]["endpoints"]
    return {one["server_name"]: one for one in found if one["environment"] == "production"}


def port_of(one: dict[str, str]) -> int:
    return int(one["address"].rpartition(":")[2])


def shaken(name: str, one: dict[str, str]) -> handshake.Handshake:
    contexts = handshake.Contexts(Path(one["trust"]).read_bytes())
    return asyncio.run(handshake.look("127.0.0.1", port_of(one), name, contexts, 30.0))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_each_is_what_openssl_says(there: dict[str, dict[str, str]]) -> None:
    assert {LEDGER, API, "legacy.terrafusion.example", "status.terrafusion.example"} <= set(there)
    for name, one in there.items():
        found = shaken(name, one)
        printed = s_client(port_of(one), name, Path(one["trust"]))
        assert found.answer is Contact.SERVED, found.said
        assert [c.serial for c in found.chain] == serials(printed), name
        # by its own clock, which is not the platform's, openssl may call one ended
        assert verify_code(printed) in (found.code, ENDED), name
        assert found.trust is (Trust.SELF_SIGNED if name.startswith("status.") else Trust.SURE), name
        assert handshake.fits(name, found.chain[0].names) is not name.startswith("status.")


def test_to_a_name_that_is_nobodys_it_says_nothing(there: dict[str, dict[str, str]]) -> None:
    assert shaken("nobody.example", there[API]).answer is not Contact.SERVED


@pytest.fixture
def at(
    demo: DemoProcess, there: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    def endpoint(name: str, one: dict[str, str]) -> Endpoint:
        return Endpoint(REF, name, "127.0.0.1", port_of(one), name, Path(one["trust"]).read_bytes)

    endpoints = [endpoint(name, one) for name, one in there.items()]
    source = CertificatesSource((REF,), lambda: endpoints, CertificatesSettings(timeout=20.0), SystemClock())

    async def rest(seconds: float) -> None:
        source._turns.clear()  # each is looked at in each round: nobody waits a minute here
        await asyncio.sleep(0.3)

    monkeypatch.setattr(source, "_rest", rest)
    with bench(demo.kubeconfig, "production-oncall", kinds=KINDS, sources=(source,)) as found:
        yield found


def serves(at: Bench, name: str, certificate: str) -> bool:
    """Whether the address serves what is kept now."""
    objects = at.board.picture.clusters[REF]
    one: Any = objects.objects(ServedCertificate.KIND).get(Key("", name))
    kept: Any = objects.objects(Certificate.KIND)[Key(NS, certificate)]
    leaf = one.leaf if isinstance(one, ServedCertificate) else None
    return leaf is not None and (leaf.not_before, leaf.not_after) == (kept.not_before, kept.not_after)


def test_a_renewal_by_the_action_ends_with_the_new_serial_served(at: Bench) -> None:
    at.until(lambda: serves(at, API, "api"), "it serves what is kept")
    one: Any = at.board.picture.clusters[REF].objects(ServedCertificate.KIND)[Key("", API)]
    kept: Any = at.board.picture.clusters[REF].objects(Certificate.KIND)[Key(NS, "api")]
    guarded = at.plan("certificate.renew", at.subject("Certificate", NS, "api")._replace(uid=kept.uid))
    assert guarded.allowed, guarded.refused
    assert [p.id for p in guarded.plan.posts] == ["reissued:3", "served:3"]
    done = at.run(at.actions.execute(guarded, confirmed(guarded), lambda told: None), 240.0)
    assert done.result is Result.APPLIED, done.sentence
    assert {post.id: state for post, state in done.posts} == {"reissued:3": True, "served:3": True}
    after: Any = at.board.picture.clusters[REF].objects(ServedCertificate.KIND)[Key("", API)]
    assert after.leaf.serial != one.leaf.serial


def test_who_read_it_at_its_start_serves_the_new_one_when_it_was_restarted(
    demo: DemoProcess, at: Bench
) -> None:
    at.until(
        lambda: Key("", LEDGER) in at.board.picture.clusters[REF].objects(ServedCertificate.KIND), "a look"
    )
    assert not serves(at, LEDGER, "ledger-mtls")
    admin: httpx.Client
    with client(demo.kubeconfig, "production") as admin:
        note = {"kubectl.kubernetes.io/restartedAt": "now"}
        answer = admin.patch(
            f"/apis/apps/v1/namespaces/{NS}/deployments/ledger",
            json={"spec": {"template": {"metadata": {"annotations": note}}}},
            headers={"Content-Type": "application/strategic-merge-patch+json"},
        )
        assert answer.is_success, answer.text
    at.until(lambda: serves(at, LEDGER, "ledger-mtls"), "the new pods serve it", 120.0)
