"""What belongs to a workload and what its cells say of it: pods, ReplicaSets, events, autoscaler, budgets, progress, deadline."""

from __future__ import annotations

from typing import Any

import msgspec
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
)
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    HorizontalPodAutoscaler,
    Metric,
    Object,
    Owner,
    Pod,
    PodDisruptionBudget,
    Selector,
    Template,
)
from tfdash.model.kubecluster import Event
from tfdash.model.observation import Observation
from tfdash.model.subject import Subject
from tfdash.model.workload import DisruptionRoom, Release, ScaledBy
from tfdash.playbook.seen import ClusterLook
from tfdash.playbook.serving.links import Links, all_links_of, links_of, selects
from tfdash.playbook.serving.rollout_status import rollout

WEB = {"app": "web"}
LABELLED = Template(labels=WEB, containers=(CONTAINER,))


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        (Selector(), {}, True),  # an empty one selects everything
        (Selector(match=WEB), WEB | {"x": "y"}, True),
        (Selector(match=WEB | {"x": "y"}), WEB, False),
        (Selector(match=WEB), {"app": "api"}, False),
        (Selector(expressions=(("app", "In", ("api", "web")),)), WEB, True),
        (Selector(expressions=(("app", "In", ("api",)),)), WEB, False),
        (Selector(expressions=(("app", "In", ("web",)),)), {}, False),
        (Selector(expressions=(("app", "NotIn", ("api",)),)), WEB, True),
        (Selector(expressions=(("app", "NotIn", ("web",)),)), WEB, False),
        (Selector(expressions=(("app", "NotIn", ("web",)),)), {}, True),
        (Selector(expressions=(("app", "Exists", ()),)), WEB, True),
        (Selector(expressions=(("app", "Exists", ()),)), {}, False),
        (Selector(expressions=(("app", "DoesNotExist", ()),)), {}, True),
        (Selector(expressions=(("app", "DoesNotExist", ()),)), WEB, False),
        # all of them must hold
        (Selector(expressions=(("app", "Exists", ()), ("x", "Exists", ()))), WEB, False),
        (Selector(match=WEB, expressions=(("app", "DoesNotExist", ()),)), WEB, False),
    ],
)
def test_selectors_as_kubernetes_reads_them(
    selector: Selector, labels: dict[str, str], selected: bool
) -> None:
    assert selects(selector, labels) is selected


def look(*objects: Object, unread: tuple[str, ...] = ()) -> ClusterLook:
    cluster = picture(*objects).clusters[REF]
    kinds = {k: Observation() if k in unread else seen for k, seen in cluster.kinds.items()}
    return ClusterLook(msgspec.structs.replace(cluster, kinds=kinds))


def event(about: str) -> Event:
    return Event(namespace="a", name=f"about-{about}", involved_uid=about)


SETS = (replica_set(name="s1", uid="r1"), replica_set(name="s2", uid="r2"))
THEIRS = (pod("z", owner=Owner("ReplicaSet", "s1", "r1")), pod("b", owner=Owner("ReplicaSet", "s2", "r2")))
OTHERS = (pod("c", owner=None), pod("d", owner=Owner("StatefulSet", "db", "s")))
EVENTS = tuple(event(uid) for uid in ("d", "r1", "z", "elsewhere", "s"))


@pytest.mark.parametrize(
    ("workload", "pods", "events"),
    [
        (deployment(), ["b", "z"], {"about-d", "about-r1", "about-z"}),
        (Rollout(namespace="a", name="checkout", uid="d"), ["b", "z"], {"about-d", "about-r1", "about-z"}),
        (stateful_set(), ["d"], {"about-s", "about-d"}),
        (deployment(uid="none"), [], set()),
    ],
)
def test_what_belongs_to_a_workload(workload: Object, pods: list[str], events: set[str]) -> None:
    seen = look(workload, *SETS, *THEIRS, *OTHERS, *EVENTS)
    found = links_of(seen, workload)
    assert [p.name for p in found.pods or ()] == pods
    assert {e.name for e in found.events} == events
    assert len(found.replica_sets) == (2 if workload.uid == "d" else 0)


def test_pods_that_were_not_read_are_not_none() -> None:
    found = links_of(look(deployment(), *SETS, *EVENTS, unread=("Pod",)), deployment())
    assert found.pods is None and {e.name for e in found.events} == {"about-d", "about-r1"}
    assert Links() == Links(None, (), (), None, ())


def test_the_newest_revision_is_the_highest_then_the_youngest() -> None:
    old, none = (
        replica_set(name="o", revision=3, created=NOW),
        replica_set(name="n", revision=None, created=NOW),
    )
    early, late = (
        replica_set(name="e", revision=4, created=NOW - 9),
        replica_set(name="l", revision=4, created=NOW),
    )
    assert Links(replica_sets=(none, old, late, early)).newest is late
    assert Links(replica_sets=(none,)).newest is none and Links().newest is None


