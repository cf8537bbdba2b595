"""Causes that are a matter of time: pods that do not go, deadlines, pauses, a controller that does not look."""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.model.kube import Deployment, Object
from tfdash.model.workload import CauseCode, Release
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.causes.finding import Finding, plural
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import Status, condition


def terminating(links: Links, policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    """deletionTimestamp is when the pod should be gone: its grace period is already in it."""
    found = [
        p for p in links.pods or () if p.deleting is not None and now - p.deleting > policy.terminating_grace
    ]
    if found:
        longest = max(now - (p.deleting or now) for p in found)
        sentence = f"{plural(len(found), 'pod')} should be gone since {longest:.0f} s and still terminating"
        yield Finding(CauseCode.TERMINATING, sentence, tuple(found))


def stalled(workload: Object, status: Status) -> Iterator[Finding]:
    if not status.observed:
        sentence = "the controller has not observed the newest spec yet"
        yield Finding(CauseCode.GENERATION, sentence, (workload,))
    if status.release is Release.STUCK and isinstance(workload, Deployment):
        progressing = condition(workload.conditions, "Progressing")
        limit = f" of {workload.progress_deadline} s" if workload.progress_deadline else ""
        since = f": {progressing.message}" if progressing is not None and progressing.message else ""
        yield Finding(CauseCode.DEADLINE, f"progress deadline{limit} passed{since}", (workload,))
    if isinstance(workload, Deployment) and workload.paused and not status.rolled_out:
        yield Finding(CauseCode.PAUSED, "paused: no new pods are made until it is resumed", (workload,))
