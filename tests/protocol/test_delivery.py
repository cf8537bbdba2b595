"""Argo Rollouts by the patches of its own plugin: the same sequence from the simulated and from the real controller."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform.harness.argo import ArgoRollouts
from tests.protocol.conftest import Target, client
from tests.protocol.delivery import PATCH, STEPS, Release, reasons
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import start_process

_NUMBERS = itertools.count(1)
SPEED = 40.0  # simulated seconds in a real one
_NODE = {
    "kind": "Node",
    "apiVersion": "v1",
    "metadata": {
        "name": "delivery-node",
        "labels": {"type": "kwok"},
        "annotations": {"kwok.x-k8s.io/node": "fake"},
    },
}


@pytest.fixture(scope="module", params=["simulator", pytest.param("real", marks=pytest.mark.platform)])
def controlled(request: pytest.FixtureRequest) -> Iterator[Target]:
    """An API server with Argo Rollouts' controller at work: the simulator has it, to the real one it is started."""
    if request.param == "simulator":
        with start_process(DemoOptions(scenario="calm", seed=5, speed=SPEED)) as demo:
            admin, viewer = (
                client(demo.kubeconfig, "production"),
                client(demo.kubeconfig, "production-viewer"),
            )
            with admin, viewer:
                yield Target("simulator", admin, viewer, demo.kubeconfig, "production", demo)
        return
    argo: ArgoRollouts = request.getfixturevalue("argo")
    admin = client(argo.cluster.kubeconfig("admin"), "admin")
    viewer = client(argo.cluster.kubeconfig("viewer"), "viewer")
    with admin, viewer:
        assert admin.post("/api/v1/nodes", json=_NODE).status_code in (201, 409)
        yield Target("real", admin, viewer, argo.cluster.kubeconfig("admin"), "admin")


@pytest.fixture(scope="module")
def space(controlled: Target) -> str:
    name = "delivery"
    made = controlled.admin.post("/api/v1/namespaces", json={"metadata": {"name": name}})
    assert made.status_code in (201, 409)
    return name


@pytest.fixture
def release(controlled: Target, space: str) -> Iterator[Release]:
    found = Release(controlled.admin, space, f"web-{next(_NUMBERS)}")
    yield found
    controlled.admin.delete(found.path)


@pytest.fixture
def paused(release: Release) -> Release:
    """A release at its first pause."""
    release.create()
    release.healthy()
    release.release(2)
    release.paused_at(1)
    return release


def test_the_first_version_skips_the_steps(release: Release) -> None:
    release.create()
    status = release.healthy()
    assert status["currentStepIndex"] == len(STEPS)
    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (5, 5, 5)
    assert release.sizes() == {status["stableRS"]: 5}
    assert release.get()["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
    assert reasons(status)["Progressing"] == ("True", "NewReplicaSetAvailable")
    assert reasons(status)["Completed"] == ("True", "RolloutCompleted")
    assert "message" not in status
    assert status["selector"] == f"app={release.name}"


def test_a_scale_from_none_is_dated_by_its_replica_set(release: Release) -> None:
    """By way of a Scale (an HPA): what tells a Rollout that comes up from one that is down."""
    release.create()
    release.healthy()
    release.change({"spec": {"replicas": 0}}, "scale")
    release.until(lambda s: not release.sizes(), "no pods wanted")
    release.change({"spec": {"replicas": 2}}, "scale")
    release.until(lambda s: list(release.sizes().values()) == [2], "two pods wanted")
    fields = release.get()["metadata"]["managedFields"]
    assert all("time" not in f for f in fields if f.get("subresource") == "scale"), fields
    [one] = release.sets()
    wrote = [f for f in one["metadata"]["managedFields"] if "f:replicas" in f["fieldsV1"].get("f:spec", {})]
    assert wrote and all(f["manager"] == "rollouts-controller" and f["time"] for f in wrote), wrote


def test_a_new_version_stops_at_its_pause(paused: Release) -> None:
    status = paused.status()
    assert status["message"] == "CanaryPauseStep"
    assert [p["reason"] for p in status["pauseConditions"]] == ["CanaryPauseStep"]
    assert status["controllerPause"] is True
    assert isinstance(status["observedGeneration"], str)
    assert status["stableRS"] != status["currentPodHash"]
    assert paused.sizes() == {status["stableRS"]: 4, status["currentPodHash"]: 1}
    status = paused.until(lambda s: reasons(s).get("Paused", ("",))[0] == "True", "the condition Paused")
    assert reasons(status)["Progressing"] == ("Unknown", "RolloutPaused")
    assert reasons(status)["Completed"] == ("False", "RolloutCompleted")
    assert reasons(status)["Healthy"] == ("False", "RolloutHealthy")
    assert "weights" not in status.get("canary", {})
    sets = {s["metadata"]["annotations"]["rollout.argoproj.io/revision"]: s for s in paused.sets()}
    assert set(sets) == {"1", "2"}
    assert sets["2"]["metadata"]["annotations"]["rollout.argoproj.io/desired-replicas"] == "5"
    owner = sets["2"]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["apiVersion"], owner["controller"]) == (
        "Rollout",
        "argoproj.io/v1alpha1",
        True,
    )


