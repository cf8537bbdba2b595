"""Where users' requests go while Flagger has a release in flight. Its status says it by halves: weight and iterations are set
back to 0 as the promotion begins, while the routes stay as they were.

Sources: fluxcd/flagger pkg/controller/scheduler.go (runCanary, runAB, runBlueGreen, runPromotionTrafficShift), pkg/canary/status.go.
"""

from __future__ import annotations

import math

from tfdash.model.delivery import Canary
from tfdash.model.release import ReleaseStep, Weight
from tfdash.playbook.releases.words import lasting, percent

_ALL = 100.0  # percent
_UNROUTED = (
    10  # iterations that the kubernetes provider, which shifts no requests, takes where none are given
)


def how(canary: Canary) -> tuple[str, ...]:
    """Where users' requests go, where that is no share of them, or not that share alone."""
    if canary.phase in ("Waiting", "Finalising"):  # all to the primary
        return ()
    if _unrouted(canary):
        return (
            "blue/green: the primary serves, the new version gets no users' requests (provider kubernetes)",
        )
    if canary.total_iterations and canary.matched:
        return ("A/B: requests that match its headers go to the new version, all others to the primary",)
    if canary.total_iterations:
        return (f"blue/green: {_blue_green(canary)}",)
    if canary.mirror and not canary.weight and canary.phase == "Progressing":
        return ("the new version gets copies of the requests first (mirror)",)
    if canary.sticky and (canary.weight or canary.phase != "Progressing"):
        return ("whoever was sent to the new version once stays there (session affinity), beyond that share",)
    return ()


def _blue_green(canary: Canary) -> str:
    if canary.iterations > canary.total_iterations or (canary.phase == "Promoting" and not canary.weight):
        perhaps = "" if canary.provider else ", unless Flagger's provider is kubernetes"
        return f"all requests go to the new version until the primary has it{perhaps}"
    if canary.phase == "Promoting":
        return "the requests go back to the primary step by step"
    if canary.mirror:
        return "the primary serves, the new version gets copies of the requests"
    return "the primary serves until the last iteration"


def confirmed(canary: Canary) -> bool:
    """Its hook said yes: Flagger goes on and keeps the phase in which it waited."""
    total = iterations_of(canary)
    return canary.phase == "WaitingPromotion" and bool(total) and canary.iterations > total


def iterations_of(canary: Canary) -> int:
    """How many it takes; 0 where it shifts weights."""
    return canary.total_iterations or (_UNROUTED if _unrouted(canary) else 0)


def steps_of(canary: Canary) -> tuple[tuple[ReleaseStep, ...], int]:
    """The weights or iterations in order, and how many of them are reached."""
    over = canary.phase in ("Promoting", "Finalising")
    if total := iterations_of(canary):
        one = f"iteration of {lasting(canary.interval)}"
        steps = tuple(ReleaseStep(text=one, kind="iteration") for _ in range(total))
        return steps, total if over else min(canary.iterations, total)
    weights = canary.step_weights
    if (
        canary.step_weight > 0
    ):  # it goes on by it until the last of the weights or maxWeight is reached or passed
        top = min(weights[-1], _ALL) if weights else canary.max_weight or _ALL
        number = min(math.ceil(top / canary.step_weight), int(_ALL))
        weights = tuple(min(canary.step_weight * (i + 1), _ALL) for i in range(number))
    steps = tuple(ReleaseStep(text=f"set weight {percent(w)}", kind="setWeight", weight=w) for w in weights)
    if over or _reset(canary):
        return steps, len(steps)
    return steps, sum(1 for w in weights if w < canary.weight)


def weight_of(canary: Canary, flight: bool) -> Weight:
    """A/B and blue/green have no share of the requests, until they go back to the primary step by step."""
    back = canary.phase == "Promoting" and canary.weight
    if not flight or (iterations_of(canary) and not back) or _reset(canary):
        return Weight()
    return Weight(wanted=canary.weight, actual=canary.weight, approximate=False)


def _unrouted(canary: Canary) -> bool:
    """Its provider is named (else it is that of Flagger's own flag, which is not known) and shifts no requests."""
    return canary.provider == "kubernetes"


def _reset(canary: Canary) -> bool:
    """Its status says 0 % from the moment it waits for promotion, or promotes, while its routes stay as they were."""
    return canary.phase in ("WaitingPromotion", "Promoting") and not canary.weight
