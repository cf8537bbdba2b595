"""Deployments of the simulated world: bounds, revisions, deadlines, pauses, scaling, what a bad image does."""

from __future__ import annotations

import pytest

from tests.unit.demo.worlds import Stage, conditions, deployment, template
from tfdash.demo.apiserver.objects import Obj, annotations_of, deleting, name_of
from tfdash.demo.controllers.deployment import bounds, revision_of

DEPLOYMENTS, SETS = "deployments.apps", "replicasets.apps"
PROBED = {"readinessProbe": {"httpGet": {"port": 80}}}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def released(stage: Stage, name: str, image: str, behaviour: str = "") -> Obj:
    found = stage.get(DEPLOYMENTS, name)
    spec = {**found["spec"], "template": template(name, behaviour=behaviour, image=image, **PROBED)}
    spec["template"] = {
        **found["spec"]["template"],
        "metadata": spec["template"]["metadata"],
        "spec": {
            **found["spec"]["template"]["spec"],
            "containers": [{**found["spec"]["template"]["spec"]["containers"][0], "image": image}],
        },
    }
    return stage.change(DEPLOYMENTS, {**found, "spec": spec})


def test_a_new_deployment_becomes_available_and_says_so(stage: Stage) -> None:
    stage.put(DEPLOYMENTS, "web", spec=deployment("web", 4, container=PROBED))
    stage.run(60)
    found = stage.get(DEPLOYMENTS, "web")
    assert (
        found["status"]["replicas"]
        == found["status"]["availableReplicas"]
        == found["status"]["updatedReplicas"]
        == 4
    )
    assert conditions(found) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    assert annotations_of(found)["deployment.kubernetes.io/revision"] == "1"
    assert stage.said("ScalingReplicaSet")[0].startswith("Scaled up replica set web-")


