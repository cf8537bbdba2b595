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
    template,
)
from tfdash.model.capability import Capability
from tfdash.model.release import (
    Analysis,
    Carrier,
    Measurement,
    MetricResult,
    Pause,
    Phase,
    ReleaseStep,
    Weight,
)
from tfdash.model.verdict import Level
from tfdash.model.workload import Serving
from tfdash.playbook.releases import due_again, find_releases, release_of
from tfdash.playbook.releases.answers import answer
from tfdash.views.state import phase_of

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


CHECKS = ", 1 of 5 failed checks"
CONFIRMS = "until its {} hook says yes"


@pytest.mark.parametrize(
    ("told", "phase", "message", "pause", "checks"),
    [
        ("Initializing", Phase.NONE, "Flagger sets up the primary", None, ""),
        ("Initialized", Phase.NONE, "nothing in flight", None, ""),
        (
            "Waiting",
            Phase.PAUSED,
            f"waits for a confirm-rollout hook before it begins{CHECKS}",
            CONFIRMS.format("confirm-rollout"),
            "Running",
        ),
        ("Progressing", Phase.PROGRESSING, f"analysis under way{CHECKS}", None, "Running"),
        (
            "WaitingPromotion",
            Phase.PAUSED,
            f"waits for a confirm-promotion hook{CHECKS}",
            CONFIRMS.format("confirm-promotion")
            + "; it gets its requests and its metrics are checked meanwhile",
            "Running",
        ),
        ("Promoting", Phase.PROGRESSING, f"copies the new version to the primary{CHECKS}", None, ""),
        ("Finalising", Phase.PROGRESSING, f"scales the target to zero{CHECKS}", None, ""),
        ("Succeeded", Phase.COMPLETE, "the last release was promoted", None, "Successful"),
        ("Failed", Phase.ABORTED, "rolled back to the primary's version", None, "Failed"),
        ("Terminating", Phase.NONE, "is being removed", None, ""),
        ("Terminated", Phase.NONE, "was removed", None, ""),
        ("", Phase.UNKNOWN, "Flagger has not reported a phase yet", None, ""),
        ("Tomorrow", Phase.UNKNOWN, "Flagger says Tomorrow", None, ""),
    ],
)
def test_every_phase(told: str, phase: Phase, message: str, pause: str | None, checks: str) -> None:
    state = state_of("Canary", canary(told), *both())
    assert (state.phase, state.reported, state.message) == (phase, told, message)
    assert state.pause == (None if pause is None else Pause(reason=told, since=NOW - 120, sentence=pause))
    assert [(a.phase, a.started) for a in state.analyses] == (
        [(checks, NOW - 120 if checks == "Running" else None)] if checks else []
    )
    flight = phase in (Phase.PROGRESSING, Phase.PAUSED)
    two = flight or phase is Phase.ABORTED
    assert state.weight == (Weight(wanted=20.0, actual=20.0, approximate=False) if flight else Weight())
    assert (state.canary is not None, state.started) == (two, NOW - 200 if two else None)
    assert state.finished == (NOW - 120 if told == "Succeeded" else None)
    assert state.aborted_at == (NOW - 120 if told == "Failed" else None)
    skipped = ("the analysis of 2 metrics that is left (spec.skipAnalysis)",)
    assert state.skips == (skipped if flight else ())


def test_complete_until_it_is_settled() -> None:
    told = [state_of("Canary", canary("Succeeded"), *both(), settled=s).phase for s in (121, 120)]
    assert told == [Phase.COMPLETE, Phase.NONE]


