"""Pods: from the wire to the model. Pure; raises only what msgspec raises for malformed JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import field

from tfdash.model import kube as m
from tfdash.quantities import Amounts, amounts
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import (
    Decoders,
    conditions,
    containers,
    meta,
    resources,
    seconds,
    share,
    words,
)


class Waiting(w.Wire):
    reason: str = ""
    message: str = ""


class Running(w.Wire):
    started_at: str | None = None


class Terminated(w.Wire):
    exit_code: int = 0
    signal: int | None = None
    reason: str = ""
    message: str = ""
    finished_at: str | None = None


class ContainerState(w.Wire):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(w.Wire):
    name: str = ""
    ready: bool = False
    started: bool | None = None
    restart_count: w.Count = 0
    state: ContainerState | None = None
    last_state: ContainerState | None = None
    image_id: str = field(name="imageID", default="")
    allocated_resources: dict[str, str | int | float] | None = None
    resources: w.ResourceRequirements | None = None


class PodStatus(w.Wire):
    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = field(name="podIP", default="")
    qos_class: str = ""
    nominated_node_name: str = ""
    start_time: str | None = None
    conditions: list[w.Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    allocated_resources: dict[str, str | int | float] | None = None
    resources: w.ResourceRequirements | None = None


class Pod(w.Wire):
    metadata: w.PodMeta
    spec: w.PodSpec = field(default_factory=w.PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


_Asked: TypeAlias = Mapping[str, w.ResourceRequirements | None]
_RESIZES = ("Ready", "PodResizePending", "PodResizeInProgress")


def _resized(
    found: ContainerStatus | PodStatus, asked: w.ResourceRequirements | None, pending: bool
) -> tuple[Amounts | None, m.Resources | None]:
    """What was allocated and what is so, where one of them is not what the spec asks for, or a resize waits."""
    if found.resources is None and found.allocated_resources is None:
        return None, None
    if (
        not pending
        and asked is not None
        and found.resources == asked
        and found.allocated_resources == asked.requests
    ):
        return None, None  # as nearly always, and cheap to see
    wanted = resources(asked)
    allocated = share(amounts(found.allocated_resources)) if found.allocated_resources is not None else None
    actual = resources(found.resources) if found.resources is not None else None
    if (
        not pending
        and (allocated is None or allocated == wanted.requests)
        and (actual is None or actual == wanted)
    ):
        return None, None
    return allocated, actual


def _status(found: ContainerStatus, init: bool, asked: _Asked, pending: bool) -> m.ContainerStatus:
    state = found.state or ContainerState()
    last = (found.last_state or ContainerState()).terminated
    kind, reason, message, code, signal, since = "", "", "", None, None, 0.0
    if state.running is not None:
        kind, since = "running", seconds(state.running.started_at)
    elif state.waiting is not None:
        kind, reason, message = "waiting", share(state.waiting.reason), words(state.waiting.message)
    elif state.terminated is not None:
        ended = state.terminated
        kind, reason, message = "terminated", share(ended.reason), words(ended.message)
        code, signal, since = ended.exit_code, ended.signal, seconds(ended.finished_at)
    allocated, actual = _resized(found, asked.get(found.name), pending)
    if last is None:
        return share(
            m.ContainerStatus(
                share(found.name),
                init,
                found.ready,
                bool(found.started),
                found.restart_count,
                kind,
                reason,
                message,
                code,
                signal,
                since,
                image_id=share(found.image_id),
                allocated=allocated,
                actual=actual,
            )
        )
    return m.ContainerStatus(
        share(found.name),
        init,
        found.ready,
        bool(found.started),
        found.restart_count,
        kind,
        reason,
        message,
        code,
        signal,
        since,
        share(last.reason),
        last.exit_code,
        last.signal,
        words(last.message),
        seconds(last.finished_at),
        share(found.image_id),
        allocated,
        actual,
    )


def _mounted(spec: w.PodSpec) -> tuple[str, ...]:
    """The names of the Secrets among its volumes; one tuple for all pods with the same ones."""
    found: set[str] = set()
    for volume in spec.volumes or ():
        if volume.secret is not None:
            found.add(volume.secret.secret_name)
        elif volume.projected is not None:
            found.update(s.secret.name for s in volume.projected.sources or () if s.secret is not None)
    found.discard("")
    return share(tuple(share(name) for name in sorted(found))) if found else ()


def pod(found: Pod) -> m.Pod:
    spec, status = found.spec, found.status
    gates = tuple(g.condition_type for g in spec.readiness_gates or ())
    kept = [c for c in status.conditions or () if c.status != "True" or c.type in (*_RESIZES, *gates)]
    asked = {c.name: c.resources for c in (*(spec.init_containers or ()), *(spec.containers or ()))}
    pending = any(c.type == "PodResizePending" for c in kept)
    allocated, actual = _resized(status, spec.resources, pending)
    return m.Pod(
        **meta(found.metadata),
        node=share(spec.node_name),
        nominated_node=share(status.nominated_node_name),
        phase=share(status.phase),
        reason=share(status.reason),
        message=words(status.message),
        ip=status.pod_ip,
        qos=share(status.qos_class),
        priority=spec.priority,
        restart_policy=share(spec.restart_policy),
        started=seconds(status.start_time),
        containers=containers(spec),
        statuses=share(
            tuple(
                [_status(s, True, asked, pending) for s in status.init_container_statuses or ()]
                + [_status(s, False, asked, pending) for s in status.container_statuses or ()]
            )
        ),
        conditions=share(conditions(kept)),
        claims=tuple(
            v.persistent_volume_claim.claim_name for v in spec.volumes or () if v.persistent_volume_claim
        ),
        secrets=_mounted(spec),
        readiness_gates=gates,
        scheduling_gates=tuple(g.name for g in spec.scheduling_gates or ()),
        resources=resources(spec.resources) if spec.resources is not None else None,
        overhead=share(amounts(spec.overhead)),
        allocated=allocated,
        actual=actual,
    )


DECODERS: Decoders = {
    "Pod": (Pod, pod),
}
