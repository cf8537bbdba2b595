"""NodePools of Karpenter and VerticalPodAutoscalers: from the wire to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.model import autoscaling as m
from tfdash.quantities import Amounts, amounts
from tfdash.sources.kubernetes.decoders.common import Decoders, meta
from tfdash.sources.kubernetes.decoders.custom_resource import (
    Custom,
    conditions,
    integer,
    items,
    mapping,
    scalar,
    text,
)

_BOTH = ("cpu", "memory")


def _amounts(found: Mapping[str, Any]) -> Amounts:
    """Raises ValueError, naming the resource, for what is no quantity."""
    return amounts({name: value for name, value in found.items() if isinstance(value, str | int | float)})


def node_pool(found: Custom) -> m.NodePool:
    spec, status = mapping(found.spec), mapping(found.status)
    ready = next((c for c in conditions(status) if c.type == "Ready"), None)
    used = _amounts(mapping(status, "resources"))
    nodes = dict(used).get("nodes")
    return m.NodePool(
        **meta(found.metadata),
        node_class=text(mapping(spec, "template", "spec", "nodeClassRef"), "name"),
        nodes=integer(status, "nodes") if "nodes" in status else None if nodes is None else nodes // 10**9,
        ready=ready.status if ready is not None else "",
        said=ready.message if ready is not None else "",
        weight=integer(spec, "weight") if "weight" in spec else None,
        limits=_amounts(mapping(spec, "limits")),
        used=used,
        fixed=spec.get("replicas") is not None,
    )


def vertical_pod_autoscaler(found: Custom) -> m.VerticalPodAutoscaler:
    spec, status = mapping(found.spec), mapping(found.status)
    target = mapping(spec, "targetRef")
    first = next(iter(items(mapping(status, "recommendation"), "containerRecommendations")), {})
    provided = (c.status for c in conditions(status) if c.type == "RecommendationProvided")
    return m.VerticalPodAutoscaler(
        **meta(found.metadata),
        target_kind=text(target, "kind"),
        target_name=text(target, "name"),
        mode=text(mapping(spec, "updatePolicy"), "updateMode"),
        controls=_controls(spec),
        cpu=scalar(mapping(first, "target"), "cpu"),
        memory=scalar(mapping(first, "target"), "memory"),
        provided=next(provided, ""),
    )


def _controls(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """What it sets of some container: both of one that no policy names."""
    policies = items(mapping(spec, "resourcePolicy"), "containerPolicies")
    found = set() if any(text(p, "containerName") == "*" for p in policies) else set(_BOTH)
    for policy in policies:
        if text(policy, "mode") != "Off":
            named = policy.get("controlledResources")
            found.update(r for r in named if r in _BOTH) if isinstance(named, list) else found.update(_BOTH)
    return tuple(sorted(found))


DECODERS: Decoders = {
    "NodePool": (Custom, node_pool),
    "VerticalPodAutoscaler": (Custom, vertical_pod_autoscaler),
}
