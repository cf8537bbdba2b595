"""Where requests go while Flagger has a release in flight: its statuses beside the routes that it had written then.

Recorded of Flagger 1.36.1 with its providers kubernetes, nginx and istio; the routes are those of its VirtualService or Ingress.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.releases.making import state_of
from tests.unit.playbook.releases.test_flagger import GATE, both, canary
from tfdash.model.release import Phase, ReleaseStep

BG: dict[str, Any] = {"iterations": 3, "stepWeight": 0, "maxWeight": 0}
AB = {**BG, "match": [{"headers": {"x-canary": {"exact": "insider"}}}]}
COPIED = {**BG, "mirror": True}
STEPS: dict[str, Any] = {"stepWeight": 20, "maxWeight": 60}
STICKY = {**STEPS, "sessionAffinity": {"cookieName": "c"}}
HEADERS = "A/B: requests that match its headers go to the new version, all others to the primary"
STAYS = "whoever was sent to the new version once stays there (session affinity), beyond that share"
NONE = "blue/green: the primary serves, the new version gets no users' requests (provider kubernetes)"
ALL = "blue/green: all requests go to the new version until the primary has it"


@pytest.mark.parametrize(
    ("provider", "analysis", "status", "words", "share", "step"),
    [
        ("nginx", AB, ("Progressing", 0, 2), HEADERS, None, 2),
        ("nginx", AB, ("Promoting", 0, 0), HEADERS, None, 3),  # until the primary's pods are there
        ("nginx", AB, ("Finalising", 0, 0), "", None, 3),
        ("nginx", AB, ("Waiting", 0, 0), "", None, 0),
        ("istio", BG, ("Progressing", 0, 2), "blue/green: the primary serves until the last iteration", None, 2),
        ("istio", BG, ("Progressing", 0, 4), ALL, None, 3),
        ("istio", BG, ("Promoting", 0, 0), ALL, None, 3),
        ("istio", BG, ("Promoting", 40, 0), "blue/green: the requests go back to the primary step by step", 40, 3),
        ("istio", BG, ("Finalising", 0, 0), "", None, 3),
        ("", BG, ("Promoting", 0, 0), f"{ALL}, unless Flagger's provider is kubernetes", None, 3),
        ("kubernetes", BG, ("Progressing", 0, 2), NONE, None, 2),
        ("kubernetes", AB, ("Progressing", 0, 2), NONE, None, 2),  # "A/B testing is not supported"
        ("kubernetes", COPIED, ("Promoting", 0, 0), NONE, None, 3),
        ("kubernetes", STEPS, ("Progressing", 0, 4), NONE, None, 4),  # "Setting canaryAnalysis.iterations: 10"
        ("istio", COPIED, ("Progressing", 0, 2), "blue/green: the primary serves, the new version gets copies of the requests", None, 2),
        ("istio", {**STEPS, "mirror": True}, ("Progressing", 0, 0), "the new version gets copies of the requests first (mirror)", 0, 0),
        ("istio", {**STEPS, "mirror": True}, ("Progressing", 20, 0), "", 20, 0),
        ("istio", {**STEPS, "mirror": True}, ("Promoting", 0, 0), "", None, 3),  # its routes stay at 60
        ("istio", STICKY, ("Progressing", 0, 0), "", 0, 0),
        ("istio", STICKY, ("Progressing", 40, 0), STAYS, 40, 1),
        ("istio", STICKY, ("Promoting", 0, 0), STAYS, None, 3),
        ("istio", STEPS, ("WaitingPromotion", 0, 0), "", None, 3),
        ("istio", STEPS, ("Promoting", 40, 0), "", 40, 3),  # stepWeightPromotion
        ("istio", STEPS, ("Finalising", 0, 0), "", 0, 3),
    ],
)  # fmt: skip
def test_where_requests_go(
    provider: str,
    analysis: dict[str, Any],
    status: tuple[str, int, int],
    words: str,
    share: int | None,
    step: int,
) -> None:
    phase, weight, done = status
    made = canary(phase, spec={"provider": provider}, analysis=analysis, canaryWeight=weight, iterations=done)
    state = state_of("Canary", made, *both())
    assert state.message.partition(" failed checks")[2].removeprefix("; ") == words
    assert (state.weight.wanted, state.weight.actual, state.step) == (share, share, step)


def test_iterations_that_the_provider_takes() -> None:
    made = canary(spec={"provider": "kubernetes"}, analysis=STEPS)
    assert (
        state_of("Canary", made, *both()).steps
        == (ReleaseStep(text="iteration of 30s", kind="iteration"),) * 10
    )


@pytest.mark.parametrize(
    ("analysis", "weights"),
    [
        ({"stepWeight": 20, "maxWeight": 60}, (20, 40, 60)),
        ({"stepWeight": 20, "maxWeight": 50}, (20, 40, 60)),  # it goes on until the limit is reached or passed
        ({"stepWeight": 30, "maxWeight": 0}, (30, 60, 90, 100)),  # no limit: all
        ({"stepWeights": [10, 50], "stepWeight": 0, "maxWeight": 0}, (10, 50)),
        ({"stepWeights": [10, 50], "stepWeight": 20}, (20, 40, 60)),  # the step counts, the last weight is the limit
        ({"stepWeight": 0, "maxWeight": 50}, ()),
    ],
)  # fmt: skip
def test_the_weights_that_it_goes_through(analysis: dict[str, Any], weights: tuple[int, ...]) -> None:
    """As runCanary, nextStepWeight and maxWeight of Flagger's scheduler.go reckon them."""
    made = canary(spec={"provider": "istio"}, analysis=analysis)
    assert tuple(step.weight for step in state_of("Canary", made, *both()).steps) == weights


def test_a_promotion_that_was_confirmed_waits_for_nobody() -> None:
    """The phase stays WaitingPromotion while the requests go over; only the iterations tell."""
    for done, phase in ((2, Phase.PAUSED), (3, Phase.PAUSED), (4, Phase.PROGRESSING)):
        made = canary("WaitingPromotion", (GATE,), {"provider": "istio"}, COPIED, iterations=done)
        state = state_of("Canary", made, *both())
        assert (state.phase, state.pause is None) == (phase, phase is Phase.PROGRESSING)
    assert state.message == f"its promotion was confirmed, 1 of 5 failed checks; {ALL}"
