"""What is to be seen of Argo Rollouts after an action."""

from __future__ import annotations

from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts
from tfdash.playbook.releases.facts import canonical_at


def _moved(seen: PostconditionFacts, value: str) -> bool:
    """The rollout's controller took the promotion up: another step, another pause, or none."""
    facts = {f.pointer: f.value for f in seen.plan.facts}
    pauses, step = "/status/pauseConditions", "/status/currentStepIndex"
    if bool(seen.spec.get("paused")):
        return False
    had_pause = facts.get(pauses, "") not in ("", "null", "[]")
    now_step, now_pause = (canonical_at(seen.document, p) for p in (step, pauses))
    if had_pause:
        return now_pause != facts.get(pauses) and (
            now_step != facts.get(step) or now_pause in ("", "null", "[]")
        )
    return now_step != facts.get(step) or seen.status.get("currentPodHash") == seen.status.get("stableRS")


def _promoted(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and seen.status.get("currentPodHash") == seen.status.get("stableRS")


def _stable_serves(seen: PostconditionFacts, value: str) -> bool:
    """Every pod that was wanted is a stable one, or the traffic goes to the stable version alone."""
    status = seen.status
    weights = (status.get("canary") or {}).get("weights") or {}
    if weights:
        return int((weights.get("canary") or {}).get("weight", 1)) == 0
    return (
        seen.same
        and int(status.get("updatedReplicas", 0)) == 0
        and int(status.get("availableReplicas", 0)) >= int(seen.spec.get("replicas", 1))
    )


def _run_ended(seen: PostconditionFacts, value: str) -> bool:
    return not seen.same or seen.status.get("phase") in ("Successful", "Failed", "Error", "Inconclusive")


def _aborted(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and bool(seen.status.get("abortedAt") or seen.status.get("abort"))


def _not_aborted(seen: PostconditionFacts, value: str) -> bool:
    return seen.same and not seen.status.get("abort")


MOVED = Postcondition("moved", _moved)
PROMOTED = Postcondition("promoted", _promoted)
ABORTED = Postcondition("aborted", _aborted)
NOT_ABORTED = Postcondition("not-aborted", _not_aborted)
STABLE_SERVES = Postcondition("stable-serves", _stable_serves)
RUN_ENDED = Postcondition("run-ended", _run_ended)
