"""Argo Rollouts: phase as its own client calculates it, steps, weights, pauses, what a promotion skips."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.releases.making import (
    NEW,
    NOW,
    OLD,
    STEPS,
    at,
    cluster,
    meta,
    owned,
    pods,
    progressing,
    replica_set,
    rollout,
    state_of,
    subject,
    template,
    versions,
)
from tfdash.model.release import Carrier, Phase
from tfdash.model.verdict import Level
from tfdash.model.workload import Serving
from tfdash.playbook.releases import due_again, release_of, section
from tfdash.playbook.releases.rollout import reported_phase
from tfdash.playbook.section import Findings
from tfdash.views.state import phase_of

GREEN = {"blueGreen": {"activeService": "web", "previewService": "web-preview"}}
PROMOTED = {"stableRS": NEW, "updatedReplicas": 5}


def told(document: dict[str, Any]) -> tuple[str, str]:
    found = cluster(document).objects("Rollout")
    return reported_phase(next(iter(found.values())))


# One row for each branch of argo-rollouts' GetRolloutPhase and CalculateRolloutPhase (utils/rollout/rolloututil.go).
@pytest.mark.parametrize(
    ("change", "status", "phase", "message"),
    [
        ({}, {"observedGeneration": "1"}, "Progressing", "waiting for rollout spec update to be observed"),
        (
            {},
            {"observedGeneration": "3", "phase": "Healthy", "message": ""},
            "Healthy",
            "",
        ),  # a v0.9 hash of digits
        ({}, {"observedGeneration": "8495fd4", "phase": "Healthy", "message": ""}, "Healthy", ""),
        ({}, {"controllerPause": True, "phase": "Paused"}, "Progressing", "waiting for rollout to unpause"),
        ({}, {"phase": "Paused", "message": "CanaryPauseStep"}, "Paused", "CanaryPauseStep"),
        (
            {},
            {"phase": "", "conditions": [{"type": "InvalidSpec", "status": "True", "message": "no"}]},
            "Degraded",
            "InvalidSpec: no",
        ),
        (
            {},
            {"phase": "", "conditions": [progressing("RolloutAborted", message="m")]},
            "Degraded",
            "RolloutAborted: m",
        ),
        (
            {},
            {"phase": "", "conditions": [progressing("ProgressDeadlineExceeded", message="m")]},
            "Degraded",
            "ProgressDeadlineExceeded: m",
        ),
        ({"paused": True}, {"phase": ""}, "Paused", "manually paused"),
        (
            {},
            {"phase": "", "pauseConditions": [{"reason": "BlueGreenPause", "startTime": at(0)}]},
            "Paused",
            "BlueGreenPause",
        ),
        ({"restartAt": at(-5)}, {"phase": ""}, "Progressing", "rollout is restarting"),
        (
            {"restartAt": at(-5)},
            {"phase": "", "restartedAt": at(-5)},
            "Progressing",
            "more replicas need to be updated",
        ),
        (
            {},
            {"phase": "", "updatedReplicas": 5, "availableReplicas": 4},
            "Progressing",
            "updated replicas are still becoming available",
        ),
        (
            {},
            {"phase": "", "updatedReplicas": 5, "replicas": 6},
            "Progressing",
            "old replicas are pending termination",
        ),
        ({}, {"phase": "", "updatedReplicas": 5}, "Progressing", "waiting for all steps to complete"),
        ({}, {"phase": "", **PROMOTED}, "Healthy", ""),
        (
            {"strategy": GREEN},
            {"phase": "", "updatedReplicas": 5},
            "Progressing",
            "active service cutover pending",
        ),
        (
            {"strategy": GREEN},
            {"phase": "", "updatedReplicas": 5, "blueGreen": {"activeSelector": NEW}},
            "Progressing",
            "waiting for post-promotion verification to complete",
        ),
        (
            {"strategy": {"blueGreen": {"postPromotionAnalysis": {"templates": [{"templateName": "t"}]}}}},
            {"phase": "", "updatedReplicas": 5, "blueGreen": {"activeSelector": NEW}},
            "Progressing",
            "waiting for analysis to complete",
        ),
        ({"strategy": GREEN}, {"phase": "", **PROMOTED, "blueGreen": {"activeSelector": NEW}}, "Healthy", ""),
        (
            {"workloadRef": {"kind": "Deployment", "name": "d"}},
            {"phase": "Healthy", "workloadObservedGeneration": "1"},
            "Progressing",
            "waiting for rollout spec update to be observed for the reference workload",
        ),
    ],
)
def test_the_phase_is_its_own_clients(
    change: dict[str, Any], status: dict[str, Any], phase: str, message: str
) -> None:
    document = rollout(**status)
    document["spec"] |= change
    document["metadata"]["annotations"]["rollout.argoproj.io/workload-generation"] = "2"
    assert told(document) == (phase, message)


def test_an_unobserved_spec_is_never_called_healthy() -> None:
    state = state_of("Rollout", rollout(observedGeneration="1", phase="Healthy"), *versions())
    assert (state.reported, state.phase) == ("Progressing", Phase.PROGRESSING)


def test_a_paused_canary() -> None:
    state = state_of(
        "Rollout",
        rollout(
            currentStepIndex=1,
            phase="Paused",
            message="CanaryPauseStep",
            controllerPause=True,
            pauseConditions=[{"reason": "CanaryPauseStep", "startTime": at(-300)}],
        ),
        *versions(),
    )
    assert (state.carrier, state.phase, state.step, state.in_flight) == (
        Carrier.ROLLOUT,
        Phase.PAUSED,
        1,
        True,
    )
    assert [s.text for s in state.steps] == [
        "set weight 20 %",
        "pause until promoted",
        "set weight 40 %",
        "pause 10m",
        "analysis error-rate",
        "set weight 80 %",
    ]
    assert state.pause is not None
    assert (state.pause.since, state.pause.until, state.pause.manual) == (NOW - 300, None, False)
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.hash, state.canary.revision, state.canary.images) == (NEW, "2", ("r/web:2",))
    assert (state.stable.hash, len(state.stable.pods), state.stable.oldest_start) == (OLD, 4, NOW - 600)
    assert state.weight.actual == 20.0
    assert state.weight.approximate
    assert state.skips == ()  # the pause waits for just this


def test_a_timed_pause_ends_by_itself_and_promote_skips_its_rest() -> None:
    state = state_of(
        "Rollout",
        rollout(
            currentStepIndex=3,
            phase="Paused",
            message="CanaryPauseStep",
            controllerPause=True,
            pauseConditions=[{"reason": "CanaryPauseStep", "startTime": at(-60)}],
        ),
        *versions(),
    )
    assert state.pause is not None
    assert state.pause.until == NOW - 60 + 600
    assert state.skips == ("the rest of step 4 of 6, pause 10m",)
    assert state.skips_full == (
        "step 4 of 6, pause 10m",
        "step 5 of 6, analysis error-rate",
        "step 6 of 6, set weight 80 %",
    )


@pytest.mark.parametrize(("late", "overdue"), [(0.0, False), (60.0, False), (60.5, True), (3600.0, True)])
def test_a_timed_pause_that_does_not_end_asks_for_its_controller(late: float, overdue: bool) -> None:
    state = state_of(
        "Rollout",
        rollout(
            currentStepIndex=3,
            phase="Paused",
            message="CanaryPauseStep",
            controllerPause=True,
            pauseConditions=[{"reason": "CanaryPauseStep", "startTime": at(-600 - late)}],
        ),
        *versions(),
    )
    assert state.pause is not None
    assert (state.phase, state.pause.overdue) == (Phase.PAUSED, overdue)
    assert ("did not: is its controller alive?" in state.pause.sentence) is overdue
    assert phase_of(state).level is (Level.WARN if overdue else Level.PAUSED)
    assert due_again(state) == (None if overdue else NOW - late + 60.0)
    reading = section.read(Findings({}, {}, {state.subject: state}, {}, None))
    assert (reading.level is Level.WARN) is overdue  # else it says that nothing judged it
    assert (state.pause.sentence in reading.detail) is overdue


def run_status(phase: str) -> dict[str, Any]:
    return {"canary": {"currentStepAnalysisRunStatus": {"name": "web-1", "status": phase}}}


def test_at_an_analysis_step_promote_skips_the_analysis() -> None:
    state = state_of("Rollout", rollout(currentStepIndex=4, **run_status("Running")), *versions())
    assert state.phase is Phase.ANALYSING
    assert state.skips == ("step 5 of 6, analysis error-rate, whose verdict is Running",)
    assert state.problem == "web-1 is gone"
    assert [(a.kind, a.phase) for a in state.analyses] == [("step", "Running")]


def test_an_inconclusive_analysis_pauses_and_promote_steps_over_it() -> None:
    state = state_of(
        "Rollout",
        rollout(
            currentStepIndex=4,
            phase="Paused",
            controllerPause=True,
            **run_status("Inconclusive"),
            pauseConditions=[{"reason": "InconclusiveAnalysisRun", "startTime": at(-60)}],
        ),
        *versions(),
    )
    assert state.phase is Phase.PAUSED
    assert state.pause is not None
    assert state.pause.sentence.startswith("its analysis is inconclusive, step 5 of 6")
    assert state.skips == ("step 5 of 6, analysis error-rate, whose verdict is Inconclusive",)


def test_promote_on_a_held_rollout_steps_on_too() -> None:
    """promote.go: with no pause condition it raises the step index besides clearing spec.paused."""
    held = rollout(phase="Paused", message="manually paused", duration={"manualPauseStartedAt": at(-30)})
    held["spec"]["paused"] = True
    state = state_of("Rollout", held, *versions())
    assert state.pause is not None
    assert (state.pause.manual, state.pause.since) == (True, NOW - 30)
    assert state.skips == ("the hold by a person (spec.paused)", "step 1 of 6, set weight 20 %")


@pytest.mark.parametrize(
    ("index", "extra", "wanted"),
    [
        (0, {}, 20.0),
        (1, {}, 20.0),
        (2, {}, 40.0),
        (4, {}, 40.0),
        (5, {}, 80.0),
        (6, {}, 100.0),
        (None, {}, 20.0),
        (1, {"abort": True}, 0.0),
        (1, {"promoteFull": True}, 100.0),
    ],
)
def test_the_wanted_weight(index: int | None, extra: dict[str, Any], wanted: float) -> None:
    assert state_of("Rollout", rollout(currentStepIndex=index, **extra), *versions()).weight.wanted == wanted


def test_weights_by_routing_are_exact_and_scaled() -> None:
    routed = {"canary": {"steps": STEPS, "trafficRouting": {"maxTrafficWeight": 1000, "nginx": {}}}}
    weights = {"canary": {"weight": 200}, "stable": {"weight": 800}, "verified": True}
    state = state_of("Rollout", rollout(strategy=routed, canary={"weights": weights}), *versions())
    assert (state.weight.actual, state.weight.approximate, state.weight.verified) == (20.0, False, True)
    assert state.weight.wanted == 2.0


@pytest.mark.parametrize(("reason", "extra"), [("RolloutAborted", {}), ("x", {"abort": True})])
def test_an_abort_is_no_outage(reason: str, extra: dict[str, Any]) -> None:
    state = state_of(
        "Rollout",
        rollout(
            phase="Degraded",
            message="RolloutAborted: m",
            abortedAt=at(-60),
            updatedReplicas=0,
            conditions=[progressing(reason)],
            **extra,
        ),
        *versions(0, 5),
    )
    assert (state.phase, state.serving, state.aborted_at) == (Phase.ABORTED, Serving.OK, NOW - 60)
    assert not state.in_flight


DYNAMIC = {"canary": {"dynamicStableScale": True, "trafficRouting": {"nginx": {}}, "steps": STEPS}}


def weights(hash_: str, weight: int) -> dict[str, Any]:
    """As the controller writes them: the canary's, and what is left for the stable version."""
    return {
        "weights": {
            "canary": {"podTemplateHash": hash_, "weight": weight},
            "stable": {"podTemplateHash": OLD, "weight": 100 - weight},
        }
    }


