"""A canary's steps: where it is, which weight it wants, and how many pods each side then has.

The arithmetic of Argo Rollouts (docs/features/canary.md, docs/features/traffic-management): with a traffic router the
stable side stays whole and the canary gets its share, rounded up; without one the two share ``spec.replicas``, as near
to the weight as whole pods allow, within maxSurge and maxUnavailable.
"""

from __future__ import annotations

import math
from typing import Any

from tfdash.demo.apiserver.objects import Obj, dig
from tfdash.demo.controllers.behaviour import duration
from tfdash.demo.controllers.workload import rounded

Step = dict[str, Any]


def canary_of(rollout: Obj) -> Obj:
    found: Obj = dig(rollout, "spec", "strategy", "canary", default={})
    return found


def steps_of(rollout: Obj) -> list[Step]:
    return canary_of(rollout).get("steps") or []


def routed(rollout: Obj) -> bool:
    """Whether a traffic router sets the weights."""
    return canary_of(rollout).get("trafficRouting") is not None


def wanted(rollout: Obj) -> int:
    return int(dig(rollout, "spec", "replicas", default=1))


def index_of(rollout: Obj) -> int | None:
    """The current step's index; None where the canary has no steps. It may be the number of steps: all are done."""
    return int(dig(rollout, "status", "currentStepIndex", default=0)) if steps_of(rollout) else None


def step_of(rollout: Obj) -> Step | None:
    index, steps = index_of(rollout), steps_of(rollout)
    return None if index is None or index >= len(steps) else steps[index]


def surge(rollout: Obj) -> int:
    return rounded(canary_of(rollout).get("maxSurge"), wanted(rollout), up=True)


def unavailable(rollout: Obj) -> int:
    """At least one where neither may be more than nothing."""
    found = rounded(canary_of(rollout).get("maxUnavailable"), wanted(rollout), up=False)
    return 1 if found == 0 and surge(rollout) == 0 else min(found, wanted(rollout))


def set_weight(rollout: Obj) -> int:
    """What the last setWeight at or before the current step says; 100 after the last step, 0 when aborted."""
    if dig(rollout, "status", "abort"):
        return 0
    index, steps = index_of(rollout), steps_of(rollout)
    if index is None or index >= len(steps):
        return 100
    return weight_before(rollout, index + 1)


def weight_before(rollout: Obj, index: int) -> int:
    for step in reversed(steps_of(rollout)[:index]):
        if step.get("setWeight") is not None:
            return int(step["setWeight"])
    return 0


def canary_scale(rollout: Obj) -> Obj | None:
    """The setCanaryScale in force; it needs a traffic router, and ends with an abort."""
    index = index_of(rollout)
    if not routed(rollout) or index is None or step_of(rollout) is None:
        return None
    if dig(rollout, "status", "abort") and abort_delay(rollout) is not None:
        return None
    for step in reversed(steps_of(rollout)[: index + 1]):
        scale: Obj | None = step.get("setCanaryScale")
        if scale is not None:
            return None if scale.get("matchTrafficWeight") else scale
    return None


def abort_delay(rollout: Obj) -> float | None:
    """Seconds after which an aborted canary is scaled down; None: never."""
    given = canary_of(rollout).get("abortScaleDownDelaySeconds")
    return 30.0 if given is None else float(given) or None


def canary_wish(rollout: Obj) -> tuple[int | None, int]:
    """(a fixed number of pods or None, else the weight)."""
    status = rollout.get("status", {})
    stable = status.get("stableRS", "")
    if status.get("promoteFull") or not stable or status.get("currentPodHash") == stable:
        return None, 100
    scale = canary_scale(rollout)
    if scale is not None:
        if scale.get("replicas") is not None:
            return int(scale["replicas"]), 0
        if scale.get("weight") is not None:
            return None, int(scale["weight"])
    return None, set_weight(rollout)


def size(replica_set: Obj | None) -> int:
    return int(dig(replica_set, "spec", "replicas", default=0))


def available(replica_set: Obj | None) -> int:
    return int(dig(replica_set, "status", "availableReplicas", default=0))


def counts(rollout: Obj, new: Obj | None, stable: Obj | None, others: list[Obj]) -> tuple[int, int]:
    """(pods of the canary, pods of the stable side) to have next. ``stable`` is None where it is the new one."""
    return (_routed if routed(rollout) else _shared)(rollout, new, stable, others)


def _routed(rollout: Obj, new: Obj | None, stable: Obj | None, others: list[Obj]) -> tuple[int, int]:
    total = wanted(rollout)
    fixed, weight = canary_wish(rollout)
    if fixed is not None:
        return fixed, total
    least = canary_of(rollout).get("minPodsPerReplicaSet") or 0
    count = math.ceil(weight * total / 100)
    return (max(count, min(int(least), total)) if count else 0), total