def test_in_flight() -> None:
    state = state_of("Canary", canary(), *both())
    assert state.canary is not None
    assert state.stable is not None
    assert (state.carrier, state.uid) == (Carrier.CANARY, "uid-web")
    assert ([s.weight for s in state.steps], state.step) == ([10, 20, 30, 40, 50], 1)
    assert state.steps[0] == ReleaseStep(text="set weight 10 %", kind="setWeight", weight=10.0)
    assert (state.canary.images, len(state.canary.pods)) == (("r/web:2",), 2)
    assert (state.stable.images, len(state.stable.pods)) == (("r/web:1",), 5)
    assert (state.workload, state.partner) == (subject("Deployment", "web-primary"), subject("Deployment"))
    assert state.managed_by is None
    assert (state.serving, state.served, state.problem) == (Serving.OK, "5 of 5 available", "")
    assert state.analyses == (
        Analysis(
            subject=subject("Canary"),
            kind="flagger",
            phase="Running",
            message="1 of 5 failed checks; it rolls back at 5",
            metrics=(
                MetricResult(name="request-success-rate", phase="", condition="at least 99"),
                MetricResult(name="latency", phase="", condition="at most 500.5"),
            ),
            started=NOW - 120,
        ),
    )
    owned_by = {"app.kubernetes.io/managed-by": "Helm"}
    of_helm = canary(analysis={"metrics": [], "threshold": 0})
    of_helm["metadata"]["labels"] = owned_by
    state = state_of("Canary", of_helm, *both())
    assert state.managed_by is not None and state.managed_by.tool == "Helm"
    assert (state.message, state.analyses) == ("analysis under way", ())


@pytest.mark.parametrize(
    ("analysis", "weight", "weights", "step"),
    [
        ({}, 0, [10, 20, 30, 40, 50], 0),
        ({}, 50, [10, 20, 30, 40, 50], 4),
        ({}, 60, [10, 20, 30, 40, 50], 5),
        ({"stepWeight": 15}, 20, [15, 30, 45, 60], 1),
        ({"stepWeights": [1, 2, 5, 80], "stepWeight": 0}, 5, [1, 2, 5, 80], 2),
        ({"stepWeight": 1, "maxWeight": 101}, 3, list(range(1, 101)), 2),
        ({"stepWeight": 0}, 0, [], None),
        ({"maxWeight": 0}, 0, list(range(10, 101, 10)), 0),
    ],
)
def test_the_steps(analysis: dict[str, Any], weight: float, weights: list[float], step: int | None) -> None:
    state = state_of("Canary", canary(analysis=analysis, canaryWeight=weight), *both())
    assert ([s.weight for s in state.steps], state.step) == (weights, step)


def test_the_target_at_zero_is_no_outage_and_the_canary_speaks_for_all() -> None:
    found = find_releases(cluster(canary("Succeeded", lastTransitionTime=at(-9000)), *both(0)), NOW)
    assert list(found) == [subject("Canary")]
    state = found[subject("Canary")]
    assert (state.phase, state.serving, state.served) == (Phase.NONE, Serving.OK, "5 of 5 available")


def event(message: str, age: float | None = 30.0, count: int = 3, name: str = "e") -> dict[str, Any]:
    return {
        "kind": "Event",
        "metadata": meta(name),
        "involvedObject": {"kind": "Canary", "namespace": "shop", "name": "web", "uid": "uid-web"},
        "message": message,
        "count": count,
        **({} if age is None else {"lastTimestamp": at(-age)}),
    }


@pytest.mark.parametrize(
    ("message", "metric", "value"),
    [
        (
            "Halt web.shop advancement success rate 97.10% < 99%",
            "request-success-rate",
            "97.10%",
        ),
        ("Halt web.shop advancement latency 612.50 > 500.50", "latency", "612.50"),
        ("Halt web.shop advancement latency 612ms > 500ms", "latency", "612ms"),
        ("Halt web.shop advancement latency -1s < 0s", "latency", "-1s"),
        ('Halt advancement no values found for custom metric "latency": no rows', "latency", ""),
        ("Halt advancement no values found for nginx metric latency probably", "latency", ""),
        ("Halt web.shop advancement waiting for approval", None, ""),
        ("web.shop latency 612.50 > 500.50", None, ""),
    ],
)
def test_what_failed_stands_in_events(message: str, metric: str | None, value: str) -> None:
    [checks] = state_of("Canary", canary(), *both(), event(message)).analyses
    failed = Measurement(phase="Failed", value=value, message=message, at=NOW - 30)
    for found in checks.metrics:
        expected = ("Failed", 3, message, (failed,)) if found.name == metric else ("", 0, "", ())
        assert (found.phase, found.failed, found.message, found.measurements) == expected


