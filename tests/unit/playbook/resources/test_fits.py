"""What fits, at the edge: exactly, and a billionth less; counted as quotas' admission and the scheduler count."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kinds import resources
from tests.unit.playbook.making import (
    NOW,
    REF,
    condition,
    deployment,
    picture,
    pod,
    replica_set,
    stateful_set,
)
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Container, HorizontalPodAutoscaler, Object, Owner, Pod, Template
from tfdash.model.kubecluster import Node, Taint
from tfdash.model.picture import Change, Picture
from tfdash.model.placement import Placement, Requirement
from tfdash.model.subject import Subject
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.nodes import capacity
from tfdash.playbook.resources import fits
from tfdash.quantities import amounts

WEB = Container("main", "web:1", resources(cpu="500m", memory="1Gi", cpu_limit="1", memory_limit="1Gi"))
PLAIN = Container("main", "web:1")
BAD = Taint("gpu", "yes", "NoSchedule")


def quota(used: dict[str, str] | None = None, *scoped: Requirement, **hard: str) -> ResourceQuota:
    named = {name.replace("_", "."): value for name, value in hard.items()}
    return ResourceQuota(
        namespace="a", name="team", hard=amounts(named), used=amounts(used or {}), scoped=scoped
    )


# -- the rule ----------------------------------------------------------------------------------------------------------


def node(name: str = "n1", **over: Any) -> Node:
    room = {"cpu": "4", "memory": "16Gi", "pods": "110"} | over.pop("room", {})
    return Node(namespace="", name=name, allocatable=amounts(room), **over)


OWNER = Owner("Deployment", "web", "w")
MINE = Owner("ReplicaSet", "web-1", "r")


def web(desired: int = 3, **over: Any) -> list[Object]:
    given: dict[str, Any] = {"max_surge": "25%", "max_unavailable": "25%"} | over
    pods = [
        pod(f"web-{i}", owner=MINE, containers=(WEB,), node="n1") for i in range(given.pop("there", desired))
    ]
    placement = given.pop("placement", Placement())
    template = Template(containers=(WEB,), placement=placement)
    made = deployment(name="web", uid="w", desired=desired, template=template, **given)
    return [made, replica_set(name="web-1", owner=OWNER), *pods]


def scaler(most: int) -> HorizontalPodAutoscaler:
    return HorizontalPodAutoscaler(
        namespace="a", name="web", target_kind="Deployment", target_name="web", max_replicas=most
    )


NO_QUOTA = quota(services="1")


def shown(*objects: Object) -> Picture:
    return picture(*objects, *(() if any(isinstance(o, ResourceQuota) for o in objects) else (NO_QUOTA,)))


def judged(*objects: Object, rule: str = fits.ID, subject: Subject | None = None) -> Verdict | None:
    about = subject or Subject(REF, "Deployment", "a", "web")
    told = judge_all(shown(*objects), NOW).verdicts.get(about, ())
    return next((v for v in told if v.rule == rule), None)


def team(**hard: str) -> ResourceQuota:
    """Three pods of ``web`` are in it."""
    used = {
        "requests.cpu": "1500m",
        "limits.cpu": "3",
        "requests.memory": "3Gi",
        "limits.memory": "3Gi",
        "pods": "3",
    }
    return quota({n: v for n, v in used.items() if n.replace(".", "_") in hard}, **hard)


CANNOT_START = "web: no room for one more pod: {}; the next release cannot start"
AWAY = "web: no room for one more pod: {}; the next release cannot surge, it takes pods away first"


@pytest.mark.parametrize(
    ("objects", "sentence"),
    [
        ((*web(), node()), "web: room for 4 pods"),
        # exactly one more, and a thousandth of a core less
        ((*web(), node(), team(requests_cpu="2")), "web: room for 4 pods"),
        (
            (*web(), node(), team(requests_cpu="1999m")),
            CANNOT_START.format("quota team ends at 3 pods (requests.cpu, 499m left)"),
        ),
        (
            (*web(max_unavailable="34%"), node(), team(pods="3")),
            AWAY.format("quota team ends at 3 pods (pods, 0 left)"),
        ),
        (
            (*web(strategy="Recreate"), node(), team(pods="3")),
            "web: no room for one more pod: quota team ends at 3 pods (pods, 0 left)",
        ),
        # both bounds round to nothing: Kubernetes takes one away all the same
        (
            (*web(max_surge="0", max_unavailable="0"), node(), team(pods="3")),
            "web: no room for one more pod: quota team ends at 3 pods (pods, 0 left)",
        ),
        ((*web(), node(room={"cpu": "2"})), "web: room for 4 pods"),
        (
            (*web(), node(room={"cpu": "1999m"})),
            CANNOT_START.format("nodes end at 3 pods (of 1 node 1 insufficient cpu)"),
        ),
        (
            (*web(), node(room={"pods": "3"}), node("n2", unschedulable=True), node("n3", taints=(BAD,))),
            CANNOT_START.format("nodes end at 3 pods (of 3 nodes 1 cordoned, 1 tainted, 1 too many pods)"),
        ),
        # the maximum of the autoscaler
        ((*web(), node(), scaler(8)), "web: room for 8 pods"),
        (
            (*web(), node(), scaler(9)),
            "web: its maximum 9 cannot be reached: nodes end at 8 pods (of 1 node 1 insufficient cpu)",
        ),
        ((*web(), node(), node("n2"), scaler(16)), "web: room for 16 pods"),
        (
            (*web(), node(), node("n2"), scaler(20), team(requests_memory="14Gi")),
            "web: its maximum 20 cannot be reached: quota team ends at 14 pods (requests.memory, 11.0Gi left)".replace(
                ".0Gi", "Gi"
            ),
        ),
        ((*web(), node(), scaler(2)), "web: room for 4 pods"),
        (
            (*web(), node(), scaler(4), team(pods="3")),
            CANNOT_START.format("quota team ends at 3 pods (pods, 0 left)")
            + "; its maximum 4 cannot be reached",
        ),
    ],
)
def test_what_is_said(objects: tuple[Object, ...], sentence: str) -> None:
    told = judged(*objects)
    assert told is not None
    assert told.sentence == sentence
    assert told.level is (Level.OK if sentence.startswith("web: room for") else Level.WARN)


def test_a_release_on_its_way_has_its_surge_already() -> None:
    told = judged(*web(there=4), node(room={"cpu": "2"}))
    assert told is not None and told.level is Level.OK


def other(name: str, **over: Any) -> Pod:
    given: dict[str, Any] = {"namespace": "b", "containers": (WEB,), "node": "n1", "owner": None} | over
    return pod(name, **given)


@pytest.mark.parametrize(
    ("more", "fits_in"),
    [
        ((), True),
        ((other("x"),), False),
        ((other("x", deleting=NOW),), False),  # it goes, and is not gone
        ((other("x", owner=Owner("DaemonSet", "logs", "n")),), False),
        ((other("x", phase="Succeeded"),), True),
        ((other("x", phase="Failed"),), True),
        ((other("x", node=""),), True),  # it waits, and holds no place
        ((other("x", node="n2"),), True),
    ],
)
def test_whom_the_scheduler_counts(more: tuple[Pod, ...], fits_in: bool) -> None:
    told = judged(*web(), node(room={"cpu": "2"}), *more)
    assert told is not None and (told.level is Level.OK) is fits_in


def test_of_some_namespaces_alone_there_is_neither_room_on_nodes_nor_a_sum_of_them() -> None:
    """Others' pods, not read, hold what looked free; each way it is what judging afresh says."""
    about, of_node = Subject(REF, "Deployment", "a", "web"), Subject(REF, "Node", "", "n1")
    whole = shown(*web(), node())
    cluster = whole.clusters[REF]
    pods = msgspec.structs.replace(cluster.kinds["Pod"], partial=True)
    cut = msgspec.structs.replace(cluster, kinds={**cluster.kinds, "Pod": pods})
    part = msgspec.structs.replace(whole, number=2, clusters={REF: cut})
    judge, words = Judge(), []
    for picture_ in (whole, part, msgspec.structs.replace(whole, number=3)):
        change = Change(keys={}, freshness=frozenset({(REF, "Pod")}))
        told = judge.assess(picture_, change, NOW)[0].verdicts
        assert told == judge_all(picture_, NOW).verdicts
        words.append(
            [v.sentence for at in (about, of_node) for v in told[at] if v.rule in (fits.ID, capacity.ID)]
        )
    assert words[0] == words[2] and words[0][0].startswith("web: room for")
    assert words[1] == [
        "web: room on nodes is not known: the pods of other namespaces are not read",
        "n1: what is asked of it is not known: the pods of other namespaces are not read",
    ]
    full = shown(*web(), node(), team(pods="3")).clusters[REF]
    cut = msgspec.structs.replace(full, kinds={**full.kinds, "Pod": pods})
    verdicts = judge_all(msgspec.structs.replace(part, clusters={REF: cut}), NOW).verdicts[about]
    assert [v.level for v in verdicts if v.rule == fits.ID] == [Level.WARN]  # a quota has its own sum