def _shared(rollout: Obj, new: Obj | None, stable: Obj | None, others: list[Obj]) -> tuple[int, int]:
    total, most_more = wanted(rollout), surge(rollout)
    wish_new, wish_stable = shares(total, canary_wish(rollout)[1], most_more)
    if stable is None:
        wish_new, wish_stable = total, 0
    most, least = total + most_more, total - unavailable(rollout)
    have_new, have_stable = size(new), size(stable)
    room = most - (sum(size(s) for s in others) + have_new + have_stable)
    next_new, next_stable = have_new, have_stable
    if stable is not None and have_stable < wish_stable and room > 0:
        next_stable = min(wish_stable, have_stable + room)
        room -= next_stable - have_stable
    if have_new < wish_new and room > 0:
        next_new = min(wish_new, have_new + room)
    if any(size(s) for s in others):
        return next_new, next_stable  # what is neither goes first
    growing = wish_new >= have_new
    # Of the side that shrinks each pod counts, of the other only what is available.
    serving = (have_new if not growing else min(have_new, available(new))) + (
        have_stable if growing else min(have_stable, available(stable))
    )
    spare = serving - least
    if spare <= 0:
        return next_new, next_stable
    if not growing:
        if have_new > wish_new:
            next_new = max(wish_new, have_new - spare)
        return _within(new, stable, next_new, next_stable, most, least)
    if stable is not None:
        if have_stable > wish_stable:
            next_stable = max(wish_stable, have_stable - spare)
        next_stable, next_new = _within(stable, new, next_stable, next_new, most, least)
    return next_new, next_stable


def _within(
    shrinking: Obj | None, growing: Obj | None, low: int, high: int, most: int, least: int
) -> tuple[int, int]:
    """Both numbers brought within the bounds: never more than ``most``, never fewer than ``least`` available."""
    over = max(0, low + high - most)
    serving = min(available(shrinking), low)
    if growing is not None:
        high -= over
        serving += min(available(growing), high)
        lost = max(0, available(growing) - high)
        high += min(lost, max(0, least - serving))
        low -= max(0, low + high - most)
    return low, high


def shares(total: int, weight: int, most_more: int) -> tuple[int, int]:
    """(canary, stable) as near to ``weight`` as whole pods allow; at least one of each between 1 % and 99 %."""
    if total == 0:
        return 0, 0
    up, down = math.ceil(total * weight / 100), math.floor(total * weight / 100)
    none_allowed = weight in (0, 100) or (total == 1 and most_more == 0)
    options: list[tuple[int, int]] = []
    if up < total or none_allowed:
        options.append((up, total))
    if not _tied(total, weight) and (down != 0 or none_allowed):
        options.append((down, total))
    if most_more > 0:
        options.append((up, total + 1))
        if not _tied(total + 1, weight) and (down != 0 or none_allowed):
            options.append((down, total + 1))
    if not options:
        return 0, total
    canary, of = min(options, key=lambda option: abs(option[0] * 100 / option[1] - weight))
    return canary, of - canary


def _tied(total: int, weight: int) -> bool:
    return (total * weight) % 100 == 50


def settled(rollout: Obj, new: Obj | None, stable: Obj | None, others: list[Obj]) -> bool:
    """Whether both sides have the pods that the current step wants."""
    canary, rest = counts(rollout, new, stable, others)
    if new is None or size(new) != canary or available(new) != canary:
        return False
    kept = stable if stable is not None else new
    if stable is not None and (size(kept) != rest or dig(kept, "status", "replicas", default=0) != rest):
        return False
    return routed(rollout) or not any(available(s) for s in others)


def step_words(step: Step) -> str:
    """A step in the controller's words."""
    if step.get("setWeight") is not None:
        return f"setWeight: {step['setWeight']}"
    if step.get("pause") is not None:
        pause = step["pause"].get("duration")
        return "pause" if pause is None else f"pause: {pause}"
    if step.get("setCanaryScale") is not None:
        scale = step["setCanaryScale"]
        if scale.get("weight") is not None:
            return f"setCanaryScale{{weight: {scale['weight']}}}"
        if scale.get("matchTrafficWeight"):
            return "setCanaryScale{matchTrafficWeight: true}"
        return f"setCanaryScale{{replicas: {scale.get('replicas')}}}"
    for kind in ("experiment", "analysis"):
        if step.get(kind) is not None:
            return kind
    for kind in ("setHeaderRoute", "setMirrorRoute", "plugin"):
        if step.get(kind) is not None:
            return f"{kind}: {step[kind].get('name', '')}"
    return "invalid"


def pause_seconds(step: Step) -> float:
    """A pause's duration: a number of seconds, or text as 90s, 5m."""
    given = step["pause"].get("duration")
    try:
        return (
            float(given) if isinstance(given, int | float) or str(given).isdigit() else duration(str(given))
        )
    except ValueError:
        return math.inf
