"""Until when a workload of which no pod serves is coming up: nothing broke, it was just made, or scaled up from none.

That it was at none is kept by no status. What tells is that all its pods were made right after somebody said how many there
are to be, and that none was ever ready: those that replace lost ones come at another time. While a Deployment's release is
in flight this says nothing: whoever writes a new template may own the number, too, and what was broken before stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tfdash.model.delivery import Rollout
from tfdash.model.kube import Deployment, Object, Pod, StatefulSet
from tfdash.model.workload import IN_FLIGHT, Release
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.in_flight import never_ready
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import Status

_FIRST = 5.0  # seconds: a revision begun so soon after the workload itself is its first
_STAMP = 2.0  # seconds: both times are whole seconds
_MADE = 10.0  # seconds: so soon a controller makes the pods that are asked for
_RATE = 10.0  # and so many a second, where they are many: half of what kube-controller-manager may ask (--kube-api-qps)
_DEADLINE = 600  # seconds: what the API server gives a Deployment that says none; others have no such field
_LONGEST = 3600  # seconds: however long its own deadline is (a day, or the largest number for "never")


class ComingUp(NamedTuple):
    """Epoch seconds: ``patient`` whatever ails it, ``until`` only while nothing holds it up that waiting does not heal."""

    patient: float
    until: float


def coming_up(
    workload: Object,
    links: Links,
    status: Status,
    release: Release,
    changed_at: float,
    policy: WorkloadPolicy,
) -> ComingUp | None:
    """None of one that served before, and where nobody knows. ``changed_at``: when its newest revision began."""
    began = workload.created if _is_new(workload, release, changed_at) else 0.0
    pods = _staying(links)
    if not began:
        began = _scaled_at(workload, links, status, release)
        if not _came_of_none(workload, links, pods, began):
            return None
    return _times(workload, pods, began, policy)


def rollout_coming_up(rollout: Rollout, links: Links, policy: WorkloadPolicy) -> ComingUp | None:
    """Of an Argo Rollout: it names no stable version before its first was complete, and between two versions it says nothing."""
    newest, pods = links.newest, _staying(links)
    if not rollout.stable_hash:
        first = (
            len(links.replica_sets) <= 1 and (newest.created if newest else 0.0) - rollout.created < _FIRST
        )
        return _times(rollout, pods, rollout.created, policy) if first else None
    if rollout.current_hash != rollout.stable_hash:
        return None
    began = max([rollout.replicas_at, *(s.replicas_at for s in links.replica_sets if s.desired)])
    return _times(rollout, pods, began, policy) if _came_of_none(rollout, links, pods, began) else None


def _staying(links: Links) -> list[Pod]:
    return [p for p in links.pods or () if p.deleting is None and p.phase != "Succeeded"]


def _came_of_none(workload: Object, links: Links, pods: Sequence[Pod], began: float) -> bool:
    return bool(began) and (_all_new(pods, began) if pods else _was_at_none(workload, links))


def _times(workload: Object, pods: Sequence[Pod], began: float, policy: WorkloadPolicy) -> ComingUp:
    patient = began + policy.ready_grace
    deadline = min(getattr(workload, "progress_deadline", None) or _DEADLINE, _LONGEST)
    waits = bool(pods) and _all_new(pods, began) and not any(_hopeless(p) for p in pods)
    return ComingUp(patient, max(patient, began + deadline) if waits else patient)


def _hopeless(pod: Pod) -> bool:
    """Of which no cause may tell that time does not heal it: one that crashed looks well each time that it runs again, and of one that
    no scheduler looks at nobody says a word."""
    unplaced = not pod.node and not pod.scheduling_gates
    return unplaced or any(s.restarts for s in pod.statuses)


def _is_new(workload: Object, release: Release, changed_at: float) -> bool:
    # of the others no controller tells a first release from a finished one before there are pods
    unfinished = release in IN_FLIGHT or not isinstance(workload, Deployment)
    sized_at = workload.replicas_at if isinstance(workload, StatefulSet) else 0.0
    return max(changed_at, sized_at) - workload.created < _FIRST and unfinished


def _scaled_at(workload: Object, links: Links, status: Status, release: Release) -> float:
    match workload:
        case Deployment() if release not in IN_FLIGHT or not status.observed:
            # a server keeps no time of what its scale subresource wrote (kubectl scale, an HPA): the controller passes it on at once
            return max(workload.replicas_at, links.newest.replicas_at if links.newest is not None else 0.0)
        case StatefulSet() if workload.update_revision == workload.current_revision:
            return workload.replicas_at
    return 0.0  # how many a DaemonSet has, nobody says: new nodes may have taken the place of those on which it served


def _was_at_none(workload: Object, links: Links) -> bool:
    """No pod is there yet, and nothing says that there were any."""
    counted = [getattr(o, "replicas", 0) for o in (workload, *links.replica_sets)]
    return links.pods is not None and not any(counted)


def _all_new(pods: Sequence[Pod], began: float) -> bool:
    made = began + _MADE + len(pods) / _RATE
    return all(began - _STAMP <= p.created <= made and never_ready(p) for p in pods)
