"""Rollouts of the simulated world: steps and weights, routers, aborts, analyses, experiments, what is invalid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.demo.worlds import NAMESPACE, Stage, conditions, template
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.objects import Obj, annotations_of, deleting, stamp
from tfdash.demo.controllers.argo.rollout_steps import counts, shares

ROLLOUTS, SETS, RUNS = "rollouts.argoproj.io", "replicasets.apps", "analysisruns.argoproj.io"
EXPERIMENTS, TEMPLATES = "experiments.argoproj.io", "analysistemplates.argoproj.io"
PROBED = {"readinessProbe": {"httpGet": {"port": 80}}}
STEPS: list[Obj] = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]


@pytest.fixture(scope="module")
def world() -> Stage:
    return Stage()


@pytest.fixture
def stage(world: Stage) -> Iterator[Stage]:
    """The module's world, with nothing left of the test before."""
    yield world
    world.cluster.prometheus.down = ""
    for storage in (ROLLOUTS, TEMPLATES, "deployments.apps", "events"):
        for found in list(world.store.all(storage, NAMESPACE)):
            with world.cluster.agenda.pretending(world.time):
                remove(world.store, storage, found)
    world.run(60)


def spec(steps: list[Obj], replicas: int = 5, **canary: Any) -> Obj:
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "web"}},
        "template": template("web", **PROBED),
        "strategy": {"canary": {"steps": steps, **canary}},
    }


def started(stage: Stage, steps: list[Obj] | None = None, replicas: int = 5, **canary: Any) -> None:
    stage.put(ROLLOUTS, "web", spec=spec(STEPS if steps is None else steps, replicas, **canary))
    stage.run(90)


def status(stage: Stage) -> Obj:
    found: Obj = stage.get(ROLLOUTS, "web")["status"]
    return found


def release(stage: Stage, version: int) -> None:
    found = stage.get(ROLLOUTS, "web")
    old = found["spec"]["template"]
    image = {**old["spec"]["containers"][0], "image": f"registry.example/web:{version}"}
    after = {**old, "spec": {**old["spec"], "containers": [image]}}
    stage.change(ROLLOUTS, {**found, "spec": {**found["spec"], "template": after}})


def tell(stage: Stage, **changes: Any) -> None:
    """A status patch; None removes."""
    found = stage.get(ROLLOUTS, "web")
    after = {k: v for k, v in {**found["status"], **changes}.items() if v is not None}
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.update(ROLLOUTS, {**found, "status": after})


def sizes(stage: Stage) -> dict[str, int]:
    """Pods wanted by revision."""
    return {
        annotations_of(s)["rollout.argoproj.io/revision"]: s["spec"]["replicas"]
        for s in stage.store.owned(SETS, stage.get(ROLLOUTS, "web"))
        if s["spec"]["replicas"]
    }


@pytest.mark.parametrize(
    ("total", "weight", "surge", "expected"),
    [
        (5, 20, 0, (1, 4)),
        (5, 20, 2, (1, 4)),
        (10, 15, 0, (2, 8)),
        (10, 15, 3, (2, 9)),
        (3, 50, 0, (2, 1)),
        (4, 1, 0, (1, 3)),
        (4, 99, 0, (3, 1)),
        (1, 50, 0, (1, 0)),
        (1, 50, 1, (1, 1)),
        (5, 0, 1, (0, 5)),
        (5, 100, 1, (5, 0)),
        (0, 50, 1, (0, 0)),
        (10, 25, 3, (3, 8)),
    ],
)
def test_a_weight_is_shared_as_near_as_whole_pods_allow(
    total: int, weight: int, surge: int, expected: tuple[int, int]
) -> None:
    assert shares(total, weight, surge) == expected


def replica_set(size: int, available: int) -> Obj:
    return {"spec": {"replicas": size}, "status": {"availableReplicas": available, "replicas": size}}


