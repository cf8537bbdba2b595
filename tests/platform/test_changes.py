"""Who changed what, on the real API server, with kubectl as the hand that changes; Flagger's objects by their definition."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.platform.harness.argo import ArgoRollouts
from tests.platform.harness.cluster import Cluster
from tests.platform.test_rollouts_read import MERGE, reading
from tests.waiting import seconds_later, until
from tfdash.board.board import Board
from tfdash.changes.gather import Contents, gather
from tfdash.changes.history import ChangeHistory
from tfdash.model.release import Carrier, Phase
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.playbook.releases import release_of
from tfdash.sources.base import ALL
from tfdash.views.changes import Altered

pytestmark = pytest.mark.platform
SPACE = "changes"
OBJECTS = """
apiVersion: v1
kind: Namespace
metadata: {name: changes}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: changes}
spec:
  replicas: 1
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: main, image: "registry.example/shop:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: changes}
data: {limit: "10"}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop, namespace: changes}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 1
  maxReplicas: 3
"""


def kubectl(cluster: Cluster, *argv: str) -> None:
    cluster.kubectl("-n", SPACE, *argv)


def changes(board: Board, contents: Contents, history: ChangeHistory) -> dict[str, list[Altered]]:
    found = asyncio.run(
        gather(
            board,
            board.clusters,
            (SPACE,),
            time.time() - 600,
            seen_changes=history.seen_changes,
            contents=contents,
        )
    )
    assert found.unread == ()
    told: dict[str, list[Altered]] = {}
    for change in found.changes:
        told.setdefault(f"{change.subject.kind}/{change.subject.name}", []).append(change)
    return told


def test_what_kubectl_changes_is_told_with_its_name_and_its_difference(
    cluster: Cluster, argo: ArgoRollouts
) -> None:
    cluster.apply(OBJECTS)
    with reading(cluster) as board:
        board.want("more", {"HorizontalPodAutoscaler": ALL})
        until(lambda: not board.unsettled(), "the autoscalers")
        history, contents = ChangeHistory(time.time, board.picture), Contents()
        board.subscribe(history.follow)
        changes(board, contents, history)
        seconds_later()  # than what was made: the server stamps whole seconds
        kubectl(cluster, "set", "image", "deployment/shop", "main=registry.example/shop:2")
        kubectl(cluster, "patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"limit":"99"}}')
        kubectl(cluster, "patch", "hpa", "shop", "--type=merge", "-p", '{"spec":{"maxReplicas":9}}')
        until(lambda: len(history.seen_changes) >= 2, "the board sees the Deployment and the HPA change")
        until(lambda: bool(changes(board, contents, history).get("ConfigMap/settings")), "the ConfigMap")
        told = changes(board, contents, history)
        newest = told["Deployment/shop"][0]
        assert newest.manager == "kubectl-set"
        assert newest.what.startswith("revision 2: image")
        assert any(line.startswith("+") and "shop:2" in line for line in newest.lines)
        edited = told["ConfigMap/settings"][0]
        assert edited.manager == "kubectl-patch"
        assert [line for line in edited.lines if line[:1] in "+-"][-2:] == ["-limit: '10'", "+limit: '99'"]
        wider = told["HorizontalPodAutoscaler/shop"][0]
        assert wider.manager == "kubectl-patch"
        assert wider.what.startswith("max 3 → 9")
        kubectl(cluster, "scale", "deployment/shop", "--replicas=2")
        until(
            lambda: any(
                "replicas 1 → 2" in c.what for c in changes(board, contents, history)["Deployment/shop"]
            ),
            "the change of size",
        )


def test_a_flagger_canary_by_its_definition(cluster: Cluster, argo: ArgoRollouts) -> None:
    cluster.apply(OBJECTS)
    path = f"/apis/flagger.app/v1beta1/namespaces/{SPACE}/canaries"
    spec = {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
        "service": {"port": 80},
        "analysis": {
            "interval": "30s",
            "threshold": 5,
            "stepWeight": 10,
            "maxWeight": 50,
            "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"}],
            "webhooks": [
                {"name": "gate", "type": "confirm-promotion", "url": "http://tester.test/gate/check"}
            ],
        },
    }
    body = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"}, "spec": spec}
    cluster.request("POST", path, body)
    for told, phase in (
        ("Progressing", Phase.PROGRESSING),
        ("WaitingPromotion", Phase.PAUSED),
        ("Failed", Phase.ABORTED),
    ):
        status = {
            "phase": told,
            "canaryWeight": 20,
            "failedChecks": 2,
            "iterations": 0,
            "lastTransitionTime": "2026-11-24T10:00:00Z",
        }
        cluster.request("PATCH", f"{path}/shop/status", {"status": status}, MERGE)
        with reading(cluster) as board:
            ref: ClusterRef = board.clusters[0]
            state = release_of(
                board.picture.clusters[ref], Subject(ref, "Canary", SPACE, "shop"), time.time()
            )
            assert state is not None
            assert (state.carrier, state.reported, state.phase) == (Carrier.CANARY, told, phase)
            assert "gate-open" in state.capabilities
            assert state.analyses[0].metrics[0].condition == "at least 99"
            assert Key(SPACE, "shop") in board.picture.clusters[ref].objects("Canary")


def test_what_is_not_installed_is_said(cluster: Cluster, argo: ArgoRollouts) -> None:
    with reading(cluster) as board:
        [seen] = board.picture.clusters.values()
        assert (seen.kinds["Kustomization"].note, seen.kinds["Rollout"].note) == ("not installed", "")
        assert seen.kinds["Application"].note == "not installed"
        info = seen.info.value
        assert info is not None
        assert {"argoproj.io/rollouts", "flagger.app/canaries"} <= info.crds