def test_pods_that_no_node_can_take_have_the_schedulers_word() -> None:
    why = condition("PodScheduled", "False", "Unschedulable", "0/1 nodes are available: 1 Insufficient cpu.")
    stuck = pod("web-9", owner=MINE, containers=(WEB,), node="", phase="Pending", conditions=(why,))
    told = judged(*web(there=2), stuck, node(room={"cpu": "1400m"}))
    assert told is not None
    assert told.sentence.startswith(
        "web: no node can take 1 pod: 0/1 nodes are available: 1 Insufficient cpu.; no room for one more pod"
    )
    assert [s.name for s in told.evidence.objects] == ["web-9"]
    # one that waits takes the place that is free before any other
    assert (told.measured, told.limit) == (2, 4)


def test_of_what_has_no_pods_nothing_is_said() -> None:
    assert judged(*web(0), node()) is None
    assert judged(*web(deleting=NOW), node()) is None


_PODS = st.builds(
    lambda i, where, size: pod(f"p{i}", owner=MINE, node=where, containers=size),
    st.integers(0, 4),
    st.sampled_from(["n1", "n2", ""]),
    st.sampled_from([(WEB,), (PLAIN,)]),
)
_NODES = st.builds(
    lambda name, cpu, cordoned: node(name, room={"cpu": cpu}, unschedulable=cordoned),
    st.sampled_from(["n1", "n2", "n3"]),
    st.sampled_from(["500m", "1", "4"]),
    st.booleans(),
)
_AROUND = st.one_of(
    st.builds(lambda n: web(n, there=0)[0], st.integers(0, 3)),
    st.just(web(there=0)[1]),
    st.builds(lambda n: team(pods=str(n)), st.integers(3, 6)),
    st.builds(scaler, st.integers(1, 9)),
)


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.one_of(_PODS, _NODES, _AROUND), max_size=8), min_size=1, max_size=6))
def test_followed_change_by_change_it_is_as_judged_afresh(steps: list[list[Object]]) -> None:
    judge = Judge()
    for number, objects in enumerate(steps, 1):
        now = picture(*objects, quota(services="1"), number=number)
        keys = {(REF, kind): None for kind in now.clusters[REF].kinds}
        told, _ = judge.assess(now, Change(keys=keys, freshness=frozenset(keys)), NOW)
        assert dict(told.verdicts) == dict(judge_all(now, NOW).verdicts)