@pytest.mark.parametrize(
    ("share", "message"), [(50, "50 % of the requests still go to"), (0, "RolloutAborted")]
)
def test_an_abort_is_over_when_the_stable_pods_have_the_requests_again(share: int, message: str) -> None:
    """Under dynamicStableScale they come back as its pods do."""
    told = rollout(
        strategy=DYNAMIC,
        phase="Degraded",
        message="RolloutAborted: x",
        abort=True,
        canary=weights(NEW, share),
        conditions=[progressing("RolloutAborted")],
    )
    state = state_of("Rollout", told, *versions(3, 2))
    assert (state.phase, state.weight.wanted, state.weight.actual) == (Phase.ABORTED, 0.0, float(share))
    assert state.is_back is (share == 0)
    assert (message in state.message) and ("still go" in state.message) is (share > 0)


def test_a_weight_of_another_version_is_not_the_share_of_the_one_in_flight() -> None:
    """One that was replaced in flight, and the router not told yet (argo-rollouts#4390)."""
    told = rollout(strategy=DYNAMIC, canary=weights("gone", 70))
    state = state_of("Rollout", told, *versions())
    assert state.weight.actual is None
    assert "its router was last told 70 % for another version (gone)" in state.message
    told["status"]["canary"] = weights(OLD, 0)
    before = state_of("Rollout", told, *versions())
    assert (before.weight.actual, "router" in before.message) == (0.0, False)


