"""The probes of an update of Kubernetes, by table; where it may go is asked of what the section of versions says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, pod, replica_set
from tests.unit.playbook.procedures.probing import ask, case_of, of, probe
from tests.unit.playbook.procedures.test_probes import node
from tfdash.model.kube import Owner, PodDisruptionBudget, Selector
from tfdash.model.run import Probed
from tfdash.model.store_state import StoreHealth, StoreState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.versions import Soak, VersionMemory, VersionSighting, VersionsState
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.versions.production import PRODUCTION, SOAK

LABELS = {"app": "checkout"}
OURS = pod(labels=LABELS)
SINCE = str(int(NOW - 100))
NEW: dict[str, Any] = {"created": NOW - 50}


def budget(**fields: Any) -> PodDisruptionBudget:
    base: dict[str, Any] = {"namespace": "a", "name": "two", "healthy": 2, "desired_healthy": 2}
    return PodDisruptionBudget(**{**base, "selector": Selector(match=LABELS), **fields})


TABLE: list[tuple[tuple[Any, ...], str, dict[str, str], bool | None, str]] = [
    ((node(),), "node.schedulable", {"node": "node-1"}, True, "takes new pods"),
    ((node(unschedulable=True),), "node.schedulable", {"node": "node-1"}, False, "is cordoned"),
    ((), "node.schedulable", {"node": "node-1"}, False, "there is no node"),
    ((node(created=NOW - 200),), "node.gone", {"node": "node-1", "since": SINCE}, False, "is there"),
    ((node(**NEW),), "node.gone", {"node": "node-1", "since": SINCE}, True, "another node"),
    ((node("a"), node("b")), "nodes.version", {"version": "1.37"}, True, "2 of 2 nodes run 1.37"),
    (
        (node("a"), node("b", kubelet_version="v1.36.1")),
        "nodes.version",
        {"version": "1.37"},
        False,
        "1 of 2 nodes do not run 1.37: b runs v1.36.1",
    ),
    ((node("a"), node("b", kubelet_version="?")), "nodes.version", {"version": "1.37"}, None, "b does not"),
    ((), "nodes.version", {"version": "1.37"}, None, "no node is listed"),
    ((node(**NEW),), "nodes.joined", {"version": "1.37", "since": SINCE}, True, "1 of 1 new node of 1.37"),
    (
        (node("a", **NEW), node("old", created=NOW - 200)),
        "nodes.joined",
        {"version": "1.37", "since": SINCE, "count": "2"},
        False,
        "1 of 2 new nodes of 1.37 ready: a",
    ),
    (
        (node("a", ready="False", **NEW), node("b", kubelet_version="v1.36.1", **NEW)),
        "nodes.joined",
        {"version": "1.37", "since": SINCE},
        False,
        "; a, b not ready with it",
    ),
    ((node(**NEW),), "nodes.joined", {"version": "1.37", "since": "{began}"}, None, "is no time"),
    ((node(), OURS, replica_set(), budget(allowed=1)), "node.evictable", {"node": "node-1"}, True, "no Pod"),
    (
        (node(), OURS, replica_set(), budget()),
        "node.evictable",
        {"node": "node-1"},
        False,
        "PodDisruptionBudget a/two (2 healthy, 2 needed) keeps pod checkout-1-x of Deployment a/checkout",
    ),
    (
        (node(), pod(labels=LABELS, owner=Owner("DaemonSet", "logs", "n")), budget()),
        "node.evictable",
        {"node": "node-1"},
        True,
        "no PodDisruptionBudget keeps",
    ),
    ((node(), OURS, budget(namespace="b")), "node.evictable", {"node": "node-1"}, True, "keeps a pod on"),
    ((), "node.evictable", {"node": "node-1"}, True, "there is no node"),
    ((pod(),), "pods.placed", {}, True, "every pod has a node"),
    ((pod(node="", phase="Pending"),), "pods.placed", {}, False, "1 pod without a node: a/checkout-1-x"),
    ((pod(node="", phase="Pending", scheduling_gates=("x",)),), "pods.placed", {}, True, "every pod"),
]


@pytest.mark.parametrize(("objects", "id", "arguments", "passed", "words"), TABLE)
def test_what_it_says(
    objects: tuple[Any, ...], id: str, arguments: dict[str, str], passed: bool | None, words: str
) -> None:
    told = probe(of(*objects), id, **arguments)
    assert (told.passed, words in told.sentence) == (passed, True), told.sentence


# -- where it may go ------------------------------------------------------------------------------------------------------


def asked(id: str, environment: str, state: VersionsState | None = None, **store: Any) -> Probed:
    """Of 1.37, in an environment of which ``state`` is said."""
    case = case_of(of(node()))
    picture = msgspec.structs.replace(case.picture, store_state=StoreState(**store))
    assessment = msgspec.structs.replace(case.assessment, versions=state)
    here = ClusterRef(environment, REF.cluster)
    case = msgspec.structs.replace(case, cluster=here, picture=picture, assessment=assessment)
    return answered(ask(id, version="1.37"), case)


def said(rule: str, level: Level, environment: str, **fields: Any) -> VersionsState:
    unknown = UnknownKind.STALE if level is Level.UNKNOWN else None
    subject = Subject(ClusterRef(environment, ""), "Environment", "", environment)
    verdict = Verdict(level=level, rule=rule, subject=subject, sentence="in words", unknown=unknown)
    return VersionsState(verdicts=(verdict,), **fields)


@pytest.mark.parametrize(
    ("level", "next", "passed"),
    [
        (Level.OK, "1.37.2", True),
        (Level.MOVING, "1.37.2", True),
        (Level.PAUSED, "1.37.2", False),
        (Level.WARN, "1.37.2", False),
        (Level.UNKNOWN, "1.37.2", None),
        (Level.IDLE, "", None),
        (Level.OK, "1.36.9", False),
        (Level.OK, "", False),
    ],
)
def test_production_gets_what_soaked_and_was_announced(level: Level, next: str, passed: bool | None) -> None:
    told = asked("update.may-go", "production", said(PRODUCTION, level, "production", next=next))
    assert told.passed is passed and "in words" in told.sentence
    assert asked("update.may-go", "production").passed is None
    assert asked("update.may-go", "production", VersionsState()).passed is None


def seen(*versions: str, environment: str = "development") -> VersionMemory:
    sighting = VersionSighting(ClusterRef(environment, "c"), NOW - 900, NOW, versions)
    return VersionMemory(sightings=(sighting,))


def test_staging_gets_what_development_has() -> None:
    def told(versions: VersionMemory, **health: Any) -> bool | None:
        return asked("update.may-go", "staging", versions=versions, health=StoreHealth(**health)).passed

    assert told(seen("v1.37.0", "v1.37.2")) is True
    assert told(seen("v1.36.1", "v1.37.2")) is False
    assert told(seen("v1.37.2", "?")) is False
    assert told(seen("v1.37.2", environment="production")) is None
    assert told(seen("v1.37.2"), read=False) is None
    assert told(seen("v1.37.2"), unread="its file is broken") is None


def test_development_is_first_and_what_is_none_of_the_three_is_not_known() -> None:
    assert asked("update.may-go", "development").passed is True
    assert asked("update.may-go", "sandbox").passed is None


def test_only_staging_is_observed() -> None:
    soaks = Soak(version="1.37.2", since=NOW - 900, until=NOW, watched=900.0)
    for level, passed in ((Level.OK, True), (Level.MOVING, False), (Level.UNKNOWN, None)):
        told = asked("update.observed", "staging", said(SOAK, level, "staging", soak=soaks))
        assert told.passed is passed, told.sentence
    older = msgspec.structs.replace(soaks, version="1.36.9")
    assert asked("update.observed", "staging", said(SOAK, Level.OK, "staging", soak=older)).passed is False
    assert asked("update.observed", "staging").passed is None
    assert asked("update.observed", "production").passed is True