@pytest.mark.parametrize(
    ("new", "stable", "weight", "expected"),
    [
        ((0, 0), (10, 10), 20, (0, 8)),  # maxSurge 0: the stable side makes room first
        ((0, 0), (8, 8), 20, (2, 8)),
        ((2, 0), (8, 8), 60, (2, 8)),  # what is not available yet lets nothing more go
        ((2, 2), (8, 8), 60, (2, 6)),
        ((6, 6), (4, 4), 0, (4, 4)),
    ],
)
def test_two_sides_share_the_replicas_within_the_bounds(
    new: tuple[int, int], stable: tuple[int, int], weight: int, expected: tuple[int, int]
) -> None:
    found = {
        "spec": spec([{"setWeight": weight}], 10, maxSurge=0, maxUnavailable=2),
        "status": {"stableRS": "a", "currentPodHash": "b", "currentStepIndex": 0},
    }
    assert counts(found, replica_set(*new), replica_set(*stable), []) == expected


def test_a_canary_never_leaves_its_bounds(stage: Stage) -> None:
    started(stage, [{"setWeight": 30}, {"setWeight": 70}], 10, maxSurge=2, maxUnavailable=1)
    release(stage, 2)
    for _ in range(300):
        stage.run(0.4)
        alive = [p for p in stage.pods("web") if not deleting(p)]
        ready = [p for p in alive if conditions(p).get("Ready", ("",))[0] == "True"]
        assert len(alive) <= 12
        assert len(ready) >= 9
    assert (status(stage)["phase"], sizes(stage)) == ("Healthy", {"2": 10})


def test_a_timed_pause_goes_on_by_itself(stage: Stage) -> None:
    started(stage, [{"setWeight": 20}, {"pause": {"duration": "2m"}}])
    release(stage, 2)
    stage.run(60)
    assert status(stage)["phase"] == "Paused"
    stage.run(130)
    assert status(stage)["phase"] == "Healthy"


def test_a_version_between_two_others_is_taken_away(stage: Stage) -> None:
    started(stage)
    release(stage, 2)
    stage.run(60)
    release(stage, 3)
    stage.run(60)
    assert sizes(stage) == {"1": 4, "3": 1}
    assert status(stage)["currentStepIndex"] == 1


def test_a_size_changed_in_mid_release_is_shared(stage: Stage) -> None:
    started(stage)
    release(stage, 2)
    stage.run(60)
    found = stage.get(ROLLOUTS, "web")
    stage.change(ROLLOUTS, {**found, "spec": {**found["spec"], "replicas": 10}})
    stage.run(90)
    assert sizes(stage) == {"1": 8, "2": 2}
    assert (status(stage)["phase"], status(stage)["currentStepIndex"]) == ("Paused", 1)


def test_a_canary_s_own_scale_and_a_router_s_weight(stage: Stage) -> None:
    router = {"trafficRouting": {"nginx": {"stableIngress": "web"}}}
    started(stage, [{"setCanaryScale": {"replicas": 3}}, {"setWeight": 10}, {"pause": {}}], **router)
    release(stage, 2)
    stage.run(60)
    assert sizes(stage) == {"1": 5, "2": 3}
    weights = status(stage)["canary"]["weights"]
    assert (weights["canary"]["weight"], weights["stable"]["weight"]) == (10, 90)


def test_an_aborted_canary_behind_a_router_keeps_its_pods_for_thirty_seconds(stage: Stage) -> None:
    started(stage, trafficRouting={"nginx": {"stableIngress": "web"}})
    release(stage, 2)
    stage.run(60)
    tell(stage, abort=True)
    stage.run(20)
    assert status(stage)["canary"]["weights"]["canary"]["weight"] == 0
    assert sizes(stage) == {"1": 5, "2": 1}
    stage.run(20)
    assert sizes(stage) == {"1": 5}


def test_a_canary_that_never_starts_is_degraded_after_its_deadline(stage: Stage) -> None:
    started(stage)
    found = stage.get(ROLLOUTS, "web")
    bad = template("web", behaviour="never-ready", **PROBED)
    changed = {**found["spec"], "template": bad, "progressDeadlineSeconds": 60}
    stage.change(ROLLOUTS, {**found, "spec": changed})
    stage.run(50)
    assert status(stage)["phase"] == "Progressing"
    stage.run(40)
    assert status(stage)["phase"] == "Degraded"
    assert status(stage)["message"].startswith("ProgressDeadlineExceeded: ReplicaSet ")


