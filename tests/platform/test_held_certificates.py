"""The real API server: what it serves, what lies in its objects, and that the key of a Secret comes out nowhere."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.issuing import DAY, issue
from tests.platform import world
from tests.platform.harness.cluster import Cluster

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
NS = "tf-held"
ROOT = issue("a root of tests", ca=True, ends=900 * DAY)
LEAF = issue("held.example.com", ROOT, names=("held.example.com",))
ENDED = issue("an authority that ended", ca=True, begins=-20 * DAY, ends=-DAY)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def webhook(name: str, bundle: bytes) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": f"{name}.example.com",
                "clientConfig": {"url": "https://127.0.0.1:1/none", "caBundle": b64(bundle)},
                "rules": [
                    {
                        "apiGroups": ["nobody.example.com"],
                        "apiVersions": ["v1"],
                        "resources": ["none"],
                        "operations": ["CREATE"],
                    }
                ],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Iterator[Cluster]:
    world.add_namespaces(cluster, NS)
    hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    for name, bundle in (("tf-good", ROOT.own_pem), ("tf-ended", ENDED.own_pem)):
        cluster.request("POST", hooks, webhook(name, bundle))
    secret = {
        "metadata": {"name": "tf-tls"},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": b64(LEAF.pem), "tls.key": b64(LEAF.key_pem)},
    }
    cluster.request("POST", f"/api/v1/namespaces/{NS}/secrets", secret)
    anchors = {"metadata": {"name": "anchors"}, "data": {"root.pem": ROOT.own_pem.decode()}}
    cluster.request("POST", f"/api/v1/namespaces/{NS}/configmaps", anchors)
    istio = {"metadata": {"name": "istio-ca-root-cert"}, "data": {"root-cert.pem": ROOT.own_pem.decode()}}
    cluster.request("POST", f"/api/v1/namespaces/{NS}/configmaps", istio)
    yield cluster
    for name in ("tf-good", "tf-ended"):
        cluster.request("DELETE", f"{hooks}/{name}")
    cluster.kubectl("delete", "namespace", NS, "--wait=false")


class Ran(NamedTuple):
    document: dict[str, Any]
    everything: str  # what was printed, and what stands in its files


def snapshot(cluster: Cluster, folder: Path, identity: str, settings: str = "") -> Ran:
    config = folder / "tfdash.toml"
    config.write_text(
        f'[environments.production]\nkubeconfig = "{cluster.kubeconfig(identity)}"\nname = "eu-1"\n'
        f'[store]\npath = "{folder / "store"}"\n[certificates]\n{settings}\n'
    )
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tfdash",
            "snapshot",
            "--config",
            str(config),
            "--screen",
            "certificates",
            "--format",
            "json",
        ],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    files = "".join(p.read_bytes().decode("latin-1") for p in folder.rglob("*") if p.is_file())
    return Ran(json.loads(done.stdout or "{}"), f"{done.stdout}{done.stderr}{files}")


def rows(ran: Ran) -> dict[str, dict[str, Any]]:
    return {f"{row['namespace'] or ''} {row['name']}".strip(): row for row in ran.document["certificates"]}


def test_what_the_api_server_serves_and_what_lies_in_its_objects(seeded: Cluster, tmp_path: Path) -> None:
    ran = snapshot(seeded, tmp_path, "cert-admin", f'secrets = true\nconfig_maps = ["{NS}/anchors"]')
    told = rows(ran)
    server = told["API server eu-1"]
    assert server["level"] == "OK", server
    assert told["ValidatingWebhookConfiguration/tf-good"]["level"] == "OK"
    assert told["ValidatingWebhookConfiguration/tf-ended"]["level"] == "BREACH"
    assert told[f"{NS} Secret/tf-tls"]["names"] == ["held.example.com"]
    assert told[f"{NS} ConfigMap/anchors/root.pem"]["level"] == "OK"
    assert told[f"{NS} ConfigMap/istio-ca-root-cert/root-cert.pem"]["level"] == "OK", "by its name alone"
    assert told["kubeconfig/client certificate"]["kind"] == "HeldCertificate"
    lines = [line for line in LEAF.key_pem.decode().splitlines() if not line.startswith("-----")]
    for piece in (*lines, *(b64(line.encode()) for line in lines), b64(LEAF.key_pem)[40:120], "PRIVATE KEY"):
        assert piece not in ran.everything
    assert "held.example.com" in ran.everything


def test_what_there_is_no_right_to_is_not_known(seeded: Cluster, tmp_path: Path) -> None:
    ran = snapshot(seeded, tmp_path, "viewer")
    told = rows(ran)
    assert told["API server eu-1"]["level"] == "OK"
    assert not [name for name in told if "Secret/" in name]
    [source] = [s for s in map(json.dumps, ran.document["sources"]) if "held certificates" in s]
    assert "no right to list ValidatingWebhookConfigurations" in source
    assert ran.document["exit_code"] == 2
