"""Quotas, limit ranges, storage and priorities: from the wire to the model. Pure; raises what msgspec raises for malformed JSON, and
ValueError for what is no quantity."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import field

from tfdash.model import capacity as m
from tfdash.quantities import amounts, parse
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import Decoders, conditions, meta, seconds, share

_Quantities: TypeAlias = dict[str, str | int | float]
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class Scope(w.Wire):
    scope_name: str = ""
    operator: str = ""
    values: list[str] | None = None


class ScopeSelector(w.Wire):
    match_expressions: list[Scope] | None = None


class QuotaSpec(w.Wire):
    hard: _Quantities | None = None
    scopes: list[str] | None = None
    scope_selector: ScopeSelector | None = None


class QuotaStatus(w.Wire):
    hard: _Quantities | None = None
    used: _Quantities | None = None


class Quota(w.Wire):
    metadata: w.Meta
    spec: QuotaSpec = field(default_factory=QuotaSpec)
    status: QuotaStatus = field(default_factory=QuotaStatus)


class LimitItem(w.Wire):
    type: str = ""
    min: _Quantities | None = None
    max: _Quantities | None = None
    default_request: _Quantities | None = None
    default: _Quantities | None = None
    max_limit_request_ratio: _Quantities | None = None


class LimitsSpec(w.Wire):
    limits: list[LimitItem] | None = None


class Limits(w.Wire):
    metadata: w.Meta
    spec: LimitsSpec = field(default_factory=LimitsSpec)


class ClaimSpec(w.Wire):
    volume_name: str = ""
    storage_class_name: str | None = None
    volume_mode: str | None = None
    resources: w.ResourceRequirements | None = None


class ClaimStatus(w.Wire):
    phase: str = ""
    capacity: _Quantities | None = None
    access_modes: list[str] | None = None
    conditions: list[w.Condition] | None = None


class Claim(w.Wire):
    metadata: w.Meta
    spec: ClaimSpec = field(default_factory=ClaimSpec)
    status: ClaimStatus = field(default_factory=ClaimStatus)


class ClaimRef(w.Wire):
    namespace: str = ""
    name: str = ""


class VolumeSpec(w.Wire):
    capacity: _Quantities | None = None
    access_modes: list[str] | None = None
    persistent_volume_reclaim_policy: str = ""
    claim_ref: ClaimRef | None = None
    storage_class_name: str = ""
    volume_mode: str | None = None


class VolumeStatus(w.Wire):
    phase: str = ""
    last_phase_transition_time: str | None = None
    reason: str = ""


class PersistentVolume(w.Wire):
    metadata: w.Meta
    spec: VolumeSpec = field(default_factory=VolumeSpec)
    status: VolumeStatus = field(default_factory=VolumeStatus)


class Storage(w.Wire):
    metadata: w.Meta
    provisioner: str = ""
    reclaim_policy: str | None = None
    volume_binding_mode: str | None = None
    allow_volume_expansion: bool = False


class Priority(w.Wire):
    metadata: w.Meta
    value: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] = 0
    global_default: bool = False
    preemption_policy: str = ""


def _texts(found: _Quantities | None) -> m.Texts:
    return tuple((share(name), str(value)) for name, value in sorted((found or {}).items()))


def _storage(found: _Quantities | None) -> tuple[int | None, str]:
    given = (found or {}).get("storage")
    return (None, "") if given is None else (parse(given), str(given))


def _modes(found: list[str] | None) -> str:
    """In the order of kubectl, whatever the server's."""
    there = {_MODES.get(mode, mode) for mode in found or ()}
    return share(",".join([m for m in _MODES.values() if m in there] + sorted(there - set(_MODES.values()))))


def _scope(found: Scope) -> str:
    values = f" ({','.join(found.values)})" if found.values else ""
    return f"{found.scope_name} {found.operator}{values}"


def quota(found: Quota) -> m.ResourceQuota:
    selected = found.spec.scope_selector.match_expressions if found.spec.scope_selector else None
    return m.ResourceQuota(
        **meta(found.metadata),
        wanted=amounts(found.spec.hard),
        hard=amounts(found.status.hard),
        used=amounts(found.status.used),
        hard_text=_texts(found.status.hard),
        used_text=_texts(found.status.used),
        scopes=(*(found.spec.scopes or ()), *(_scope(s) for s in selected or ())),
        scoped=(
            *((name, "Exists", ()) for name in found.spec.scopes or ()),
            *((s.scope_name, s.operator, tuple(s.values or ())) for s in selected or ()),
        ),
    )


def limits(found: Limits) -> m.LimitRange:
    return m.LimitRange(
        **meta(found.metadata),
        items=tuple(
            m.LimitRangeItem(
                i.type,
                amounts(i.min),
                amounts(i.max),
                amounts(i.default_request),
                amounts(i.default),
                amounts(i.max_limit_request_ratio),
            )
            for i in found.spec.limits or ()
        ),
    )


def claim(found: Claim) -> m.PersistentVolumeClaim:
    spec, status, given = found.spec, found.status, meta(found.metadata)
    capacity, written = _storage(status.capacity)
    bound = bool(spec.volume_name)
    asked = spec.resources.requests if spec.resources is not None else None
    return m.PersistentVolumeClaim(
        **given,
        phase="Terminating" if given["deleting"] is not None else status.phase,
        volume=spec.volume_name,
        asked=_storage(asked)[0],
        capacity=capacity,
        capacity_text=written if bound else "",
        access_modes=_modes(status.access_modes) if bound else "",
        storage_class=share(spec.storage_class_name or ""),
        volume_mode=share(spec.volume_mode or ""),
        conditions=conditions(status.conditions),
    )


def volume(found: PersistentVolume) -> m.PersistentVolume:
    spec, given, ref = found.spec, meta(found.metadata), found.spec.claim_ref
    capacity, written = _storage(spec.capacity)
    return m.PersistentVolume(
        **given,
        phase="Terminating" if given["deleting"] is not None else found.status.phase,
        phase_since=seconds(found.status.last_phase_transition_time),
        capacity=capacity,
        capacity_text=written,
        access_modes=_modes(spec.access_modes),
        reclaim_policy=share(spec.persistent_volume_reclaim_policy),
        claim=f"{ref.namespace}/{ref.name}" if ref is not None else "",
        storage_class=share(spec.storage_class_name),
        reason=found.status.reason,
        volume_mode=share(spec.volume_mode or ""),
    )


def storage_class(found: Storage) -> m.StorageClass:
    default = (found.metadata.annotations or {}).get(_DEFAULT_CLASS) == "true"
    return m.StorageClass(
        **meta(found.metadata),
        provisioner=found.provisioner,
        reclaim_policy=found.reclaim_policy or "Delete",
        binding_mode=found.volume_binding_mode or "Immediate",
        expandable=str(found.allow_volume_expansion).lower(),
        shown=f"{found.metadata.name} (default)" if default else found.metadata.name,
    )


def priority_class(found: Priority) -> m.PriorityClass:
    return m.PriorityClass(
        **meta(found.metadata),
        value=found.value,
        default=str(found.global_default).lower(),
        preemption_policy=share(found.preemption_policy),
    )


DECODERS: Decoders = {
    "ResourceQuota": (Quota, quota),
    "LimitRange": (Limits, limits),
    "PersistentVolumeClaim": (Claim, claim),
    "PersistentVolume": (PersistentVolume, volume),
    "StorageClass": (Storage, storage_class),
    "PriorityClass": (Priority, priority_class),
}
