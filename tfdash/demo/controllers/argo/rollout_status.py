"""A Rollout's conditions, phase and message, in the controller's words (Argo Rollouts 1.10)."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj, annotations_of, condition, dig, hashed, name_of, seconds, stamp
from tfdash.demo.controllers.argo.rollout_steps import available, canary_of, routed, step_of, steps_of, wanted

REVISION = "rollout.argoproj.io/revision"
HASH = "rollouts-pod-template-hash"
DEADLINE = "scale-down-deadline"
_RESTARTING = "rollout is restarting"


def hash_of(replica_set: Obj | None) -> str:
    labels: dict[str, str] = dig(replica_set, "metadata", "labels", default={})
    return labels.get(HASH, "")


def revision_of(obj: Obj) -> int:
    text = annotations_of(obj).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def step_hash(rollout: Obj) -> str:
    return hashed(steps_of(rollout), 10)


def promoted(status: Obj) -> bool:
    """Nothing but one version is wanted."""
    return bool(status.get("stableRS", "") == status.get("currentPodHash", ""))


def completed(status: Obj) -> bool:
    return bool(status.get("stableRS")) and promoted(status)


def with_condition(
    conditions: list[Obj],
    kind: str,
    truth: str,
    reason: str,
    message: str,
    now: float,
    *,
    fresh: bool = False,
) -> list[Obj]:
    """With one condition set at the end; untouched while its status and reason stay, unless ``fresh``."""
    old = next((c for c in conditions if c["type"] == kind), None)
    if old is not None and not fresh and (old["status"], old["reason"]) == (truth, reason):
        return conditions
    since = old["lastTransitionTime"] if old is not None and old["status"] == truth else stamp(now)
    found = {
        "type": kind,
        "status": truth,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
        "lastUpdateTime": stamp(now),
    }
    return [*(c for c in conditions if c["type"] != kind), found]


def healthy(rollout: Obj, status: Obj) -> bool:
    total, steps = wanted(rollout), steps_of(rollout)
    done = not steps or status.get("currentStepIndex") in (None, len(steps))
    observed = dig(rollout, "status", "observedGeneration") == str(rollout["metadata"].get("generation", 0))
    return (
        done
        and completed(status)
        and status.get("replicas", 0) == total
        and status.get("updatedReplicas", 0) == total
        and status.get("availableReplicas", 0) == total
        and observed
    )


def progressing(rollout: Obj, status: Obj) -> bool:
    """Whether ``status`` is a step forward from the one before."""
    old = rollout.get("status", {})

    def count(of: Obj, field: str) -> int:
        return int(of.get(field, 0))

    moved = any(status.get(f) != old.get(f) for f in ("stableRS", "currentStepHash"))
    if None not in (status.get("currentStepIndex"), old.get("currentStepIndex")):
        moved = moved or status["currentStepIndex"] != old["currentStepIndex"]
    rest = count(status, "replicas") - count(status, "updatedReplicas")
    return (
        moved
        or count(status, "updatedReplicas") != count(old, "updatedReplicas")
        or rest < count(old, "replicas") - count(old, "updatedReplicas")
        or any(count(status, f) > count(old, f) for f in ("readyReplicas", "availableReplicas"))
    )


def endless(rollout: Obj) -> bool:
    """At a step that takes as long as it takes, so that the deadline does not count."""
    step = step_of(rollout) or {}
    paused = condition(rollout, "Paused")
    return any(step.get(k) is not None for k in ("experiment", "analysis", "pause")) or (
        paused is not None and paused["status"] == "True"
    )


def deadline_left(rollout: Obj, status: Obj, now: float) -> float | None:
    """Seconds until the update counts as stuck; None where that is not measured."""
    found = next((c for c in status.get("conditions", ()) if c["type"] == "Progressing"), None)
    if found is None or found["reason"] in ("RolloutAborted", "RolloutPaused"):
        return None
    if found["reason"] == "ProgressDeadlineExceeded":
        return -1.0
    limit = float(dig(rollout, "spec", "progressDeadlineSeconds", default=600))
    return (seconds(found["lastUpdateTime"]) or now) + limit - now


def conditions(
    rollout: Obj,
    status: Obj,
    new: Obj | None,
    sets: list[Obj],
    now: float,
    *,
    aborted: bool,
    why: str,
    waiting: bool,
) -> list[Obj]:
    """``why`` is the abort's message; ``waiting``: an old ReplicaSet still has its deadline before it."""
    found: list[Obj] = list(status.get("conditions") or ())
    paused = bool(status.get("pauseConditions")) or bool(rollout["spec"].get("paused"))
    became_unhealthy = False
    old = condition(rollout, "Healthy")
    whole = healthy(rollout, status)
    if not paused and whole:
        found = with_condition(found, "Healthy", "True", "RolloutHealthy", "Rollout is healthy", now)
    elif old is not None:
        after = with_condition(found, "Healthy", "False", "RolloutHealthy", "Rollout is not healthy", now)
        became_unhealthy, found = after is not found, after
    if aborted:
        message = f"Rollout aborted update to revision {revision_of(rollout)}"
        found = with_condition(
            found, "Progressing", "False", "RolloutAborted", f"{message}: {why}" if why else message, now
        )
    elif whole:
        message = f'ReplicaSet "{name_of(new) if new else ""}" has successfully progressed.'
        found = with_condition(found, "Progressing", "True", "NewReplicaSetAvailable", message, now)
    elif progressing(rollout, status) or became_unhealthy:
        reason, message = "ReplicaSetUpdated", f'Rollout "{name_of(rollout)}" is progressing.'
        if new is not None:
            message = f'ReplicaSet "{name_of(new)}" is progressing.'
        if promoted(status) and became_unhealthy:
            reason, message = "ReplicaSetNotAvailable", "Rollout does not have minimum availability"
        found = with_condition(found, "Progressing", "True", reason, message, now, fresh=True)
    elif not endless(rollout) and not waiting:
        left = deadline_left(rollout, {"conditions": found}, now)
        if left is not None and left < 0:
            what = f'ReplicaSet "{name_of(new)}"' if new else f'Rollout "{name_of(rollout)}"'
            message = f"{what} has timed out progressing."
            found = with_condition(found, "Progressing", "False", "ProgressDeadlineExceeded", message, now)
    serving = sum(available(s) for s in sets) >= wanted(rollout)
    message = f"Rollout {'has' if serving else 'does not have'} minimum availability"
    found = with_condition(
        found, "Available", "True" if serving else "False", "AvailableReason", message, now
    )
    failure = next((c for s in sets if (c := condition(s, "ReplicaFailure")) is not None), None)
    if failure is not None:
        found = with_condition(
            found, "ReplicaFailure", failure["status"], failure["reason"], failure["message"], now
        )
    else:
        found = [c for c in found if c["type"] != "ReplicaFailure"]
    done = "True" if completed(status) else "False"
    return with_condition(found, "Completed", done, "RolloutCompleted", "RolloutCompleted", now)


