"""Causes inside the pods: images, memory, crashes, configuration, probes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tfdash.model.kube import ContainerStatus, Pod
from tfdash.model.workload import CauseCode
from tfdash.nouns import counted
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.serving.causes.finding import Finding, shorten
from tfdash.playbook.serving.causes.waiting import lasting
from tfdash.playbook.serving.links import Links

_IMAGE = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
    "SignatureValidationFailed",
}
_CONFIG = {
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
}
_SIGNALS = {130: "SIGINT", 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 141: "SIGPIPE", 143: "SIGTERM"}
# of a program these numbers are its own; where the runtime could not start it they are the runtime's
_UNSTARTED = frozenset({"ContainerCannotRun", "StartError"})
_NOT_RUN = {126: "the command cannot be executed", 127: "the command was not found"}


def _each(pods: Iterable[Pod]) -> Iterator[tuple[Pod, ContainerStatus]]:
    return ((pod, status) for pod in pods for status in pod.statuses)


def _pods(found: Sequence[tuple[Pod, ContainerStatus]]) -> tuple[Pod, ...]:
    return tuple({id(pod): pod for pod, _ in found}.values())


def exit_text(status: ContainerStatus) -> str:
    """``exit 137 (SIGKILL)`` of the last run that ended, "" where none is known. What a number means is said only where it
    is certain: 128 and a signal, or the runtime's own."""
    ended = status.state == "terminated"
    code = status.exit_code if ended else status.last_exit_code
    if code is None:
        return ""
    reason = status.reason if ended else status.last_reason
    meaning = _NOT_RUN.get(code, "") if reason in _UNSTARTED else _SIGNALS.get(code, "")
    return f"exit {code} ({meaning})" if meaning else f"exit {code}"


def last_words(status: ContainerStatus) -> str:
    """The last line of what the container left as its termination message (or its log, where the kubelet took that)."""
    text = status.message if status.state == "terminated" else status.last_message
    lines = [line for line in text.splitlines() if line.strip()]
    return shorten(lines[-1], 100) if lines else ""


def _memory(bytes_: float) -> str:
    for unit, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if bytes_ >= size:
            return f"{bytes_ / size:.4g}{unit}"
    return f"{bytes_:.0f}B"


def images(pods: Sequence[Pod]) -> Iterator[Finding]:
    found = [(p, s) for p, s in _each(pods) if s.state == "waiting" and s.reason in _IMAGE]
    if found:
        pod, status = found[0]
        image = next((c.image for c in pod.containers if c.name == status.name), "")
        why = status.message.rsplit("desc = ", 1)[-1] if status.message else ""
        detail = f": {shorten(why)}" if why and not why.startswith("Back-off pulling image") else ""
        yield Finding(
            CauseCode.IMAGE_PULL,
            f"{status.reason}: {image} cannot be pulled in {counted(len(_pods(found)), 'pod')}{detail}",
            _pods(found),
        )