@pytest.mark.parametrize("share", [200, -100])
def test_a_weight_that_no_router_can_have_is_no_share(share: int) -> None:
    """argo-rollouts#4424, under dynamicStableScale."""
    told = rollout(strategy=DYNAMIC, canary=weights(NEW, share))
    assert state_of("Rollout", told, *versions()).weight.actual is None
    told["status"] |= {"stableRS": OLD, "currentPodHash": OLD}
    back = state_of("Rollout", told, *versions())
    assert back.weight.actual is None
    assert f"{share} % of the requests, which no router can do" in back.message
    told["status"] |= {"currentPodHash": NEW, "abort": True, "phase": "Degraded"}
    aborted = state_of("Rollout", told, *versions())
    assert (aborted.phase, aborted.weight.actual, aborted.is_back) == (Phase.ABORTED, None, False)


@pytest.mark.parametrize("phase", ["Healthy", "Progressing", "Degraded"])
def test_set_back_it_is_in_flight_until_the_stable_pods_have_the_requests_again(phase: str) -> None:
    """Its controller says Healthy as soon as the stable side has its pods, ready or not, while half of the requests still go
    to the version that was left (seen of v1.10.1)."""
    done = rollout(
        strategy=DYNAMIC,
        phase=phase,
        message="",
        stableRS=OLD,
        currentPodHash=OLD,
        updatedReplicas=5,
        replicas=8,
        duration={"finishedAt": at(-5)},
        canary=weights(NEW, 50),
    )
    state = state_of("Rollout", done, *versions(3, 2))
    assert state.phase is (Phase.STUCK if phase == "Degraded" else Phase.PROGRESSING)
    assert state.finished is None
    assert (state.weight.wanted, state.weight.actual) == (100.0, 50.0)
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.hash, state.stable.hash) == (OLD, NEW)
    assert state.message.startswith("50 % of the requests still go to the version that was left (web:2)")
    assert dict(state.refused)["abortable"].why == "it goes back to the stable version already"
    done["status"]["canary"] = weights(OLD, 0)
    over = state_of("Rollout", done, *versions(0, 5))
    assert over.phase is not Phase.PROGRESSING
    assert over.weight.actual in (None, 100.0)


