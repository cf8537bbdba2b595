"""Since when a workload is not well, by what the API keeps of it."""

from __future__ import annotations

from tfdash.model.kube import Condition, Object, Pod
from tfdash.model.workload import IN_FLIGHT, Release, Serving
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import condition


def unwell_since(
    workload: Object, links: Links, health: Serving, release: Release, changed_at: float
) -> float | None:
    """Epoch seconds. Of a stuck release its start; of what does not serve its Available condition, else the last pod that went;
    of what lacks pods the first of those that are not ready, else when none could be made; of what restarts its last end, as
    kubectl's RESTARTS ("7 (5m ago)") and others count it; of a release in flight its start. None where nothing tells it: the age of a revision does not."""
    if release is Release.STUCK:
        return changed_at or None
    conditions: tuple[Condition, ...] = getattr(workload, "conditions", ())
    down = not_true_since(conditions, "Available")
    if health is Serving.DOWN and down is not None:
        return down
    # what was evicted or ended is gone, and may lie there for weeks
    pods = [p for p in links.pods or () if p.deleting is None and p.phase not in ("Succeeded", "Failed")]
    lacking = [at for p in pods if (at := _not_ready_since(p)) is not None]
    if lacking and release not in IN_FLIGHT:
        return max(lacking) if health is Serving.DOWN else min(lacking)
    failed = condition(conditions, "ReplicaFailure")
    if failed is not None and failed.status == "True" and failed.since:
        return failed.since
    ends = [s.last_finished for p in pods for s in p.statuses if s.last_finished]
    if release in IN_FLIGHT:
        return changed_at or None
    return max(ends) if ends else None


def not_true_since(conditions: tuple[Condition, ...], name: str) -> float | None:
    found = condition(conditions, name)
    return found.since or None if found is not None and found.status != "True" else None


def _not_ready_since(pod: Pod) -> float | None:
    """None of one that is ready. One that no kubelet has taken yet has no such condition."""
    ready = condition(pod.conditions, "Ready")
    if ready is None:
        return pod.created or None
    return (ready.since or pod.created) if ready.status != "True" else None