def test_the_last_twenty_measurements_are_kept_by_their_time() -> None:
    events = [
        event(f"Halt web.shop advancement latency {n} > 1", 10.0 * n if n else None, 1, f"e{n}")
        for n in (*range(1, 22), 0)
    ]
    [checks] = state_of("Canary", canary(), *both(), *events).analyses
    found = checks.metrics[1]
    assert [m.value for m in found.measurements] == [str(n) for n in range(20, 0, -1)]
    assert (found.failed, found.message) == (22, "Halt web.shop advancement latency 1 > 1")


def test_waiting_names_its_hooks() -> None:
    hooks = (GATE, HALT, {**HALT, "name": "other"}, BACK)
    told = [state_of("Canary", canary(p, hooks), *both()).pause for p in ("Waiting", "WaitingPromotion")]
    assert [p and p.sentence.partition(";")[0] for p in told] == [
        "until its confirm-rollout hook halt, other says yes",
        "until its confirm-promotion hook gate says yes",
    ]


def test_suspended() -> None:
    suspended = {"suspend": True}
    for phase in ("Progressing", "WaitingPromotion"):
        state = state_of("Canary", canary(phase, spec=suspended), *both())
        assert (state.phase, state.message) == (
            Phase.PAUSED,
            "suspended (spec.suspend), 1 of 5 failed checks",
        )
        assert state.pause == Pause(
            reason="suspend", sentence="suspended by a person (spec.suspend)", manual=True
        )
    assert state_of("Canary", canary("Succeeded", spec=suspended), *both()).phase is Phase.COMPLETE


REFUSED = {
    "gate-open": "it has no gate hook; add to the Canary",
    "gate-close": "it has no gate hook; add to the Canary",
    "abortable": "Flagger aborts only by a rollback hook; add to the Canary",
    "revertible": "Flagger aborts only by a rollback hook; add to the Canary",
    "resumable": "it is not suspended",
    "promotable": "Flagger has no promote; a confirm-promotion gate lets it go on",
    "fully-promotable": "Flagger has no full promotion; skip the analysis instead",
    "retryable": "its last release has not failed",
}
IDLE = "nothing is in flight"
TRAFFIC = {**GATE, "type": "confirm-traffic-increase"}


@pytest.mark.parametrize(
    ("document", "able", "refused"),
    [
        (canary(), {"suspendable", "skippable"}, {}),
        # a gate that is a constant, a gate of another type, a rollback hook that asks something else: none can be opened
        (
            canary(
                hooks=(HALT, {**GATE, "type": "event"}, {**BACK, "url": "x"}, {**BACK, "type": "rollout"})
            ),
            {"suspendable", "skippable"},
            {},
        ),
        (canary(hooks=(GATE,)), {"suspendable", "skippable", "gate-open", "gate-close"}, {}),
        (canary(hooks=(TRAFFIC,)), {"suspendable", "skippable", "gate-open", "gate-close"}, {}),
        (canary(hooks=(BACK,)), {"suspendable", "skippable", "abortable", "revertible"}, {}),
        (
            canary("Initialized", (BACK, {**GATE, "type": "confirm-rollout"})),
            {"suspendable", "gate-open", "gate-close"},
            {"abortable": IDLE, "revertible": IDLE, "skippable": IDLE},
        ),
        (
            canary(spec={"suspend": True}),
            {"resumable", "skippable"},
            {"suspendable": "it is suspended already"},
        ),
        (
            canary(spec={"skipAnalysis": True}),
            {"suspendable"},
            {"skippable": "its analysis is skipped already"},
        ),
        (canary("Failed"), {"suspendable", "retryable"}, {"skippable": IDLE}),
    ],
)
def test_what_can_be_done(document: dict[str, Any], able: set[str], refused: dict[str, str]) -> None:
    state = state_of("Canary", document, *both())
    assert state.capabilities == able
    assert {c: lack.why for c, lack in state.refused} == {
        c: why for c, why in (REFUSED | refused).items() if c not in able
    }
    if document["spec"].get("skipAnalysis"):
        assert state.skips == ()