def budget(name: str, allowed: int = 1, **over: Any) -> PodDisruptionBudget:
    given: dict[str, Any] = {"namespace": "a", "name": name, "uid": name, "allowed": allowed}
    return PodDisruptionBudget(**(given | {"selector": Selector(match=WEB)} | over))


def scaler(name: str = "hpa", **over: Any) -> HorizontalPodAutoscaler:
    given: dict[str, Any] = {"target_kind": "Deployment", "target_name": "checkout", "uid": "h"}
    return HorizontalPodAutoscaler(**({"namespace": "a", "name": name} | given | over))


def test_what_bounds_a_workload() -> None:
    others = (
        scaler("kind", target_kind="StatefulSet"),
        scaler("name", target_name="x"),
        budget("labels", selector=Selector(match={"app": "x"})),
        budget("namespace", namespace="b"),
    )
    web = deployment(template=LABELLED)
    found = all_links_of(look(web, scaler(), budget("b1"), budget("b2"), *others, *SETS, *THEIRS), web)
    assert found.autoscaler == scaler() and [b.name for b in found.budgets] == ["b1", "b2"]
    assert len(found.pods or ()) == 2
    bare = all_links_of(look(*others), web)
    assert (bare.autoscaler, bare.budgets) == (None, ())
    # what has no template of its own has no pods that a budget could be about
    assert all_links_of(look(budget("all", selector=Selector())), pod()).budgets == ()


ACTIVE, INACTIVE = condition("ScalingActive", "True"), condition("ScalingActive", "False", "x", "no metrics")
METRICS = (
    Metric(type="Resource", name="cpu", unit="%", target=80.0, current=61.5),
    Metric(type="Resource", name="rps", unit="", target=1.0, current=2.0),
)


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({}, {}),
        ({"metrics": METRICS}, {"metric": "cpu 62 % of 80 %"}),
        (
            {"metrics": (Metric(type="Resource", name="rps", unit="", target=100.0, current=None),)},
            {"metric": "rps unknown of 100"},
        ),
        (
            {"metrics": (Metric(type="Resource", name="cpu", unit="cores", target=None, current=1.5),)},
            {"metric": "cpu 1500m"},
        ),
        ({"conditions": (ACTIVE,)}, {}),
        ({"conditions": (INACTIVE,)}, {"active": False, "problem": "no metrics"}),
        (
            {"conditions": (INACTIVE,), "desired": 0},
            {"active": False, "problem": "no metrics"},
        ),  # it never saw
        ({"conditions": (condition("ScalingActive", "False", "ScalingDisabled", "at 0"),)}, {}),
        ({"conditions": (condition("ScalingLimited", "True", "TooManyReplicas"),)}, {"limited": True}),
        ({"conditions": (condition("ScalingLimited", "True", "TooFewReplicas"),)}, {}),
        ({"conditions": (condition("ScalingLimited", "False"),)}, {}),
    ],
)
def test_who_scales_it(over: dict[str, Any], told: dict[str, Any]) -> None:
    hpa = scaler(**{"min_replicas": 2, "max_replicas": 9, "current": 4, "desired": 4, **over})
    state, _ = judged(deployment(), autoscaler=hpa)
    subject = Subject(REF, "HorizontalPodAutoscaler", "a", "hpa", "h")
    assert state.scaled_by == ScaledBy(subject=subject, minimum=2, desired=4, maximum=9, **told)


def test_the_tightest_budget_is_said() -> None:
    tight = budget("tight", 1, healthy=3, desired_healthy=2, expected=4)
    state, _ = judged(deployment(), budgets=(budget("wide", 2), tight, budget("equal", 1)))
    subject = Subject(REF, "PodDisruptionBudget", "a", "tight", "tight")
    assert state.disruption == DisruptionRoom(
        subject=subject, allowed=1, healthy=3, desired_healthy=2, expected=4
    )
    plain, _ = judged(deployment())
    assert (plain.disruption, plain.scaled_by) == (None, None)