@pytest.mark.parametrize("lost", ["ResourceQuota", "Node"])
def test_unknown_quotas_or_nodes_are_no_room(lost: str) -> None:
    about = Subject(REF, "Deployment", "a", "web")

    def told(*objects: Object) -> list[Level]:
        whole = shown(*objects).clusters[REF]
        kinds = {kind: seen for kind, seen in whole.kinds.items() if kind != lost}
        cut = msgspec.structs.replace(whole, kinds=kinds)
        verdicts = judge_all(msgspec.structs.replace(shown(), clusters={REF: cut}), NOW).verdicts
        return [v.level for v in verdicts.get(about, ()) if v.rule == fits.ID]

    assert told(*web(), node()) == []
    # what does not fit does not fit, whatever else is not known
    assert told(*web(), node(room={"cpu": "1"}), team(pods="3")) == [Level.WARN]


def test_another_scheduler_has_its_own_mind() -> None:
    told = judged(*web(placement=Placement(scheduler="volcano")), node(room={"cpu": "0"}))
    assert told is not None and told.level is Level.OK


def test_a_stateful_set_is_held_against_one_more_pod() -> None:
    db = stateful_set(template=Template(containers=(WEB,)))
    pods = [
        pod(f"db-{i}", owner=Owner("StatefulSet", "db", "s"), containers=(WEB,), node="n1") for i in range(3)
    ]
    told = judged(db, *pods, node(room={"cpu": "1999m"}), subject=Subject(REF, "StatefulSet", "a", "db"))
    assert told is not None
    assert told.sentence == "db: no room for one more pod: nodes end at 3 pods (of 1 node 1 insufficient cpu)"


