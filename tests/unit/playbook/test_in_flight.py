"""Serving and release apart: what is in flight, until it was once shown complete, and what is lost afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import (
    CONTAINER,
    NOW,
    REF,
    condition,
    daemon_set,
    deployment,
    judged,
    picture,
    pod,
    replica_set,
    running,
    stateful_set,
    waiting,
)
from tfdash.judging.judge import judge_all
from tfdash.model.kube import Container, Object, Owner, Pod, Template
from tfdash.model.verdict import Level
from tfdash.model.workload import CauseCode, Release, Serving
from tfdash.playbook.policy import default_policy
from tfdash.playbook.serving.in_flight import HASH
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.workload import judge

CRASHING = waiting("CrashLoopBackOff", last_exit_code=1, restarts=7)
DONE = (
    condition(
        "Progressing",
        "True",
        "NewReplicaSetAvailable",
        'ReplicaSet "checkout-1" has successfully progressed.',
    ),
)
OTHER = (
    condition(
        "Progressing",
        "True",
        "NewReplicaSetAvailable",
        'ReplicaSet "checkout-0" has successfully progressed.',
    ),
)
MOVES = (condition("Progressing", "True", "ReplicaSetUpdated"),)
HELD = (condition("Progressing", "Unknown", "DeploymentPaused"),)
LATE = (condition("Progressing", "False", "ProgressDeadlineExceeded"),)
NEWEST = replica_set(replicas=3, desired=3)
GONE = replica_set(name="checkout-0", uid="r0", revision=3)
STAYS = replica_set(name="checkout-0", uid="r0", revision=3, replicas=1)
NEXT = Template(containers=(Container("main", "registry.example.com/checkout:2.15.0"),))
EMPTY = {"desired": 0, "replicas": 0, "updated": 0, "ready": 0, "available": 0}


def never_ready(created: float = NOW - 300, **fields: Any) -> Pod:
    ready = condition("Ready", "False", "ContainersNotReady", since=created)
    return pod("new", CRASHING, created=created, started=created, conditions=(ready,), **fields)


def once_ready(name: str = "old", *statuses: Any, status: str = "True", **fields: Any) -> Pod:
    ready = condition("Ready", status, "" if status == "True" else "ContainersNotReady", since=NOW - 500)
    base: dict[str, Any] = {"created": NOW - 600, "started": NOW - 600, "conditions": (ready,)}
    return pod(name, *(statuses or (running(),)), **{**base, **fields})


@pytest.mark.parametrize(
    ("workload", "sets", "pods", "release"),
    [
        # a finished release that loses pods, is scaled, or whose pod crashes
        (deployment(available=2, conditions=DONE), (NEWEST, GONE), (), Release.COMPLETE),
        (deployment(available=2, conditions=DONE), (NEWEST,), (pod("p", CRASHING),), Release.COMPLETE),
        (deployment(desired=9, updated=3, conditions=DONE), (NEWEST,), (), Release.COMPLETE),
        (deployment(available=0, ready=0, conditions=DONE), (NEWEST,), (), Release.COMPLETE),
        (deployment(**EMPTY, conditions=DONE), (replica_set(),), (), Release.COMPLETE),
        # another template, an old pod, a condition of another ReplicaSet or a controller that still counts
        (
            deployment(conditions=DONE, template=NEXT),
            (replica_set(template=Template(containers=(CONTAINER,))),),
            (),
            Release.PROGRESSING,
        ),
        (deployment(conditions=DONE), (NEWEST, STAYS), (), Release.PROGRESSING),
        (deployment(conditions=OTHER, available=0), (NEWEST, GONE), (never_ready(),), Release.STUCK),
        (deployment(conditions=OTHER), (NEWEST, GONE), (once_ready(),), Release.COMPLETE),
        (deployment(conditions=MOVES, available=2), (NEWEST, GONE), (), Release.PROGRESSING),
        (deployment(conditions=LATE, available=2), (NEWEST, GONE), (), Release.STUCK),
        # paused with nothing that waits is held, not in flight
        (deployment(conditions=HELD, paused=True), (NEWEST, GONE), (), Release.HELD),
        (deployment(conditions=HELD, paused=True, available=2), (NEWEST, GONE), (), Release.HELD),
        (deployment(conditions=HELD, paused=True, updated=1), (NEWEST, STAYS), (), Release.PAUSED),
        # without a deadline the pods of its hash tell
        (deployment(progress_deadline=None, available=2), (NEWEST, GONE), (once_ready(),), Release.COMPLETE),
        (deployment(progress_deadline=None), (NEWEST, STAYS), (once_ready(),), Release.PROGRESSING),
        (
            deployment(progress_deadline=None, available=2),
            (NEWEST, GONE),
            (once_ready(), never_ready(NOW - 490)),
            Release.STUCK,
        ),
        (
            deployment(progress_deadline=None, available=2),
            (NEWEST, GONE),
            (once_ready(), never_ready(NOW - 90)),
            Release.COMPLETE,
        ),
        # of several that come one was made by the release; and it is the last of those that were ready that counts
        (
            deployment(progress_deadline=None, available=1),
            (NEWEST, GONE),
            (once_ready(), never_ready(NOW - 90), never_ready(NOW - 490)),
            Release.STUCK,
        ),
        (
            deployment(progress_deadline=None, available=2),
            (NEWEST, GONE),
            (
                once_ready(),
                once_ready("late", conditions=(condition("Ready", "True", since=NOW - 100),)),
                never_ready(NOW - 90),
            ),
            Release.STUCK,
        ),
        # without ReplicaSets the condition
        (deployment(conditions=DONE, available=1), (), (), Release.COMPLETE),
        (deployment(conditions=DONE, replicas=4), (), (), Release.PROGRESSING),
        (deployment(conditions=DONE, generation=2), (NEWEST,), (), Release.PROGRESSING),
    ],
)
def test_a_deployment(
    workload: Object, sets: tuple[Any, ...], pods: tuple[Pod, ...], release: Release
) -> None:
    assert judged(workload, *pods, replica_sets=sets)[0].release is release


def member(number: int, revision: str = "db-1", *statuses: Any, **fields: Any) -> Pod:
    return once_ready(f"db-{number}", *statuses, labels={HASH: revision}, owner=None, **fields)


ALL = (member(0), member(1), member(2))


@pytest.mark.parametrize(
    ("workload", "pods", "release"),
    [
        (stateful_set(), ALL, Release.COMPLETE),
        (
            stateful_set(ready=2, available=2),
            (*ALL[:2], member(2, "db-1", CRASHING, status="False")),
            Release.COMPLETE,
        ),
        (stateful_set(desired=5, ready=3), ALL, Release.COMPLETE),  # grows
        (stateful_set(update_revision="db-2", updated=1), (*ALL[:2], member(2, "db-2")), Release.PROGRESSING),
        (
            stateful_set(update_revision="db-2", updated=1),
            (*ALL[:2], member(2, "db-2", CRASHING)),
            Release.STUCK,
        ),
        # all have the hash, and the controller has not seen all of them ready
        (
            stateful_set(update_revision="db-2"),
            tuple(member(n, "db-2") for n in range(3)),
            Release.PROGRESSING,
        ),
        (
            stateful_set(update_revision="db-2", partition=2, updated=1),
            (*ALL[:2], member(2, "db-2")),
            Release.PARTITIONED,
        ),
        (stateful_set(update_revision="db-2", partition=2, updated=0), ALL, Release.PROGRESSING),
        (stateful_set(update_revision="db-2", partition=3, updated=0), ALL, Release.PARTITIONED),
        (stateful_set(strategy="OnDelete", update_revision="db-2", updated=0), ALL, Release.ON_DELETE),
        (stateful_set(strategy="OnDelete"), ALL, Release.COMPLETE),
        (daemon_set(available=2), (once_ready(labels={HASH: "a"}),), Release.COMPLETE),
        (daemon_set(desired=4), (once_ready(labels={HASH: "a"}),), Release.COMPLETE),  # a node came
        (
            daemon_set(updated=1),
            (once_ready("x", labels={HASH: "a"}), once_ready("y", labels={HASH: "b"}, created=NOW - 60)),
            Release.PROGRESSING,
        ),
        (
            daemon_set(updated=1),
            (once_ready("x", labels={HASH: "a"}), never_ready(labels={HASH: "b"})),
            Release.STUCK,
        ),
        (daemon_set(updated=0), (once_ready("x", labels={HASH: "a"}),), Release.PROGRESSING),
        (daemon_set(desired=1, available=0), (never_ready(labels={HASH: "b"}),), Release.STUCK),
        (
            daemon_set(strategy="OnDelete", updated=0),
            (once_ready("x", labels={HASH: "a"}),),
            Release.ON_DELETE,
        ),
    ],
)
def test_by_the_hashes_of_the_pods(workload: Object, pods: tuple[Pod, ...], release: Release) -> None:
    assert judged(workload, *pods)[0].release is release


@pytest.mark.parametrize(
    ("workload", "release"),
    [
        (stateful_set(), Release.COMPLETE),
        (stateful_set(update_revision="db-2", updated=1), Release.PROGRESSING),
        (stateful_set(update_revision="db-2", updated=1, partition=1), Release.PROGRESSING),
        (stateful_set(update_revision="db-2", updated=2, partition=1), Release.PARTITIONED),
        (stateful_set(strategy="OnDelete", updated=2), Release.ON_DELETE),
        (stateful_set(strategy="OnDelete"), Release.COMPLETE),
        (daemon_set(), Release.COMPLETE),
        (daemon_set(updated=2), Release.PROGRESSING),
        (daemon_set(desired=4), Release.COMPLETE),  # a node came
        (daemon_set(strategy="OnDelete", updated=2), Release.ON_DELETE),
    ],
)
def test_with_the_pods_unread_the_counts_tell(workload: Object, release: Release) -> None:
    assert judge(REF, workload, Links(), default_policy(), NOW)[0].release is release


def test_on_delete_says_how_many_and_what_to_do() -> None:
    db = stateful_set(
        strategy="OnDelete",
        desired=2,
        update_revision="db-2",
        template=Template(containers=(Container("main", "r/db:2"),)),
    )
    state, verdict = judged(db, member(0), member(1))
    assert state.said == "0 of 2 pods run db:2, replaced as you delete them"
    assert verdict.level is Level.PAUSED


def test_a_pod_that_crashes_after_its_release_is_serving_alone() -> None:
    state, verdict = judged(
        deployment(available=2, ready=2, conditions=DONE), pod("p", CRASHING), replica_sets=(NEWEST,)
    )
    assert (state.serving, state.release, verdict.level) == (Serving.DEGRADED, Release.COMPLETE, Level.WARN)
    assert "stuck" not in verdict.sentence


def test_an_old_pod_that_ails_does_not_make_the_new_version_stuck() -> None:
    old = pod("p", CRASHING, owner=STAYS.owner)
    state, _ = judged(deployment(conditions=MOVES, updated=2), old, replica_sets=(NEWEST, STAYS))
    assert state.release is Release.PROGRESSING
    assert state.cause is not None


def test_ready_pods_inside_min_ready_seconds_serve() -> None:
    state, verdict = judged(
        deployment(available=0, min_ready=600.0, conditions=MOVES), replica_sets=(NEWEST,)
    )
    assert (state.serving, verdict.level) == (Serving.OK, Level.MOVING)
    down, _ = judged(deployment(available=0, ready=0, min_ready=600.0, conditions=DONE))
    assert down.serving is Serving.DOWN


def test_a_stateful_set_that_waits_for_a_broken_pod_of_the_version_that_was_left() -> None:
    broken = member(2, "db-9", waiting("ImagePullBackOff"), status="False", phase="Pending")
    state, verdict = judged(stateful_set(ready=2, available=2), *ALL[:2], broken)
    assert state.cause is not None
    assert (state.cause.code, state.release, verdict.level) == (CauseCode.BY_HAND, Release.STUCK, Level.WARN)
    assert "delete db-2 by hand" in state.cause.sentence
    parallel, _ = judged(stateful_set(ready=2, available=2, parallel=True), *ALL[:2], broken)
    assert parallel.cause is not None
    assert parallel.cause.code is not CauseCode.BY_HAND


def test_a_lost_node_is_one_cause_however_many_workloads_lack_a_pod_by_it() -> None:
    made: list[Object] = []
    for name in ("api", "cart", "web"):
        made.append(deployment(name=name, uid=f"d-{name}", available=2, ready=2, conditions=DONE))
        owner = Owner("Deployment", name, f"d-{name}")
        made.append(replica_set(name=f"{name}-1", uid=f"r-{name}", owner=owner, replicas=3, desired=3))
        pod_owner = Owner("ReplicaSet", f"{name}-1", f"r-{name}")
        made.append(pod(f"{name}-1-x", running(), reason="NodeLost", owner=pod_owner))
    found = judge_all(picture(*made), NOW)
    line = next(s for s in found.sections if s.id == "serving")
    assert "node node-1 is lost: 3 workloads lack pods, api among them" in line.detail
    assert line.count == 1
    assert next(s for s in found.sections if s.id == "releases").sentence == "none in flight"


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (
            pod("p", phase="Pending", node="", scheduling_gates=("example.com/quota",)),
            CauseCode.GATED,
            "held back by scheduling gate example.com/quota",
        ),
        (
            pod("p", phase="Pending", created=NOW - 600),
            CauseCode.KUBELET,
            "the kubelet of node-1 has not taken it up",
        ),
        (
            pod(
                "p",
                running(),
                readiness_gates=("lb/ok",),
                conditions=(condition("Ready", "False", "ReadinessGatesNotReady"),),
            ),
            CauseCode.READINESS_GATE,
            "ready but for readiness gate lb/ok",
        ),
        (
            pod("p", running(ready=False), containers=(Container("main", "r/web:1"),)),
            CauseCode.KUBELET,
            "running without a probe",
        ),
        (
            pod(
                "p",
                waiting(
                    "CrashLoopBackOff", last_exit_code=3, last_message="starting\nno database at db:5432\n"
                ),
            ),
            CauseCode.CRASH_LOOP,
            "last exit 3: no database at db:5432",
        ),
        (
            pod("p", running(), deleting=NOW - 90, finalizers=("example.com/never",)),
            CauseCode.TERMINATING,
            "waiting for finalizer example.com/never",
        ),
    ],
)
def test_causes_that_were_called_something_else(found: Pod, code: CauseCode, said: str) -> None:
    state, _ = judged(deployment(available=2, conditions=DONE), found, replica_sets=(NEWEST,))
    assert state.cause is not None
    assert state.cause.code is code
    assert said in state.cause.sentence


def test_what_is_being_deleted_and_waits_says_so() -> None:
    web = deployment(conditions=DONE, deleting=NOW - 600, finalizers=("example.com/never",))
    state, verdict = judged(web, replica_sets=(NEWEST,))
    assert state.cause is not None
    assert (state.cause.code, verdict.level) == (CauseCode.DELETING, Level.WARN)
    assert "deleted 10 min ago and still there, waiting for finalizer example.com/never" in verdict.sentence
