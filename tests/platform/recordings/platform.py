"""What befalls workloads, nodes, quotas, certificates, and the API server itself."""

from __future__ import annotations

import json
from typing import Any

from tests.platform.harness.cert_manager import CertManager
from tests.platform.harness.stages import LABEL
from tests.platform.recordings.stage import MERGE, SPACE, Stage


def stuck_and_undone(stage: Stage) -> None:
    """A release crashes until its deadline is over, and is undone."""
    stage.deploy("web", 3, spec={"progressDeadlineSeconds": 15})
    with stage.recording():
        template = {
            "metadata": {"labels": {"app": "web", LABEL: "crash-loop"}},
            "spec": {"containers": [{"name": "main", "image": "registry.example.com/web:1.1.0"}]},
        }
        stage.patch(
            stage.deployed("web"), {"spec": {"template": template}}, "application/strategic-merge-patch+json"
        )
        stage.until(lambda: _reason(stage, "web") == "ProgressDeadlineExceeded", "its deadline to be over")
        stage.passes(10.0)
        stage.cluster.kubectl("rollout", "undo", "deployment/web", "-n", SPACE)
        stage.ready("web", 3)
        stage.passes(8.0)


def _reason(stage: Stage, name: str) -> str:
    status = stage.cluster.request("GET", stage.deployed(name))["status"]
    return next((c["reason"] for c in status["conditions"] if c["type"] == "Progressing"), "")


def drain_blocked(stage: Stage) -> None:
    """A node is to be drained, a disruption budget lets no pod go; then it does, and the node comes back."""
    stage.deploy("web", 4)
    budget = f"/apis/policy/v1/namespaces/{SPACE}/poddisruptionbudgets"
    stage.post(
        budget,
        {
            "metadata": {"name": "web", "namespace": SPACE},
            "spec": {"minAvailable": 4, "selector": {"matchLabels": {"app": "web"}}},
        },
    )
    stage.until(lambda: _budgeted(stage, f"{budget}/web") == 4, "the budget to be counted")
    node = _pods(stage)[0]["spec"]["nodeName"]
    with stage.recording():
        drain = ("drain", node, "--ignore-daemonsets", "--force")
        told = stage.cluster.kubectl(*drain, "--timeout=12s", check=False)
        assert "disruption budget" in told, told
        stage.passes(5.0)
        stage.patch(f"{budget}/web", {"spec": {"minAvailable": 2}})
        stage.cluster.kubectl(*drain, "--timeout=60s")
        stage.ready("web", 4)
        stage.passes(6.0)
        stage.cluster.kubectl("uncordon", node)
        stage.passes(6.0)


def _budgeted(stage: Stage, path: str) -> int:
    found: int = stage.cluster.request("GET", path).get("status", {}).get("currentHealthy", 0)
    return found


def _pods(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.cluster.request("GET", f"/api/v1/namespaces/{SPACE}/pods")["items"]
    return found


def quota_reached(stage: Stage) -> None:
    """A workload grows past 80 % of its namespace's quota, to where no pod is made any more; then the quota is raised."""
    quota = f"/api/v1/namespaces/{SPACE}/resourcequotas"
    stage.post(quota, {"metadata": {"name": "small", "namespace": SPACE}, "spec": {"hard": {"pods": "5"}}})
    stage.deploy("web", 3)
    with stage.recording():
        for replicas in (4, 5, 7):
            stage.patch(stage.deployed("web"), {"spec": {"replicas": replicas}})
            if replicas <= 5:
                stage.ready("web", replicas)
            stage.passes(8.0)
        stage.passes(6.0)
        stage.patch(f"{quota}/small", {"spec": {"hard": {"pods": "20"}}})
        stage.until(lambda: len(_pods(stage)) == 7, "the pods that were lacking")
        stage.ready("web", 7)
        stage.passes(8.0)


def certificate_renewed(stage: Stage) -> None:
    """cert-manager is away when a certificate's time of renewal comes; it is late, until cert-manager is back and renews it."""

    def of(kind: str, name: str, **spec: Any) -> str:
        meta = {"name": name, "namespace": SPACE}
        return json.dumps({"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": meta, "spec": spec})

    controllers = CertManager(stage.cluster)
    with controllers:
        stage.cluster.apply(of("Issuer", "internal", selfSigned={}))
        stage.cluster.apply(
            of(
                "Certificate",
                "web",
                secretName="web-tls",
                issuerRef={"name": "internal", "kind": "Issuer"},
                privateKey={"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
                dnsNames=["web.shop.svc"],
                duration="1h",
                renewBefore="59m15s",  # its time of renewal is three quarters of a minute after its issue
            )
        )
        certificate = f"/apis/cert-manager.io/v1/namespaces/{SPACE}/certificates/web"

        def revision() -> int:
            found: int = stage.cluster.request("GET", certificate).get("status", {}).get("revision", 0)
            return found

        stage.until(lambda: revision() == 1, "it to be issued")
    with stage.recording():
        stage.passes(70.0)
        with CertManager(stage.cluster):
            stage.until(lambda: revision() >= 2, "it to be renewed")
            stage.passes(8.0)


def api_server_away(stage: Stage) -> None:
    """The API server dies and comes back after it has been away for longer than data may be old; one workload broke before."""
    stage.deploy("web", 3)
    stage.deploy("lost", 1)
    stage.patch(
        stage.deployed("lost"),
        {"spec": {"template": {"metadata": {"labels": {LABEL: "crash-loop"}}}}},
        MERGE,
    )
    _scale_down_old(stage)
    with stage.recording():
        stage.passes(4.0)
        stage.cluster.kill_apiserver()
        stage.passes(100.0)
        stage.cluster.start_apiserver()
        stage.passes(20.0)


def _scale_down_old(stage: Stage) -> None:
    """Nothing of the version before is left: it is down."""
    stage.patch(stage.deployed("lost"), {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}})
    stage.until(
        lambda: (
            [
                p["metadata"]["labels"].get(LABEL)
                for p in _pods(stage)
                if p["metadata"]["labels"]["app"] == "lost"
            ]
            == ["crash-loop"]
        ),
        "the broken version alone",
    )


__all__ = ["api_server_away", "certificate_renewed", "drain_blocked", "quota_reached", "stuck_and_undone"]
