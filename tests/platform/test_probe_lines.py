"""Every probe that a real control plane can answer, and the line that is copied from it: kubectl is the witness that both say the same."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from tests.platform.boards import LONG, started
from tests.platform.harness.cluster import Cluster
from tests.platform.test_platform import REF
from tests.platform.world import create, deployment, node
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.model.procedure import Ask
from tfdash.model.run import Probed
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.probes import PROBES

pytestmark = pytest.mark.platform

NS = "tf-probes"
WEB, GONE = {"workload": f"Deployment {NS}/web"}, {"workload": f"Deployment {NS}/gone"}
KINDS = frozenset().union(*(probe.needs for probe in PROBES.values()))


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Cluster:
    create(cluster, "/api/v1/nodes", *(node(f"probe-{i}") for i in range(3)))
    cluster.kubectl("cordon", "probe-2")
    # kept from the DaemonSets of other tests too, whose pods a cordon lets on: ``kubectl get pods`` lists them
    cluster.kubectl("taint", "node", "probe-2", "probes=empty:NoExecute")
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
    create(cluster, f"/apis/apps/v1/namespaces/{NS}/deployments", deployment("web", NS, 2))
    scaler = {
        "metadata": {"name": "web"},
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 8,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    create(cluster, f"/apis/autoscaling/v2/namespaces/{NS}/horizontalpodautoscalers", scaler)
    cluster.kubectl("rollout", "status", "deployment/web", "-n", NS, "--timeout=60s")
    # after its pods: one that is made while they are is counted minutes later
    quota = {"metadata": {"name": "most"}, "spec": {"hard": {"pods": "2", "configmaps": "50"}}}
    create(cluster, f"/api/v1/namespaces/{NS}/resourcequotas", quota)
    cluster.wait(
        lambda: (
            cluster.kubectl("get", "quota", "most", "-n", NS, "-o", "jsonpath={.status.used.pods}") == "2"
        ),
        "the quota's count",
    )
    return cluster


@pytest.fixture(scope="module")
def board(seeded: Cluster) -> Iterator[Board]:
    found = started(seeded, KINDS)
    try:
        yield found
    finally:
        found.stop()


def asked(board: Board, id: str, arguments: dict[str, str]) -> Probed:
    case = ProbeCase(
        arguments={},
        cluster=REF,
        picture=board.picture,
        assessment=board.assessment,
        now=SystemClock().now(),
        policies=Policies(),
    )
    return answered(Ask(probe=id, arguments=tuple(arguments.items())), case)


def once(board: Board, id: str, arguments: dict[str, str], passed: bool | None) -> Probed:
    """What it says as soon as it says that."""
    until(
        lambda: asked(board, id, arguments).passed is passed,
        lambda: asked(board, id, arguments),
        timeout=LONG,
    )
    return asked(board, id, arguments)


def by_hand(cluster: Cluster, line: str) -> str:
    """What a person gets who pastes the line into a shell, standard error with it."""
    told = subprocess.run(
        ["sh", "-c", f'kubectl() {{ "$CONTROLPLANE" kubectl "$@"; }}; {line}'],
        env={
            **os.environ,
            "KUBECONFIG": str(cluster.kubeconfig("admin")),
            "CONTROLPLANE": str(cluster.binaries / "controlplane"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return told.stdout + told.stderr


TABLE: list[tuple[str, dict[str, str], bool, str]] = [
    ("workload.serving", WEB, True, "2/2"),
    ("workload.serving", GONE, False, "NotFound"),
    ("workload.down", WEB, False, "2/2"),
    ("workload.image", {**WEB, "image": "web:1"}, False, "registry"),
    ("workload.replicas", {**WEB, "replicas": "2"}, True, "2"),
    ("hpa.bounds", {**WEB, "min": "2", "max": "8"}, True, "Deployment/web"),
    ("release.complete", WEB, True, "successfully rolled out"),
    ("node.ready", {"node": "probe-0"}, True, "Ready"),
    ("node.ready", {"node": "probe-9"}, False, "NotFound"),
    ("node.cordoned", {"node": "probe-2"}, True, "true"),
    ("node.gone", {"node": "probe-9"}, True, ""),
    ("node.empty", {"node": "probe-2"}, True, "No resources found"),
    ("nodes.many-down", {}, False, "probe-1"),
    ("pod.gone", {"pod": f"{NS}/none"}, True, ""),
    ("control-plane.away", {}, False, "readyz check passed"),
    ("control-plane.answers", {}, True, "readyz check passed"),
    ("control-plane.version", {"version": "9.9"}, False, "Server Version: v1."),
    ("source.current", {"source": "kubernetes"}, True, "readyz check passed"),
    ("namespace.quota-room", {"namespace": NS}, False, "pods"),
]


@pytest.mark.parametrize(("id", "arguments", "passed", "witness"), TABLE)
def test_kubectl_says_the_same(
    seeded: Cluster, board: Board, id: str, arguments: dict[str, str], passed: bool, witness: str
) -> None:
    told = once(board, id, arguments, passed)
    printed = by_hand(seeded, told.line)
    assert witness in printed, (told.line, printed)
    assert bool(printed.strip()) is bool(witness), (told.line, printed)
    assert shlex.split(told.line)[0] == "kubectl"


def test_a_pod_is_seen_to_be_ready_and_to_go(seeded: Cluster, board: Board) -> None:
    name = seeded.kubectl("get", "pods", "-n", NS, "-o", "jsonpath={.items[0].metadata.name}").strip()
    uid = seeded.kubectl("get", "pod", name, "-n", NS, "-o", "jsonpath={.metadata.uid}").strip()
    pod = {"pod": f"{NS}/{name}"}
    ready = once(board, "pod.ready", pod, True)
    assert "1/1" in by_hand(seeded, ready.line)
    there = asked(board, "pod.gone", {**pod, "uid": uid})
    assert there.passed is False and by_hand(seeded, there.line).strip() == uid
    seeded.kubectl("delete", "pod", name, "-n", NS, "--wait=true")
    gone = once(board, "pod.gone", {**pod, "uid": uid}, True)
    assert by_hand(seeded, gone.line).strip() != uid


@pytest.mark.parametrize(
    ("id", "arguments"), [("node.version", {"node": "probe-0", "version": "1.37"}), ("skew.ok", {})]
)
def test_a_kubelet_that_says_no_version_is_not_known_to_fit(
    seeded: Cluster, board: Board, id: str, arguments: dict[str, str]
) -> None:
    """KWOK's nodes say "kwok-..." and the like."""
    once(board, "node.ready", {"node": "probe-0"}, True)
    assert asked(board, id, arguments).passed is None
    version = seeded.kubectl("get", "node", "probe-0", "-o", "jsonpath={.status.nodeInfo.kubeletVersion}")
    assert version.strip() in by_hand(seeded, asked(board, "skew.ok", {}).line)