def test_a_restart_replaces_every_pod_and_makes_no_revision(stage: Stage) -> None:
    started(stage)
    before = {p["metadata"]["name"] for p in stage.pods("web")}
    stage.run(30)
    found = stage.get(ROLLOUTS, "web")
    asked = stamp(stage.time)
    stage.change(ROLLOUTS, {**found, "spec": {**found["spec"], "restartAt": asked}})
    stage.run(20)
    assert status(stage)["message"] == "rollout is restarting"
    stage.run(600)
    after = {p["metadata"]["name"] for p in stage.pods("web")}
    assert not before & after
    assert len(after) == 5
    assert status(stage)["restartedAt"] == asked
    assert (status(stage)["phase"], sizes(stage)) == ("Healthy", {"1": 5})


def test_going_back_within_the_window_skips_the_steps(stage: Stage) -> None:
    started(stage)
    found = stage.get(ROLLOUTS, "web")
    stage.change(ROLLOUTS, {**found, "spec": {**found["spec"], "rollbackWindow": {"revisions": 2}}})
    release(stage, 2)
    stage.run(60)
    tell(stage, promoteFull=True)
    stage.run(60)
    release(stage, 1)
    stage.run(60)
    assert status(stage)["phase"] == "Healthy"
    assert sizes(stage) == {"3": 5}


def test_what_it_owns_goes_with_it(stage: Stage) -> None:
    started(stage)
    with stage.cluster.agenda.pretending(stage.time):
        remove(stage.store, ROLLOUTS, stage.get(ROLLOUTS, "web"))
    stage.run(60)
    assert list(stage.store.all(SETS, NAMESPACE)) == []
    assert stage.pods("web") == []


# -- analyses -------------------------------------------------------------------------------------------------------


def analysed(stage: Stage, query: str, **metric: Any) -> None:
    """A release that comes to its analysis of ``query``."""
    provider = {"prometheus": {"address": "http://prometheus.platform:9090", "query": query}}
    stage.put(TEMPLATES, "check", spec={"metrics": [{"name": "errors", "provider": provider, **metric}]})
    started(
        stage, [{"setWeight": 20}, {"analysis": {"templates": [{"templateName": "check"}]}}, {"pause": {}}]
    )
    release(stage, 2)


def runs(stage: Stage) -> list[Obj]:
    return stage.store.owned(RUNS, stage.get(ROLLOUTS, "web"))


def test_a_good_analysis_lets_the_canary_go_on(stage: Stage) -> None:
    analysed(stage, "vector(0.5)", interval="20s", count=3, successCondition="result[0] < 1")
    stage.run(35)
    (run,) = runs(stage)
    assert run["status"]["phase"] == "Running"
    told = status(stage)["canary"]["currentStepAnalysisRunStatus"]
    assert told == {"name": run["metadata"]["name"], "status": "Running"}
    stage.run(60)
    (run,) = runs(stage)
    result = run["status"]["metricResults"][0]
    assert (run["status"]["phase"], result["count"], result["successful"]) == ("Successful", 3, 3)
    assert [m["value"] for m in result["measurements"]] == ["[0.5]"] * 3
    assert (status(stage)["phase"], status(stage)["currentStepIndex"]) == ("Paused", 2)


def test_a_failed_analysis_aborts(stage: Stage) -> None:
    analysed(
        stage,
        "vector(7)",
        interval="10s",
        count=5,
        failureLimit=1,
        successCondition="result[0] < 1",
    )
    stage.run(90)
    assert status(stage)["phase"] == "Degraded"
    assert status(stage)["message"].endswith(
        'Metric "errors" assessed Failed due to failed (2) > failureLimit (1)'
    )
    assert sizes(stage) == {"1": 5}
    tell(stage, abort=False)
    stage.run(40)
    assert len(runs(stage)) == 2  # a retry measures anew
    assert runs(stage)[1]["metadata"]["name"] == runs(stage)[0]["metadata"]["name"] + ".1"


