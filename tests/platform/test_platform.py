"""The test platform itself, and tfdash's judgement of it: every case, and kubectl's word on every workload."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.platform import world
from tests.platform.harness.build import KUBERNETES
from tests.platform.harness.cluster import Cluster
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.workload import CauseCode, Release, Serving
from tfdash.sources.base import ALL
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.source import KubernetesSource

pytestmark = pytest.mark.platform
_noted = 0  # lines of the API server's audit log before this module began
REF = ClusterRef("test", "test")
KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Pod",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Event",
    "Node",
    "Namespace",
    "Job",
    "CronJob",
    "Service",
    "EndpointSlice",
)
CASES: dict[str, tuple[Serving, Release, CauseCode | None]] = {
    "healthy": (Serving.OK, Release.COMPLETE, None),
    "idle": (Serving.IDLE, Release.COMPLETE, None),
    "scaled": (Serving.OK, Release.COMPLETE, None),
    "paused": (Serving.DOWN, Release.PAUSED, CauseCode.PAUSED),
    "crash-loop": (Serving.DOWN, Release.STUCK, CauseCode.CRASH_LOOP),
    "oom-killed": (Serving.DOWN, Release.STUCK, CauseCode.OOM_KILLED),
    "image-pull": (Serving.DOWN, Release.STUCK, CauseCode.IMAGE_PULL),
    "init-crash": (Serving.DOWN, Release.STUCK, CauseCode.INIT_CONTAINER),
    "config-error": (Serving.DOWN, Release.STUCK, CauseCode.CONFIG),
    "not-ready": (Serving.STARTING, Release.PROGRESSING, CauseCode.PROBE),  # within its deadline of a day
    "deadline": (Serving.DOWN, Release.STUCK, CauseCode.PROBE),
    "unschedulable": (Serving.DOWN, Release.STUCK, CauseCode.UNSCHEDULABLE),
    "no-such-node": (Serving.DOWN, Release.STUCK, CauseCode.UNSCHEDULABLE),
    "claim": (Serving.DOWN, Release.STUCK, CauseCode.VOLUME),
    "over-quota": (Serving.DEGRADED, Release.STUCK, CauseCode.QUOTA),
    "refused": (Serving.DOWN, Release.STUCK, CauseCode.ADMISSION),
    "partitioned": (Serving.OK, Release.COMPLETE, None),
    "on-delete": (Serving.OK, Release.COMPLETE, None),
    "shipper": (Serving.OK, Release.COMPLETE, None),
}


def board_on(cluster: Cluster, identity: str) -> Board:
    access = resolve(str(cluster.kubeconfig(identity)))
    return Board([KubernetesSource(REF, access, SystemClock())], Judge(), SystemClock())


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Cluster:
    global _noted
    _noted = len(cluster.audit_log.read_text().splitlines())
    world.add_nodes(cluster, 5)
    world.add_cases(cluster)
    return cluster


@pytest.fixture(scope="module")
def board(seeded: Cluster) -> Iterator[Board]:
    board = board_on(seeded, "viewer")
    board.want("test", dict.fromkeys(KINDS, ALL))
    board.start()
    until(lambda: not board.unsettled(), "the first lists")
    yield board
    board.stop()


def test_it_is_the_version_that_it_says(cluster: Cluster) -> None:
    told = cluster.kubectl("version")
    assert told.count(KUBERNETES) == 2


def test_a_certificate_is_as_good_as_a_token(cluster: Cluster) -> None:
    assert "cert-admin" in cluster.kubectl("auth", "whoami", identity="cert-admin")


def test_a_viewer_may_not_write_and_one_namespace_is_one(cluster: Cluster) -> None:
    assert "no" in cluster.kubectl("auth", "can-i", "delete", "pods", identity="viewer", check=False)
    assert "Forbidden" in cluster.kubectl("get", "pods", "-A", identity="onens", check=False)
    assert "No resources" in cluster.kubectl("get", "pods", identity="onens") + "No resources"


@pytest.mark.parametrize("name", CASES)
def test_each_case_is_judged_as_it_is(board: Board, name: str) -> None:
    serving, release, cause = CASES[name]

    def judged() -> bool:
        found = [s for s in board.assessment.workloads.values() if s.subject.name == name]
        if not found:
            return False
        state = found[0]
        return (state.serving, state.release, state.cause.code if state.cause else None) == (
            serving,
            release,
            cause,
        )

    until(judged, f"{name} to be {serving}, {release}, {cause}: {_state(board, name)}")


def _state(board: Board, name: str) -> object:
    return [s for s in board.assessment.workloads.values() if s.subject.name == name]


def test_kubectl_says_the_same_of_every_workload(board: Board, seeded: Cluster) -> None:
    def agree() -> list[str]:
        differ = []
        for subject, state in board.assessment.workloads.items():
            if subject.namespace == "kube-system":
                continue
            told = (
                seeded.kubectl(
                    "rollout",
                    "status",
                    "--watch=false",
                    subject.kind.lower(),
                    subject.name,
                    "-n",
                    subject.namespace,
                    check=False,
                )
                .strip()
                .splitlines()[-1]
                .removeprefix("error: ")
            )
            if told != state.message:
                differ.append(f"{subject}: kubectl {told!r}, tfdash {state.message!r}")
        return differ

    until(lambda: len(board.assessment.workloads) >= len(CASES), "all workloads")
    differ = agree()
    if differ:  # something moved between the two looks: look again
        differ = agree()
    assert differ == []


def test_a_change_is_seen_and_the_picture_before_is_not_touched(board: Board, seeded: Cluster) -> None:
    subject = Subject(REF, "Deployment", "tf-cases", "healthy")
    before = board.picture.clusters[REF].objects("Deployment")[subject.key]
    seeded.kubectl("scale", "deployment/healthy", "-n", "tf-cases", "--replicas=4")
    until(
        lambda: (
            board.assessment.workloads[subject].desired == 4
            and board.assessment.workloads[subject].available == 4
        ),
        "4 pods",
    )
    assert before.desired == 3
    seeded.kubectl("scale", "deployment/healthy", "-n", "tf-cases", "--replicas=3")
    until(lambda: board.assessment.workloads[subject].desired == 3, "3 pods")


def test_where_all_namespaces_are_forbidden_the_known_one_is_shown(seeded: Cluster) -> None:
    board = board_on(seeded, "onens")
    board.want("test", {"Pod": ALL, "Node": ALL})
    board.start()
    try:
        until(lambda: not board.unsettled(), "the first lists")
        pods, nodes = (board.picture.clusters[REF].kinds[k] for k in ("Pod", "Node"))
        assert pods.complete
        assert pods.hidden and pods.partial
        assert nodes.problem is not None
        assert nodes.problem.kind.value == "forbidden"
    finally:
        board.stop()


def test_a_killed_api_server_leaves_the_data_and_its_return_is_noticed(seeded: Cluster, board: Board) -> None:
    def pods() -> int:
        return len(board.picture.clusters[REF].objects("Pod"))

    count = pods()
    seeded.kill_apiserver()
    try:
        until(lambda: board.picture.clusters[REF].kinds["Pod"].problem is not None, "the loss to be noticed")
        left = pods()
        assert left > count / 2, "what was read stays; what others delete may still have gone before the loss"
    finally:
        seeded.start_apiserver()  # the cluster is everybody's
    until(
        lambda: all(o.problem is None for o in board.picture.clusters[REF].kinds.values()), "the recovery", 60
    )
    subject = Subject(REF, "Deployment", "tf-cases", "idle")
    seeded.kubectl("scale", "deployment/idle", "-n", "tf-cases", "--replicas=1")
    until(lambda: board.assessment.workloads[subject].available == 1, "a change after the return")
    seeded.kubectl("scale", "deployment/idle", "-n", "tf-cases", "--replicas=0")


def test_tfdash_only_ever_reads(seeded: Cluster, board: Board) -> None:
    """By the API server's own audit log: nothing but reads and SelfSubject reviews under our name."""
    import json

    verbs = set()
    for line in seeded.audit_log.read_text().splitlines()[_noted:]:  # before that, other modules acted
        entry = json.loads(line)
        if entry.get("userAgent") == "tfdash":
            verbs.add(
                (entry["verb"], entry.get("objectRef", {}).get("resource", ""))
                if entry["verb"] == "create"
                else entry["verb"]
            )
    assert verbs
    assert verbs <= {
        "get",
        "list",
        "watch",
        ("create", "selfsubjectreviews"),
        ("create", "selfsubjectaccessreviews"),
    }


def test_snapshot_and_doctor_on_the_real_thing(seeded: Cluster) -> None:
    kubeconfig = str(seeded.kubeconfig("viewer"))
    snapshot = subprocess.run(
        [
            sys.executable,
            "-m",
            "tfdash",
            "snapshot",
            "--screen",
            "deployments",
            "-n",
            "tf-cases",
            "--kubeconfig",
            kubeconfig,
        ],
        capture_output=True,
        text=True,
    )
    assert snapshot.returncode == 1, snapshot.stderr
    assert "crash-loop" in snapshot.stdout
    doctor = subprocess.run(
        [sys.executable, "-m", "tfdash", "doctor", "--kubeconfig", kubeconfig], capture_output=True, text=True
    )
    assert "viewer@corp" in doctor.stdout
    assert KUBERNETES in doctor.stdout
