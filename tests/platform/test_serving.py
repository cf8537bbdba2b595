"""Serving and release on the real controllers: what they keep of what is deleted, held, broken or without a deadline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.stages import LABEL
from tests.platform.test_platform import KINDS, REF, board_on
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.model.subject import Subject
from tfdash.model.workload import CauseCode, Release, Serving, WorkloadState
from tfdash.sources.base import ALL

pytestmark = pytest.mark.platform
SPACE = "tf-serving"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
STATEFUL_SETS = f"/apis/apps/v1/namespaces/{SPACE}/statefulsets"
FINALIZER = "example.com/never"


@pytest.fixture(scope="module")
def board(cluster: Cluster) -> Iterator[Board]:
    world.add_nodes(cluster, 5)
    world.add_namespaces(cluster, SPACE)
    board = board_on(cluster, "viewer")
    board.want("test", dict.fromkeys(KINDS, ALL))
    board.start()
    until(lambda: not board.unsettled(), "the first lists")
    yield board
    board.stop()


def state(board: Board, kind: str, name: str) -> WorkloadState | None:
    return board.assessment.workloads.get(Subject(REF, kind, SPACE, name))


def is_so(board: Board, kind: str, name: str, *wanted: object) -> None:
    """Wait until serving, release and the cause's code are as wanted."""

    def there() -> bool:
        told = state(board, kind, name)
        return told is not None and wanted == (
            told.serving,
            told.release,
            told.cause.code if told.cause else None,
        )

    until(there, lambda: f"{name} to be {wanted}: {state(board, kind, name)}")


def stateful_set(name: str, **spec: Any) -> dict[str, Any]:
    made = world.deployment(name, SPACE, 2)
    given = {k: v for k, v in made["spec"].items() if k in ("replicas", "selector", "template")}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {"serviceName": name, **given, **spec},
    }


def patch(cluster: Cluster, what: str, document: dict[str, Any]) -> None:
    cluster.kubectl("patch", what, "-n", SPACE, "--type=merge", "-p", json.dumps(document))


def test_without_a_deadline_the_controller_keeps_no_progress(cluster: Cluster, board: Board) -> None:
    world.create(
        cluster,
        DEPLOYMENTS,
        world.deployment("endless", SPACE, 2, spec={"progressDeadlineSeconds": 2**31 - 1}),
    )
    is_so(board, "Deployment", "endless", Serving.OK, Release.COMPLETE, None)
    found = cluster.request("GET", f"{DEPLOYMENTS}/endless")
    assert [c["type"] for c in found["status"]["conditions"]] == ["Available"]


def test_what_is_deleted_and_waits_for_a_finalizer_only_counts(cluster: Cluster, board: Board) -> None:
    held = world.deployment("held", SPACE, 2)
    held["metadata"]["finalizers"] = [FINALIZER]
    world.create(cluster, DEPLOYMENTS, held)
    is_so(board, "Deployment", "held", Serving.OK, Release.COMPLETE, None)
    cluster.kubectl("delete", "deployment/held", "-n", SPACE, "--wait=false", "--cascade=orphan")
    try:
        patch(cluster, "deployment/held", {"spec": {"replicas": 3}})

        def counted() -> bool:
            found = cluster.request("GET", f"{DEPLOYMENTS}/held")
            return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])

        until(counted, "its spec to be observed all the same")

        def said() -> bool:
            told = state(board, "Deployment", "held")
            cause = told.cause if told is not None else None
            return (
                cause is not None
                and cause.code is CauseCode.DELETING
                and f"waiting for finalizer {FINALIZER}" in cause.sentence
            )

        until(said, "what it waits for to be said")
    finally:
        patch(cluster, "deployment/held", {"metadata": {"finalizers": None}})


def test_on_delete_counts_what_runs_the_newest_version(cluster: Cluster, board: Board) -> None:
    world.create(cluster, STATEFUL_SETS, stateful_set("by-hand", updateStrategy={"type": "OnDelete"}))
    is_so(board, "StatefulSet", "by-hand", Serving.OK, Release.COMPLETE, None)
    cluster.kubectl("set", "image", "statefulset/by-hand", "-n", SPACE, "main=registry.example.com/by-hand:2")

    def says(count: int) -> bool:
        told = state(board, "StatefulSet", "by-hand")
        wanted = f"{count} of 2 pods run by-hand:2, replaced as you delete them"
        return told is not None and (told.release, told.said) == (Release.ON_DELETE, wanted)

    until(lambda: says(0), "none to be replaced")
    cluster.kubectl("delete", "pod/by-hand-1", "-n", SPACE)
    until(lambda: says(1), "one to be replaced")
    cluster.kubectl("delete", "pod/by-hand-0", "-n", SPACE)
    is_so(board, "StatefulSet", "by-hand", Serving.OK, Release.COMPLETE, None)