def test_promote_while_paused_goes_on_to_the_next_pause(paused: Release) -> None:
    first = paused.status()
    paused.change({"status": {"pauseConditions": None}}, "status")
    status = paused.paused_at(3)
    assert status["stableRS"] == first["stableRS"]
    assert paused.sizes() == {status["stableRS"]: 3, status["currentPodHash"]: 2}
    paused.change({"status": {"pauseConditions": None}}, "status")
    paused.paused_at(5)
    paused.change({"status": {"pauseConditions": None}}, "status")
    status = paused.healthy()
    assert status["stableRS"] == first["currentPodHash"]
    assert status["currentStepIndex"] == len(STEPS)
    paused.until(lambda s: s.get("replicas") == 5, "the old pods to go")


def test_promote_with_an_index_skips_that_step(paused: Release) -> None:
    """The case in the middle of a step: the index is moved."""
    paused.change({"status": {"pauseConditions": None, "currentStepIndex": 4}}, "status")
    status = paused.paused_at(5)
    assert paused.sizes() == {status["stableRS"]: 2, status["currentPodHash"]: 3}


def test_full_promotion_skips_everything(paused: Release) -> None:
    canary = paused.status()["currentPodHash"]
    paused.change({"status": {"promoteFull": True}}, "status")
    status = paused.healthy()
    assert (status["stableRS"], status["currentStepIndex"]) == (canary, len(STEPS))
    assert not status.get("promoteFull")
    assert not status.get("pauseConditions")
    paused.until(lambda s: s.get("replicas") == 5, "the old pods to go")
    assert paused.sizes() == {canary: 5}


def test_a_promotion_while_held_is_lost_and_after_the_release_of_the_hold_it_works(paused: Release) -> None:
    """The controller forgets that it paused while somebody holds the Rollout, so that the step pauses anew."""
    paused.change({"spec": {"paused": True}})
    status = paused.until(lambda s: s.get("message") == "manually paused", "the manual pause")
    assert (status["phase"], status["currentStepIndex"]) == ("Paused", 1)
    paused.change({"status": {"pauseConditions": None}}, "status")
    status = paused.until(lambda s: not s.get("controllerPause"), "the controller to see it")
    assert (status["phase"], status["message"], status["currentStepIndex"]) == (
        "Paused",
        "manually paused",
        1,
    )
    paused.change({"spec": {"paused": False}})
    assert paused.paused_at(1)["message"] == "CanaryPauseStep"
    paused.change({"status": {"pauseConditions": None}}, "status")
    paused.paused_at(3)


