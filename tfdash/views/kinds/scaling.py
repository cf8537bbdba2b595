"""What scales a workload and what protects it: HorizontalPodAutoscalers and PodDisruptionBudgets."""

from __future__ import annotations

from math import nan

from tfdash.model.kube import HorizontalPodAutoscaler, Metric, Object, PodDisruptionBudget
from tfdash.text import safe
from tfdash.views.age import since
from tfdash.views.kinds.base import (
    Context,
    Field,
    age_field,
    count_field,
    kind_view,
    name_field,
    none,
    selector_text,
    text_field,
)
from tfdash.views.quantity import quantity
from tfdash.views.resources.gauge import REPLICAS, Gauge, of_replicas

SHOWN_METRICS = 2
_BY_RESOURCE = frozenset({"Resource", "ContainerResource"})


def metric_text(metric: Metric) -> str:
    """``cpu: 71%/70%`` for resources, ``current/target`` for the others, as the printer writes one metric."""
    target = "<auto>" if metric.target is None else quantity(metric.target, metric.unit)
    pair = f"{quantity(metric.current, metric.unit)}/{target}"
    return f"{metric.name}: {pair}" if metric.type in _BY_RESOURCE else pair


def targets(hpa: HorizontalPodAutoscaler) -> str:
    if not hpa.metrics:
        return "<none>"
    shown = ", ".join(metric_text(m) for m in hpa.metrics[:SHOWN_METRICS])
    more = len(hpa.metrics) - SHOWN_METRICS
    return f"{shown} + {more} more..." if more > 0 else shown


def _metrics_value(hpa: HorizontalPodAutoscaler, context: Context) -> list[dict[str, object]]:
    return [
        {"type": safe(m.type), "name": safe(m.name), "current": m.current, "target": m.target, "unit": m.unit}
        for m in hpa.metrics
    ]


def limits(hpa: HorizontalPodAutoscaler) -> str:
    """What holds it: pinned at a bound, not able to scale, or nothing."""
    for condition in hpa.conditions:
        if condition.type in ("AbleToScale", "ScalingActive") and condition.status == "False":
            idle = condition.reason == "ScalingDisabled"  # its target is at 0 replicas: nothing holds it
            return "" if idle else condition.reason or condition.type
    for condition in hpa.conditions:
        if condition.type == "ScalingLimited" and condition.status == "True":
            if hpa.desired >= hpa.max_replicas:
                return f"pinned at {hpa.max_replicas} of {hpa.max_replicas}"
            return condition.reason
    return ""


def _paint_replicas(obj: Object, context: Context) -> str:
    return "warn" if isinstance(obj, HorizontalPodAutoscaler) and obj.wants_more else ""


def _paint_limits(obj: Object, context: Context) -> str:
    return "warn" if isinstance(obj, HorizontalPodAutoscaler) and limits(obj) else ""


def _search(obj: HorizontalPodAutoscaler, context: Context) -> str:
    return f"{obj.namespace} {obj.name} {obj.target_kind}/{obj.target_name} {limits(obj)}"


_BAR = 12  # cells


def _size(hpa: Object, context: Context) -> Gauge:
    return of_replicas(context.told(hpa, REPLICAS))


AUTOSCALERS = kind_view(
    "HorizontalPodAutoscaler",
    judged=True,
    search=_search,
    fields=(
        name_field(width=26),
        text_field(
            "reference", "REFERENCE", 30, lambda h: f"{h.target_kind}/{h.target_name}", printer="Reference"
        ),
        Field(
            "targets",
            "TARGETS",
            22,
            lambda h, c: safe(targets(h)),
            value=_metrics_value,
            printer="Targets",
            priority=0,
            flexible=True,
        ),
        count_field("min", "MINPODS", lambda h: h.min_replicas, printer="MinPods", priority=1),
        count_field("max", "MAXPODS", lambda h: h.max_replicas, printer="MaxPods", priority=1),
        count_field(
            "replicas", "REPLICAS", lambda h: h.current, printer="Replicas", priority=0, paint=_paint_replicas
        ),
        Field(
            "size",
            "OF MAXIMUM",
            _BAR + 2,
            lambda h, c: f"{_size(h, c).state.glyph} {_size(h, c).bar(_BAR)[0]}",
            lambda h, c: nan if (share := _size(h, c).value) is None else share,
            lambda h, c: _size(h, c).state.token,
            value=lambda h, c: _size(h, c).value,
            priority=2,
            measured=True,
        ),
        age_field(priority=4),
        text_field("limits", "HELD BY", 22, limits, priority=3, paint=_paint_limits),
        Field(
            "scaled",
            "LAST SCALED",
            11,
            lambda h, c: since(h.last_scaled, c.now) if h.last_scaled else "never",
            lambda h, c: -(h.last_scaled or 0.0),
            value=lambda h, c: h.last_scaled,
            right=True,
            priority=5,
            clock=True,
        ),
    ),
)


def _paint_allowed(obj: Object, context: Context) -> str:
    return "warn" if isinstance(obj, PodDisruptionBudget) and obj.expected and not obj.allowed else ""


BUDGETS = kind_view(
    "PodDisruptionBudget",
    search=lambda o, c: f"{o.namespace} {o.name} {selector_text(o.selector)}",
    fields=(
        name_field(),
        text_field(
            "min",
            "MIN AVAILABLE",
            13,
            lambda b: b.min_available or "N/A",
            printer="Min Available",
            priority=1,
        ),
        text_field(
            "max",
            "MAX UNAVAILABLE",
            15,
            lambda b: b.max_unavailable or "N/A",
            printer="Max Unavailable",
            priority=1,
        ),
        count_field(
            "allowed",
            "ALLOWED DISRUPTIONS",
            lambda b: b.allowed,
            printer="Allowed Disruptions",
            priority=0,
            paint=_paint_allowed,
        ),
        Field(
            "healthy",
            "HEALTHY",
            9,
            lambda b, c: f"{b.healthy}/{b.expected}",
            lambda b, c: float(b.healthy),
            value=lambda b, c: {"healthy": b.healthy, "wanted": b.desired_healthy, "expected": b.expected},
            right=True,
            priority=3,
        ),
        age_field(priority=2),
        text_field(
            "selector", "SELECTOR", 30, lambda b: none(selector_text(b.selector)), priority=4, flexible=True
        ),
    ),
)

VIEWS = (
    AUTOSCALERS,
    BUDGETS,
)
