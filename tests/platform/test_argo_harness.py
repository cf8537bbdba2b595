"""The real Argo Rollouts controller on the real control plane: a canary that stops at its pause and goes on; Flagger's CRD."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platform.harness.argo import ArgoRollouts
from tests.platform.harness.cluster import Cluster

pytestmark = pytest.mark.platform

SPACE = "argo-harness"
NODES = """
apiVersion: v1
kind: Node
metadata: {name: argo-node, labels: {type: kwok}, annotations: {kwok.x-k8s.io/node: fake}}
"""


def rollout(image: str) -> dict[str, Any]:
    labels = {"app": "web"}
    container = {"name": "main", "image": image}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "web", "namespace": SPACE},
        "spec": {
            "replicas": 5,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}]}},
        },
    }


def status(cluster: Cluster) -> dict[str, Any]:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{SPACE}/rollouts/web"
    return dict(cluster.request("GET", path).get("status") or {})


def test_a_canary_pauses_and_is_promoted(cluster: Cluster, argo: ArgoRollouts) -> None:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{SPACE}/rollouts"
    cluster.apply(NODES)
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": SPACE}})
    cluster.request("POST", path, rollout("registry.example/web:1"))
    cluster.wait(lambda: status(cluster).get("phase") == "Healthy", "the first version to be healthy")
    stable = status(cluster)["stableRS"]
    template = rollout("registry.example/web:2")["spec"]["template"]
    merge = "application/merge-patch+json"
    cluster.request("PATCH", f"{path}/web", {"spec": {"template": template}}, merge)
    cluster.wait(lambda: status(cluster).get("phase") == "Paused", "the canary to pause")
    paused = status(cluster)
    assert (paused["currentStepIndex"], paused["updatedReplicas"], paused["stableRS"]) == (1, 1, stable)
    assert paused["pauseConditions"][0]["reason"] == "CanaryPauseStep"
    cluster.request("PATCH", f"{path}/web/status", {"status": {"pauseConditions": None}}, merge)
    cluster.wait(lambda: status(cluster).get("phase") == "Healthy", "the promoted canary to be healthy")
    assert status(cluster)["stableRS"] == status(cluster)["currentPodHash"] != stable


def test_flagger_s_status_can_be_written(cluster: Cluster, argo: ArgoRollouts) -> None:
    path = "/apis/flagger.app/v1beta1/namespaces/default/canaries"
    spec = {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "service": {"port": 80},
        "analysis": {"interval": "1m", "threshold": 5, "stepWeight": 10, "maxWeight": 50},
    }
    cluster.request(
        "POST",
        path,
        {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "web"}, "spec": spec},
    )
    written = {"status": {"phase": "Progressing", "canaryWeight": 20, "failedChecks": 1, "iterations": 0}}
    found = cluster.request("PATCH", f"{path}/web/status", written, "application/merge-patch+json")
    assert found["status"]["canaryWeight"] == 20
    assert "Progressing" in cluster.kubectl("get", "canary", "web")
