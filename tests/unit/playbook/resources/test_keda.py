"""What is said of a ScaledObject, of a number of replicas in a manifest, and of the nodes that Karpenter wants."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW, REF, condition, deployment, picture
from tests.unit.playbook.resources.test_hpa import hpa
from tests.unit.playbook.resources.test_hpa import judged as of_hpa
from tfdash.judging.judge import judge_all
from tfdash.model.autoscaling import NodeClaim, NodePool, ScaledObject
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind
from tfdash.playbook.resources import autoscaler
from tfdash.playbook.resources.hpa import ID
from tfdash.quantities import amounts

READY = condition("Ready", "True", "ScaledObjectReady")
ACTIVE = condition("Active", "True", "ScalerActive")
CALM = condition("Active", "False", "ScalerNotActive")
BLIND = condition("Ready", "False", "ScaledObjectCheckFailed", "no such secret")
FALLS = condition("Fallback", "True", "FallbackExists", "at least one trigger is falling back")
PAUSED: dict[str, Any] = {"paused": True, "paused_replicas": 0, "conditions": (READY, CALM)}

SAID: list[tuple[dict[str, Any], Level, str]] = [
    ({}, Level.OK, "1-20 of Deployment web by kafka, cpu"),
    ({"triggers": ()}, Level.OK, "1-20 of Deployment web"),
    (
        {"idle": 0, "cooldown": 60.0},
        Level.OK,
        "1-20 of Deployment web by kafka, cpu, at 0 after 60 s without work",
    ),
    (
        {"conditions": (READY, CALM), "min_replicas": 0},
        Level.IDLE,
        "0-20 of Deployment web by kafka, cpu: nothing to do, so that it rests at 0",
    ),
    (
        {"conditions": (READY, CALM), "idle": 0},
        Level.IDLE,
        "1-20 of Deployment web by kafka, cpu: nothing to do, so that it rests at 0",
    ),
    (PAUSED, Level.PAUSED, "paused at 0 replicas: nothing scales Deployment web"),
    (PAUSED | {"paused_replicas": None}, Level.PAUSED, "paused: nothing scales Deployment web"),
    ({"conditions": (BLIND, ACTIVE)}, Level.WARN, "is not ready: no such secret"),
    (
        {"conditions": (READY, ACTIVE, FALLS)},
        Level.WARN,
        "falls back, its triggers cannot be read: at least one trigger is falling back",
    ),
    (
        PAUSED | {"conditions": (BLIND, CALM)},
        Level.WARN,
        "is not ready: no such secret; paused at 0 replicas: nothing scales Deployment web",
    ),
    ({"conditions": (), "created": NOW - 59}, Level.MOVING, "KEDA has not looked at it yet"),
    ({"conditions": (), "created": NOW - 60}, Level.UNKNOWN, "no operator of KEDA has looked at it"),
    ({"deleting": NOW}, Level.IDLE, "is being deleted"),
]


@pytest.mark.parametrize(("over", "level", "words"), SAID)
def test_a_scaled_object(over: dict[str, Any], level: Level, words: str) -> None:
    given: dict[str, Any] = {
        "created": NOW - 9000,
        "target_kind": "Deployment",
        "target_name": "web",
        "min_replicas": 1,
        "max_replicas": 20,
        "triggers": ("kafka", "cpu"),
        "conditions": (READY, ACTIVE),
    }
    scaled = ScaledObject(namespace="a", name="queue", **(given | over))
    told = judge_all(picture(scaled), NOW).verdicts[Subject(REF, "ScaledObject", "a", "queue")]
    [said] = [v for v in told if v.rule == ID]
    assert (said.level, said.sentence) == (level, f"queue: {words}")
    assert said.unknown == (UnknownKind.NO_DATA if level is Level.UNKNOWN else None)


def test_replicas_that_a_manifest_fixes_are_named_with_who_applies_it() -> None:
    fixed = deployment(name="web", uid="w", replicas_by="kustomize-controller")
    said = of_hpa(hpa(metrics=()), fixed)
    assert said.level is Level.WARN
    assert "replicas fixed in the manifest that kustomize-controller applies" in said.sentence
    assert of_hpa(hpa(metrics=()), deployment(name="web", uid="w")).level is Level.OK
    assert of_hpa(hpa(metrics=(), deleting=NOW), fixed).level is Level.IDLE


def node_claim(
    name: str, launched: str = "True", registered: str = "True", ready: str = "True", **over: Any
) -> NodeClaim:
    given: dict[str, Any] = {"created": NOW - 60, "pool": "spot"} | over
    return NodeClaim(namespace="", name=name, launched=launched, registered=registered, ready=ready, **given)


SERVES = node_claim("n1")
COMING: list[tuple[tuple[NodeClaim, ...], Level, str]] = [
    ((), Level.OK, "node pool spot: 3 nodes, 60 % of its cpu"),
    ((SERVES,), Level.OK, "node pool spot: 3 nodes, 60 % of its cpu"),
    ((node_claim("n2", ready="False", pool="other"),), Level.OK, "node pool spot: 3 nodes, 60 % of its cpu"),
    ((node_claim("n2", ready="False", deleting=NOW),), Level.OK, "node pool spot: 3 nodes, 60 % of its cpu"),
    (
        (
            SERVES,
            node_claim("n2", "", "", ""),
            node_claim("n3", "True", "Unknown", "False"),
            node_claim("n4", ready="False"),
        ),
        Level.MOVING,
        "node pool spot: 3 nodes, 60 % of its cpu; of 4 NodeClaims 1 not launched, 1 not registered, 1 not ready",
    ),
    (
        (node_claim("n2", "Unknown", "Unknown", "Unknown", said="no capacity for m7g.large"),),
        Level.WARN,
        "node pool spot of 1 NodeClaim 1 not launched: no capacity for m7g.large",
    ),
    (
        (node_claim("n2", "True", "False", "False", created=NOW - 900),),
        Level.WARN,
        "node pool spot of 1 NodeClaim 1 not registered; n2 for more than 15 min",
    ),
    (
        (node_claim("n2", ready="False", created=NOW - 9000, since=NOW - 899),),
        Level.MOVING,
        "node pool spot: 3 nodes, 60 % of its cpu; of 1 NodeClaim 1 not ready",
    ),
]


@pytest.mark.parametrize(("claims", "level", "sentence"), COMING)
def test_the_nodes_that_a_pool_waits_for(claims: tuple[NodeClaim, ...], level: Level, sentence: str) -> None:
    pool = NodePool(
        namespace="",
        name="spot",
        nodes=3,
        ready="True",
        limits=amounts({"cpu": "10"}),
        used=amounts({"cpu": "6"}),
    )
    told = judge_all(picture(pool, *claims), NOW).verdicts[Subject(REF, "NodePool", "", "spot")]
    [said] = [v for v in told if v.rule == autoscaler.ID]
    assert (said.level, said.sentence) == (level, sentence)
