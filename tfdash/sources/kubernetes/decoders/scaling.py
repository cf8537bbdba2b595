"""Autoscalers and disruption budgets: from the wire to the model. Pure; raises only what msgspec raises for malformed JSON."""

from __future__ import annotations

from typing import Any

from msgspec import field

from tfdash.model import kube as m
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import (
    Decoders,
    conditions,
    meta,
    number,
    optional_seconds,
    selector,
    text,
)


class HpaSpec(w.Wire):
    scale_target_ref: w.TargetRef = field(default_factory=w.TargetRef)
    min_replicas: w.Count | None = None
    max_replicas: w.Count = 1
    metrics: list[dict[str, Any]] | None = None


class HpaStatus(w.Wire):
    current_replicas: w.Count = 0
    desired_replicas: w.Count = 0
    last_scale_time: str | None = None
    current_metrics: list[dict[str, Any] | None] | None = None
    conditions: list[w.Condition] | None = None


class Hpa(w.Wire):
    metadata: w.Meta
    spec: HpaSpec = field(default_factory=HpaSpec)
    status: HpaStatus = field(default_factory=HpaStatus)


class PdbSpec(w.Wire):
    min_available: str | int | None = None
    max_unavailable: str | int | None = None
    selector: w.LabelSelector | None = None


class PdbStatus(w.Wire):
    observed_generation: int = 0
    disruptions_allowed: w.Count = 0
    current_healthy: w.Count = 0
    desired_healthy: w.Count = 0
    expected_pods: w.Count = 0
    conditions: list[w.Condition] | None = None


class Pdb(w.Wire):
    metadata: w.Meta
    spec: PdbSpec = field(default_factory=PdbSpec)
    status: PdbStatus = field(default_factory=PdbStatus)


def _metric(spec: dict[str, Any], status: dict[str, Any] | None) -> m.Metric:
    """One entry of spec.metrics with its entry of status.currentMetrics."""
    kind = str(spec.get("type", ""))
    body = spec.get(kind[:1].lower() + kind[1:]) or {}
    current = ((status or {}).get(kind[:1].lower() + kind[1:]) or {}).get("current") or {}
    target = body.get("target") or {}
    name = str(body.get("name") or (body.get("metric") or {}).get("name") or "")
    if target.get("type") == "Utilization":
        return m.Metric(
            kind,
            name,
            _percent(target),
            _percent(current),
            "%",
            str(body.get("container") or ""),
        )
    key = "averageValue" if target.get("averageValue") is not None else "value"
    unit = {"cpu": "cores", "memory": "bytes"}.get(name, "")
    return m.Metric(
        kind,
        name,
        number(target.get(key)),
        number(current.get(key)),
        unit,
        str(body.get("container") or ""),
    )


def _percent(found: dict[str, Any]) -> int | None:
    """Raises ValueError for what is there and is none."""
    value = found.get("averageUtilization")
    if value is not None and type(value) is not int:
        raise ValueError(f"averageUtilization: {value!r:.40} is no number")
    return value


def hpa(found: Hpa) -> m.HorizontalPodAutoscaler:
    spec, status = found.spec, found.status
    wanted, current = spec.metrics or [], status.current_metrics or []
    return m.HorizontalPodAutoscaler(
        **meta(found.metadata),
        target_kind=spec.scale_target_ref.kind,
        target_name=spec.scale_target_ref.name,
        min_replicas=1 if spec.min_replicas is None else spec.min_replicas,
        max_replicas=spec.max_replicas,
        current=status.current_replicas,
        desired=status.desired_replicas,
        last_scaled=optional_seconds(status.last_scale_time),
        metrics=tuple(_metric(s, current[i] if i < len(current) else None) for i, s in enumerate(wanted)),
        conditions=conditions(status.conditions),
    )


def pdb(found: Pdb) -> m.PodDisruptionBudget:
    return m.PodDisruptionBudget(
        **meta(found.metadata),
        observed_generation=found.status.observed_generation,
        min_available=text(found.spec.min_available),
        max_unavailable=text(found.spec.max_unavailable),
        allowed=found.status.disruptions_allowed,
        healthy=found.status.current_healthy,
        desired_healthy=found.status.desired_healthy,
        expected=found.status.expected_pods,
        selector=selector(found.spec.selector),
        conditions=conditions(found.status.conditions),
    )


DECODERS: Decoders = {
    "HorizontalPodAutoscaler": (Hpa, hpa),
    "PodDisruptionBudget": (Pdb, pdb),
}
