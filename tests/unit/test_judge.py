"""The judge: following changes gives what judging afresh gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.playbook.making import (
    NOW,
    REF,
    condition,
    deployment,
    picture,
    pod,
    replica_set,
    running,
    waiting,
)
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.kube import Object
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, ClusterPicture, Picture
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level

SUBJECT = Subject(REF, "Deployment", "a", "checkout")


def all_changed(p: Picture) -> Change:
    keys = {(ref, kind): None for ref, c in p.clusters.items() for kind in c.kinds}
    return Change(keys=keys, freshness=frozenset(keys))


def test_a_pod_that_comes_before_its_replica_set_is_found() -> None:
    judge = Judge()
    broken = pod("p", waiting("CrashLoopBackOff", last_exit_code=3))
    first = picture(deployment(available=0), broken, number=1)
    judge.assess(first, all_changed(first), NOW)
    second = picture(deployment(available=0), broken, replica_set(), number=2)
    told, changed = judge.assess(second, all_changed(second), NOW)
    assert SUBJECT in changed
    assert told.workloads[SUBJECT].cause is not None


def test_only_what_changed_is_said_anew() -> None:
    judge = Judge()
    first = picture(deployment(), deployment(name="other", uid="o"), replica_set())
    judge.assess(first, all_changed(first), NOW)
    second = picture(
        deployment(available=1),
        first.clusters[REF].objects("Deployment")[Key("a", "other")],
        replica_set(),
        number=2,
    )
    change = Change(keys={(REF, "Deployment"): frozenset({Key("a", "checkout")})}, freshness=frozenset())
    _, changed = judge.assess(second, change, NOW)
    assert changed == {SUBJECT}


def test_what_is_gone_is_forgotten() -> None:
    judge = Judge()
    first, second = picture(deployment()), picture(number=2)
    judge.assess(first, all_changed(first), NOW)
    told, changed = judge.assess(second, all_changed(second), NOW)
    assert (dict(told.workloads), changed) == ({}, {SUBJECT})


def test_a_troubled_workload_is_due_again_without_a_change() -> None:
    judge = Judge()
    p = picture(deployment(), replica_set(), pod("p", running(), deleting=NOW - 61))
    assert judge.due_at() is None
    judge.assess(p, all_changed(p), NOW)
    due = judge.due_at()
    assert due is not None
    assert NOW < due <= NOW + 60


def test_unseen_is_never_green() -> None:
    denied = Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="may not list"))
    cluster = picture().clusters[REF]
    kinds = {
        **cluster.kinds,
        "Deployment": denied,
        "Node": denied,
        "Job": denied,
        "Pod": denied,
        "Usage": denied,
        "Certificate": denied,
    }
    p = Picture(at=NOW, number=1, clusters={REF: ClusterPicture(ref=REF, info=cluster.info, kinds=kinds)})
    said = {s.id: s.level for s in judge_all(p, NOW).sections}
    assert said.pop("recovery") is Level.IDLE, "no runbook is there: that is of no kind"
    assert set(said.values()) == {Level.UNKNOWN}


def test_nodes() -> None:
    ready = (condition("Ready", "True"),)
    lost = (condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),)
    pressed = (*ready, condition("MemoryPressure", "True"))
    nodes = {
        "ok": Node(namespace="", name="ok", conditions=ready),
        "lost": Node(namespace="", name="lost", conditions=lost),
        "pressed": Node(namespace="", name="pressed", conditions=pressed),
        "cordoned": Node(namespace="", name="cordoned", conditions=ready, unschedulable=True),
        "silent": Node(namespace="", name="silent"),
    }
    told = judge_all(picture(*nodes.values()), NOW).verdicts
    levels = {s.name: v[0].level for s, v in told.items()}
    assert levels == {
        "ok": Level.OK,
        "lost": Level.BREACH,
        "pressed": Level.WARN,
        "cordoned": Level.PAUSED,
        "silent": Level.UNKNOWN,
    }


_POD = st.builds(
    lambda i, kind, set_: pod(
        f"p{i}",
        {
            "ok": running(),
            "crash": waiting("CrashLoopBackOff", last_exit_code=1),
            "unready": running(ready=False),
        }[kind],
        owner=replica_set(name=f"rs{set_}", uid=f"r{set_}").owner and _owner(set_),
    ),
    st.integers(0, 3),
    st.sampled_from(["ok", "crash", "unready"]),
    st.integers(0, 1),
)


def _owner(number: int) -> object:
    from tfdash.model.kube import Owner

    return Owner("ReplicaSet", f"rs{number}", f"r{number}")


_SET = st.builds(lambda i: replica_set(name=f"rs{i}", uid=f"r{i}", revision=i), st.integers(0, 1))
_DEPLOYMENT = st.builds(lambda a, u: deployment(available=a, updated=u), st.integers(0, 3), st.integers(0, 3))
_STEP = st.lists(st.one_of(_POD, _SET, _DEPLOYMENT), max_size=6)


@pytest.mark.long
@settings(max_examples=60)
@given(st.lists(_STEP, min_size=1, max_size=6), st.booleans())
def test_following_equals_judging_afresh(steps: list[list[Object]], named: bool) -> None:
    judge = Judge()
    before = picture()
    for number, objects in enumerate(steps, 1):
        now = picture(*objects, number=number)
        change = _difference(before, now) if named else all_changed(now)
        told, _ = judge.assess(now, change, NOW)
        afresh = judge_all(now, NOW)
        assert dict(told.workloads) == dict(afresh.workloads)
        assert dict(told.verdicts) == dict(afresh.verdicts)
        before = now


def _difference(before: Picture, after: Picture) -> Change:
    keys = {}
    for kind in after.clusters[REF].kinds:
        old, new = before.clusters[REF].objects(kind), after.clusters[REF].objects(kind)
        keys[REF, kind] = frozenset(k for k in {*old, *new} if old.get(k) != new.get(k))
    return Change(keys=keys, freshness=frozenset(keys))
