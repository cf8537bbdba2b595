"""Deployments, ReplicaSets, StatefulSets and DaemonSets: from the wire to the model. Pure; raises only what msgspec raises for malformed JSON."""

from __future__ import annotations

from typing import Any

from msgspec import field

from tfdash.model import kube as m
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import (
    Decoders,
    conditions,
    meta,
    ownership_notes,
    selector,
    template,
    text,
)
from tfdash.sources.kubernetes.decoders.fixed_replicas import SizedMeta, written
from tfdash.text import counter

_REVISIONS = (
    "deployment.kubernetes.io/revision",
    "rollout.argoproj.io/revision",
)  # a ReplicaSet has one of them
_NO_DEADLINE = 2**31 - 1


class RollingUpdate(w.Wire):
    max_surge: str | int | None = None
    max_unavailable: str | int | None = None
    partition: w.Count | None = None


class Strategy(w.Wire):
    type: str = ""
    rolling_update: RollingUpdate | None = None


class Ordinals(w.Wire):
    start: int = 0


class WorkloadSpec(w.Wire):
    """Deployment, ReplicaSet, StatefulSet and DaemonSet in one: the fields do not collide."""

    replicas: w.Count | None = None
    paused: bool = False
    progress_deadline_seconds: int | None = None
    min_ready_seconds: int = 0
    pod_management_policy: str = ""
    ordinals: Ordinals | None = None
    selector: w.LabelSelector | None = None
    template: w.Template | None = None
    strategy: Strategy | None = None
    update_strategy: Strategy | None = None
    volume_claim_templates: list[Any] | None = None


class WorkloadStatus(w.Wire):
    observed_generation: int = 0
    replicas: w.Count = 0
    ready_replicas: w.Count = 0
    updated_replicas: w.Count = 0
    available_replicas: w.Count = 0
    unavailable_replicas: w.Count = 0
    current_replicas: w.Count = 0
    terminating_replicas: w.Count | None = None
    current_revision: str = ""
    update_revision: str = ""
    desired_number_scheduled: w.Count | None = None
    current_number_scheduled: w.Count = 0
    updated_number_scheduled: w.Count = 0
    number_ready: w.Count = 0
    number_available: w.Count = 0
    number_unavailable: w.Count = 0
    conditions: list[w.Condition] | None = None


class Workload(w.Wire):
    metadata: SizedMeta
    spec: WorkloadSpec = field(default_factory=WorkloadSpec)
    status: WorkloadStatus = field(default_factory=WorkloadStatus)


def _revision(found: w.Meta) -> int | None:
    notes = found.annotations or {}
    value = next((notes[name] for name in _REVISIONS if name in notes), "")
    return counter(value)


def _rolling(found: Strategy | None) -> tuple[str, RollingUpdate]:
    if found is None:
        return "RollingUpdate", RollingUpdate()
    return found.type or "RollingUpdate", found.rolling_update or RollingUpdate()


def deployment(found: Workload) -> m.Deployment:
    spec, status = found.spec, found.status
    strategy, rolling = _rolling(spec.strategy)
    deadline = spec.progress_deadline_seconds
    return m.Deployment(
        **meta(found.metadata),
        observed_generation=status.observed_generation,
        desired=1 if spec.replicas is None else spec.replicas,
        replicas=status.replicas,
        updated=status.updated_replicas,
        ready=status.ready_replicas,
        available=status.available_replicas,
        unavailable=status.unavailable_replicas,
        terminating=status.terminating_replicas,
        paused=spec.paused,
        progress_deadline=None if deadline is None or deadline >= _NO_DEADLINE else deadline,
        strategy=strategy,
        max_surge=text(rolling.max_surge),
        max_unavailable=text(rolling.max_unavailable),
        min_ready=float(spec.min_ready_seconds),
        selector=selector(spec.selector),
        template=template(spec.template),
        conditions=conditions(status.conditions),
        revision=_revision(found.metadata),
        notes=ownership_notes(found.metadata.annotations),
        **written(found.metadata)._asdict(),
    )


def replica_set(found: Workload) -> m.ReplicaSet:
    """Of one that is to have no pods, as most are, nobody asks since when: to look would cost as much as a fifth of all else."""
    desired = 1 if found.spec.replicas is None else found.spec.replicas
    return m.ReplicaSet(
        **meta(found.metadata),
        observed_generation=found.status.observed_generation,
        desired=desired,
        replicas=found.status.replicas,
        ready=found.status.ready_replicas,
        available=found.status.available_replicas,
        selector=selector(found.spec.selector),
        template=template(found.spec.template),
        conditions=conditions(found.status.conditions),
        revision=_revision(found.metadata),
        replicas_at=written(found.metadata).replicas_at if desired else 0.0,
    )


def stateful_set(found: Workload) -> m.StatefulSet:
    spec, status = found.spec, found.status
    strategy, rolling = _rolling(spec.update_strategy)
    claims = [
        c.get("metadata", {}).get("name", "")
        for c in spec.volume_claim_templates or ()
        if isinstance(c, dict)
    ]
    return m.StatefulSet(
        **meta(found.metadata),
        observed_generation=status.observed_generation,
        desired=1 if spec.replicas is None else spec.replicas,
        replicas=status.replicas,
        ready=status.ready_replicas,
        current=status.current_replicas,
        updated=status.updated_replicas,
        available=status.available_replicas,
        current_revision=status.current_revision,
        update_revision=status.update_revision,
        strategy=strategy,
        partition=rolling.partition or 0,
        max_unavailable=text(rolling.max_unavailable),
        min_ready=float(spec.min_ready_seconds),
        parallel=spec.pod_management_policy == "Parallel",
        first_ordinal=spec.ordinals.start if spec.ordinals is not None else 0,
        selector=selector(spec.selector),
        template=template(spec.template),
        conditions=conditions(status.conditions),
        claims=tuple(claims),
        notes=ownership_notes(found.metadata.annotations),
        **written(found.metadata)._asdict(),
    )


def daemon_set(found: Workload) -> m.DaemonSet:
    """Raises ValueError where its controller counted and does not say how many it wants: the API always has that number,
    and 0 would mean that none is wanted."""
    status = found.status
    if status.desired_number_scheduled is None and status.observed_generation:
        raise ValueError("status.desiredNumberScheduled: it has none")
    strategy, rolling = _rolling(found.spec.update_strategy)
    return m.DaemonSet(
        **meta(found.metadata),
        observed_generation=status.observed_generation,
        desired=status.desired_number_scheduled or 0,
        current=status.current_number_scheduled,
        ready=status.number_ready,
        updated=status.updated_number_scheduled,
        available=status.number_available,
        unavailable=status.number_unavailable,
        strategy=strategy,
        max_unavailable=text(rolling.max_unavailable),
        min_ready=float(found.spec.min_ready_seconds),
        selector=selector(found.spec.selector),
        template=template(found.spec.template),
        conditions=conditions(status.conditions),
        notes=ownership_notes(found.metadata.annotations),
        written_at=written(found.metadata).written_at,
    )


DECODERS: Decoders = {
    "Deployment": (Workload, deployment),
    "ReplicaSet": (Workload, replica_set),
    "StatefulSet": (Workload, stateful_set),
    "DaemonSet": (Workload, daemon_set),
}
