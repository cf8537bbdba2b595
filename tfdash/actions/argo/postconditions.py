"""What is to be seen of Argo Rollouts after an action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts
from tfdash.model.action import Plan
from tfdash.model.subject import Subject
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


def _rollout(seen: PostconditionFacts) -> Mapping[str, Any]:
    """The Rollout: the plan's own object, or the one that refers to it."""
    return seen.document or {} if seen.plan.subject.kind == "Rollout" else seen.other or {}


def _named(plan: Plan, value: str) -> Subject | None:
    subject = plan.subject
    if subject.kind == "Rollout":
        return None
    return Subject(subject.cluster, "Rollout", subject.namespace, value.split(":")[0])


def _observed(rollout: Mapping[str, Any]) -> bool:
    generation = str(rollout.get("metadata", {}).get("generation", ""))
    return str((rollout.get("status") or {}).get("observedGeneration", "")) == generation


def _taken_up(seen: PostconditionFacts, value: str) -> bool:
    """Its controller has seen the newest spec and works on the wanted version ("name:hash:hash before")."""
    _, wanted, before = value.split(":")
    rollout = _rollout(seen)
    now = (rollout.get("status") or {}).get("currentPodHash", "")
    return _observed(rollout) and (now == wanted if wanted else now not in ("", before))


def _promoted_to(seen: PostconditionFacts, value: str) -> bool:
    rollout, wanted = _rollout(seen), value.split(":")[1]
    status = rollout.get("status") or {}
    now = status.get("currentPodHash", "")
    return bool(_observed(rollout) and now and now == status.get("stableRS") and wanted in ("", now))


def _whole(seen: PostconditionFacts, value: str) -> bool:
    """Healthy at the wanted version, every pod of it and none of another ("name:hash")."""
    rollout = _rollout(seen)
    status, spec = rollout.get("status") or {}, rollout.get("spec") or {}
    wanted = int(spec.get("replicas", 1))
    counts = [int(status.get(f, 0)) for f in ("updatedReplicas", "replicas", "availableReplicas")]
    return _promoted_to(seen, value) and status.get("phase") == "Healthy" and counts == [wanted] * 3


def _rollout_done(seen: PostconditionFacts, value: str) -> bool:
    """Healthy; or standing at the first pause of the steps that it runs."""
    rollout = _rollout(seen)
    return _observed(rollout) and (rollout.get("status") or {}).get("phase") in ("Healthy", "Paused")


MOVED = Postcondition("moved", _moved)
PROMOTED = Postcondition("promoted", _promoted)
ABORTED = Postcondition("aborted", _aborted)
NOT_ABORTED = Postcondition("not-aborted", _not_aborted)
STABLE_SERVES = Postcondition("stable-serves", _stable_serves)
RUN_ENDED = Postcondition("run-ended", _run_ended)
TAKEN_UP = Postcondition("taken-up", _taken_up, _named)
PROMOTED_TO = Postcondition("promoted-to", _promoted_to, _named)
WHOLE = Postcondition("whole", _whole, _named)
ROLLOUT_DONE = Postcondition("rollout-done", _rollout_done, _named)
