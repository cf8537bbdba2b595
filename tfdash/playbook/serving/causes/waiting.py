"""Causes that are a matter of time: pods that do not go, deadlines, pauses, a controller that does not look."""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.model.kube import Deployment, Object
from tfdash.model.workload import CauseCode, Release
from tfdash.nouns import counted
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.causes.finding import Finding
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import Status, condition


def lasting(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h``, ``2 d``."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def terminating(links: Links, policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    """deletionTimestamp is when the pod should be gone: its grace period is already in it."""
    found = [
        p for p in links.pods or () if p.deleting is not None and now - p.deleting > policy.terminating_grace
    ]
    if found:
        longest = max(now - (p.deleting or now) for p in found)
        held = tuple(dict.fromkeys(f for p in found for f in p.finalizers))
        why = f", {waits_for(held)}" if held else ""
        sentence = (
            f"{counted(len(found), 'pod')} should be gone since {longest:.0f} s and still terminating{why}"
        )
        yield Finding(CauseCode.TERMINATING, sentence, tuple(found))


def waits_for(finalizers: tuple[str, ...]) -> str:
    return f"waiting for finalizer{'' if len(finalizers) == 1 else 's'} {', '.join(finalizers)}"


def deleting(workload: Object, now: float) -> Iterator[Finding]:
    """Deleted, and still there: its controller only counts its pods, and releases nothing any more."""
    if workload.deleting is None:
        return
    age = max(0.0, now - workload.deleting)
    why = f", {waits_for(workload.finalizers)}" if workload.finalizers else ""
    sentence = f"deleted {lasting(age)} ago and still there{why}: no change of it is carried out any more"
    yield Finding(CauseCode.DELETING, sentence, (workload,))


def seen_by(workload: Object, links: Links, policy: WorkloadPolicy) -> float:
    """Until when its controller has time to observe its newest spec (epoch seconds): each write is unobserved for a moment. Of what
    ``kubectl scale`` wrote a server keeps no time, and an HPA does: without either its time is up."""
    scaled = links.autoscaler.last_scaled if links.autoscaler is not None else None
    return max(workload.created, getattr(workload, "written_at", 0.0), scaled or 0.0) + policy.ready_grace


def stalled(
    workload: Object, links: Links, status: Status, release: Release, policy: WorkloadPolicy, now: float
) -> Iterator[Finding]:
    if not status.observed and now >= seen_by(workload, links, policy):
        sentence = "the newest spec was not observed by its controller: if that stays, is kube-controller-manager alive?"
        yield Finding(CauseCode.GENERATION, sentence, (workload,))
    if release is Release.STUCK and isinstance(workload, Deployment):
        progressing = condition(workload.conditions, "Progressing")
        limit = f" of {workload.progress_deadline} s" if workload.progress_deadline else ""
        since = f": {progressing.message}" if progressing is not None and progressing.message else ""
        yield Finding(CauseCode.DEADLINE, f"progress deadline{limit} passed{since}", (workload,))
    if release is Release.PAUSED:
        yield Finding(CauseCode.PAUSED, "paused: no new pods are made until it is resumed", (workload,))