ROUTES = [
    {
        "setHeaderRoute": {
            "name": "beta",
            "match": [{"headerName": "x-beta", "headerValue": {"exact": "yes"}}],
        }
    },
    {"setMirrorRoute": {"name": "copy", "percentage": 30, "match": [{"method": {"exact": "GET"}}]}},
    {"pause": {}},
    {"setHeaderRoute": {"name": "beta"}},
    {"pause": {}},
]
BETA = "requests that match its header route beta go to the new version"
COPY = "copies of 30 % of the requests that match its mirror route copy go to it"


@pytest.mark.parametrize(
    ("index", "status", "told"),
    [
        (0, {}, ()),
        (1, {}, (BETA,)),
        (2, {}, (BETA, COPY)),
        (3, {}, (BETA, COPY)),
        (4, {}, (COPY,)),
        (5, {}, ()),
        (2, {"promoteFull": True}, ()),
        (2, {"abort": True, "phase": "Degraded"}, ()),
    ],
)
def test_at_a_weight_of_nothing_its_routes_may_send_requests(
    index: int, status: dict[str, Any], told: tuple[str, ...]
) -> None:
    """The status says weight 0 all the while (seen of v1.10.1, routed by Istio)."""
    strategy = {"canary": {"trafficRouting": {"istio": {}}, "steps": ROUTES}}
    seen = rollout(strategy=strategy, currentStepIndex=index, canary=weights(NEW, 0), **status)
    state = state_of("Rollout", seen, *versions())
    assert state.weight.actual == 0.0
    assert [part for part in state.message.split("; ") if "route" in part] == list(told)
    assert state.steps[3].text == "take header route beta away"


