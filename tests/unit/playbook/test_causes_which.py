"""Causes that are a matter of time, the pod that must be deleted by hand, and which of several causes is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import (
    CONTAINER,
    NOW,
    REF,
    condition,
    deployment,
    event,
    pod,
    replica_set,
    running,
    stateful_set,
    told,
    waiting,
)
from tfdash.model.kube import ContainerStatus, Owner, Pod
from tfdash.model.subject import Subject
from tfdash.model.workload import Cause, CauseCode, Release
from tfdash.playbook.policy import default_policy
from tfdash.playbook.serving.causes import (
    Asked,
    by_hand,
    find,
    holds_up,
)
from tfdash.playbook.serving.causes import waiting as times
from tfdash.playbook.serving.causes.finding import Finding
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import rollout

POLICY = default_policy()
IMAGE = CONTAINER.image
LOOP = "CrashLoopBackOff"
QUOTA = "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"
LATE = running(ready=False)
READY_SIDE = ContainerStatus("main", state="running", ready=True)
UNTAKEN = pod("p", phase="Pending", created=NOW - POLICY.ready_grace)
GATED = pod(
    "p", conditions=(condition("Ready", "False", "ReadinessGatesNotReady"),), readiness_gates=("lb/ok",)
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172799, "47 h"),
        (172800, "2 d"),
    ],
)
def test_how_long(seconds: float, text: str) -> None:
    assert times.lasting(seconds) == text


ENDS = POLICY.terminating_grace


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ([pod("p", deleting=NOW - ENDS)], None),  # just at its end
        (
            [pod("p", deleting=NOW - ENDS - 1)],
            f"1 pod should be gone since {ENDS + 1:.0f} s and still terminating",
        ),
        (
            [
                pod("p", deleting=NOW - ENDS - 1, finalizers=("a/x",)),
                pod("q", deleting=NOW - 999, finalizers=("a/x", "b/y")),
            ],
            "2 pods should be gone since 999 s and still terminating, waiting for finalizers a/x, b/y",
        ),
        (
            [pod("p", deleting=NOW - 999, finalizers=("a/x",))],
            "1 pod should be gone since 999 s and still terminating, waiting for finalizer a/x",
        ),
        ([pod("p")], None),
        (None, None),
    ],
)
def test_terminating(pods: list[Pod] | None, said: str | None) -> None:
    links = Links(None if pods is None else tuple(pods))
    names = [p.name for p in pods or ()]
    expected = [] if said is None else [(CauseCode.TERMINATING, said, names)]
    assert told(times.terminating(links, POLICY, NOW)) == expected


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"deleting": NOW - 30}, "deleted 30 s ago and still there"),
        ({"deleting": NOW + 5}, "deleted 0 s ago and still there"),  # of a clock that is ahead
        (
            {"deleting": NOW - 300, "finalizers": ("foregroundDeletion",)},
            "deleted 5 min ago and still there, waiting for finalizer foregroundDeletion",
        ),
        ({}, None),
    ],
)
def test_deleting(over: dict[str, Any], said: str | None) -> None:
    tail = ": no change of it is carried out any more"
    expected = [] if said is None else [(CauseCode.DELETING, f"{said}{tail}", ["checkout"])]
    assert told(times.deleting(deployment(**over), NOW)) == expected


OVERDUE = condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")
UNSEEN = (
    "the newest spec was not observed by its controller: if that stays, is kube-controller-manager alive?"
)


@pytest.mark.parametrize(
    ("workload", "release", "findings"),
    [
        (deployment(), Release.COMPLETE, []),
        (deployment(generation=2), Release.PROGRESSING, [(CauseCode.GENERATION, UNSEEN)]),
        (
            deployment(conditions=(OVERDUE,)),
            Release.STUCK,
            [(CauseCode.DEADLINE, "progress deadline of 600 s passed: timed out")],
        ),
        (
            deployment(progress_deadline=None),
            Release.STUCK,
            [(CauseCode.DEADLINE, "progress deadline passed")],
        ),
        (deployment(conditions=(OVERDUE,)), Release.PROGRESSING, []),
        (stateful_set(name="checkout"), Release.STUCK, []),
        (
            deployment(paused=True),
            Release.PAUSED,
            [(CauseCode.PAUSED, "paused: no new pods are made until it is resumed")],
        ),
    ],
)
def test_stalled(workload: Any, release: Release, findings: list[tuple[CauseCode, str]]) -> None:
    found = told(times.stalled(workload, Links(), rollout(workload), release, default_policy(), NOW))
    assert found == [(code, sentence, ["checkout"]) for code, sentence in findings]


# -- a StatefulSet's broken pod of another version ---------------------------------------------------------------------

HELD: dict[str, Any] = {"update_revision": "db-2", "updated": 1, "ready": 1}
CRASHING = waiting(LOOP, last_reason="Error", last_exit_code=1)


def of(revision: str, name: str, *statuses: ContainerStatus, **more: Any) -> Pod:
    labels = {"controller-revision-hash": revision}
    return pod(name, *statuses, labels=labels, **more)


def asked(workload: Any, release: Release, *pods: Pod, **links: Any) -> Asked:
    return Asked(workload, Links(pods=pods, **links), rollout(workload), release, POLICY, NOW)


def test_a_broken_pod_of_another_version_must_be_deleted_by_hand() -> None:
    crashes = "container main keeps crashing in 1 pod: last exit 1"
    pods = [
        of("db-1", "db-0", CRASHING),
        of("db-1", "db-1", CRASHING),
        of("db-1", "db-2", running(), conditions=(condition("Ready", "True"),)),
    ]
    workload = stateful_set(**HELD)
    cause = find(REF, asked(workload, Release.PROGRESSING, *pods))
    assert cause is not None and cause.code is CauseCode.BY_HAND
    assert cause.sentence == (
        "the controller waits for 2 broken pods of another version: delete db-0, db-1 by hand, "
        f"nothing else replaces them ({crashes})"
    )
    one = find(REF, asked(workload, Release.PROGRESSING, pods[0]))
    assert one is not None and "1 broken pod of another version: delete db-0 by hand" in one.sentence
    assert "replaces it (" in one.sentence
    leaving = msgspec.structs.replace(pods[0], deleting=NOW)
    for case in (
        asked(stateful_set(**HELD, parallel=True), Release.PROGRESSING, *pods),
        asked(workload, Release.COMPLETE, *pods),
        asked(workload, Release.PROGRESSING, leaving),
    ):
        found = by_hand.waited_for(
            case.workload,
            case.links,
            case.release,
            lambda p: Finding(CauseCode.CRASH_LOOP, "x", (p,)),
        )
        assert list(found) == []


# -- which of several --------------------------------------------------------------------------------------------------


def test_the_first_family_leads_and_every_other_sentence_is_kept_once() -> None:
    pods = [pod(f"p{i}", waiting("ErrImagePull"), uid=f"u{i}") for i in range(21)]
    held = deployment(conditions=(OVERDUE,), uid="d")
    found = find(REF, asked(held, Release.STUCK, *pods, pod("gone", deleting=NOW - 9999)))
    assert found == Cause(
        code=CauseCode.IMAGE_PULL,
        sentence=f"ErrImagePull: {IMAGE} cannot be pulled in 21 pods",
        objects=tuple(Subject(REF, "Pod", "a", f"p{i}", f"u{i}") for i in range(20)),
        count=21,
        others=(
            "1 pod should be gone since 9999 s and still terminating",
            "progress deadline of 600 s passed: timed out",
        ),
    )


def test_a_lost_node_is_the_origin_and_what_ended_well_is_no_cause() -> None:
    lost = pod("p", reason="NodeLost", uid="u")
    found = find(REF, asked(deployment(), Release.COMPLETE, lost))
    assert found is not None and found.origin == Subject(REF, "Node", "", "node-1")
    done = pod("p", waiting("ErrImagePull"), phase="Succeeded")
    assert find(REF, asked(deployment(), Release.COMPLETE, done)) is None
    assert (
        find(REF, Asked(deployment(), Links(), rollout(deployment()), Release.COMPLETE, POLICY, NOW)) is None
    )
    quota = event("FailedCreate", QUOTA, uid="d", name="e")
    refused = find(REF, asked(deployment(), Release.COMPLETE, events=(quota,)))
    assert refused is not None
    assert (refused.count, refused.origin, refused.objects) == (0, None, (Subject(REF, "Event", "a", "e"),))


SHUT_DOWN = ContainerStatus("main", state="terminated", reason="Error", exit_code=143)
OLD_SET = replica_set(name="old", uid="o", revision=3, replicas=1)


@pytest.mark.parametrize(
    ("one", "more", "held"),
    [
        (pod("p", waiting("ErrImagePull")), {}, True),
        (pod("p", CRASHING), {}, True),
        (pod("p", LATE), {}, False),  # may pass by waiting, as these do
        (pod("p", reason="NodeLost"), {}, False),
        (UNTAKEN, {}, False),
        (pod("p", scheduling_gates=("x",), node=""), {}, False),
        (GATED, {}, False),
        (pod("p", deleting=NOW - 9999), {}, False),
        # what its node ended has a successor already
        (pod("p", SHUT_DOWN, phase="Failed", reason="Terminated"), {}, False),
        (pod("p", phase="Failed", reason="Evicted"), {}, False),
        (pod("p", SHUT_DOWN), {}, True),
        (pod("p", running()), {"paused": True}, False),
        (pod("p", running()), {"generation": 2}, False),
        (pod("p", running()), {}, False),
    ],
)
def test_what_holds_up_the_newest_version(one: Pod, more: dict[str, Any], held: bool) -> None:
    workload = deployment(**more)
    release = Release.PAUSED if more.get("paused") else Release.PROGRESSING
    assert holds_up(asked(workload, release, one, replica_sets=(replica_set(),))) is held


def test_while_a_release_is_in_flight_its_own_pods_come_first() -> None:
    mine = pod("new", LATE)
    old = pod("old", waiting("ErrImagePull"), owner=Owner("ReplicaSet", "old", "o"))
    sets = {"replica_sets": (replica_set(), OLD_SET)}
    flight = find(REF, asked(deployment(), Release.PROGRESSING, mine, old, **sets))
    assert flight is not None and flight.code is CauseCode.PROBE
    assert flight.others == (f"ErrImagePull: {IMAGE} cannot be pulled in 1 pod",)
    assert not holds_up(asked(deployment(), Release.PROGRESSING, mine, old, **sets))
    after = find(REF, asked(deployment(), Release.COMPLETE, mine, old, **sets))
    assert after is not None and after.code is CauseCode.IMAGE_PULL


def test_what_its_node_ended_is_named_behind_what_ails_now() -> None:
    """And no container of it is said to crash: it is not started again."""
    left = pod("left", SHUT_DOWN, phase="Failed", reason="Terminated", message="Node shutdown.")
    found = find(REF, asked(deployment(), Release.COMPLETE, left, pod("p", LATE)))
    assert found is not None and found.code is CauseCode.PROBE
    assert found.others == ("1 pod terminated: Node shutdown.",)
