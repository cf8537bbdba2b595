"""A node that is lost and a pod that is evicted, on the real controllers: judged as they are, and the overview agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.test_platform import KINDS, REF, board_on
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.model.workload import CauseCode, Serving
from tfdash.sources.base import ALL

pytestmark = pytest.mark.platform
SPACE = "tf-nodes"


@pytest.fixture(scope="module")
def board(cluster: Cluster) -> Iterator[Board]:
    world.create(
        cluster, "/api/v1/nodes", world.node("doomed", pool="doomed"), world.node("sound", pool="sound")
    )
    world.add_namespaces(cluster, SPACE)
    world.create(
        cluster,
        f"/apis/apps/v1/namespaces/{SPACE}/deployments",
        world.deployment("on-doomed", SPACE, 2, pod={"nodeSelector": {"pool": "doomed"}}),
        world.deployment("pressed", SPACE, 2, pod={"nodeSelector": {"pool": "sound"}}),
    )
    board = board_on(cluster, "viewer")
    board.want("test", dict.fromkeys(KINDS, ALL))
    board.start()
    until(lambda: all(_state(board, n).available == 2 for n in ("on-doomed", "pressed")), "both to serve")
    yield board
    board.stop()
    cluster.kubectl("delete", "namespace", SPACE, "--wait=false")
    cluster.kubectl("delete", "node", "doomed", "sound", "--wait=false")


def _state(board: Board, name: str):
    class Nothing:
        available, cause, serving = -1, None, Serving.UNKNOWN

    return board.assessment.workloads.get(Subject(REF, "Deployment", SPACE, name), Nothing)


def _cause(board: Board, name: str) -> CauseCode | None:
    cause = _state(board, name).cause
    return cause.code if cause is not None else None


def test_an_evicted_pod_is_told_while_its_replacement_does_not_serve(board: Board, cluster: Cluster) -> None:
    """The status is what the kubelet writes when its node runs out of memory; the cordon keeps the replacement waiting."""
    cluster.kubectl("cordon", "sound")
    found = json.loads(cluster.kubectl("get", "pods", "-n", SPACE, "-l", "app=pressed", "-o", "json"))[
        "items"
    ]
    name = found[0]["metadata"]["name"]
    status = {
        "phase": "Failed",
        "reason": "Evicted",
        "containerStatuses": [],
        "message": "The node was low on resource: memory. Threshold quantity: 100Mi, available: 64Mi.",
    }
    path = f"/api/v1/namespaces/{SPACE}/pods/{name}/status"
    cluster.request("PATCH", path, {"status": status}, "application/merge-patch+json")

    def told() -> bool:
        cause = _state(board, "pressed").cause
        return cause is not None and "low on resource: memory" in " ".join((cause.sentence, *cause.others))

    until(told, "the eviction")
    assert _state(board, "pressed").serving is Serving.DEGRADED
    cluster.kubectl("uncordon", "sound")
    until(lambda: _state(board, "pressed").serving is Serving.OK, "its replacement")


def test_a_lost_node_is_the_cause_of_what_ran_there(board: Board, cluster: Cluster) -> None:
    """Without the label nobody plays the kubelet any more: the lease runs out and the node lifecycle controller acts."""
    cluster.kubectl("label", "node", "doomed", "type-", "--overwrite")
    until(lambda: _cause(board, "on-doomed") is CauseCode.NODE_LOST, "the loss", 120)
    assert "doomed" in _state(board, "on-doomed").cause.sentence
    until(lambda: _state(board, "on-doomed").serving is Serving.DOWN, "the loss of its last pod")
    told = board.assessment.verdicts[Subject(REF, "Node", "", "doomed")]
    assert max(v.level for v in told) >= Level.WARN
