"""Causes around the pods: the scheduler, volumes, nodes, eviction."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tfdash.model.kube import Pod
from tfdash.model.workload import CauseCode
from tfdash.nouns import counted
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.causes.finding import Finding, shorten
from tfdash.playbook.serving.links import Links
from tfdash.playbook.serving.rollout_status import condition

_HEAD = re.compile(r"^(\d+)/(\d+) nodes are available: (.*)$", re.DOTALL)
_ENDED = frozenset({"Evicted", "Preempting", "Terminated", "NodeShutdown"})
_REFUSED = frozenset(
    {"NodeAffinity", "NodeName", "NodePorts", "TopologyAffinityError", "UnexpectedAdmissionError"}
)
_REASON = re.compile(r"(\d+) (?:node\(s\) )?(.+)")


def scheduler_reasons(message: str) -> tuple[int, Counter[str]]:
    """``0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint {x}. preemption: ...`` to
    (nodes in all, reason -> how many nodes). Reasons themselves may hold commas inside braces."""
    head = _HEAD.match(message)
    if head is None:
        return 0, Counter()
    body = re.split(r"\.\s+(?:preemption:|no new claims|$)", head[3])[0].rstrip(". ")
    counts: Counter[str] = Counter()
    for part in re.split(r",\s+(?=\d+ )", body):
        if found := _REASON.match(part):
            counts[found[2].rstrip(".")] += int(found[1])
    return int(head[2]), counts


def _about_volumes(message: str) -> bool:
    return "PersistentVolumeClaim" in message or "persistentvolumeclaim" in message or "volume" in message


def gated(pods: Sequence[Pod]) -> Iterator[Finding]:
    """The scheduler does not look at them before every gate was taken away."""
    found = [p for p in pods if p.scheduling_gates and not p.node]
    if found:
        gates = ", ".join(dict.fromkeys(g for p in found for g in p.scheduling_gates))
        sentence = (
            f"{counted(len(found), 'pod')} held back by scheduling gate {gates}: who set it must take it away"
        )
        yield Finding(CauseCode.GATED, sentence, tuple(found))


def unschedulable(pods: Sequence[Pod]) -> Iterator[Finding]:
    found = [
        (p, c) for p in pods if (c := condition(p.conditions, "PodScheduled")) and c.reason == "Unschedulable"
    ]
    found = [(p, c) for p, c in found if not (p.claims and _about_volumes(c.message))]
    if found:
        total, reasons = scheduler_reasons(found[0][1].message)
        if reasons:
            listed = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common())
            why = f"0 of {total} nodes fit: {listed}"
        else:
            why = shorten(found[0][1].message or "no message")
        yield Finding(
            CauseCode.UNSCHEDULABLE,
            f"{counted(len(found), 'pod')} unschedulable, {why}",
            tuple(p for p, _ in found),
        )


def volumes(pods: Sequence[Pod], links: Links) -> Iterator[Finding]:
    waiting = [
        p
        for p in pods
        if (c := condition(p.conditions, "PodScheduled")) and p.claims and _about_volumes(c.message)
    ]
    if waiting:
        message = next(c.message for c in waiting[0].conditions if c.type == "PodScheduled")
        _, reasons = scheduler_reasons(message)
        why = (next(iter(reasons), "") or shorten(message.partition("available: ")[2] or message)).partition(
            ". "
        )[0]
        claims = ", ".join(dict.fromkeys(c for p in waiting for c in p.claims))
        yield Finding(
            CauseCode.VOLUME, f"{counted(len(waiting), 'pod')} wait for claim {claims}: {why}", tuple(waiting)
        )
        return
    pending = {p.name: p for p in pods if p.phase == "Pending"}
    told = [
        e
        for e in links.events
        if e.reason in ("FailedMount", "FailedAttachVolume") and e.involved_name in pending
    ]
    if told:
        newest = max(told, key=lambda e: e.last_seen)
        affected = tuple(pending[n] for n in dict.fromkeys(e.involved_name for e in told))
        yield Finding(CauseCode.VOLUME, f"{newest.reason}: {shorten(newest.message)}", affected)


def _given_up(pod: Pod) -> bool:
    """Marked not ready by the node lifecycle controller, which gives no reason (the kubelet always does) and leaves the
    containers as the silent kubelet last reported them: ready."""
    ready = condition(pod.conditions, "Ready")
    return (
        ready is not None
        and ready.status != "True"
        and not ready.reason
        and pod.phase == "Running"
        and bool(pod.statuses)
        and all(s.ready for s in pod.statuses if not s.init)
    )


def lost_nodes(pods: Sequence[Pod]) -> Iterator[Finding]:
    found = [
        p
        for p in pods
        if p.reason == "NodeLost"
        or _given_up(p)
        or any(
            c.type == "Ready" and c.status != "True" and c.reason in ("NodeNotReady", "NodeStatusUnknown")
            for c in p.conditions
        )
    ]
    if found:
        nodes = tuple(dict.fromkeys(p.node for p in found))
        sentence = f"{counted(len(found), 'pod')} on lost node {', '.join(nodes)}"
        yield Finding(CauseCode.NODE_LOST, sentence, tuple(found), nodes[0] if len(nodes) == 1 else "")


def ended_from_without(pods: Sequence[Pod], policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    """Pods that failed though their containers are always restarted: evicted, shut down with their node, or refused by its
    kubelet. They lie there for weeks, and what ended long ago holds nothing up."""
    found = [p for p in pods if p.phase == "Failed" and now - (_ended(p) or now) < policy.oom_window]
    gone = [p for p in found if p.reason in _ENDED]
    if gone:
        yield Finding(
            CauseCode.EVICTED,
            f"{counted(len(gone), 'pod')} {gone[0].reason.lower()}{_why(gone[0])}",
            tuple(gone),
        )
    refused = [p for p in found if p.reason in _REFUSED or p.reason.startswith("OutOf")]
    if refused:
        nodes = ", ".join(dict.fromkeys(p.node for p in refused))
        sentence = f"{counted(len(refused), 'pod')} refused by the kubelet of {nodes}, {refused[0].reason}{_why(refused[0])}"
        yield Finding(CauseCode.EVICTED, sentence, tuple(refused))


def _ended(pod: Pod) -> float:
    """Epoch seconds; 0.0 where nothing tells it."""
    times = [*(s.since for s in pod.statuses), *(c.since for c in pod.conditions)]
    return max(times, default=0.0) or pod.created


def _why(pod: Pod) -> str:
    return f": {shorten(pod.message)}" if pod.message else ""