def out_of_memory(pods: Sequence[Pod], policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    found = []
    for pod, status in _each(pods):
        just = status.state == "terminated" and status.reason == "OOMKilled"
        before = status.last_reason == "OOMKilled"
        ended = status.since if just else status.last_finished
        crashing = status.state == "waiting" and status.reason == "CrashLoopBackOff"
        if (just or before) and (crashing or just or now - ended < policy.oom_window):
            found.append((pod, status))
    if found:
        pod, status = found[0]
        limit = next((c.resources.memory_limit for c in pod.containers if c.name == status.name), None)
        restarts = sum(s.restarts for _, s in found)
        times = f", restarted {restarts} times" if restarts > 1 else ""
        bound = f", limit {_memory(limit)}" if limit else ", no limit set"
        sentence = f"OOM killed in {counted(len(_pods(found)), 'pod')}{times}, exit 137{bound} (container {status.name})"
        yield Finding(CauseCode.OOM_KILLED, sentence, _pods(found))


def _crash_sentence(pod: Pod, status: ContainerStatus, count: int, what: str) -> str:
    crashed = "failed" if pod.phase == "Failed" else "keeps crashing"  # a failed pod is not started again
    ended = exit_text(status)
    reason = status.last_reason or (status.reason if status.state == "terminated" else "")
    tail = f", {reason}" if reason and reason not in ("Error", "Completed") else ""
    often = f", restarted {status.restarts} times" if status.restarts else ""
    last = f": last {ended}{tail}" if ended else ""
    words = last_words(status)
    return f"{what} {status.name} {crashed} in {counted(count, 'pod')}{last}{often}{f': {words}' if words else ''}"


def _crashing(status: ContainerStatus) -> bool:
    if status.state == "waiting" and status.reason == "CrashLoopBackOff":
        return status.last_reason != "OOMKilled"
    return status.state == "terminated" and (status.exit_code or 0) != 0 and status.reason != "OOMKilled"


def crashes(pods: Sequence[Pod]) -> Iterator[Finding]:
    found = [(p, s) for p, s in _each(pods) if not s.init and _crashing(s)]
    if found:
        yield Finding(
            CauseCode.CRASH_LOOP, _crash_sentence(*found[0], len(_pods(found)), "container"), _pods(found)
        )


def init_containers(pods: Sequence[Pod]) -> Iterator[Finding]:
    found = [(p, s) for p, s in _each(pods) if s.init and _crashing(s)]
    if found:
        pod, status = found[0]
        sidecar = any(c.sidecar for c in pod.containers if c.name == status.name)
        what = "sidecar" if sidecar else "init container"
        yield Finding(
            CauseCode.INIT_CONTAINER, _crash_sentence(pod, status, len(_pods(found)), what), _pods(found)
        )


def initializing(pods: Sequence[Pod], policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    """An init container that does not end, or a sidecar that does not say that it has started: the others wait for it."""
    found = [
        (pod, status)
        for pod, status in _each(pods)
        if pod.phase == "Pending"
        and status.init
        and status.state == "running"
        and not (status.started and any(c.sidecar for c in pod.containers if c.name == status.name))
        and now - status.since >= policy.ready_grace
    ]
    if found:
        status = found[0][1]
        sentence = (
            f"init container {status.name} has run for {lasting(now - status.since)} in "
            f"{counted(len(_pods(found)), 'pod')}: what comes after it waits"
        )
        yield Finding(CauseCode.NOT_READY, sentence, _pods(found))


def configuration(pods: Sequence[Pod]) -> Iterator[Finding]:
    found = [(p, s) for p, s in _each(pods) if s.state == "waiting" and s.reason in _CONFIG]
    if found:
        status = found[0][1]
        sentence = f"{status.reason} in {counted(len(_pods(found)), 'pod')}: {shorten(status.message or 'no message')}"
        yield Finding(CauseCode.CONFIG, sentence, _pods(found))


def _unready(pod: Pod, status: ContainerStatus, policy: WorkloadPolicy, now: float) -> bool:
    return (
        pod.phase == "Running"
        and not status.init
        and status.state == "running"
        and not status.ready
        and now - status.since >= policy.ready_grace
    )


def _probe(pod: Pod, status: ContainerStatus) -> str:
    """The probe that it does not pass: "startup", "readiness", or "" of a container that has neither."""
    spec = next((c for c in pod.containers if c.name == status.name and not c.init), None)
    if spec is None:
        return ""
    if spec.has_startup_probe and not status.started:
        return "startup"
    return "readiness" if spec.has_readiness_probe else ""


def probes(pods: Sequence[Pod], links: Links, policy: WorkloadPolicy, now: float) -> Iterator[Finding]:
    """Running for a while, and not ready: its readiness or startup probe does not pass. Without either a container that
    runs is ready as soon as its kubelet says so."""
    late = [(p, s) for p, s in _each(pods) if _unready(p, s, policy, now)]
    found = [(p, s, kind) for p, s in late if (kind := _probe(p, s))]
    if found:
        kind = found[0][2]
        names = {p.name for p, _, _ in found}
        told = [
            e
            for e in links.events
            if e.reason == "Unhealthy"
            and e.involved_name in names
            and re.match(rf"{kind} probe", e.message, re.IGNORECASE)
        ]
        newest = max(told, key=lambda e: e.last_seen, default=None)
        why = f": {shorten(newest.message)}" if newest is not None else ""
        affected = _pods([(p, s) for p, s, _ in found])
        sentence = f"{counted(len(affected), 'pod')} running but not ready, {kind} probe failing{why}"
        yield Finding(CauseCode.PROBE, sentence, affected)
    unsaid = [(p, s) for p, s in late if not _probe(p, s)]
    if unsaid:
        affected = _pods(unsaid)
        nodes = ", ".join(dict.fromkeys(p.node for p in affected))
        sentence = f"{counted(len(affected), 'pod')} running without a probe and not reported ready: is the kubelet of {nodes} alive?"
        yield Finding(CauseCode.KUBELET, sentence, affected)
