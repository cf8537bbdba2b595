"""Flagger: phases, checks, gates; the target at 0/0 is no outage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.releases.making import (
    NOW,
    at,
    cluster,
    deployment,
    meta,
    pods,
    replica_set,
    state_of,
    subject,
)
from tfdash.model.release import Carrier, Phase, Weight
from tfdash.model.workload import Serving
from tfdash.playbook.releases import find_releases

GATE = {"name": "gate", "type": "confirm-promotion", "url": "http://flagger-loadtester.test/gate/check"}
HALT = {"name": "halt", "type": "confirm-rollout", "url": "http://flagger-loadtester.test/gate/halt"}
BACK = {"name": "back", "type": "rollback", "url": "http://flagger-loadtester.test/rollback/check"}


def canary(
    phase: str = "Progressing",
    hooks: tuple[Any, ...] = (),
    spec: Any = None,
    analysis: Any = None,
    **status: Any,
) -> dict[str, Any]:
    base = {
        "interval": "30s",
        "threshold": 5,
        "maxWeight": 50,
        "stepWeight": 10,
        "webhooks": list(hooks),
        "metrics": [
            {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"},
            {"name": "latency", "thresholdRange": {"max": 500.5}},
        ],
    }
    return {
        "kind": "Canary",
        "metadata": meta("web"),
        "spec": {
            "targetRef": {"kind": "Deployment", "name": "web"},
            "analysis": {**base, **(analysis or {})},
            **(spec or {}),
        },
        "status": {
            "phase": phase,
            "canaryWeight": 20,
            "failedChecks": 1,
            "lastTransitionTime": at(-120),
            **status,
        },
    }


def both(target: int = 2) -> list[dict[str, Any]]:
    sets = [
        replica_set("web", "n", "r/web:2", target, 2, created=-200),
        replica_set("web-primary", "o", "r/web:1", 5, 7),
    ]
    owner = {"ownerReferences": [{"kind": "Canary", "name": "web", "uid": "uid-web", "controller": True}]}
    return [
        deployment("web", "r/web:2", target),
        deployment("web-primary", "r/web:1", 5, metadata=owner),
        *sets,
        *pods(sets[0], target),
        *pods(sets[1], 5),
    ]


@pytest.mark.parametrize(
    ("told", "phase"),
    [
        ("Initializing", Phase.NONE),
        ("Initialized", Phase.NONE),
        ("Waiting", Phase.PAUSED),
        ("Progressing", Phase.PROGRESSING),
        ("WaitingPromotion", Phase.PAUSED),
        ("Promoting", Phase.PROGRESSING),
        ("Finalising", Phase.PROGRESSING),
        ("Succeeded", Phase.COMPLETE),
        ("Failed", Phase.ABORTED),
        ("Terminating", Phase.NONE),
        ("Terminated", Phase.NONE),
        ("", Phase.UNKNOWN),
        ("Tomorrow", Phase.UNKNOWN),
    ],
)
def test_every_phase(told: str, phase: Phase) -> None:
    state = state_of("Canary", canary(told), *both())
    assert (state.phase, state.reported) == (phase, told)


def test_in_flight() -> None:
    state = state_of("Canary", canary(), *both())
    assert (state.carrier, state.message) == (Carrier.CANARY, "analysis under way, 1 of 5 failed checks")
    assert (state.weight.wanted, state.weight.actual, state.weight.approximate) == (20.0, 20.0, False)
    assert ([s.weight for s in state.steps], state.step) == ([10, 20, 30, 40, 50], 1)
    assert state.canary is not None
    assert state.stable is not None
    assert (state.canary.images, len(state.canary.pods), state.stable.images) == (
        ("r/web:2",),
        2,
        ("r/web:1",),
    )
    assert (state.workload, state.partner) == (subject("Deployment", "web-primary"), subject("Deployment"))
    assert state.started == NOW - 200
    [checks] = state.analyses
    assert [m.condition for m in checks.metrics] == ["at least 99", "at most 500.5"]
    assert checks.message == "1 of 5 failed checks; it rolls back at 5"


def test_the_target_at_zero_is_no_outage_and_the_canary_speaks_for_all() -> None:
    found = find_releases(cluster(canary("Succeeded", lastTransitionTime=at(-9000)), *both(0)), NOW)
    assert list(found) == [subject("Canary")]
    state = found[subject("Canary")]
    assert (state.phase, state.serving, state.served) == (Phase.NONE, Serving.OK, "5 of 5 available")


def test_what_failed_stands_in_events() -> None:
    event = {
        "kind": "Event",
        "metadata": meta("e"),
        "involvedObject": {"kind": "Canary", "namespace": "shop", "name": "web", "uid": "uid-web"},
        "message": "Halt web.shop advancement success rate 97.10% < 99%",
        "count": 3,
        "lastTimestamp": at(-30),
    }
    [checks] = state_of("Canary", canary(), *both(), event).analyses
    [first, second] = checks.metrics
    assert (first.phase, first.failed, first.measurements[0].value, first.measurements[0].at) == (
        "Failed",
        3,
        "97.10%",
        NOW - 30,
    )
    assert (second.phase, second.measurements) == ("", ())


def test_iterations_instead_of_weights() -> None:
    state = state_of(
        "Canary", canary(analysis={"stepWeight": 0, "maxWeight": 0, "iterations": 4}, iterations=2), *both()
    )
    assert (len(state.steps), state.step, state.steps[0].text) == (4, 2, "iteration of 30s")


def test_waiting_names_the_hook() -> None:
    state = state_of("Canary", canary("WaitingPromotion", (GATE,)), *both())
    assert state.pause is not None
    assert (
        state.pause.sentence
        == "until its confirm-promotion hook gate says yes; it gets its requests and its metrics are checked meanwhile"
    )
    assert {"gate-open", "gate-close", "skippable", "suspendable"} <= state.capabilities


def test_a_gate_that_cannot_be_opened_is_no_gate_and_the_remedy_is_yaml() -> None:
    state = state_of("Canary", canary(hooks=(HALT,)), *both())
    refused = dict(state.refused)
    assert "gate-open" not in state.capabilities
    assert refused["gate-open"].why == "it has no gate hook; add to the Canary"
    assert (
        "type: confirm-promotion\n        url: http://flagger-loadtester.shop/gate/check"
        in refused["gate-open"].remedy
    )
    assert "type: rollback\n" in refused["abortable"].remedy
    assert refused["promotable"].why.startswith("Flagger has no promote")


def test_an_abort_needs_a_rollback_hook_and_something_in_flight() -> None:
    assert "abortable" in state_of("Canary", canary(hooks=(BACK,)), *both()).capabilities
    idle = state_of("Canary", canary("Initialized", (BACK,)), *both())
    assert dict(idle.refused)["abortable"].why == "nothing is in flight"


def test_suspended() -> None:
    state = state_of("Canary", canary(spec={"suspend": True}), *both())
    assert state.phase is Phase.PAUSED
    assert state.pause is not None
    assert state.pause.manual
    assert "resumable" in state.capabilities
    assert "suspendable" not in state.capabilities
    assert state_of("Canary", canary("Succeeded", spec={"suspend": True}), *both()).phase is Phase.COMPLETE


def test_failed() -> None:
    promoted = {
        "type": "Promoted",
        "status": "False",
        "message": "Canary analysis failed, Deployment scaled to zero.",
    }
    state = state_of("Canary", canary("Failed", conditions=[promoted]), *both(0))
    assert (state.phase, state.aborted_at, state.serving) == (Phase.ABORTED, NOW - 120, Serving.OK)
    assert state.message.endswith("scaled to zero.")
    assert "retryable" in state.capabilities


def test_skipping_twice() -> None:
    assert dict(state_of("Canary", canary(spec={"skipAnalysis": True}), *both()).refused)[
        "skippable"
    ].why.startswith("its analysis")


def test_a_missing_target_is_said() -> None:
    assert state_of("Canary", canary()).problem == "Deployment web and web-primary is not there"
    assert state_of("Canary", canary("Initializing"), both()[0]).problem == ""


def test_the_older_field_of_the_analysis() -> None:
    old = canary()
    old["spec"]["canaryAnalysis"] = old["spec"].pop("analysis")
    assert state_of("Canary", old, *both()).message.endswith("1 of 5 failed checks")


@pytest.mark.parametrize(
    ("analysis", "words"),
    [
        ({"match": [{"headers": {"x-canary": {"exact": "always"}}}]}, "A/B: requests that match its headers"),
        ({"mirror": True}, "blue/green: the primary serves, the new version gets copies"),
        ({}, "blue/green: the primary serves until the last iteration"),
    ],
)
def test_where_iterations_count_no_share_is_said(analysis: dict[str, Any], words: str) -> None:
    """Flagger keeps ``canaryWeight`` for weights: 0 of it in an A/B test is not what the users get."""
    counted = {"stepWeight": 0, "maxWeight": 0, "iterations": 4, **analysis}
    state = state_of("Canary", canary(analysis=counted, iterations=2, canaryWeight=0), *both())
    assert words in state.message
    assert (state.weight.wanted, state.weight.actual) == (None, None)


def test_a_mirror_before_the_first_weight() -> None:
    told = [
        state_of("Canary", canary(analysis={"mirror": True}, canaryWeight=w), *both()).message
        for w in (0, 20)
    ]
    assert "(mirror)" in told[0] and "mirror" not in told[1]


@pytest.mark.parametrize(("age", "said"), [(30.0, True), (600.0, False)])
def test_why_it_halts_is_its_newest_event(age: float, said: bool) -> None:
    event = {
        "kind": "Event",
        "metadata": meta("e"),
        "involvedObject": {"kind": "Canary", "namespace": "shop", "name": "web", "uid": "uid-web"},
        "message": "Halt web.shop advancement waiting for traffic increase approval gate",
        "count": 3,
        "lastTimestamp": at(-age),
    }
    assert ("approval gate" in state_of("Canary", canary(), *both(), event).message) is said


@pytest.mark.parametrize(
    ("image", "created", "half"),
    [("r/web:2", -100, True), ("r/web:2", -9000, False), ("r/web:1", -100, False)],
)
def test_failed_in_promotion_is_no_rollback(image: str, created: int, half: bool) -> None:
    """Flagger copies the template to the primary and then waits for its pods; where those never come it says Failed too."""
    sets = [
        replica_set("web", "n", "r/web:2", 0, 2, created=-200),
        replica_set("web-primary", "p", image, 5, 8, created=created),
    ]
    owner = {"ownerReferences": [{"kind": "Canary", "name": "web", "uid": "uid-web", "controller": True}]}
    world = [deployment("web", "r/web:2", 0), deployment("web-primary", image, 5, metadata=owner), *sets]
    state = state_of("Canary", canary("Failed"), *world)
    assert state.phase is Phase.ABORTED
    assert ("failed while it was promoted: the primary has web:2 already" in state.message) is half


def test_the_share_is_unknown_while_it_waits_for_promotion() -> None:
    """Flagger sets its status' weight to 0 then, and leaves its routes at the last one."""
    state = state_of("Canary", canary("WaitingPromotion", (GATE,), canaryWeight=0), *both())
    assert state.weight == Weight() and state.step == len(state.steps)
