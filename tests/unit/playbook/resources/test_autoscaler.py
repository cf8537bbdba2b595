"""The rule of the cluster-autoscaler, and what its room means for what fits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, REF, condition, picture, pod
from tests.unit.playbook.resources.test_fits import MINE, NO_QUOTA, WEB, node, scaler, web
from tfdash.judging.judge import judge_all
from tfdash.model.autoscaling import STATUS, ClusterAutoscaler, NodeGroup, NodePool
from tfdash.model.kube import Object
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.resources import autoscaler, fits
from tfdash.quantities import amounts

POOL = NodeGroup(name="large", health="Healthy", ready=3, registered=3, target=3, least=1, most=5)


def status(*groups: NodeGroup, **over: Any) -> ClusterAutoscaler:
    given = {"at": NOW - 10, "running": "Running", "health": "Healthy", "scale_up": "NoActivity"} | over
    return ClusterAutoscaler(namespace=STATUS.namespace, name=STATUS.name, groups=groups, **given)


def group(**over: Any) -> NodeGroup:
    return NodeGroup(**({f: getattr(POOL, f) for f in POOL.__struct_fields__} | over))


def said(subject: Subject, rule: str, *objects: Object) -> list[Verdict]:
    told = judge_all(picture(*objects, NO_QUOTA), NOW).verdicts.get(subject, ())
    return [v for v in told if v.rule == rule]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (status(POOL), [(Level.OK, "1 node group with 3 nodes, none at its maximum")]),
        (status(), [(Level.OK, "0 node groups with 0 nodes, none at its maximum")]),
        (status(POOL, at=NOW - 179.9), [(Level.OK, "1 node group with 3 nodes, none at its maximum")]),
        (
            status(POOL, at=NOW - 180),
            [
                (
                    Level.WARN,
                    "it has not written its status since 08:43 EST: it does not run, and adds no node",
                )
            ],
        ),
        (
            status(POOL, at=NOW - 86_400),
            [
                (
                    Level.WARN,
                    "it has not written its status since 1970-01-11 08:46 EST: it does not run, and adds no node",
                )
            ],
        ),
        (status(at=0.0), [(Level.UNKNOWN, "its status does not say when it was written")]),
        (status(running="Initializing", health=""), [(Level.MOVING, "it starts")]),
        (
            status(POOL, scale_up="InProgress"),
            [(Level.MOVING, "adds nodes, 1 node group with 3 nodes, none at its maximum")],
        ),
        (
            status(health="Unhealthy", said="too many"),
            [(Level.WARN, "it calls the cluster Unhealthy and adds no node: too many")],
        ),
        (
            status(group(target=5), POOL),
            [(Level.WARN, "node group large is at its maximum, 5 of 1-5 nodes")],
        ),
        (status(group(target=5, least=5)), [(Level.OK, "1 node group with 5 nodes, none at its maximum")]),
        (status(group(most=None)), [(Level.OK, "1 node group with 3 nodes, none at its maximum")]),
        (
            status(group(scale_up="Backoff", error="QUOTA_EXCEEDED", why="Quota 'CPUS' exceeded.")),
            [
                (
                    Level.WARN,
                    "node group large backs off after a failure to grow: QUOTA_EXCEEDED: Quota 'CPUS' exceeded.",
                )
            ],
        ),
        # before 1.30 there is no word of why
        (
            status(group(scale_up="Backoff", target=5)),
            [(Level.WARN, "node group large backs off after a failure to grow")],
        ),
        (
            status(group(health="Unhealthy", ready=1), group(name="small", target=9, most=9)),
            [
                (Level.WARN, "node group large is Unhealthy, 1 of 3 nodes ready"),
                (Level.WARN, "node group small is at its maximum, 9 of 1-9 nodes"),
            ],
        ),
    ],
)
def test_what_is_said_of_it(found: ClusterAutoscaler, told: list[tuple[Level, str]]) -> None:
    verdicts = said(Subject(REF, "ClusterAutoscaler", *STATUS), autoscaler.ID, found)
    assert [(v.level, v.sentence) for v in verdicts] == [
        (level, f"cluster-autoscaler: {sentence}") for level, sentence in told
    ]
    assert all((v.unknown is UnknownKind.NO_DATA) is (v.level is Level.UNKNOWN) for v in verdicts)


TIGHT = node(room={"cpu": "2"})
SHORT = "web: its maximum 9 cannot be reached: nodes end at 4 pods (of 1 node 1 insufficient cpu)"
CAN = "; more than 4 pods need new nodes, which the cluster-autoscaler (node group large) can add"


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ((), SHORT),
        ((status(),), SHORT),
        ((status(POOL),), f"web: room for 9 pods{CAN}"),
        ((status(group(target=5)),), SHORT),
        ((status(group(scale_up="Backoff")),), SHORT),
        ((status(group(health="Unhealthy")),), SHORT),
        ((status(POOL, health="Unhealthy"),), SHORT),
        ((status(POOL, health=""),), f"web: room for 9 pods{CAN}"),
        ((status(POOL, at=NOW - 180),), SHORT),
        (
            (status(group(target=5), group(name="small")),),
            f"web: room for 9 pods{CAN}".replace("large", "small"),
        ),
    ],
)
def test_nodes_that_can_come_are_room(found: tuple[Object, ...], sentence: str) -> None:
    [told] = said(Subject(REF, "Deployment", "a", "web"), fits.ID, *web(), TIGHT, scaler(9), *found)
    assert told.sentence == sentence
    assert told.level is (Level.WARN if sentence == SHORT else Level.OK)


def test_a_pod_that_waits_for_a_node_that_can_come_moves() -> None:
    why = condition("PodScheduled", "False", "Unschedulable", "0/1 nodes are available")
    stuck = pod("web-9", owner=MINE, containers=(WEB,), node="", phase="Pending", conditions=(why,))
    about = Subject(REF, "Deployment", "a", "web")
    [told] = said(about, fits.ID, *web(there=2), stuck, node(room={"cpu": "1400m"}), status(POOL))
    assert told.level is Level.MOVING
    assert told.sentence.startswith(
        "web: no node can take 1 pod: 0/1 nodes are available; the cluster-autoscaler (node group large) can add nodes"
    )


def pool(limits: dict[str, str] | None = None, used: dict[str, str] | None = None, **over: Any) -> NodePool:
    had = amounts({"nodes": 3} | (used or {}))
    given = {"nodes": 3, "ready": "True", "limits": amounts(limits), "used": had} | over
    return NodePool(namespace="", name="spot", **given)


@pytest.mark.parametrize(
    ("found", "level", "sentence", "comes"),
    [
        (pool(), Level.OK, "node pool spot: 3 nodes", True),
        (pool({"cpu": "100"}, {"cpu": "61"}), Level.OK, "node pool spot: 3 nodes, 61 % of its cpu", True),
        (
            pool({"cpu": "100"}, {"cpu": "99999m"}),
            Level.OK,
            "node pool spot: 3 nodes, 99 % of its cpu",
            True,
        ),
        (
            pool({"cpu": "100", "memory": "1Ti"}, {"cpu": "100", "memory": "2Gi"}),
            Level.WARN,
            "node pool spot is at its limit, 100 of 100 cpu",
            False,
        ),
        (pool({"nodes": "3"}), Level.WARN, "node pool spot is at its limit, 3 of 3 nodes", False),
        (pool({"cpu": "0"}), Level.WARN, "node pool spot is at its limit, 0 of 0 cpu", False),
        (
            pool(ready="False", said="no NodeClass"),
            Level.WARN,
            "node pool spot is not ready, so that it adds no node: no NodeClass",
            False,
        ),
        (pool(ready=""), Level.OK, "node pool spot: 3 nodes", True),
        (pool(fixed=True), Level.OK, "node pool spot: 3 nodes", False),
        (pool(deleting=NOW), Level.OK, "node pool spot: 3 nodes", False),
    ],
)
def test_pools_of_karpenter(found: NodePool, level: Level, sentence: str, comes: bool) -> None:
    [told] = said(Subject(REF, "NodePool", "", "spot"), autoscaler.ID, found)
    assert (told.level, told.sentence) == (level, sentence)
    [room] = said(Subject(REF, "Deployment", "a", "web"), fits.ID, *web(), TIGHT, scaler(9), found)
    can = CAN.replace("the cluster-autoscaler (node group large)", "Karpenter (node pool spot)")
    assert room.sentence == (f"web: room for 9 pods{can}" if comes else SHORT)
