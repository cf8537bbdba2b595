"""The real Argo Rollouts controller: a canary promoted step by step, aborted, retried, undone, fully promoted; Flagger's CRD."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform.harness.argo import ArgoRollouts
from tests.platform.harness.cluster import Cluster
from tests.platform.world import create, node
from tests.unit.actions.acting import REF, Bench, bench
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Result
from tfdash.model.release import Phase, ReleaseState

pytestmark = pytest.mark.platform

NS = "argo-acting"
_MERGE = "application/merge-patch+json"
_API = f"/apis/argoproj.io/v1alpha1/namespaces/{NS}"
_STEPS = [
    {"setWeight": 20},
    {"pause": {}},
    {"setWeight": 60},
    {"pause": {}},
    {"setWeight": 80},
    {"pause": {"duration": "1h"}},
]
_FAILING = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AnalysisTemplate",
    "metadata": {"name": "hangs"},
    "spec": {
        "metrics": [
            {
                "name": "slow",
                "interval": "1s",
                "count": 600,
                "successCondition": "true",
                "failureLimit": 600,
                "consecutiveErrorLimit": 600,
                "provider": {"web": {"url": "http://127.0.0.1:9/none", "jsonPath": "{$.ok}"}},
            }
        ]
    },
}


def rollout(name: str, image: str, steps: list[Any] | None = None) -> dict[str, Any]:
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": image}], "terminationGracePeriodSeconds": 0},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name},
        "spec": {
            "replicas": 5,
            "selector": {"matchLabels": labels},
            "template": template,
            "strategy": {"canary": {"steps": _STEPS if steps is None else steps}},
        },
    }


@pytest.fixture(scope="module")
def seeded(cluster: Cluster, argo: ArgoRollouts) -> Cluster:
    create(cluster, "/api/v1/nodes", *(node(f"argo-acting-{i}") for i in range(2)))
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
    cluster.request("POST", f"{_API}/analysistemplates", _FAILING)
    for name in ("web", "full", "held", "measured", "undone"):
        steps = [
            {"setWeight": 20},
            {"analysis": {"templates": [{"templateName": "hangs"}]}},
            {"setWeight": 60},
            {"pause": {}},
        ]
        cluster.request(
            "POST",
            f"{_API}/rollouts",
            rollout(name, f"registry.example/{name}:1", steps if name == "measured" else None),
        )
    for name in ("web", "full", "held", "measured", "undone"):
        cluster.wait(
            lambda name=name: status(cluster, name).get("phase") == "Healthy", f"{name} to be healthy"
        )
    return cluster


@pytest.fixture(scope="module")
def at(seeded: Cluster) -> Iterator[Bench]:
    kinds = ("Deployment", "ReplicaSet", "Pod", "Rollout", "AnalysisRun", "Experiment", "Canary", "Node")
    with bench(seeded.kubeconfig("admin"), "admin", kinds=kinds) as found:
        yield found


def status(cluster: Cluster, name: str) -> dict[str, Any]:
    return dict(cluster.request("GET", f"{_API}/rollouts/{name}").get("status") or {})


def image(cluster: Cluster, name: str) -> str:
    path = "{.spec.template.spec.containers[0].image}"
    return cluster.kubectl("get", f"rollout/{name}", "-n", NS, "-o", f"jsonpath={path}").strip()


def start(cluster: Cluster, name: str, tag: str) -> None:
    template = rollout(name, f"registry.example/{name}:{tag}")["spec"]["template"]
    cluster.request("PATCH", f"{_API}/rollouts/{name}", {"spec": {"template": template}}, _MERGE)


def seen(at: Bench, name: str, *phases: Phase, step: int | None = None) -> ReleaseState:
    """What the action service sees of it, once it is in one of ``phases``."""
    subject = at.subject("Rollout", NS, name)

    def state() -> ReleaseState | None:
        return at.actions._standing(subject).release

    def there() -> bool:
        found = state()
        return found is not None and found.phase in phases and step in (None, found.step)

    at.until(there, f"{name} to be {', '.join(phases)} at step {step}; it is {state()}")
    found = state()
    assert found is not None
    return found


def at_pause(cluster: Cluster, at: Bench, name: str, step: int) -> ReleaseState:
    """Paused there, and its controller has read that itself: it writes the reason RolloutPaused only when its own cache
    shows the pause. A promotion that comes before that clears a pause of which the controller does not know yet, and it
    pauses anew at the same step."""

    def known() -> bool:
        conditions = status(cluster, name).get("conditions") or ()
        return any(c["type"] == "Progressing" and c["reason"] == "RolloutPaused" for c in conditions)

    seen(at, name, Phase.PAUSED, step=step)
    cluster.wait(known, f"{name}'s controller to know of the pause at step {step}")
    return seen(at, name, Phase.PAUSED, step=step)


def test_promoted_step_by_step_aborted_retried_and_undone(seeded: Cluster, at: Bench) -> None:
    subject = at.subject("Rollout", NS, "web")
    stable = status(seeded, "web")["stableRS"]
    start(seeded, "web", "2")
    at_pause(seeded, at, "web", step=1)

    done = at.do("rollout.promote", subject)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    seeded.wait(lambda: status(seeded, "web").get("currentStepIndex") == 3, "the second pause")
    at_pause(seeded, at, "web", step=3)

    done = at.do("workload.rollback", subject)  # in flight: it is aborted
    assert done.plan.title == "rollout: abort"
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    told = status(seeded, "web")
    assert (told["abort"], told["stableRS"], told["phase"]) == (True, stable, "Degraded")
    assert image(seeded, "web").endswith(":2")
    seen(at, "web", Phase.ABORTED)

    with pytest.raises(PlanRefused, match="retry first"):
        at.plan("rollout.promote", subject)
    done = at.do("rollout.retry", subject)
    assert done.result is Result.APPLIED, done.sentence
    seeded.wait(lambda: status(seeded, "web").get("phase") == "Paused", "the retried canary's pause")
    assert status(seeded, "web")["currentStepIndex"] == 1
    at_pause(seeded, at, "web", step=1)

    done = at.do("rollout.undo", subject, revision="1")
    assert done.result is Result.APPLIED, done.sentence
    assert image(seeded, "web").endswith(":1")
    seeded.wait(lambda: status(seeded, "web").get("phase") == "Healthy", "the undone one")
    assert status(seeded, "web")["currentPodHash"] == stable


def test_one_that_is_held_at_a_pause_is_released_before_it_is_promoted(seeded: Cluster, at: Bench) -> None:
    """A held controller forgets that its pause was cleared, and after the hold it pauses anew: that is two plans."""
    subject = at.subject("Rollout", NS, "held")
    start(seeded, "held", "3")
    at_pause(seeded, at, "held", step=1)
    assert at.do("workload.hold", subject).result is Result.APPLIED
    at.until(lambda: "workload.release" in {o.action for o in at.actions.offers(subject)}, "the hold")
    with pytest.raises(PlanRefused, match="release the hold first"):
        at.plan("rollout.promote", subject)
    assert at.do("workload.release", subject).result is Result.APPLIED
    seeded.wait(lambda: status(seeded, "held").get("message") == "CanaryPauseStep", "the pause anew")
    at_pause(seeded, at, "held", step=1)
    at.until(
        lambda: (
            {"workload.hold", "rollout.promote"}
            <= {o.action for o in at.actions.offers(subject) if not o.refused}
        ),
        "the end of the hold",
    )
    done = at.do("rollout.promote", subject)
    assert done.result is Result.APPLIED, done.sentence
    seeded.wait(lambda: status(seeded, "held").get("currentStepIndex") == 3, "the second pause")
    at_pause(seeded, at, "held", step=3)


def test_held_released_and_fully_promoted(seeded: Cluster, at: Bench) -> None:
    subject = at.subject("Rollout", NS, "full")
    start(seeded, "full", "2")
    at_pause(seeded, at, "full", step=1)
    assert at.do("workload.hold", subject).result is Result.APPLIED
    assert seeded.kubectl("get", "rollout/full", "-n", NS, "-o", "jsonpath={.spec.paused}") == "true"
    at.until(lambda: "workload.release" in {o.action for o in at.actions.offers(subject)}, "the hold")
    done = at.do("rollout.promote-full", subject)  # ends the hold too, as the plug-in does
    assert done.result is Result.APPLIED, done.sentence
    assert any("pause" in s for s in done.plan.skips)
    assert all(held for _, held in done.posts), done.sentence
    told = status(seeded, "full")
    assert told["currentPodHash"] == told["stableRS"]
    assert seeded.kubectl("get", "rollout/full", "-n", NS, "-o", "jsonpath={.spec.paused}") in ("", "false")
    seen(at, "full", Phase.COMPLETE, Phase.NONE)
    with pytest.raises(PlanRefused, match="nothing is in flight"):
        at.plan("rollout.promote", subject)


def test_an_undo_from_100_percent_ends_healthy_on_its_target(seeded: Cluster, at: Bench) -> None:
    """One confirmation: no step is waited for. A second one releases nothing."""
    subject = at.subject("Rollout", NS, "undone")
    start(seeded, "undone", "2")
    at_pause(seeded, at, "undone", step=1)
    assert at.do("rollout.promote-full", subject).result is Result.APPLIED
    seen(at, "undone", Phase.COMPLETE, Phase.NONE)
    was = status(seeded, "undone")
    assert (image(seeded, "undone")[-2:], was["phase"], was["currentPodHash"]) == (
        ":2",
        "Healthy",
        was["stableRS"],
    )
    guarded = at.plan("workload.rollback", subject)
    assert [r.what for r in guarded.plan.requests][1:] == ["promote it fully"]
    done, told = at.act(guarded)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert any("waits until its controller took the template up" in p.sentence for p in told)
    now = status(seeded, "undone")
    assert (image(seeded, "undone")[-2:], now["phase"], now["currentPodHash"]) == (
        ":1",
        "Healthy",
        now["stableRS"],
    )
    assert now["currentPodHash"] != was["currentPodHash"]
    pods = seeded.kubectl(
        "get", "pods", "-n", NS, "-l", "app=undone", "-o", "jsonpath={.items[*].spec.containers[0].image}"
    ).split()
    assert [p[-2:] for p in pods] == [":1"] * 5
    with pytest.raises(PlanRefused, match=r"undone:2, left since"):
        at.plan("workload.rollback", subject)


def test_a_held_canary_is_aborted_and_its_hold_ends(seeded: Cluster, at: Bench) -> None:
    """Held, the real controller scales neither version, whatever is aborted."""
    subject = at.subject("Rollout", NS, "full")
    start(seeded, "full", "4")
    at_pause(seeded, at, "full", step=1)
    assert at.do("workload.hold", subject).result is Result.APPLIED
    at.until(lambda: "workload.release" in {o.action for o in at.actions.offers(subject)}, "the hold")
    done = at.do("workload.rollback", subject)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert seeded.kubectl("get", "rollout/full", "-n", NS, "-o", "jsonpath={.spec.paused}") in ("", "false")


def test_a_promotion_mid_analysis_skips_the_step_and_says_so(seeded: Cluster, at: Bench) -> None:
    subject = at.subject("Rollout", NS, "measured")
    start(seeded, "measured", "2")
    seen(at, "measured", Phase.ANALYSING, step=1)
    guarded = at.plan("rollout.promote", subject)
    assert any("analysis" in s for s in guarded.plan.skips)
    done, _ = at.act(guarded)
    assert done.result is Result.APPLIED, done.sentence
    seeded.wait(
        lambda: status(seeded, "measured").get("currentStepIndex") == 3, "the pause behind the analysis"
    )


def test_a_stopped_analysis_ends_and_the_rollout_goes_on(seeded: Cluster, at: Bench) -> None:
    subject = at.subject("Rollout", NS, "measured")
    start(seeded, "measured", "3")
    seen(at, "measured", Phase.ANALYSING, step=1)

    def running() -> bool:
        release = at.actions._standing(subject).release
        return release is not None and any(a.phase == "Running" for a in release.analyses)

    at.until(running, "a run")
    done = at.do("rollout.stop-analysis", subject)
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    runs = json.loads(seeded.kubectl("get", "analysisruns", "-n", NS, "-o", "json"))["items"]
    assert any(r["spec"].get("terminate") and r["status"]["phase"] == "Successful" for r in runs)
    seeded.wait(
        lambda: status(seeded, "measured").get("currentStepIndex") == 3, "the step behind the analysis"
    )


def test_a_pause_that_came_after_the_look_is_not_cleared(seeded: Cluster, at: Bench) -> None:
    """The plug-in's merge patch would: ours is tested on the status subresource of the real CRD."""
    subject = at.subject("Rollout", NS, "web")
    start(seeded, "web", "3")
    at_pause(seeded, at, "web", step=1)
    plan = at.plan("rollout.promote", subject).plan
    seeded.request("PATCH", f"{_API}/rollouts/web/status", {"status": {"pauseConditions": None}}, _MERGE)
    seeded.wait(lambda: status(seeded, "web").get("currentStepIndex") == 3, "the next pause")
    writer: Any = at.actions._parts.writers.clusters[REF]
    answer = at.run(at.board.on_loop(writer.send(plan.requests[0], audit_id="", timeout=5.0)))
    assert answer.status == 422
    assert status(seeded, "web")["pauseConditions"]
    done = at.do("rollout.abort", at.subject("Rollout", NS, "web"))
    assert done.result is Result.APPLIED


