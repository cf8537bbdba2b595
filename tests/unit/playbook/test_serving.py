"""Serving health and the level that follows from it, at their edges."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import (
    NOW,
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
from tests.unit.playbook.releases.making import rollout as rollout_document
from tfdash.judging.judge import judge_all
from tfdash.model.kube import Condition, ContainerStatus, Object, Pod
from tfdash.model.verdict import Level
from tfdash.model.workload import CauseCode, Release, Serving
from tfdash.playbook.serving.health import contradiction, may_be_away, serving
from tfdash.playbook.serving.in_flight import HASH
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.unwell_since import unwell_since
from tfdash.sources.kubernetes.codec import Codec


@pytest.mark.parametrize(
    ("workload", "away"),
    [
        (deployment(desired=10, max_unavailable="25%"), 2),  # unavailable rounds down
        (deployment(desired=10, max_unavailable=""), 2),  # 25 % where nothing is set
        (deployment(desired=10, max_unavailable="0"), 0),  # the surge moves it
        (deployment(desired=10, max_unavailable="0", max_surge="0"), 1),
        (deployment(desired=10, max_unavailable="3", max_surge="0"), 3),
        (deployment(desired=10, strategy="Recreate"), 10),
        (stateful_set(desired=10), 1),
        (stateful_set(desired=10, max_unavailable="0"), 1),
        (stateful_set(desired=10, max_unavailable="25%"), 2),
        (stateful_set(desired=3, max_unavailable="25%"), 1),
        (daemon_set(desired=10), 1),
        (daemon_set(desired=10, max_unavailable="0"), 1),
        (daemon_set(desired=10, max_unavailable="0%"), 1),
        (daemon_set(desired=10, max_unavailable="21%"), 3),  # a DaemonSet rounds up
        (daemon_set(desired=10, max_unavailable="4"), 4),
        (pod(), 0),
    ],
)
def test_how_many_a_rolling_update_may_take_away(workload: Object, away: int) -> None:
    assert may_be_away(workload) == away


@pytest.mark.parametrize("make", [deployment, stateful_set, daemon_set])
@pytest.mark.parametrize(
    ("missing", "release", "health"),
    [
        (0, Release.COMPLETE, Serving.OK),
        (1, Release.COMPLETE, Serving.DEGRADED),
        (9, Release.COMPLETE, Serving.DEGRADED),
        (10, Release.COMPLETE, Serving.DOWN),
        (2, Release.PROGRESSING, Serving.OK),
        (3, Release.PROGRESSING, Serving.DEGRADED),
        (10, Release.PROGRESSING, Serving.DOWN),
        (2, Release.PAUSED, Serving.DEGRADED),
        (2, Release.STUCK, Serving.DEGRADED),
        (-1, Release.COMPLETE, Serving.OK),
    ],
)
def test_only_what_the_strategy_takes_away_in_a_release_is_well(
    make: Any, missing: int, release: Release, health: Serving
) -> None:
    workload = make(desired=10, max_unavailable="2")
    assert serving(workload, 10, 10 - missing, release) is health


MOVING = {"updated": 1, "available": 2}
PROBE = pod("p", running(ready=False))
CRASH = pod("p", waiting("CrashLoopBackOff", last_exit_code=1))
GOING = pod("p", running(), deleting=NOW - 3600)


@pytest.mark.parametrize(
    ("workload", "found", "code", "release"),
    [
        (deployment(**MOVING), CRASH, CauseCode.CRASH_LOOP, Release.STUCK),
        (deployment(**MOVING), pod("p", waiting("ImagePullBackOff")), CauseCode.IMAGE_PULL, Release.STUCK),
        (
            deployment(**MOVING),
            pod("p", waiting("CreateContainerConfigError", "no")),
            CauseCode.CONFIG,
            Release.STUCK,
        ),
        # these pass by waiting: a probe, a pod that goes, a spec that was not observed yet
        (deployment(**MOVING), PROBE, CauseCode.PROBE, Release.PROGRESSING),
        (deployment(**MOVING), GOING, CauseCode.TERMINATING, Release.PROGRESSING),
        (deployment(**MOVING, generation=2), None, CauseCode.GENERATION, Release.PROGRESSING),
        # and a release that does not move is none that is stuck, whatever ails a pod
        (deployment(**MOVING, paused=True), CRASH, CauseCode.CRASH_LOOP, Release.PAUSED),
        (deployment(available=2, updated=2, paused=True), None, CauseCode.PAUSED, Release.PAUSED),
        (
            stateful_set(strategy="OnDelete", available=2, update_revision="db-2"),
            pod("p", waiting("CrashLoopBackOff", last_exit_code=1), labels={HASH: "db-1"}),
            CauseCode.CRASH_LOOP,
            Release.ON_DELETE,
        ),
    ],
)
def test_only_a_lasting_cause_makes_a_moving_release_stuck(
    workload: Object, found: Pod | None, code: CauseCode, release: Release
) -> None:
    state, _ = judged(workload, *([found] if found else []), replica_sets=(replica_set(),))
    assert state.cause is not None
    assert (state.cause.code, state.release) == (code, release)


@pytest.mark.parametrize(
    ("workload", "found", "level"),
    [
        (deployment(), None, Level.OK),
        (deployment(desired=0, replicas=0, updated=0, ready=0, available=0), None, Level.IDLE),
        (deployment(updated=2, available=3), None, Level.MOVING),
        (deployment(updated=0, available=3, paused=True), None, Level.PAUSED),
        (deployment(available=2), None, Level.WARN),
        (deployment(**MOVING), CRASH, Level.WARN),  # stuck
        (deployment(available=0), None, Level.BREACH),
        (deployment(available=0, updated=0, paused=True), None, Level.BREACH),
        (deployment(available=0, updated=1, paused=True), None, Level.BREACH),
        # it never served: nothing broke, it is coming up, unless something keeps it from that
        # (its ReplicaSet was made 600 seconds ago); after its grace it is down
        (deployment(available=0, updated=1, created=NOW - 600), None, Level.BREACH),
        (deployment(available=0, updated=1, created=NOW - 600), PROBE, Level.BREACH),
        (deployment(available=0, updated=1, created=NOW - 606), None, Level.BREACH),
        (daemon_set(available=0), None, Level.BREACH),
        # what was lost after a release is no release
        (stateful_set(available=2, ready=2), None, Level.WARN),
    ],
)
def test_the_level(workload: Object, found: Pod | None, level: Level) -> None:
    _, verdict = judged(workload, *([found] if found else []), replica_sets=(replica_set(),))
    assert verdict.level is level


@pytest.mark.parametrize(
    ("age", "found", "expected"),
    [
        (0.0, None, (Serving.STARTING, Level.MOVING)),
        (29.9, None, (Serving.STARTING, Level.MOVING)),
        (29.9, CRASH, (Serving.STARTING, Level.WARN)),
        (30.0, None, (Serving.DOWN, Level.BREACH)),  # half-open
        (30.0, CRASH, (Serving.DOWN, Level.BREACH)),
        (86400.0, CRASH, (Serving.DOWN, Level.BREACH)),  # a day later it is no "coming up" any more
    ],
)
def test_what_never_served_is_down_after_its_grace(
    age: float, found: Pod | None, expected: tuple[Serving, Level]
) -> None:
    new = deployment(available=0, updated=3, created=NOW - age)
    sets = (replica_set(created=NOW - age),)
    state, verdict = judged(new, *([found] if found else []), replica_sets=sets)
    assert (state.serving, verdict.level) == expected


def test_a_deadline_that_passed_is_stuck_without_a_cause_in_the_pods() -> None:
    exceeded = (condition("Progressing", "False", "ProgressDeadlineExceeded"),)
    state, verdict = judged(deployment(**MOVING, conditions=exceeded), replica_sets=(replica_set(),))
    assert (state.release, verdict.level) == (Release.STUCK, Level.WARN)
    assert state.cause is not None
    assert state.cause.code is CauseCode.DEADLINE


def read(kind: str, document: dict[str, Any]) -> Object:
    found = Codec(kind).item(msgspec.Raw(msgspec.json.encode(document)))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        (deployment(ready=0), "3 available, but 0 ready"),
        (deployment(ready=4), "4 ready, but 3 pods"),
        (deployment(updated=4), "4 updated, but 3 pods"),
        (stateful_set(ready=2), "3 available, but 2 ready"),
        (stateful_set(replicas=0, updated=0), "3 ready, but 0 pods"),
        (daemon_set(ready=0), "3 available, but 0 ready"),
        (daemon_set(current=2), "3 ready, but 2 with a pod"),
        (daemon_set(desired=0), "3 ready, but 0 nodes wanted"),
        (daemon_set(desired=2, ready=2, available=2, updated=2), "3 with a pod, but 2 nodes wanted"),
        (read("Rollout", rollout_document(availableReplicas=6)), "6 available, but 5 ready"),
        (
            read("Rollout", rollout_document(replicas=0, readyReplicas=0, updatedReplicas=0)),
            "",
        ),  # written in part
        # and what happens is none: old pods, fewer ready, scaled to none
        (deployment(replicas=5, ready=4, updated=2), ""),
        (deployment(desired=0, replicas=0, updated=0, ready=0, available=0), ""),
        (deployment(desired=2), ""),  # scaled down, the pods still there
        (daemon_set(desired=4), ""),
        (pod(), ""),
    ],
)
def test_counts_that_cannot_all_be_true(workload: Object, expected: str) -> None:
    assert contradiction(workload) == expected


@pytest.mark.parametrize(
    "workload", [deployment(ready=0), stateful_set(ready=0), daemon_set(ready=0), daemon_set(desired=0)]
)
def test_of_counts_that_contradict_each_other_nothing_is_green(workload: Object) -> None:
    state, verdict = judged(workload)
    assert (state.serving, verdict.level) == (Serving.UNKNOWN, Level.UNKNOWN)
    assert state.release in (Release.UNKNOWN, Release.PROGRESSING)
    assert f"its status contradicts itself: {contradiction(workload)}" in verdict.sentence


def test_contradictory_counts_take_no_red_away() -> None:
    state, verdict = judged(deployment(ready=0), CRASH, replica_sets=(replica_set(),))
    assert (state.serving, verdict.level) == (Serving.UNKNOWN, Level.WARN)
    assert "keeps crashing" in verdict.sentence


@pytest.mark.parametrize(("age", "health"), [(0.0, Serving.STARTING), (30.0, Serving.UNKNOWN)])
def test_how_many_a_daemon_set_wants_that_nobody_saw(age: float, health: Serving) -> None:
    new = daemon_set(
        observed_generation=0, desired=0, current=0, ready=0, updated=0, available=0, created=NOW - age
    )
    state, verdict = judged(new)
    assert state.serving is health
    assert verdict.level is not Level.IDLE
    cause = state.cause.code if state.cause is not None else None
    assert cause is (CauseCode.GENERATION if age >= 30 else None)


@pytest.mark.parametrize("status", [{}, {"observedGeneration": 1}])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Rollout", "Node"])
def test_nothing_but_an_identity_is_never_green(kind: str, status: dict[str, int]) -> None:
    """Whatever a server leaves out, what was not said is not taken for well, nor for not wanted."""
    named = {"name": "x", "namespace": "a", "uid": "u", "generation": 1}
    told = judge_all(picture(read(kind, {"metadata": named, "status": status})), NOW)
    levels = [v.level for several in told.verdicts.values() for v in several]
    health = [s.serving for s in (*told.workloads.values(), *told.releases.values())]
    assert levels or health
    assert all(level >= Level.UNKNOWN or level is Level.MOVING for level in levels)
    assert not {Serving.OK, Serving.IDLE} & set(health)


DOWN_AT, WENT = NOW - 300, NOW - 200
GONE = condition("Ready", "False", since=WENT)


@pytest.mark.parametrize(
    ("conditions", "pods", "available", "since"),
    [
        ((condition("Available", "False", since=DOWN_AT),), ((GONE,),), 0, DOWN_AT),
        (
            (),
            ((GONE,), (condition("Ready", "False", since=WENT + 50),)),
            0,
            WENT + 50,
        ),  # when the last one went
        ((condition("Available", "True", since=1.0),), ((GONE,), (condition("Ready", "True"),)), 1, WENT),
        ((condition("ReplicaFailure", "True", since=DOWN_AT),), ((condition("Ready", "True"),),), 1, DOWN_AT),
        ((), ((),), 0, NOW - 900),  # no kubelet took it yet: since it was made
    ],
)
def test_since_when_it_is_not_well_is_not_since_its_last_release(
    conditions: tuple[Condition, ...], pods: tuple[tuple[Condition, ...], ...], available: int, since: float
) -> None:
    mine = [pod(f"checkout-1-{n}", conditions=each, created=NOW - 900) for n, each in enumerate(pods)]
    about = deployment(available=available, ready=available)
    done = condition(
        "Progressing",
        "True",
        "NewReplicaSetAvailable",
        'ReplicaSet "checkout-1" has successfully progressed.',
    )
    about = msgspec.structs.replace(about, conditions=(done, *conditions))
    [told] = judge_all(picture(about, replica_set(), *mine), NOW).verdicts.values()
    assert [(v.level >= Level.WARN, v.since) for v in told if not v.rule.startswith("resources.")] == [
        (True, since)
    ]


def not_ready(since: float, **fields: Any) -> Pod:
    return pod(f"p{since:g}", conditions=(condition("Ready", "False", since=since),), **fields)


def restarted(*ends: float) -> Pod:
    return pod("r", *(running(last_finished=end) for end in ends), conditions=(condition("Ready", "True"),))


@pytest.mark.parametrize(
    ("conditions", "pods", "health", "release", "since"),
    [
        ((), (not_ready(10.0),), Serving.DEGRADED, Release.STUCK, 50.0),  # of what is in flight its start
        ((), (not_ready(10.0),), Serving.DEGRADED, Release.PROGRESSING, 50.0),
        ((), (restarted(60.0),), Serving.OK, Release.PROGRESSING, 50.0),
        ((), (not_ready(10.0), not_ready(20.0)), Serving.DEGRADED, Release.COMPLETE, 10.0),  # the first that went
        ((), (not_ready(10.0), not_ready(20.0)), Serving.DOWN, Release.COMPLETE, 20.0),  # the last
        ((), (not_ready(0.0, created=7.0),), Serving.DOWN, Release.COMPLETE, 7.0),
        # what ended or goes is not there
        *[
            ((), (not_ready(10.0, **gone), not_ready(20.0)), Serving.DEGRADED, Release.COMPLETE, 20.0)
            for gone in ({"phase": "Succeeded"}, {"phase": "Failed"}, {"deleting": 5.0})
        ],
        (("Available", 30.0), (not_ready(10.0),), Serving.DOWN, Release.COMPLETE, 30.0),
        (("Available", 0.0), (not_ready(10.0),), Serving.DOWN, Release.COMPLETE, 10.0),
        (("Available", 30.0), (not_ready(10.0),), Serving.DEGRADED, Release.COMPLETE, 10.0),
        ((), (restarted(60.0, 70.0), restarted(0.0)), Serving.OK, Release.COMPLETE, 70.0),
        ((), (restarted(0.0),), Serving.OK, Release.COMPLETE, None),
        ((), (), Serving.DEGRADED, Release.COMPLETE, None),
    ],
)  # fmt: skip  # a row is one case
def test_since_when_it_is_not_well(
    conditions: tuple[Any, ...], pods: tuple[Pod, ...], health: Serving, release: Release, since: float | None
) -> None:
    kept = (condition(conditions[0], "False", since=conditions[1]),) if conditions else ()
    about, links = deployment(conditions=kept), Links(pods=pods)
    assert unwell_since(about, links, health, release, 50.0) == since
    if release is not Release.COMPLETE:
        assert unwell_since(about, links, health, release, 0.0) is None, "and none where that is not known"


@pytest.mark.parametrize(
    ("status", "since", "told"), [("True", 5.0, 5.0), ("True", 0.0, None), ("False", 5.0, None)]
)
def test_since_when_its_pods_cannot_be_made(status: str, since: float, told: float | None) -> None:
    about = deployment(conditions=(condition("ReplicaFailure", status, since=since),))
    assert unwell_since(about, Links(), Serving.DEGRADED, Release.COMPLETE, 50.0) == told


@pytest.mark.parametrize(
    "status", [waiting("ContainerCreating"), ContainerStatus("main", last_reason="OOMKilled")]
)
def test_an_evicted_pod_that_lies_there_troubles_no_whole_workload(status: ContainerStatus) -> None:
    left = pod("left", status, phase="Failed", reason="Evicted", created=NOW - 60)
    state, verdict = judged(deployment(), left, replica_sets=(replica_set(replicas=3),))
    assert (verdict.level, state.cause) == (Level.OK, None)