def test_abort_takes_the_canary_away_and_keeps_its_version_wanted(paused: Release) -> None:
    before = paused.status()
    paused.change({"status": {"abort": True}}, "status")
    status = paused.until(
        lambda s: s.get("phase") == "Degraded" and s.get("currentStepIndex") == 0, "the abort"
    )
    assert status["message"] == "RolloutAborted: Rollout aborted update to revision 2"
    assert status["abort"] is True
    assert status["abortedAt"]
    assert not status.get("pauseConditions")
    assert (status["stableRS"], status["currentPodHash"]) == (before["stableRS"], before["currentPodHash"])
    assert reasons(status)["Progressing"] == ("False", "RolloutAborted")
    paused.until(lambda s: paused.sizes() == {before["stableRS"]: 5}, "the stable side to be whole")
    image = paused.get()["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":2")


def test_retry_begins_with_the_first_step(paused: Release) -> None:
    paused.change({"status": {"abort": True}}, "status")
    paused.until(lambda s: s.get("phase") == "Degraded", "the abort")
    paused.change({"status": {"abort": False}}, "status")
    status = paused.paused_at(1)
    assert not status.get("abort")
    assert not status.get("abortedAt")
    assert paused.sizes() == {status["stableRS"]: 4, status["currentPodHash"]: 1}


def test_undo_to_the_stable_version_skips_the_steps(paused: Release) -> None:
    before = paused.status()
    old = next(
        s
        for s in paused.sets()
        if s["metadata"]["labels"]["rollouts-pod-template-hash"] == before["stableRS"]
    )
    template = old["spec"]["template"]
    template["metadata"]["labels"].pop("rollouts-pod-template-hash")
    paused.change([{"op": "replace", "path": "/spec/template", "value": template}], media=PATCH)
    status = paused.healthy()
    assert status["stableRS"] == before["stableRS"]
    assert status["currentStepIndex"] == len(STEPS)
    paused.until(lambda s: s.get("replicas") == 5, "the canary to go")
    assert paused.sizes() == {before["stableRS"]: 5}
    revisions = {s["metadata"]["annotations"]["rollout.argoproj.io/revision"] for s in paused.sets()}
    assert revisions == {"2", "3"}


def test_undo_to_an_older_version_walks_the_steps(paused: Release) -> None:
    first = paused.status()["stableRS"]
    paused.change({"status": {"promoteFull": True}}, "status")
    second = paused.healthy()["stableRS"]
    paused.release(1)
    status = paused.paused_at(1)
    assert (status["stableRS"], status["currentPodHash"]) == (second, first)


def test_a_canary_behind_a_router_has_weights_and_outlives_its_abort_for_a_while(
    release: Release, controlled: Target, space: str
) -> None:
    services = {"stableService": f"{release.name}-stable", "canaryService": f"{release.name}-canary"}
    for name in services.values():
        body = {
            "metadata": {"name": name},
            "spec": {"selector": {"app": release.name}, "ports": [{"port": 80}]},
        }
        made = controlled.admin.post(f"/api/v1/namespaces/{space}/services", json=body)
        assert made.status_code == 201, made.text
    back = {"service": {"name": services["stableService"], "port": {"number": 80}}}
    rule = {
        "host": f"{release.name}.example",
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": back}]},
    }
    ingress = {"metadata": {"name": release.name}, "spec": {"ingressClassName": "nginx", "rules": [rule]}}
    path = f"/apis/networking.k8s.io/v1/namespaces/{space}/ingresses"
    assert controlled.admin.post(path, json=ingress).status_code == 201
    router = {"nginx": {"stableIngress": release.name}}
    delay = round(2 * SPEED) if controlled.simulated else 3
    release.create(trafficRouting=router, abortScaleDownDelaySeconds=delay, **services)
    release.healthy()
    release.release(2)
    status = release.paused_at(1)
    canary, stable = status["currentPodHash"], status["stableRS"]
    weights = status["canary"]["weights"]
    assert weights["canary"] == {
        "weight": 20,
        "podTemplateHash": canary,
        "serviceName": services["canaryService"],
    }
    assert weights["stable"] == {
        "weight": 80,
        "podTemplateHash": stable,
        "serviceName": services["stableService"],
    }
    assert release.sizes() == {stable: 5, canary: 1}
    release.change({"status": {"abort": True}}, "status")
    status = release.until(
        lambda s: s.get("abort") is True and s["canary"]["weights"]["canary"]["weight"] == 0,
        "the weight to go back",
    )
    assert status["canary"]["weights"]["stable"]["weight"] == 100
    assert release.sizes() == {stable: 5, canary: 1}  # its pods stay until the deadline
    release.until(lambda s: release.sizes() == {stable: 5}, "the canary's pods to go")


def test_an_analysis_that_cannot_measure_aborts_after_its_errors(
    release: Release, controlled: Target
) -> None:
    address = "http://127.0.0.1:9"  # nobody listens there
    metric: dict[str, Any] = {
        "name": "errors",
        "consecutiveErrorLimit": 0,
        "successCondition": "result[0] < 1",
        "provider": {"prometheus": {"address": address, "query": "vector({{args.version}}0)"}},
    }
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": release.name},
        "spec": {"args": [{"name": "version"}], "metrics": [metric]},
    }
    assert controlled.admin.post(f"{release.base}/analysistemplates", json=template).status_code == 201
    analysis = {"templates": [{"templateName": release.name}], "args": [{"name": "version", "value": "1"}]}
    release.create([{"setWeight": 20}, {"analysis": analysis}, {"pause": {}}])
    release.healthy()
    release.release(2)
    status = release.until(lambda s: s.get("phase") == "Degraded", "the failed analysis to abort")
    begin = 'RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric "errors"'
    assert status["message"].startswith(
        f"{begin} assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0)"
    )
    runs = controlled.admin.get(f"{release.base}/analysisruns").json()["items"]
    run = next(r for r in runs if r["metadata"]["name"].startswith(f"{release.name}-"))
    assert run["metadata"]["name"] == f"{release.name}-{status['currentPodHash']}-2-1"
    assert (run["metadata"]["labels"]["rollout-type"], run["metadata"]["labels"]["step-index"]) == (
        "Step",
        "1",
    )
    result = run["status"]["metricResults"][0]
    assert (result["phase"], result["error"], result["consecutiveError"]) == ("Error", 1, 1)
    assert result["metadata"] == {"ResolvedPrometheusQuery": "vector(10)"}
    assert result["measurements"][0]["phase"] == "Error"
    assert result["measurements"][0]["message"].startswith(f'Post "{address}/api/v1/query": dial tcp')
    assert run["status"]["phase"] == "Error"
    assert run["status"]["runSummary"] == {"count": 1, "error": 1}