def test_flagger_is_suspended_resumed_and_skipped(seeded: Cluster, at: Bench) -> None:
    path = f"/apis/flagger.app/v1beta1/namespaces/{NS}/canaries"
    spec = {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
        "service": {"port": 80},
        "analysis": {"interval": "1m", "threshold": 5, "stepWeight": 10, "maxWeight": 50},
    }
    body = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "shop"}, "spec": spec}
    seeded.request("POST", path, body)
    told = {"status": {"phase": "Progressing", "canaryWeight": 20, "failedChecks": 0, "iterations": 0}}
    seeded.request("PATCH", f"{path}/shop/status", told, _MERGE)
    subject = at.subject("Canary", NS, "shop")
    at.see(subject)
    at.until(
        lambda: any(o.action == "canary.skip-analysis" and not o.refused for o in at.actions.offers(subject)),
        "its phase",
    )
    gate = next(o for o in at.actions.offers(subject) if o.action == "canary.open-gate")
    assert gate.refused.startswith("it has no gate hook")
    assert "gate/check" in gate.remedy
    for action, member, wanted in (
        ("canary.suspend", "suspend", "true"),
        ("canary.resume", "suspend", "false"),
        ("canary.skip-analysis", "skipAnalysis", "true"),
    ):
        at.until(
            lambda action=action: any(
                o.action == action and not o.refused for o in at.actions.offers(subject)
            ),
            action,
        )
        guarded = at.plan(action, subject)
        if action == "canary.skip-analysis":  # nothing promotes it here: Flagger itself does not run
            writer: Any = at.actions._parts.writers.clusters[REF]
            assert at.run(
                at.board.on_loop(writer.send(guarded.plan.requests[0], audit_id="", timeout=5.0))
            ).ok
        else:
            done, _ = at.act(guarded)
            assert done.result is Result.APPLIED, done.sentence
        assert seeded.kubectl("get", "canary/shop", "-n", NS, "-o", f"jsonpath={{.spec.{member}}}") in (
            wanted,
            "" if wanted == "false" else wanted,
        )