@pytest.mark.parametrize(
    ("replicas", "strategy", "surge", "unavailable"),
    [
        (4, {"maxSurge": "25%", "maxUnavailable": "25%"}, 1, 1),
        (10, {"maxSurge": "25%", "maxUnavailable": "25%"}, 3, 2),
        (1, {"maxSurge": "25%", "maxUnavailable": "25%"}, 1, 0),
        (3, {"maxSurge": 0, "maxUnavailable": 0}, 0, 1),
        (2, {"maxSurge": 0, "maxUnavailable": "100%"}, 0, 2),
    ],
)
def test_surge_rounds_up_and_unavailability_down(
    replicas: int, strategy: Obj, surge: int, unavailable: int
) -> None:
    spec = {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": strategy}}
    assert bounds({"spec": spec}) == (surge, unavailable)


def test_a_release_keeps_within_its_bounds_all_the_way(stage: Stage) -> None:
    stage.put(DEPLOYMENTS, "web", spec=deployment("web", 8, container=PROBED))
    stage.run(60)
    released(stage, "web", "registry.example/web:2")
    for _ in range(400):
        stage.run(0.25)
        alive = [p for p in stage.pods("web") if not deleting(p)]
        ready = [p for p in alive if conditions(p).get("Ready", ("",))[0] == "True"]
        assert len(alive) <= 10
        assert len(ready) >= 6
    found = stage.get(DEPLOYMENTS, "web")
    assert conditions(found)["Progressing"] == ("True", "NewReplicaSetAvailable")
    assert {p["spec"]["containers"][0]["image"] for p in stage.pods("web")} == {"registry.example/web:2"}
    sets = sorted(stage.store.owned(SETS, found), key=revision_of)
    assert [(revision_of(s), s["spec"]["replicas"]) for s in sets] == [(1, 0), (2, 8)]


def test_an_image_that_is_missing_stops_the_release_and_passes_its_deadline(stage: Stage) -> None:
    stage.put(DEPLOYMENTS, "web", spec=deployment("web", 4, progressDeadlineSeconds=60, container=PROBED))
    stage.run(60)
    released(stage, "web", "registry.example/web:none", behaviour="pull=missing")
    stage.run(45)
    waiting = [
        s["state"]["waiting"]
        for p in stage.pods("web")
        for s in p["status"]["containerStatuses"]
        if "waiting" in s["state"]
    ]
    assert {w["reason"] for w in waiting} <= {"ErrImagePull", "ImagePullBackOff"}
    assert waiting
    assert "not found" in waiting[0]["message"]
    assert conditions(stage.get(DEPLOYMENTS, "web"))["Progressing"][0] == "True"
    stage.run(60)
    found = stage.get(DEPLOYMENTS, "web")
    assert conditions(found)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert conditions(found)["Available"] == ("True", "MinimumReplicasAvailable")
    assert any("Failed to pull image" in m for m in stage.said("Failed"))


def test_undoing_goes_back_to_the_old_replica_set_with_a_new_revision(stage: Stage) -> None:
    made = stage.put(DEPLOYMENTS, "web", spec=deployment("web", 3))
    stage.run(60)
    released(stage, "web", "registry.example/web:2")
    stage.run(120)
    stage.change(DEPLOYMENTS, {**stage.get(DEPLOYMENTS, "web"), "spec": made["spec"]})
    stage.run(120)
    found = stage.get(DEPLOYMENTS, "web")
    sets = sorted(stage.store.owned(SETS, found), key=revision_of)
    assert [(revision_of(s), s["spec"]["replicas"]) for s in sets] == [(2, 0), (3, 3)]
    assert annotations_of(sets[1])["deployment.kubernetes.io/revision-history"] == "1"
    assert annotations_of(found)["deployment.kubernetes.io/revision"] == "3"


def test_a_paused_release_waits_and_goes_on(stage: Stage) -> None:
    stage.put(DEPLOYMENTS, "web", spec=deployment("web", 3))
    stage.run(60)
    found = stage.get(DEPLOYMENTS, "web")
    stage.change(DEPLOYMENTS, {**found, "spec": {**found["spec"], "paused": True}})
    stage.run(5)
    released(stage, "web", "registry.example/web:2")
    stage.run(60)
    paused = stage.get(DEPLOYMENTS, "web")
    assert conditions(paused)["Progressing"] == ("Unknown", "DeploymentPaused")
    assert paused["status"].get("updatedReplicas") is None
    spec = {k: v for k, v in paused["spec"].items() if k != "paused"}
    stage.change(DEPLOYMENTS, {**paused, "spec": spec})
    stage.run(90)
    assert stage.get(DEPLOYMENTS, "web")["status"]["updatedReplicas"] == 3


def test_recreate_never_runs_two_versions(stage: Stage) -> None:
    stage.put(DEPLOYMENTS, "db", spec=deployment("db", 3, strategy={"type": "Recreate"}))
    stage.run(60)
    released(stage, "db", "registry.example/db:2")
    for _ in range(200):
        stage.run(0.5)
        assert len({p["spec"]["containers"][0]["image"] for p in stage.pods("db")}) <= 1
    assert len(stage.pods("db")) == 3


def test_scaling_and_min_ready_seconds(stage: Stage) -> None:
    stage.put(DEPLOYMENTS, "web", spec=deployment("web", 2, minReadySeconds=30))
    stage.run(20)
    found = stage.get(DEPLOYMENTS, "web")
    assert found["status"]["readyReplicas"] == 2
    assert found["status"].get("availableReplicas", 0) == 0
    stage.run(40)
    assert stage.get(DEPLOYMENTS, "web")["status"]["availableReplicas"] == 2
    found = stage.get(DEPLOYMENTS, "web")
    stage.change(DEPLOYMENTS, {**found, "spec": {**found["spec"], "replicas": 0}})
    stage.run(20)
    assert stage.pods("web") == []


def test_old_replica_sets_beyond_the_limit_are_forgotten(stage: Stage) -> None:
    stage.put(DEPLOYMENTS, "web", spec=deployment("web", 1, revisionHistoryLimit=2))
    for version in range(2, 7):
        stage.run(60)
        released(stage, "web", f"registry.example/web:{version}")
    stage.run(60)
    sets = stage.store.owned(SETS, stage.get(DEPLOYMENTS, "web"))
    assert sorted(revision_of(s) for s in sets) == [4, 5, 6]


def test_deleting_takes_everything_below_along(stage: Stage) -> None:
    found = stage.put(DEPLOYMENTS, "web", spec=deployment("web", 3))
    stage.run(60)
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.delete(DEPLOYMENTS, found["metadata"]["namespace"], name_of(found))
    stage.run(60)
    assert stage.pods("web") == []
    assert not [s for s in stage.store.all(SETS, "drill")]
