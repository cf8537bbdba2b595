"""Whether a workload serves, whatever its release does."""

from __future__ import annotations

import math
from itertools import pairwise

from tfdash.model.delivery import Rollout
from tfdash.model.kube import DaemonSet, Deployment, Object, StatefulSet
from tfdash.model.workload import Release, Serving
from tfdash.text import counter


def resolve_bound(text: str, total: int, *, up: bool, default: str = "25%") -> int:
    """An IntOrString of a rolling update as pods: percentages round up for surge, down for unavailable
    (k8s.io/apimachinery/pkg/util/intstr.GetScaledValueFromIntOrPercent). 0 of what is neither: Argo's API takes any text."""
    value = text or default
    number = counter(value.removesuffix("%"))
    if number is None or not value.endswith("%"):
        return number or 0
    share = number * total / 100
    return math.ceil(share) if up else math.floor(share)


def may_be_away(workload: Object) -> int:
    """How many pods a rolling update may take away at once."""
    match workload:
        case Deployment(strategy="Recreate"):
            return workload.desired
        case Deployment():
            away = resolve_bound(workload.max_unavailable, workload.desired, up=False)
            surge = resolve_bound(workload.max_surge, workload.desired, up=True)
            # Kubernetes moves at all: where both come to nothing, one pod may be away
            return 1 if away == 0 and surge == 0 else away
        case StatefulSet():
            return max(1, resolve_bound(workload.max_unavailable, workload.desired, up=False, default="1"))
        case DaemonSet():
            return max(1, resolve_bound(workload.max_unavailable, workload.desired, up=True, default="1"))
    return 0


def contradiction(workload: Object) -> str:
    """``3 available, but 0 ready`` where the counts of a status cannot all be true, "" where they can.

    The built-in controllers count a smaller number among the pods of a larger one and write all of them at once, so no
    moment between two writes shows such a status. Argo's, on a scaling event, writes the available ones alone
    (rollout/sync.go: syncReplicasOnly): without any other count there is nothing to contradict.
    """
    if isinstance(workload, Rollout) and not (workload.replicas or workload.ready or workload.updated):
        return ""
    match workload:
        case Deployment() | StatefulSet() | Rollout():
            pods = ("pods", workload.replicas)
        case DaemonSet():
            pods = ("nodes wanted", workload.desired)
        case _:
            return ""
    ready, available = ("ready", workload.ready), ("available", workload.available)
    chains = [(pods, ready, available), (pods, ("updated", workload.updated))]
    if isinstance(workload, DaemonSet):
        chains.append((pods, ("with a pod", workload.current), ready))
    for chain in chains:
        for (whole, of), (part, many) in pairwise(chain):
            if many > of:
                return f"{many} {part}, but {of} {whole}"
    return ""


def uncounted(workload: Object) -> bool:
    """A DaemonSet that no controller has seen: nobody knows how many pods it wants. Of the others the spec says it."""
    return isinstance(workload, DaemonSet) and not workload.observed_generation


def in_traffic(workload: Object, available: int) -> int:
    """How many of its pods take requests: those inside ``minReadySeconds`` do, though they are not "available" yet."""
    return max(available, getattr(workload, "ready", 0)) if getattr(workload, "min_ready", 0.0) else available


def counts(desired: int, available: int, serves: int) -> str:
    """``3 of 5 available``, and how many serve before that."""
    more = f" ({serves} ready, inside minReadySeconds)" if serves > available else ""
    return f"{available} of {desired} available{more}"


def serving(workload: Object, desired: int, available: int, release: Release) -> Serving:
    """OK with as many available as wanted, or, while a release moves, within what its strategy may take away.

    UNKNOWN where its counts contradict each other, or were never made.
    """
    if contradiction(workload) or uncounted(workload):
        return Serving.UNKNOWN
    if desired == 0:
        return Serving.IDLE
    serves = in_traffic(workload, available)
    if serves >= desired:
        return Serving.OK
    if serves <= 0:
        return Serving.DOWN
    if release is Release.PROGRESSING and serves >= desired - may_be_away(workload):
        return Serving.OK
    return Serving.DEGRADED