def test_a_router_without_weights_is_not_said_to_send_everything() -> None:
    done = rollout(strategy=DYNAMIC, phase="Healthy", message="", duration={"finishedAt": at(-5)}, **PROMOTED)
    assert state_of("Rollout", done, *versions(5, 0)).weight.actual is None
    done["status"]["canary"] = weights(NEW, 0)
    assert state_of("Rollout", done, *versions(5, 0)).weight.actual == 100.0


def test_capabilities_by_state() -> None:
    flight = state_of("Rollout", rollout(), *versions()).capabilities
    assert flight == {
        "scalable",
        "restartable",
        "holdable",
        "promotable",
        "fully-promotable",
        "abortable",
        "undoable",
        "revertible",
    }
    aborted = state_of("Rollout", rollout(abort=True, phase="Degraded"), *versions())
    assert "retryable" in aborted.capabilities
    assert not {"promotable", "abortable", "fully-promotable"} & aborted.capabilities
    assert dict(aborted.refused)["promotable"].why == "it is aborted: retry first"
    done = state_of("Rollout", rollout(phase="Healthy", message="", **PROMOTED), *versions(5, 0)[:1])
    assert dict(done.refused)["abortable"].why == "nothing is in flight: the wanted version is the stable one"
    assert dict(done.refused)["undoable"].why == "no earlier revision is kept"
    first = state_of("Rollout", rollout(stableRS=""), *versions()[:1])
    assert dict(first.refused)["abortable"].why.startswith("there is no stable version")
    full = state_of("Rollout", rollout(promoteFull=True), *versions())
    assert dict(full.refused)["fully-promotable"].why == "a full promotion is under way"


def test_past_its_last_step_nothing_is_skipped() -> None:
    past: dict[str, Any] = {"currentStepIndex": len(STEPS)}
    state = state_of("Rollout", rollout(**past), *versions())
    assert (state.phase, state.skips, state.finished) == (Phase.PROGRESSING, (), None)
    waits = [{"reason": "CanaryPauseStep", "startTime": at(-60)}]
    held = rollout(phase="Paused", pauseConditions=waits, controllerPause=True, **past)
    state = state_of("Rollout", held, *versions())
    assert state.pause is not None
    assert (state.phase, state.skips, state.pause.until) == (Phase.PAUSED, (), None)


