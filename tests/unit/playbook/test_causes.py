"""Why it is stuck: each cause from the objects a cluster shows for it, and which of several is named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, condition, deployment, judged, pod, replica_set, running, waiting
from tfdash.model.kube import ContainerStatus
from tfdash.model.verdict import Level
from tfdash.model.workload import CauseCode, Release
from tfdash.playbook.serving.causes.placement import scheduler_reasons

DOWN = {"available": 0, "ready": 0}
WAITS = ContainerStatus("wait", init=True, state="running", since=NOW - 3000)
THROUGH = ContainerStatus("wait", init=True, state="terminated", exit_code=0)


def unschedulable(message: str, **fields: Any) -> Any:
    return pod(
        phase="Pending", conditions=(condition("PodScheduled", "False", "Unschedulable", message),), **fields
    )


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (
            pod("p", waiting("ErrImagePull", "rpc error: code = NotFound desc = not found"), phase="Pending"),
            CauseCode.IMAGE_PULL,
            "ErrImagePull: registry.example.com/checkout:2.14.0 cannot be pulled in 1 pod: not found",
        ),
        (pod("p", waiting("InvalidImageName"), phase="Pending"), CauseCode.IMAGE_PULL, "InvalidImageName"),
        (
            pod(
                "p",
                waiting(
                    "CrashLoopBackOff",
                    last_reason="OOMKilled",
                    last_exit_code=137,
                    restarts=3,
                    last_finished=NOW - 9,
                ),
            ),
            CauseCode.OOM_KILLED,
            "OOM killed in 1 pod, restarted 3 times, exit 137, limit 256Mi (container main)",
        ),
        (
            pod("p", waiting("CrashLoopBackOff", last_reason="Error", last_exit_code=127, restarts=7)),
            CauseCode.CRASH_LOOP,
            "container main keeps crashing in 1 pod: last exit 127, restarted 7 times",
        ),
        (
            pod("p", ContainerStatus("main", state="terminated", reason="Error", exit_code=1)),
            CauseCode.CRASH_LOOP,
            "last exit 1",
        ),
        (
            pod(
                "p",
                ContainerStatus(
                    "setup", init=True, state="waiting", reason="CrashLoopBackOff", last_exit_code=2
                ),
            ),
            CauseCode.INIT_CONTAINER,
            "init container setup keeps crashing in 1 pod",
        ),
        (
            pod("p", waiting("CreateContainerConfigError", 'configmap "x" not found')),
            CauseCode.CONFIG,
            'configmap "x" not found',
        ),
        (
            pod("p", waiting("PostStartHookError", "hook failed")),
            CauseCode.CONFIG,
            "PostStartHookError in 1 pod: hook failed",
        ),
        (
            pod("p", waiting("SignatureValidationFailed", "no key")),
            CauseCode.IMAGE_PULL,
            "cannot be pulled in 1 pod: no key",
        ),
        (
            pod("p", waiting("PodInitializing"), WAITS, phase="Pending"),
            CauseCode.NOT_READY,
            "init container wait has run for 50 min in 1 pod: what comes after it waits",
        ),
        (
            pod("p", waiting("ContainerCreating"), phase="Pending", started=NOW - 3000),
            CauseCode.KUBELET,
            "1 pod on node-1 without a container made in 50 min",
        ),
        (
            pod("p", waiting("PodInitializing"), THROUGH, phase="Pending", started=NOW - 3000),
            CauseCode.KUBELET,
            "1 pod on node-1 without a container made in 50 min",
        ),
        (pod("p", running(ready=False)), CauseCode.PROBE, "1 pod running but not ready"),
        (
            unschedulable(
                "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint {a: b}. preemption: none"
            ),
            CauseCode.UNSCHEDULABLE,
            "1 pod unschedulable, 0 of 5 nodes fit: 3 had untolerated taint {a: b}, 2 Insufficient cpu",
        ),
        (
            unschedulable(
                "0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims.", claims=("data",)
            ),
            CauseCode.VOLUME,
            "1 pod wait for claim data: pod has unbound immediate PersistentVolumeClaims",
        ),
        (pod("p", running(), reason="NodeLost"), CauseCode.NODE_LOST, "1 pod on lost node node-1"),
        (
            pod("p", running(), conditions=(condition("Ready", "False"),)),
            CauseCode.NODE_LOST,
            "1 pod on lost node node-1",
        ),
        (
            pod("p", phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
            CauseCode.EVICTED,
            "1 pod evicted: The node",
        ),
        (pod("p", running(), deleting=NOW - 61), CauseCode.TERMINATING, "1 pod should be gone since 61 s"),
    ],
)
def test_cause_of_pods(found: Any, code: CauseCode, said: str) -> None:
    state, _ = judged(deployment(**DOWN), found, replica_sets=(replica_set(),))
    assert state.cause is not None
    assert state.cause.code is code
    assert said in state.cause.sentence
    assert [o.name for o in state.cause.objects] == [found.name]


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        (
            'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
            CauseCode.QUOTA,
            "quota small is full: requested pods=1, used pods=2, limited pods=2",
        ),
        (
            'admission webhook "guard.example.com" denied the request: no latest tag',
            CauseCode.ADMISSION,
            "admission guard.example.com refused the pods: no latest tag",
        ),
        (
            'Internal error: failed calling webhook "guard.example.com": connection refused',
            CauseCode.ADMISSION,
            "did not answer",
        ),
        (
            'pods "x" is forbidden: error looking up service account a/b',
            CauseCode.CREATE,
            "pods cannot be created",
        ),
    ],
)
def test_cause_before_there_is_a_pod(message: str, code: CauseCode, said: str) -> None:
    failing = replica_set(conditions=(condition("ReplicaFailure", "True", "FailedCreate", message),))
    state, verdict = judged(deployment(updated=0, **DOWN), replica_sets=(failing,))
    assert state.cause is not None
    assert state.cause.code is code
    assert said in state.cause.sentence
    assert (state.release, verdict.level) == (Release.STUCK, Level.BREACH)


def test_the_most_specific_is_named_and_the_others_kept() -> None:
    late = deployment(
        conditions=(condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out"),), **DOWN
    )
    state, _ = judged(
        late, pod("p", waiting("ImagePullBackOff"), phase="Pending"), replica_sets=(replica_set(),)
    )
    assert state.cause is not None
    assert state.cause.code is CauseCode.IMAGE_PULL
    assert state.cause.others == ("progress deadline of 600 s passed: timed out",)


def test_a_pod_within_its_grace_is_no_cause_and_an_old_oom_neither() -> None:
    calm = pod("p", running(last_reason="OOMKilled", last_finished=NOW - 601), deleting=None)
    leaving = pod("q", running(), deleting=NOW - 60)
    state, verdict = judged(deployment(), calm, leaving)
    assert (state.cause, verdict.level) == (None, Level.OK)


def test_an_oom_kill_of_a_workload_that_is_all_there_is_a_warning() -> None:
    state, verdict = judged(
        deployment(), pod("p", running(last_reason="OOMKilled", last_finished=NOW - 9, restarts=3))
    )
    assert state.cause is not None
    assert (state.cause.code, verdict.level) == (CauseCode.OOM_KILLED, Level.WARN)


def test_paused_says_so() -> None:
    state, verdict = judged(deployment(paused=True, updated=0))
    assert state.cause is not None
    assert (state.cause.code, verdict.level) == (CauseCode.PAUSED, Level.PAUSED)


def test_scheduler_reasons_keep_commas_inside_braces() -> None:
    total, reasons = scheduler_reasons(
        "0/3 nodes are available: 1 node(s) had untolerated taint {k: a, v: b}, 2 Insufficient memory."
    )
    assert (total, dict(reasons)) == (3, {"had untolerated taint {k: a, v: b}": 1, "Insufficient memory": 2})