def test_the_remedy_of_a_missing_hook_is_its_yaml() -> None:
    refused = dict(state_of("Canary", canary(), *both()).refused)
    for capability, hook, path in (
        ("gate-open", "confirm-promotion", "gate/check"),
        ("gate-close", "confirm-promotion", "gate/check"),
        ("abortable", "rollback", "rollback/check"),
        ("revertible", "rollback", "rollback/check"),
    ):
        assert refused[Capability(capability)].remedy == (
            "spec:\n  analysis:\n    webhooks:\n"
            f"      - name: {hook}\n        type: {hook}\n"
            f"        url: http://flagger-loadtester.shop/{path}"
        )


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


MISSING = "is not there"
FORBIDDEN = "cannot be read: may not list"


@pytest.mark.parametrize(
    ("phase", "there", "problems", "problem"),
    [
        ("Progressing", [], {}, f"Deployment web and web-primary {MISSING}"),
        ("Progressing", both()[:1], {}, f"Deployment web-primary {MISSING}"),
        ("Progressing", both()[1:2], {}, f"Deployment web {MISSING}"),
        ("Progressing", [], {"Deployment": "may not list"}, f"Deployment web and web-primary {FORBIDDEN}"),
        # Flagger makes the primary while it sets up
        ("Initializing", both()[:1], {}, ""),
        ("Initializing", [], {}, f"Deployment web {MISSING}"),
        ("Initializing", both()[1:2], {}, f"Deployment web {MISSING}"),
        ("", both()[:1], {}, ""),
    ],
)
def test_a_missing_target_is_said(
    phase: str, there: list[dict[str, Any]], problems: dict[str, str], problem: str
) -> None:
    state = release_of(cluster(canary(phase), *there, **problems), subject("Canary"), NOW)
    assert state is not None and state.problem == problem
    names = [d["metadata"]["name"] for d in there]
    serves = "web-primary" if "web-primary" in names else "web" if there else None
    assert state.workload == (serves and subject("Deployment", serves))
    assert state.partner == (subject("Deployment") if "web" in names else None)
    assert (state.stable is not None, state.serving is not None) == ("web-primary" in names,) * 2


@pytest.mark.parametrize(
    ("kind", "name", "served"),
    [
        ("DaemonSet", "web-primary", (Serving.DEGRADED, "2 of 3 available")),
        ("DaemonSet", "web", (None, "")),
        ("Service", "web-primary", (None, "")),
    ],
)
def test_a_target_that_is_no_deployment(kind: str, name: str, served: tuple[Serving | None, str]) -> None:
    agents = {
        "kind": "DaemonSet",
        "metadata": meta(name),
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template("r/web:1")},
        "status": {
            "observedGeneration": 2,
            "desiredNumberScheduled": 3,
            "currentNumberScheduled": 3,
            "updatedNumberScheduled": 3,
            "numberAvailable": 2,
            "numberReady": 2,
        },
    }
    of_it = canary(spec={"targetRef": {"kind": kind, "name": "web"}})
    state = state_of("Canary", of_it, agents, deployment("web"), deployment("web-primary"))
    assert (state.serving, state.served) == served
    assert (state.workload, state.partner, state.problem) == (None, None, "")


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({"thresholdRange": {"min": 99}}, "at least 99"),
        ({"thresholdRange": {"max": 0}}, "at most 0"),
        ({"thresholdRange": {"min": 0, "max": 0.5}}, "at least 0 and at most 0.5"),
        ({"name": "request-success-rate", "threshold": 99}, "at least 99"),
        ({"name": "request-duration", "threshold": 500}, "at most 500"),
        ({}, "no threshold"),
    ],
)
def test_the_range_of_a_metric_in_words(metric: dict[str, Any], words: str) -> None:
    checked = canary(analysis={"metrics": [{"name": "m", "thresholdRange": {}, **metric}]})
    [checks] = state_of("Canary", checked, *both()).analyses
    assert checks.metrics[0].condition == words