def test_an_inconclusive_analysis_pauses_until_somebody_decides(stage: Stage) -> None:
    analysed(stage, "vector(5)", successCondition="result[0] < 1", failureCondition="result[0] > 10")
    stage.run(60)
    found = status(stage)
    assert [p["reason"] for p in found["pauseConditions"]] == ["InconclusiveAnalysisRun"]
    assert (found["phase"], found["message"]) == ("Paused", "InconclusiveAnalysisRun")
    assert found["canary"]["currentStepAnalysisRunStatus"]["status"] == "Inconclusive"
    tell(stage, pauseConditions=None, controllerPause=False, currentStepIndex=found["currentStepIndex"] + 1)
    stage.run(20)
    assert (status(stage)["message"], status(stage)["currentStepIndex"]) == ("CanaryPauseStep", 2)


def test_promotion_in_mid_analysis_ends_it(stage: Stage) -> None:
    analysed(stage, "vector(0.5)", interval="10s", successCondition="result[0] < 1")
    stage.run(40)
    assert runs(stage)[0]["status"]["phase"] == "Running"
    tell(stage, pauseConditions=None, currentStepIndex=2)
    stage.run(20)
    assert runs(stage)[0]["status"]["phase"] == "Successful"
    assert runs(stage)[0]["status"]["message"] == "Run Terminated"
    assert status(stage)["message"] == "CanaryPauseStep"


def test_no_answer_is_an_error_and_tried_again(stage: Stage) -> None:
    analysed(stage, "vector(1)", interval="1m", count=2, successCondition="result[0] < 2")
    stage.cluster.prometheus.down = "connection refused"
    stage.run(45)
    (run,) = runs(stage)
    result = run["status"]["metricResults"][0]
    assert (run["status"]["phase"], result["consecutiveError"]) == ("Running", result["error"])
    assert result["error"] >= 2  # each ten seconds
    assert "connect: connection refused" in result["measurements"][0]["message"]
    stage.cluster.prometheus.down = ""
    stage.run(100)
    assert runs(stage)[0]["status"]["phase"] == "Successful"


def test_an_empty_answer_is_an_error_in_the_controller_s_words(stage: Stage) -> None:
    analysed(stage, "nothing_here", consecutiveErrorLimit=0, successCondition="result[0] < 2")
    stage.run(60)
    message = runs(stage)[0]["status"]["metricResults"][0]["measurements"][0]["message"]
    assert message == (
        'could not evaluate successCondition "result[0] < 2": metric result is nil or empty: no data returned from '
        "the metric provider"
    )


def test_an_experiment_runs_beside_the_canary(stage: Stage) -> None:
    experiment = {"duration": "30s", "templates": [{"name": "baseline", "specRef": "stable", "replicas": 2}]}
    started(stage, [{"setWeight": 20}, {"experiment": experiment}, {"pause": {}}])
    release(stage, 2)
    stage.run(45)
    (found,) = stage.store.owned(EXPERIMENTS, stage.get(ROLLOUTS, "web"))
    assert found["status"]["phase"] == "Running"
    assert status(stage)["canary"]["currentExperiment"] == found["metadata"]["name"]
    assert sum(s["spec"]["replicas"] for s in stage.store.owned(SETS, found)) == 2
    stage.run(60)
    (found,) = stage.store.owned(EXPERIMENTS, stage.get(ROLLOUTS, "web"))
    assert found["status"]["phase"] == "Successful"
    assert sum(s["spec"]["replicas"] for s in stage.store.owned(SETS, found)) == 0
    assert status(stage)["message"] == "CanaryPauseStep"


def test_a_referred_workload_gives_the_template(stage: Stage) -> None:
    chosen = {"matchLabels": {"app": "web"}}
    body = {"replicas": 0, "selector": chosen, "template": template("web", **PROBED)}
    stage.put("deployments.apps", "web", spec=body)
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    stage.put(
        ROLLOUTS, "web", spec={"replicas": 3, "workloadRef": ref, "strategy": {"canary": {"steps": STEPS}}}
    )
    stage.run(60)
    assert (status(stage)["phase"], sizes(stage)) == ("Healthy", {"1": 3})
    found = stage.get("deployments.apps", "web")
    stage.change(
        "deployments.apps",
        {**found, "spec": {**found["spec"], "template": template("web", image="registry.example/web:2")}},
    )
    stage.run(60)
    assert status(stage)["message"] == "CanaryPauseStep"