def phase(rollout: Obj, status: Obj) -> tuple[str, str]:
    """(phase, message). "Degraded" after an abort says that wanted and running versions differ, not that users hurt."""
    for found in status.get("conditions") or ():
        if found["type"] == "InvalidSpec":
            return "Degraded", f"InvalidSpec: {found['message']}"
        if found["reason"] in ("RolloutAborted", "ProgressDeadlineExceeded"):
            return "Degraded", f"{found['reason']}: {found['message']}"
    if rollout["spec"].get("paused"):
        return "Paused", "manually paused"
    for pause in status.get("pauseConditions") or ():
        return "Paused", str(pause["reason"])
    asked = seconds(rollout["spec"].get("restartAt"))
    if asked is not None and asked != seconds(status.get("restartedAt")):
        return "Progressing", _RESTARTING
    updated = status.get("updatedReplicas", 0)
    if updated < wanted(rollout):
        return "Progressing", "more replicas need to be updated"
    if status.get("availableReplicas", 0) < updated:
        return "Progressing", "updated replicas are still becoming available"
    if canary_of(rollout) and not routed(rollout) and status.get("replicas", 0) > updated:
        return "Progressing", "old replicas are pending termination"
    if not completed(status):
        return "Progressing", "waiting for all steps to complete"
    return "Healthy", ""
