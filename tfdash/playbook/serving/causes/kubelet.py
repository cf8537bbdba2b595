"""Causes on the node, before and beside the containers: pod sandboxes, a silent kubelet, readiness gates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfdash.model.kube import Pod
from tfdash.model.workload import CauseCode
from tfdash.nouns import counted
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.causes.finding import Finding, shorten
from tfdash.playbook.serving.causes.waiting import lasting
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import condition

_CREATING = ("ContainerCreating", "PodInitializing")
_SANDBOX = ("FailedCreatePodSandBox", "FailedPodSandBoxStatus")
_SAID = (*_SANDBOX, "FailedMount", "FailedAttachVolume")  # of which other causes tell


def _unborn(pod: Pod) -> bool:
    return pod.phase == "Pending" and bool(pod.node) and not any(s.state == "running" for s in pod.statuses)


def sandboxes(pods: Sequence[Pod], links: Links) -> Iterator[Finding]:
    """The runtime or the network plug-in cannot make a pod's sandbox; only events say so."""
    pending = {p.name: p for p in pods if _unborn(p)}
    if not pending:
        return
    told = [e for e in links.events if e.reason in _SANDBOX and e.involved_name in pending]
    if told:
        newest = max(told, key=lambda e: e.last_seen)
        affected = tuple(pending[n] for n in dict.fromkeys(e.involved_name for e in told))
        nodes = ", ".join(dict.fromkeys(p.node for p in affected))
        sentence = f"no sandbox for {counted(len(affected), 'pod')} on {nodes}: {shorten(newest.message)}"
        yield Finding(CauseCode.SANDBOX, sentence, affected)


def silent(pods: Sequence[Pod], policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    """Scheduled, and its kubelet has said nothing of it, or does not say that a container without a probe is ready."""
    taken = [p for p in pods if _unborn(p) and not p.statuses and not p.started]
    late = [p for p in taken if now - p.created >= policy.ready_grace]
    if late:
        nodes = ", ".join(dict.fromkeys(p.node for p in late))
        sentence = f"{counted(len(late), 'pod')} scheduled, but the kubelet of {nodes} has not taken {'it' if len(late) == 1 else 'them'} up: is it alive?"
        yield Finding(CauseCode.KUBELET, sentence, tuple(late))


def uncreated(pods: Sequence[Pod], links: Links, policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    """Taken up by its kubelet, and none of its containers is made; the events that would say why are kept for an hour."""
    found = [
        p
        for p in pods
        if _unborn(p)
        and p.statuses
        and all(s.state == "waiting" and s.reason in _CREATING for s in p.statuses if not s.init)
        and all(s.state != "waiting" or s.reason in _CREATING for s in p.statuses if s.init)
        and now - (p.started or p.created) >= policy.ready_grace
    ]
    told = {e.involved_name for e in links.events if e.reason in _SAID} if found else set()
    untold = tuple(p for p in found if p.name not in told)
    if untold:
        nodes = ", ".join(dict.fromkeys(p.node for p in untold))
        long = lasting(now - max(p.started or p.created for p in untold))
        sentence = f"{counted(len(untold), 'pod')} on {nodes} without a container made in {long}"
        yield Finding(CauseCode.KUBELET, sentence, untold)


def readiness_gates(pods: Sequence[Pod]) -> Iterator[Finding]:
    """All containers are ready, and a condition that another controller sets is not True (or not there)."""
    found = []
    for pod in pods:
        ready = condition(pod.conditions, "Ready")
        if ready is None or ready.status == "True" or not pod.readiness_gates:
            continue
        if ready.reason == "ReadinessGatesNotReady" or (
            pod.statuses and all(s.ready for s in pod.statuses if not s.init)
        ):
            found.append(pod)
    if found:
        pod = found[0]
        told = [(g, condition(pod.conditions, g)) for g in pod.readiness_gates]
        shut = [(g, c) for g, c in told if c is None or c.status != "True"] or told
        closed = [g for g, _ in shut]
        why = next((f": {shorten(c.message)}" for _, c in shut if c is not None and c.message), "")
        sentence = (
            f"{counted(len(found), 'pod')} ready but for readiness gate {', '.join(closed)}, "
            f"which another controller must set{why}"
        )
        yield Finding(CauseCode.READINESS_GATE, sentence, tuple(found))