def test_complete_for_an_hour_and_then_nothing() -> None:
    done = rollout(phase="Healthy", message="", duration={"finishedAt": at(-3599)}, **PROMOTED)
    assert (s := state_of("Rollout", done, *versions(5, 0))).phase is Phase.COMPLETE
    assert s.canary is not None
    assert s.stable is not None
    assert (s.canary.hash, s.stable.hash, s.weight.actual, s.finished) == (NEW, OLD, 100.0, NOW - 3599)
    done["status"]["duration"]["finishedAt"] = at(-3600)
    assert (s := state_of("Rollout", done, *versions(5, 0))).phase is Phase.NONE
    assert s.canary is None
    assert s.stable is not None
    assert s.stable.hash == NEW


def test_a_change_of_size_or_a_restart_is_no_release() -> None:
    state = state_of("Rollout", rollout(stableRS=NEW, availableReplicas=3), *versions(3, 0))
    assert (state.phase, state.reported) == (Phase.NONE, "Progressing")


def test_degraded_without_an_abort_is_stuck_and_serving_says_what_users_have() -> None:
    state = state_of(
        "Rollout",
        rollout(phase="Degraded", message="ProgressDeadlineExceeded: x", availableReplicas=0),
        *versions(),
    )
    assert (state.phase, state.serving, state.served) == (Phase.STUCK, Serving.DOWN, "0 of 5 available")


@pytest.mark.parametrize(
    ("available", "extra", "serving"),
    [
        (5, {}, Serving.OK),
        (4, {}, Serving.OK),
        (3, {}, Serving.DEGRADED),
        (4, {"phase": "Healthy", **PROMOTED}, Serving.DEGRADED),
        (0, {}, Serving.DOWN),
    ],
)
def test_serving_within_what_the_strategy_may_take_away(
    available: int, extra: dict[str, Any], serving: Serving
) -> None:
    assert state_of("Rollout", rollout(availableReplicas=available, **extra), *versions()).serving is serving


@pytest.mark.parametrize(
    ("strategy", "ready", "available", "serving", "words"),
    [
        ({"canary": {}}, 5, 0, Serving.OK, "0 of 5 available (5 ready, inside minReadySeconds)"),
        ({"canary": {}}, 2, 1, Serving.DEGRADED, "1 of 5 available (2 ready, inside minReadySeconds)"),
        ({"canary": {}}, 5, 5, Serving.OK, "5 of 5 available"),
        ({"canary": {}}, 0, 0, Serving.DOWN, "0 of 5 available"),
        (GREEN, 5, 0, Serving.DOWN, "0 of 5 available"),
    ],
)
def test_ready_pods_inside_min_ready_seconds_serve(
    strategy: dict[str, Any], ready: int, available: int, serving: Serving, words: str
) -> None:
    first = rollout(strategy=strategy, readyReplicas=ready, availableReplicas=available, updatedReplicas=5)
    first["spec"]["minReadySeconds"] = 600
    state = state_of("Rollout", first, *versions())
    assert (state.serving, state.served) == (serving, words)


def test_an_idle_rollout() -> None:
    idle = rollout(
        phase="Healthy", replicas=0, updatedReplicas=0, readyReplicas=0, availableReplicas=0, stableRS=NEW
    )
    idle["spec"]["replicas"] = 0
    assert state_of("Rollout", idle).serving is Serving.IDLE