# -- the rule of a node ------------------------------------------------------------------------------------------------


def of_node(*objects: Object) -> Verdict:
    told = judged(*objects, rule=capacity.ID, subject=Subject(REF, "Node", "", "n1"))
    assert told is not None
    return told


def usage(**used: str) -> Usage:
    key = usage_key("Node", "", "n1")
    return Usage(
        namespace=key.namespace,
        name=key.name,
        of="Node",
        called="n1",
        at=NOW,
        window=15.0,
        source="metrics.k8s.io",
        used=amounts(used),
    )


FOUR = [other(f"x{i}") for i in range(4)]


@pytest.mark.parametrize(
    ("objects", "level", "sentence"),
    [
        (
            (*FOUR, node()),
            Level.OK,
            "n1: 50 % of cpu, 25 % of memory and 4 of 110 pods are asked for",
        ),
        (
            (*FOUR, node(), usage(cpu="1", memory="12Gi")),
            Level.OK,
            "n1: 50 % of cpu, 25 % of memory and 4 of 110 pods are asked for; 25 % of cpu and 75 % of memory are used",
        ),
        (
            (*FOUR, node(room={"cpu": "2"})),
            Level.OK,
            "n1: 100 % of cpu, 25 % of memory and 4 of 110 pods are asked for",
        ),
        (
            (*FOUR, node(room={"cpu": "1999m"})),
            Level.WARN,
            "n1: 2 of 1999m cpu are asked for (100 %), more than it has",
        ),
        # places at the same 80 %: exactly, and one more place
        ((*FOUR, node(room={"pods": "5"})), Level.WARN, "n1: 4 of 5 pods are asked for (80 %)"),
        (
            (*FOUR, node(room={"pods": "6"})),
            Level.OK,
            "n1: 50 % of cpu, 25 % of memory and 4 of 6 pods are asked for",
        ),
        (
            (
                other("g", containers=(Container("m", "i", resources(**{"nvidia.com/gpu": "1"})),)),
                node(room={"nvidia.com/gpu": "1"}),
            ),
            Level.WARN,
            "n1: 1 of 1 nvidia.com/gpu are asked for (100 %)",
        ),
        (
            (
                other("g", containers=(Container("m", "i", resources(**{"ephemeral-storage": "8Gi"})),)),
                node(room={"ephemeral-storage": "10Gi"}),
            ),
            Level.WARN,
            "n1: 8Gi of 10Gi ephemeral-storage are asked for (80 %)",
        ),
        (
            (
                other("g", containers=(Container("m", "i", resources(**{"nvidia.com/gpu": "1"})),)),
                node(),
            ),
            Level.WARN,
            "n1: 1 of 0 nvidia.com/gpu are asked for, more than it has",
        ),
    ],
)
def test_what_a_node_holds(objects: tuple[Object, ...], level: Level, sentence: str) -> None:
    told = of_node(*objects)
    assert (told.level, told.sentence) == (level, sentence)


@pytest.mark.parametrize("resource", ["nvidia.com/gpu", "ephemeral-storage", "hugepages-2Mi"])
@pytest.mark.parametrize(
    ("asked", "level"),
    [("7999", Level.OK), ("8000", Level.WARN), ("8100", Level.WARN), ("10001", Level.WARN)],
)
def test_places_of_a_node_at_the_same_share_as_quotas(resource: str, asked: str, level: Level) -> None:
    wants = other("g", containers=(Container("m", "i", resources(**{resource: asked})),))
    assert of_node(wants, node(room={resource: "10000"})).level is level


def test_of_a_node_that_says_nothing_of_itself_nothing_is_said() -> None:
    assert (
        judged(Node(namespace="", name="n1"), rule=capacity.ID, subject=Subject(REF, "Node", "", "n1"))
        is None
    )
