"""An Argo Rollout without a pod that serves: coming up, or down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import picture
from tests.unit.playbook.releases.making import NEW, NOW, at, cluster, pods, replica_set, rollout, subject
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.kube import Object
from tfdash.model.picture import Change
from tfdash.model.release import ReleaseState
from tfdash.model.workload import Serving
from tfdash.playbook.releases import release_of

STARTING, DOWN = Serving.STARTING, Serving.DOWN
_NONE = {"readyReplicas": 0, "availableReplicas": 0, "updatedReplicas": 5, "message": ""}
PULL = {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no"}}}
PROBE = {"name": "main", "ready": False, "state": {"running": {"startedAt": at(-60)}}}


def wrote(age: float, manager: str = "kubectl") -> list[dict[str, Any]]:
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    return [{"manager": manager, "operation": "Update", "time": at(-age), "fieldsV1": fields}]


def first(age: float, **status: Any) -> dict[str, Any]:
    """Made so long ago; the controller names no stable version before one was complete."""
    found = rollout(**{**_NONE, "stableRS": "", **status})
    found["metadata"]["creationTimestamp"] = at(-age)
    return found


def scaled(age: float, **status: Any) -> dict[str, Any]:
    """Released long ago; ``age`` seconds ago somebody said how many there are to be."""
    found = rollout(**{**_NONE, "stableRS": NEW, **status})
    found["metadata"]["managedFields"] = wrote(age)
    return found


def by_scale(age: float, **status: Any) -> dict[str, Any]:
    """By ``kubectl scale`` or an HPA: a server keeps no time of it."""
    found = scaled(age, **status)
    del found["metadata"]["managedFields"][0]["time"]
    return found


def its(
    count: int,
    age: float,
    *statuses: dict[str, Any],
    made: float = 8000,
    sized: float | None = None,
    ready_for: float = 0,
) -> list[dict[str, Any]]:
    """Its ReplicaSet, ``sized`` so long ago, and that many pods, made ``age`` seconds ago; not ready, since then or after ``ready_for`` seconds."""
    one = replica_set("web", NEW, "r/web:2", 0, 2, kind="Rollout", desired=count, created=-made)
    one["metadata"]["managedFields"] = wrote(age if sized is None else sized, "rollouts-controller")
    found = pods(one, count, -age)
    for pod in found:
        unready = {"type": "Ready", "status": "False", "lastTransitionTime": at(ready_for - age)}
        pod["status"] |= {"startTime": at(-age), "conditions": [unready], "containerStatuses": list(statuses)}
        pod["spec"] = {**pod["spec"], "nodeName": "node-1"}
    return [one, *found]


NO_PODS = {"replicas": 0, "updatedReplicas": 0}


@pytest.mark.parametrize(
    ("carrier", "others", "expected"),
    [
        # its first release
        (first(0, **NO_PODS, currentPodHash=""), [], STARTING),
        (first(29, **NO_PODS), its(0, 29, made=29), STARTING),
        (first(30, **NO_PODS), its(0, 30, made=30), DOWN),  # nobody makes its pods
        (first(29), its(2, 29, made=29), STARTING),
        (first(599), its(2, 599, made=599), STARTING),
        (first(600), its(2, 600, made=600), DOWN),  # half-open
        (first(60), its(2, 60, PROBE, made=60), STARTING),
        (first(29), its(2, 29, PULL, made=29), STARTING),
        (first(30), its(2, 30, PULL, made=30), DOWN),
        (first(90), its(2, 90, made=90, ready_for=60), DOWN),  # it served for a while
        (first(90), its(2, 20, made=90, sized=90), DOWN),  # others were made in the place of its first
        (first(9000), its(2, 20, made=20), DOWN),  # a Rollout of long ago
        (first(20, phase="Degraded"), its(2, 20, made=20), DOWN),
        # scaled up from none
        (scaled(0, **NO_PODS), its(0, 8000), STARTING),
        (scaled(30, **NO_PODS), its(0, 8000), DOWN),
        (scaled(20), its(2, 20), STARTING),
        (by_scale(20), its(2, 20), STARTING),
        (scaled(599), its(2, 599), STARTING),
        (scaled(600), its(2, 600), DOWN),
        (scaled(29), its(2, 29, PULL), STARTING),
        (scaled(30), its(2, 30, PULL), DOWN),
        # what looks like it and is none
        (scaled(300), its(2, 20, sized=300), DOWN),  # all its pods were lost, and others made
        (scaled(300, **NO_PODS), its(0, 8000), DOWN),
        (scaled(90), its(2, 90, ready_for=60), DOWN),
        (scaled(0), its(2, 300), DOWN),  # more of what does not serve
        (scaled(20, stableRS="old"), its(2, 20), DOWN),  # a release: what was broken before stays so
        (scaled(20, phase="Degraded"), its(2, 20), DOWN),
        (by_scale(20, **NO_PODS), its(0, 8000), DOWN),  # when it was said nobody knows yet
    ],
)
def test_what_serves_not_yet_and_what_serves_no_more(
    carrier: dict[str, Any], others: list[dict[str, Any]], expected: Serving
) -> None:
    found = release_of(cluster(carrier, *others), subject("Rollout"), NOW)
    assert found is not None
    assert found.serving is expected
    assert found.served.startswith("0 of 5")


def _objects(*documents: dict[str, Any]) -> list[Object]:
    return [o for kind in cluster(*documents).kinds.values() for o in (kind.value or {}).values()]


@pytest.mark.parametrize("edge", [30.0, 600.0])
def test_time_alone_makes_it_down(edge: float) -> None:
    """At the edges themselves, as judged afresh: nothing changed in between."""
    shown = picture(*_objects(scaled(0), *its(2, 0, *([PULL] if edge == 30.0 else []))))
    everything = frozenset((ref, kind) for ref, c in shown.clusters.items() for kind in c.kinds)
    change = Change(keys=dict.fromkeys(everything), freshness=everything, signals=None, store=None)
    judge, seen = Judge(), []
    for at_ in (NOW, NOW + edge - 0.5, NOW + edge):
        due = judge.due_at()
        if due is None or due <= at_:
            told, _ = judge.assess(shown, change, at_)
            change = Change(keys={}, freshness=frozenset(), signals=frozenset(), store=frozenset())
        afresh = _of(judge_all(shown, at_).releases)
        assert _of(told.releases) == afresh, at_
        seen.append(afresh.serving)
    assert seen == [STARTING, STARTING, DOWN]


def _of(releases: Any) -> ReleaseState:
    [found] = [s for s in releases.values() if s.subject.kind == "Rollout"]
    assert isinstance(found, ReleaseState)
    return found