def test_a_missing_template_is_an_invalid_spec(release: Release) -> None:
    release.create([{"analysis": {"templates": [{"templateName": "nowhere"}]}}])
    status = release.until(lambda s: s.get("phase") == "Degraded", "the invalid spec")
    assert "AnalysisTemplate 'nowhere' not found" in status["message"]
    assert reasons(status)["InvalidSpec"] == ("True", "InvalidSpec")


def test_patches_are_conditional_and_rehearsed(paused: Release) -> None:
    before = paused.get()
    test = {"op": "test", "path": "/status/currentStepIndex", "value": 3}
    move = {"op": "replace", "path": "/status/currentStepIndex", "value": 4}
    assert paused.patch([test, move], "status", PATCH).status_code == 422
    rehearsed = paused.client.patch(
        f"{paused.path}/status",
        params={"dryRun": "All"},
        json={"status": {"abort": True}},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert rehearsed.status_code == 200
    assert rehearsed.json()["status"]["abort"] is True
    assert not paused.get()["status"].get(
        "abort"
    )  # the controller may have written meanwhile: no resourceVersion here
    stale = {**before, "metadata": {**before["metadata"], "resourceVersion": "1"}}
    assert paused.client.put(paused.path, json=stale).status_code == 409
    strategic = paused.patch({"spec": {"paused": True}}, media="application/strategic-merge-patch+json")
    assert strategic.status_code == 415
    # A status patched on the main resource does not take, nor a spec on the status.
    paused.change({"status": {"promoteFull": True}})
    paused.change({"spec": {"paused": True}}, "status")
    after = paused.get()
    assert not after["status"].get("promoteFull")
    assert not after["spec"].get("paused")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    test["value"] = 1
    assert paused.patch([test, move], "status", PATCH).status_code == 200


def test_the_table_has_the_definition_s_columns(paused: Release) -> None:
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    table = paused.client.get(paused.path, headers=accept).json()
    names = [c["name"] for c in table["columnDefinitions"]]
    assert names == ["Name", "Desired", "Current", "Up-to-date", "Available", "Age"]
    assert table["rows"][0]["cells"][:5] == [paused.name, 5, 5, 1, 5]


def test_what_is_served_is_told_by_discovery(controlled: Target) -> None:
    found = controlled.admin.get("/apis/argoproj.io/v1alpha1").json()["resources"]
    told = {r["name"]: (r["kind"], r["namespaced"], tuple(r.get("shortNames", ()))) for r in found}
    for name, expected in {
        "rollouts": ("Rollout", True, ("ro",)),
        "rollouts/status": ("Rollout", True, ()),
        "rollouts/scale": ("Scale", True, ()),
        "analysisruns": ("AnalysisRun", True, ("ar",)),
        "analysistemplates": ("AnalysisTemplate", True, ("at",)),
        "experiments": ("Experiment", True, ("exp",)),
        "clusteranalysistemplates": ("ClusterAnalysisTemplate", False, ("cat",)),
    }.items():
        assert told[name] == expected
    assert "analysisruns/status" not in told
    found = controlled.admin.get("/apis/flagger.app/v1beta1").json()["resources"]
    assert {r["name"] for r in found} >= {"canaries", "canaries/status"}