@pytest.mark.parametrize(
    ("workload", "progress", "out"),
    [
        (deployment(), None, True),
        (deployment(paused=True), None, True),
        (deployment(generation=2), 0.0, False),
        (deployment(updated=1, available=3), 1 / 3, False),
        (deployment(updated=2, available=1), 1 / 3, False),  # what is updated and available
        (deployment(replicas=4, available=3), 3 / 4, False),
        (deployment(available=2), 2 / 3, False),
        (deployment(desired=1, updated=3, available=2), 1.0, False),  # never over the whole
        (deployment(desired=0, replicas=2, updated=0, available=0), 0.0, False),
        (deployment(desired=0, replicas=1, updated=1, available=0), 1.0, False),
        (stateful_set(), None, True),
        (stateful_set(strategy="OnDelete"), None, False),
        (stateful_set(generation=2), 0.0, False),
        (stateful_set(observed_generation=2), None, True),
        (stateful_set(ready=2, updated=1), 1 / 3, False),
        (stateful_set(ready=2, updated=1, partition=1), 2 / 3, False),
        (stateful_set(ready=1, updated=3), 1 / 3, False),
        (stateful_set(updated=1), 1 / 3, False),
        (stateful_set(updated=1, partition=1, update_revision="db-2"), 1 / 2, False),
        (stateful_set(updated=1, partition=2, update_revision="db-2"), None, False),  # held back, not out
        (stateful_set(updated=3, partition=2, update_revision="db-2"), None, True),
        (stateful_set(updated=1, partition=2), None, True),  # no other version waits
        (stateful_set(desired=0, ready=0, updated=0, partition=2), None, True),
        (daemon_set(), None, True),
        (daemon_set(strategy="OnDelete"), None, False),
        (daemon_set(generation=2), 0.0, False),
        (daemon_set(observed_generation=2), None, True),
        (daemon_set(updated=1), 1 / 3, False),
        (daemon_set(available=2), 2 / 3, False),
    ],
)
def test_how_far_it_is_and_whether_it_is_out(workload: Object, progress: float | None, out: bool) -> None:
    status = rollout(workload)
    assert (status.progress, status.rolled_out) == (progress, out)


@pytest.mark.parametrize(
    ("workload", "observed"),
    [
        (deployment(), True),
        (deployment(generation=2), False),
        (stateful_set(generation=2), False),
        (stateful_set(observed_generation=0), False),
        (stateful_set(strategy="OnDelete"), True),
        (stateful_set(strategy="OnDelete", observed_generation=0, generation=0), False),
        (stateful_set(strategy="OnDelete", generation=2), False),
        (stateful_set(strategy="OnDelete", observed_generation=2), True),
        (daemon_set(strategy="OnDelete"), True),
        (daemon_set(strategy="OnDelete", generation=2), False),
        (daemon_set(generation=2), False),
    ],
)
def test_whether_its_newest_spec_was_seen(workload: Object, observed: bool) -> None:
    assert rollout(workload).observed is observed


def test_what_has_no_rollout() -> None:
    with pytest.raises(TypeError, match="Pod has no rollout"):
        rollout(pod())


MOVING = condition("Progressing", "True", since=NOW - 100)


@pytest.mark.parametrize(
    ("over", "deadline"),
    [
        ({"conditions": (MOVING,)}, NOW - 100 + 600),
        ({"conditions": (msgspec.structs.replace(MOVING, updated=NOW - 20),)}, NOW - 20 + 600),
        ({"conditions": (msgspec.structs.replace(MOVING, updated=0.0),)}, NOW - 100 + 600),
        ({"conditions": ()}, None),
        ({"conditions": (MOVING,), "progress_deadline": None}, None),
        ({"conditions": (MOVING,), "paused": True}, None),
        ({"conditions": (MOVING,), "updated": 3}, None),  # finished
    ],
)
def test_the_deadline_of_a_release_under_way(over: dict[str, Any], deadline: float | None) -> None:
    state, _ = judged(deployment(**({"updated": 1, "progress_deadline": 600.0} | over)))
    assert state.deadline_at == deadline


@pytest.mark.parametrize(
    ("conditions", "sets", "at"),
    [
        ((MOVING,), (), NOW - 100),
        ((MOVING,), (replica_set(created=NOW - 50), replica_set(created=NOW - 70, revision=9)), NOW - 70),
        ((msgspec.structs.replace(MOVING, since=0.0),), (), NOW - 9000),
        ((), (), NOW - 9000),
    ],
)
def test_since_when_its_newest_version_is_there(conditions: Any, sets: Any, at: float) -> None:
    assert judged(deployment(conditions=conditions), replica_sets=sets)[0].changed_at == at


def test_a_deployment_alone_has_a_deadline() -> None:
    state, _ = judged(stateful_set(updated=1, update_revision="db-2"))
    assert (state.release, state.deadline_at) == (Release.PROGRESSING, None)


def numbered(restarts: int, **more: Any) -> Pod:
    return pod(f"p{restarts}", running(restarts=restarts), **more)


def test_its_cells() -> None:
    state, told = judged(deployment(ready=3, available=2), numbered(2), numbered(1))
    assert (state.restarts, state.ready, state.available, state.desired, state.revision) == (3, 3, 2, 3, "4")
    assert "2 of 3 available (3 ready, inside minReadySeconds)" in told.sentence
    assert "ready" not in judged(deployment(ready=2, available=2))[1].sentence
    assert (told.measured, told.limit, told.unit, told.evidence.sample) == (2.0, 3.0, "pods", 3)
    assert (state.image, state.images) == ("checkout:2.14.0", (CONTAINER.image,))
    assert [judged(w)[0].revision for w in (stateful_set(), daemon_set(), deployment(revision=None))] == [
        "1",
        "1",
        "",
    ]