def test_the_older_field_of_the_analysis() -> None:
    old = canary()
    old["spec"]["canaryAnalysis"] = old["spec"].pop("analysis")
    assert state_of("Canary", old, *both()).message.endswith("1 of 5 failed checks")


@pytest.mark.parametrize(("age", "said"), [(30.0, True), (60.0, True), (61.0, False)])
def test_why_it_halts_is_its_newest_event_of_two_intervals(age: float, said: bool) -> None:
    newest = "Halt web.shop advancement waiting for traffic increase approval gate"
    told = [event(newest, age), event("Halt web.shop advancement latency 9 > 1", age + 1, name="d")]
    message = f"analysis under way{CHECKS}"
    for events in (told, told[::-1]):
        state = state_of("Canary", canary(), *both(), *events)
        assert state.message == (f"{message}; {newest}" if said else message)


@pytest.mark.parametrize(
    ("image", "created", "half"),
    [("r/web:2", -100, True), ("r/web:2", -200, True), ("r/web:2", -201, False), ("r/web:1", -100, False)],
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
    assert (state.message == "failed while it was promoted: the primary has web:2 already") is half
    for without in (sets[0], sets[1], world[1]):  # of what is not seen nothing is told
        state = state_of("Canary", canary("Failed"), *(d for d in world if d is not without))
        assert state.message == "rolled back to the primary's version"


@pytest.mark.parametrize(
    ("moved", "event", "more", "silent"),
    [
        (-599, None, {}, False),
        (-601, None, {}, True),
        (-601, -599, {}, False),  # halted, which it says
        (-3600, -601, {}, True),
        (-601, None, {"analysis": {"interval": "3m"}}, False),  # of five looks
        (-901, None, {"analysis": {"interval": "3m"}}, True),
        (-601, None, {"spec": {"suspend": True}}, False),
        # it is silent while a hook runs: a test of half an hour, one of five minutes tried three times
        (-2399, None, {"hooks": ({"name": "t", "type": "pre-rollout", "timeout": "30m"},)}, False),
        (-2401, None, {"hooks": ({"name": "t", "type": "pre-rollout", "timeout": "30m"},)}, True),
        (-1499, None, {"hooks": ({"name": "t", "type": "rollout", "timeout": "5m", "retries": 2},)}, False),
        (-609, None, {"hooks": ({"name": "t", "type": "rollout"},)}, False),
        (-601, None, {"phase": "Promoting"}, True),
        (-9000, None, {"phase": "WaitingPromotion"}, False),  # it waits for a person, and says so once
        (-9000, None, {"phase": "Succeeded"}, False),
    ],
)
def test_flagger_that_says_nothing_for_long_is_asked_for(
    moved: float, event: float | None, more: dict[str, Any], silent: bool
) -> None:
    told = {
        "kind": "Event",
        "metadata": meta("e"),
        "involvedObject": {"kind": "Canary", "namespace": "shop", "name": "web", "uid": "uid-web"},
        "message": "Halt web.shop advancement waiting for rollout to finish",
    }
    events = [] if event is None else [{**told, "lastTimestamp": at(event)}]
    state = state_of("Canary", canary(**more, lastTransitionTime=at(moved)), *both(), *events)
    assert (state.silent, "is it alive?" in state.message) == (silent, silent)
    if silent:
        assert phase_of(state).text == "▲ overdue"
        assert answer(state, None).level is Level.WARN
    elif state.quiet_at is not None:
        assert due_again(state) == state.quiet_at > NOW


def test_of_events_that_cannot_be_read_no_silence_follows() -> None:
    seen = cluster(canary(lastTransitionTime=at(-9000)), *both(), Event="may not list")
    state = release_of(seen, subject("Canary", "web"), NOW)
    assert state is not None and not state.silent