def test_a_broken_update_that_was_taken_back_names_the_pod_to_delete(cluster: Cluster, board: Board) -> None:
    """Forced rollback: the controller waits for the broken pod, whatever the template says."""
    world.create(cluster, STATEFUL_SETS, stateful_set("broken"))
    is_so(board, "StatefulSet", "broken", Serving.OK, Release.COMPLETE, None)
    labelled = {"spec": {"template": {"metadata": {"labels": {LABEL: "crash-loop"}}}}}
    patch(cluster, "statefulset/broken", labelled)
    # one of two is within what the strategy may take away
    is_so(board, "StatefulSet", "broken", Serving.OK, Release.STUCK, CauseCode.CRASH_LOOP)
    labelled["spec"]["template"]["metadata"]["labels"] = {LABEL: None}  # type: ignore[dict-item]  # a merge patch takes it away
    patch(cluster, "statefulset/broken", labelled)
    is_so(board, "StatefulSet", "broken", Serving.OK, Release.STUCK, CauseCode.BY_HAND)
    told = state(board, "StatefulSet", "broken")
    assert told is not None
    assert told.cause is not None
    assert "delete broken-1 by hand" in told.cause.sentence
    cluster.kubectl("delete", "pod/broken-1", "-n", SPACE)
    is_so(board, "StatefulSet", "broken", Serving.OK, Release.COMPLETE, None)


def test_what_waits_for_others_is_named(cluster: Cluster, board: Board) -> None:
    """minReadySeconds, a scheduling gate, a readiness gate."""
    made = (
        world.deployment(
            "patient", SPACE, 2, spec={"minReadySeconds": 3600, "progressDeadlineSeconds": 7200}
        ),
        world.deployment("gated", SPACE, 1, pod={"schedulingGates": [{"name": "example.com/later"}]}),
        world.deployment(
            "closed",
            SPACE,
            1,
            case="gate-closed",
            pod={"readinessGates": [{"conditionType": "example.com/open"}]},
        ),
    )
    world.create(cluster, DEPLOYMENTS, *made)
    is_so(board, "Deployment", "patient", Serving.OK, Release.PROGRESSING, None)

    def causes(name: str, code: CauseCode, words: str) -> bool:
        told = state(board, "Deployment", name)
        cause = told.cause if told is not None else None
        return cause is not None and cause.code is code and words in cause.sentence

    until(lambda: causes("gated", CauseCode.GATED, "example.com/later"), "its scheduling gate to be named")
    until(
        lambda: causes("closed", CauseCode.READINESS_GATE, "example.com/open"),
        "its readiness gate to be named",
    )


def test_a_spec_that_nobody_observes_asks_for_its_controller(cluster: Cluster, board: Board) -> None:
    world.create(cluster, DEPLOYMENTS, world.deployment("unheard", SPACE, 2))
    is_so(board, "Deployment", "unheard", Serving.OK, Release.COMPLETE, None)

    def observed() -> bool:
        found = cluster.request("GET", f"{DEPLOYMENTS}/unheard")
        return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])

    try:
        with cluster.without_controller_manager():
            image = "main=registry.example.com/unheard:2"
            cluster.kubectl("set", "image", "deployment/unheard", "-n", SPACE, image)
            is_so(board, "Deployment", "unheard", Serving.OK, Release.PROGRESSING, CauseCode.GENERATION)
            told = state(board, "Deployment", "unheard")
            assert told is not None and told.cause is not None
            assert "is kube-controller-manager alive?" in told.cause.sentence
            assert not observed()
    finally:
        cluster.wait(observed, "kube-controller-manager to be at work again")  # before the next test needs it
    is_so(board, "Deployment", "unheard", Serving.OK, Release.COMPLETE, None)


def test_a_pod_without_a_sandbox_says_what_the_kubelet_said(cluster: Cluster, board: Board) -> None:
    """There is no kubelet here: its Event is written by hand, as it writes it."""
    world.create(cluster, DEPLOYMENTS, world.deployment("unborn", SPACE, 1, case="nobody-takes-it-up"))

    def pod() -> dict[str, Any] | None:
        listed = cluster.request("GET", f"/api/v1/namespaces/{SPACE}/pods?labelSelector=app%3Dunborn")[
            "items"
        ]
        return next((p for p in listed if p["spec"].get("nodeName")), None)

    until(lambda: pod() is not None, "its pod to be scheduled")
    made = pod()
    assert made is not None
    name, node = made["metadata"]["name"], made["spec"]["nodeName"]
    message = (
        'Failed to create pod sandbox: rpc error: code = Unknown desc = plugin type="calico" failed (add)'
    )
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {
        "metadata": {"name": f"{name}.sandbox", "namespace": SPACE},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": SPACE, "name": name, "uid": made["metadata"]["uid"]},
        "type": "Warning", "reason": "FailedCreatePodSandBox", "message": message, "count": 1,
        "source": {"component": "kubelet", "host": node}, "firstTimestamp": at, "lastTimestamp": at,
    }  # fmt: skip
    world.create(cluster, f"/api/v1/namespaces/{SPACE}/events", event)
    assert "FailedCreatePodSandBox" in cluster.kubectl("events", "-n", SPACE, "--for", f"pod/{name}")

    def said() -> bool:
        told = state(board, "Deployment", "unborn")
        cause = told.cause if told is not None else None
        wanted = f"no sandbox for 1 pod on {node}: Failed to create pod sandbox"
        return cause is not None and cause.code is CauseCode.SANDBOX and cause.sentence.startswith(wanted)

    until(said, lambda: f"the sandbox to be said: {state(board, 'Deployment', 'unborn')}")