def test_blue_green() -> None:
    green = {
        "blueGreen": {
            "autoPromotionSeconds": 600,
            "prePromotionAnalysis": {"templates": [{"templateName": "smoke"}]},
        }
    }
    waiting = rollout(
        strategy=green,
        phase="Paused",
        message="BlueGreenPause",
        controllerPause=True,
        currentStepIndex=None,
        pauseConditions=[{"reason": "BlueGreenPause", "startTime": at(-60)}],
        blueGreen={"activeSelector": OLD},
    )
    state = state_of("Rollout", waiting, *versions(5, 5))
    assert state.pause is not None
    assert state.pause.until == NOW - 60 + 600
    assert (state.weight.wanted, state.weight.actual, state.weight.approximate, state.step) == (
        0.0,
        0.0,
        False,
        None,
    )
    assert state.skips == ("the wait before the active Service is switched",)
    assert state.skips_full == (
        "the wait before the active Service is switched",
        "pre-promotion analysis smoke",
    )
    after = state_of(
        "Rollout",
        rollout(
            strategy=green,
            blueGreen={
                "activeSelector": NEW,
                "postPromotionAnalysisRunStatus": {"name": "p", "status": "Running"},
            },
        ),
        *versions(5, 5),
    )
    assert (after.phase, after.weight.actual) == (Phase.ANALYSING, 100.0)


def analysis_run(name: str, phase: str, **labels: str) -> dict[str, Any]:
    metric = {
        "name": "errors",
        "successCondition": "result[0] < 0.05",
        "failureLimit": 2,
        "consecutiveErrorLimit": "4",
        "provider": {"prometheus": {"query": "q"}},
    }
    result = {
        "name": "errors",
        "phase": phase,
        "failed": 3,
        "successful": 1,
        "measurements": [
            {"phase": "Successful", "value": "[0.01]", "finishedAt": at(-20)},
            {"phase": "Failed", "value": "NaN"},
        ],
    }
    return {
        "kind": "AnalysisRun",
        "metadata": meta(name, labels=labels, **owned("Rollout", "web")),
        "spec": {"metrics": [metric]},
        "status": {"phase": phase, "message": "m", "startedAt": at(-60), "metricResults": [result]},
    }


def test_analysis_runs_with_what_they_are_held_against() -> None:
    mine = {"rollouts-pod-template-hash": NEW, "rollout-type": "Background"}
    state = state_of(
        "Rollout",
        rollout(),
        *versions(),
        analysis_run("run-1", "Failed", **mine),
        analysis_run("run-0", "Failed", **{"rollouts-pod-template-hash": OLD}),
    )
    [run] = state.analyses
    assert (run.kind, run.phase, run.subject.name) == ("background", "Failed", "run-1")
    [metric] = run.metrics
    assert metric.condition == (
        "succeeds when result[0] < 0.05; more than 2 failed end it; more than 4 errors in a row end it"
    )
    assert [(m.value, m.at) for m in metric.measurements] == [("[0.01]", NOW - 20), ("NaN", None)]
    assert (metric.successful, metric.failed) == (1, 3)


def test_runs_that_may_not_be_read_are_named() -> None:
    documents = [rollout(currentStepIndex=4, **run_status("Running")), *versions()]
    found = release_of(cluster(*documents, AnalysisRun="may not list analysisruns"), subject("Rollout"), NOW)
    assert found is not None
    assert found.problem == "web-1 cannot be read: may not list analysisruns"


def test_an_experiment_step() -> None:
    steps = [
        {"experiment": {"templates": [{"name": "base"}, {"name": "new"}], "duration": "1h30m"}},
        {"setWeight": 5},
    ]
    experiment = {
        "kind": "Experiment",
        "metadata": meta("web-exp", **owned("Rollout", "web")),
        "spec": {"templates": [{"name": "base", "replicas": 2}]},
        "status": {
            "phase": "Running",
            "templateStatuses": [{"name": "base", "status": "Running", "availableReplicas": 1}],
        },
    }
    state = state_of(
        "Rollout", rollout(steps, canary={"currentExperiment": "web-exp"}), *versions(), experiment
    )
    assert (state.phase, state.steps[0].text) == (Phase.ANALYSING, "experiment base against new for 1h30m")
    assert [(a.kind, a.phase, a.message) for a in state.analyses] == [
        ("experiment", "Running", "base 1 of 2")
    ]


