"""What the workload controllers have in common: counting pods, creating them through admission, ending them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tfdash.demo.apiserver import quotas
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import (
    Obj,
    condition,
    created,
    deleting,
    dig,
    name_of,
    namespace_of,
    seconds,
    stamp,
)
from tfdash.demo.controllers.kernel import Kernel

Condition = Obj


def active(pods: Iterable[Obj]) -> list[Obj]:
    """Pods that neither end nor have ended."""
    return [p for p in pods if not deleting(p) and dig(p, "status", "phase") not in ("Succeeded", "Failed")]


def ready(pod: Obj) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def available(pod: Obj, min_ready: float, now: float) -> bool:
    """Ready, and for at least ``min_ready`` seconds."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return False
    return not min_ready or (seconds(found["lastTransitionTime"]) or now) + min_ready <= now


def next_available(pods: Iterable[Obj], min_ready: float, now: float) -> float | None:
    """Seconds until the next ready pod becomes available."""
    waits = [
        (seconds((condition(p, "Ready") or {}).get("lastTransitionTime")) or now) + min_ready - now
        for p in pods
        if ready(p) and not available(p, min_ready, now)
    ]
    return max(0.0, min(waits)) if waits else None


def rounded(value: int | str | None, total: int, *, up: bool, default: int | str = "25%") -> int:
    """An int-or-percent of ``total``."""
    given = default if value is None else value
    if isinstance(given, str) and given.endswith("%"):
        exact = float(given[:-1]) * total / 100.0
        return math.ceil(exact) if up else math.floor(exact)
    return int(given)


def create_pod(kernel: Kernel, pod: Obj) -> Obj:
    """Create through admission. Raises ``ApiError`` where a webhook or a quota refuses."""
    for refusal in kernel.cluster.refusals:
        if refusal.hits(pod):
            raise ApiError(403, "Forbidden", refusal.message)
    quotas.admit(kernel.store, pod)
    return kernel.store.create("pods", pod)


def end_pod(kernel: Kernel, pod: Obj, grace: int | None = None) -> None:
    current = kernel.store.find("pods", namespace_of(pod), name_of(pod))
    if current is not None and not deleting(current):
        remove(kernel.store, "pods", current, grace)


def first_to_go(pods: Iterable[Obj]) -> list[Obj]:
    """In the order in which a controller ends them: what serves least first, then the youngest."""
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}

    def rank(pod: Obj) -> tuple[bool, int, bool, int, float, str]:
        restarts = sum(s.get("restartCount", 0) for s in dig(pod, "status", "containerStatuses", default=()))
        return (
            bool(pod["spec"].get("nodeName")),
            phases.get(dig(pod, "status", "phase", default=""), 1),
            ready(pod),
            -restarts,
            -created(pod),
            name_of(pod),
        )

    return sorted(pods, key=rank)


def set_condition(
    conditions: list[Condition],
    kind: str,
    status: str,
    reason: str,
    message: str,
    now: float,
    *,
    updated: bool = False,
) -> list[Condition]:
    """With one condition set. ``updated``: it has lastUpdateTime as a Deployment's, and keeps its words too while
    status and reason stay."""
    old = next((c for c in conditions if c["type"] == kind), None)
    if old is not None and (old["status"], old.get("reason")) == (status, reason):
        if updated or old.get("message") == message:
            return conditions
        return [{**c, "message": message} if c is old else c for c in conditions]
    since = old["lastTransitionTime"] if old is not None and old["status"] == status else stamp(now)
    found: Condition = {"type": kind, "status": status}
    if updated:
        found["lastUpdateTime"] = stamp(now)
    found |= {"lastTransitionTime": since, "reason": reason, "message": message}
    if old is None:
        return [*conditions, found]
    return [found if c is old else c for c in conditions]


def without_condition(conditions: list[Condition], kind: str) -> list[Condition]:
    return [c for c in conditions if c["type"] != kind]


def live_owner(store: ObjectStore, storage: str, key: tuple[str, str]) -> Obj | None:
    """The workload, unless it is being deleted."""
    found = store.find(storage, *key)
    return None if found is None or deleting(found) else found
