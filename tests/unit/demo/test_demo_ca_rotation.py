"""The scenario of an authority that is rotated: what its requests, bundles and Secrets hold at each step, and what openssl says of a leaf by each."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from tests.unit.demo.worlds import Stage
from tfdash.demo.addresses.server import Addresses
from tfdash.demo.apiserver.objects import Obj, with_status
from tfdash.demo.controllers.cert_manager import parts as p
from tfdash.demo.scenarios.scenario import ScenarioError, load
from tfdash.demo.scenarios.step import Step

MAIN, LEAVES = "tf-production", ("ledger-mesh", "checkout-mesh", "entrance-mesh")
LEDGER = "ledger.mesh.terrafusion.example"


@pytest.fixture
def stage() -> Stage:
    return Stage(load("ca-rotation"))


def of_bundle(stage: Stage) -> str:
    return "".join(
        s["inLine"] for s in stage.get("bundles.trust.cert-manager.io", "mesh-roots", "")["spec"]["sources"]
    )


def of_linkerd(stage: Stage) -> str:
    text: str = stage.get("configmaps", "linkerd-identity-trust-roots", "linkerd")["data"]["ca-bundle.crt"]
    return text


def request_of(stage: Stage, name: str) -> Obj:
    found = stage.get(p.CERTIFICATES, name, MAIN)
    [request] = stage.store.owned(p.REQUESTS, found)
    return request


def verifies(tmp_path: Path, stage: Stage, trusted: str, name: str) -> bool:
    """By openssl, at the world's own time."""
    (tmp_path / "roots.pem").write_text(trusted)
    (tmp_path / "leaf.pem").write_bytes(b64decode(request_of(stage, name)["status"]["certificate"]))
    at = ["-attime", str(int(stage.time)), "-no-CApath", "-no-CAstore"]
    done = subprocess.run(
        ["openssl", "verify", *at, "-CAfile", str(tmp_path / "roots.pem"), str(tmp_path / "leaf.pem")],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def renew(stage: Stage, name: str) -> None:
    found = stage.get(p.CERTIFICATES, name, MAIN)
    manual = p.condition("Issuing", "True", "ManuallyTriggered", "m", stage.time)
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.update(
            p.CERTIFICATES, with_status(found, conditions=[*found["status"]["conditions"], manual])
        )


def served_by_old(stage: Stage) -> bool:
    addresses = stage.cluster.backend(Addresses)
    old = addresses.issues.now(("cert-manager", "mesh-root"))
    with stage.cluster.agenda.pretending(stage.time):
        found = addresses.served(LEDGER)
    assert found is not None and old is not None
    return found.is_by(old)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_nobody_is_refused_at_any_step_and_the_old_one_goes_last(stage: Stage, tmp_path: Path) -> None:
    def holds(trusted: str) -> bool:
        return all(verifies(tmp_path, stage, trusted, name) for name in LEAVES)

    old = of_linkerd(stage)
    assert old.count("BEGIN") == 1 and of_bundle(stage).count("BEGIN") == 2
    assert holds(old) and holds(of_bundle(stage))
    stage.run(150)  # the last bundle trusts both
    assert of_linkerd(stage).count("BEGIN") == 2 and holds(of_linkerd(stage))
    stage.run(150)  # the issuer signs with the new one
    issuer = stage.get(p.CLUSTER_ISSUERS, "mesh-ca", "")
    assert issuer["spec"]["ca"]["secretName"] == "mesh-root-2"
    stage.run(300)
    assert of_linkerd(stage).count("BEGIN") == 2  # what the old one signed is kept and served
    for name in LEAVES:
        renew(stage, name)
    stage.run(60)
    assert holds(of_linkerd(stage)) and not any(verifies(tmp_path, stage, old, name) for name in LEAVES)
    kept = stage.get("secrets", "ledger-mesh-tls", MAIN)["data"]
    assert kept["tls.crt"] == request_of(stage, "ledger-mesh")["status"]["certificate"]
    assert b64decode(kept["ca.crt"]).decode() in of_linkerd(stage)
    assert served_by_old(stage) and of_bundle(stage).count("BEGIN") == 2  # pods read it when they began
    for service in ("ledger", "checkout"):
        with stage.cluster.agenda.pretending(stage.time):
            stage.world.run(Step(do="restart", service=service))
    stage.run(300)
    assert not served_by_old(stage)
    for trusted in (of_linkerd(stage), of_bundle(stage)):
        assert trusted.count("BEGIN") == 1 and trusted != old and holds(trusted)


def test_the_same_seed_issues_the_same_and_another_another(stage: Stage) -> None:
    def all_issued(of: Stage) -> list[str]:
        return [r["status"]["certificate"] for r in of.store.all(p.REQUESTS)]

    assert all_issued(Stage(load("ca-rotation"))) == all_issued(stage)
    assert all_issued(Stage(load("ca-rotation"), seed=2)) != all_issued(stage)
    staging = Stage(load("ca-rotation"), environment="staging")
    assert staging.store.find(p.CERTIFICATES, "cert-manager", "mesh-root") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[[rotation.certificate]]\nname = "x"\nnamespace = "main"\nnames = []\nissuer = "no"',
            "issued by 'no'",
        ),
        (
            '[[rotation.certificate]]\nname = "x"\nnamespace = "main"\nnames = []\nissuer = "root-ca"\nmounted_by = "no"',
            "mounted by 'no'",
        ),
        ('[[rotation.trusts]]\nname = "b"\nkind = "Bundle"\nof = ["no"]', "trusts 'no', which is not there"),
    ],
)
def test_what_cannot_be_is_refused(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=told):
        load(str(path))