def test_every_kind_of_step_has_words() -> None:
    steps: list[dict[str, Any]] = [
        {"setCanaryScale": {"replicas": 1}},
        {"setCanaryScale": {"weight": 25}},
        {"setCanaryScale": {"matchTrafficWeight": True}},
        {"setHeaderRoute": {"name": "beta", "match": [{"headerName": "x"}]}},
        {"setMirrorRoute": {"name": "copy", "percentage": 35, "match": [{"path": {"prefix": "/"}}]}},
        {"plugin": {"name": "p"}},
        {"pause": {"duration": 30}},
        {"pause": {"duration": "45"}},
        {"tomorrow": {}},
    ]
    assert [s.text for s in state_of("Rollout", rollout(steps), *versions()).steps] == [
        "scale the canary to 1 pod",
        "scale the canary to 25 % of the pods",
        "scale the canary with its traffic weight",
        "header route beta",
        "mirror route copy of 35 %",
        "plugin p",
        "pause 30s",
        "pause 45s",
        "tomorrow",
    ]


def test_a_rollout_over_a_deployment_s_template() -> None:
    over = rollout()
    over["spec"]["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    del over["spec"]["template"]
    base = {
        "kind": "Deployment",
        "metadata": meta("web"),
        "spec": {"replicas": 0, "template": template("r/web:2")},
    }
    picture = cluster(over, base, *versions())
    assert release_of(picture, subject("Deployment"), NOW) is None
    found = release_of(picture, subject("Rollout"), NOW)
    assert found is not None
    assert found.canary is not None
    assert found.canary.images == ("r/web:2",)


def test_no_replica_sets_to_be_had() -> None:
    found = release_of(cluster(rollout(), ReplicaSet="may not list replicasets"), subject("Rollout"), NOW)
    assert found is not None
    assert found.problem == "replica sets cannot be read: may not list replicasets"
    assert (found.phase, found.stable) == (Phase.PROGRESSING, None)
    assert found.canary is not None
    assert (found.canary.hash, found.canary.images, found.canary.pods) == (NEW, ("r/web:2",), ())


def test_pods_on_their_way_out_are_of_no_side() -> None:
    set_ = replica_set("web", NEW, "r/web:2", 1, 2, kind="Rollout")
    leaving = pods(set_, 2)
    leaving[1]["metadata"]["deletionTimestamp"] = at(5)
    state = state_of("Rollout", rollout(), set_, *leaving)
    assert state.canary is not None
    assert len(state.canary.pods) == 1


def test_a_router_that_reports_no_weights_leaves_the_share_unknown() -> None:
    """Pods say nothing of what it routes."""
    routed = {"canary": {"steps": STEPS, "trafficRouting": {"plugins": {}, "nginx": {}}}}
    weight = state_of("Rollout", rollout(strategy=routed), *versions()).weight
    assert (weight.actual, weight.approximate) == (None, False) and weight.wanted is not None


@pytest.mark.parametrize(
    ("values", "said"), [(["[]", "NaN"], True), ([], True), (["[0.99]", "NaN"], False), ([""], False)]
)
def test_a_pass_on_no_data_is_called_one(values: list[str], said: bool) -> None:
    run = analysis_run("run-1", "Successful", **{"rollouts-pod-template-hash": NEW})
    measured = [{"phase": "Successful", "value": v, "finishedAt": at(-20)} for v in values]
    run["status"]["metricResults"][0]["measurements"] = measured
    [told] = state_of("Rollout", rollout(), *versions(), run).analyses
    assert (told.message == "passed on no data: m") is said


@pytest.mark.parametrize("generation", ["9" * 5000, "²"])
def test_a_generation_of_more_digits_than_a_counter_has_is_a_hash(generation: str) -> None:
    assert state_of("Rollout", rollout(observedGeneration=generation), *versions()).phase is not Phase.UNKNOWN
