"""A Deployment's status: its counts, its conditions, and when to look at its deadline again."""

from __future__ import annotations

from tfdash.demo.apiserver.objects import Obj, dig, name_of, seconds
from tfdash.demo.controllers.workload import rounded, set_condition, without_condition

_NO_DEADLINE = 2**31 - 1


def _sum(sets: list[Obj], field: str) -> int:
    return sum(dig(s, "status", field, default=0) for s in sets)


def counts(deployment: Obj, sets: list[Obj], new: Obj | None) -> Obj:
    total = sum(dig(s, "spec", "replicas", default=0) for s in sets)
    available = _sum(sets, "availableReplicas")
    return {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": dig(new, "status", "replicas", default=0),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total - available),
        "terminatingReplicas": _sum(sets, "terminatingReplicas"),
        "collisionCount": dig(deployment, "status", "collisionCount"),
    }


def conditions_of(deployment: Obj, sets: list[Obj], new: Obj | None, now: float) -> tuple[Obj, float | None]:
    """(the status, seconds until its deadline is to be looked at)."""
    have = counts(deployment, sets, new)
    conditions = list(dig(deployment, "status", "conditions", default=[]))
    wanted = dig(deployment, "spec", "replicas", default=1)
    least = wanted - _unavailable(deployment, wanted)
    if have["availableReplicas"] >= least:
        found = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        found = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    conditions = set_condition(conditions, "Available", *found, now, updated=True)
    conditions, again = _progress(deployment, have, conditions, sets, new, now)
    failing = next(
        (
            c
            for s in ([new] if new else []) + sets
            for c in dig(s, "status", "conditions", default=())
            if c["type"] == "ReplicaFailure" and c["status"] == "True"
        ),
        None,
    )
    if failing is not None:
        conditions = set_condition(
            conditions, "ReplicaFailure", "True", failing["reason"], failing["message"], now, updated=True
        )
    else:
        conditions = without_condition(conditions, "ReplicaFailure")
    kept = ("observedGeneration", "terminatingReplicas")
    status = {k: v for k, v in have.items() if v or k in kept}
    return {**status, "conditions": conditions}, again


def _unavailable(deployment: Obj, wanted: int) -> int:
    if dig(deployment, "spec", "strategy", "type") == "Recreate":
        return 0
    given = dig(deployment, "spec", "strategy", "rollingUpdate", default={})
    surge = rounded(given.get("maxSurge"), wanted, up=True)
    return max(rounded(given.get("maxUnavailable"), wanted, up=False), 1 if surge == 0 else 0)


def has_deadline(deployment: Obj) -> bool:
    """Without one the controller keeps no Progressing condition."""
    return bool(dig(deployment, "spec", "progressDeadlineSeconds", default=_NO_DEADLINE) != _NO_DEADLINE)


def _progress(
    deployment: Obj, have: Obj, conditions: list[Obj], sets: list[Obj], new: Obj | None, now: float
) -> tuple[list[Obj], float | None]:
    old = next((c for c in conditions if c["type"] == "Progressing"), None)
    reason = old.get("reason") if old else ""
    if not has_deadline(deployment):
        kept = (
            conditions if deployment["spec"].get("paused") else without_condition(conditions, "Progressing")
        )
        return kept, None
    if deployment["spec"].get("paused"):
        if reason not in ("DeploymentPaused", "ProgressDeadlineExceeded"):
            conditions = set_condition(
                conditions,
                "Progressing",
                "Unknown",
                "DeploymentPaused",
                "Deployment is paused",
                now,
                updated=True,
            )
        return conditions, None
    if reason == "DeploymentPaused":
        conditions = set_condition(
            conditions,
            "Progressing",
            "Unknown",
            "DeploymentResumed",
            "Deployment is resumed",
            now,
            updated=True,
        )
        reason = "DeploymentResumed"
    wanted = dig(deployment, "spec", "replicas", default=1)
    before = deployment.get("status", {})
    shown = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    complete = (
        have["updatedReplicas"] == wanted == have["replicas"] == have["availableReplicas"]
        and deployment["metadata"].get("generation", 0) <= have["observedGeneration"]
    )
    if have["replicas"] == have["updatedReplicas"] and reason == "NewReplicaSetAvailable":
        return conditions, None
    if complete:
        message = f"{shown} has successfully progressed."
        return set_condition(
            conditions, "Progressing", "True", "NewReplicaSetAvailable", message, now, updated=True
        ), None
    moved = (
        have["updatedReplicas"] > before.get("updatedReplicas", 0)
        or have["readyReplicas"] > before.get("readyReplicas", 0)
        or have["availableReplicas"] > before.get("availableReplicas", 0)
        or _old(have) < _old(before)
    )
    if moved or old is None:
        message = f"{shown} is progressing."
        conditions = without_unchanged(conditions, now, message)
        reason = "ReplicaSetUpdated"
    updated = (
        next((seconds(c.get("lastUpdateTime")) for c in conditions if c["type"] == "Progressing"), None)
        or now
    )
    if reason in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
        return conditions, None
    left = updated + deployment["spec"]["progressDeadlineSeconds"] - now
    if left <= 0:
        message = f"{shown} has timed out progressing."
        return set_condition(
            conditions, "Progressing", "False", "ProgressDeadlineExceeded", message, now, updated=True
        ), None
    return conditions, left + 0.5


def without_unchanged(conditions: list[Obj], now: float, message: str) -> list[Obj]:
    """Progress was made: the condition's update time moves even where its words stay."""
    others = [c for c in conditions if c["type"] != "Progressing"]
    old = [c for c in conditions if c["type"] == "Progressing"]
    fresh = set_condition([], "Progressing", "True", "ReplicaSetUpdated", message, now, updated=True)[0]
    if old and old[0]["status"] == "True":
        fresh["lastTransitionTime"] = old[0]["lastTransitionTime"]
    return [fresh if c["type"] == "Progressing" else c for c in conditions] if old else [*others, fresh]


def _old(status: Obj) -> int:
    return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))
