"""NodePools and NodeClaims of Karpenter, ScaledObjects of KEDA and VerticalPodAutoscalers: from the wire to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.model import autoscaling as m
from tfdash.quantities import Amounts, amounts
from tfdash.sources.kubernetes.decoders.common import Decoders, meta, share
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


_STAGES = ("Launched", "Registered", "Ready")
_OF_POOL, _TYPE, _ZONE = (
    "karpenter.sh/nodepool",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone",
)


def node_claim(found: Custom) -> m.NodeClaim:
    status, labels = mapping(found.status), found.metadata.labels or {}
    there = {c.type: c for c in conditions(status)}
    stages = {name: there[name].status if name in there else "" for name in _STAGES}
    lacks = next((there[name] for name in _STAGES if name in there and stages[name] != "True"), None)
    return m.NodeClaim(
        **meta(found.metadata),
        pool=share(labels.get(_OF_POOL, "")),
        instance=share(labels.get(_TYPE, "")),
        capacity=share(labels.get("karpenter.sh/capacity-type", "")),
        zone=share(labels.get(_ZONE, "")),
        node=text(status, "nodeName"),
        launched=stages["Launched"],
        registered=stages["Registered"],
        ready=stages["Ready"],
        said=(lacks.message or lacks.reason)
        if lacks is not None and lacks.reason != "AwaitingReconciliation"
        else "",
        since=lacks.since if lacks is not None else 0.0,
    )


def scaled_object(found: Custom) -> m.ScaledObject:
    """KEDA's defaults where nothing is said (kedacore/keda, apis/keda/v1alpha1/scaledobject_types.go)."""
    spec, status, notes = mapping(found.spec), mapping(found.status), found.metadata.annotations or {}
    target = mapping(spec, "scaleTargetRef")
    at = notes.get(m.PAUSED_AT)
    return m.ScaledObject(
        **meta(found.metadata),
        target_kind=text(target, "kind") or "Deployment",
        target_name=text(target, "name"),
        min_replicas=integer(spec, "minReplicaCount", 0),
        max_replicas=integer(spec, "maxReplicaCount", 100),
        idle=integer(spec, "idleReplicaCount") if spec.get("idleReplicaCount") is not None else None,
        cooldown=float(integer(spec, "cooldownPeriod", 300)),
        paused=bool(m.pausing(notes)),
        paused_replicas=int(at) if at is not None and at.isdecimal() and at.isascii() else None,
        triggers=tuple(dict.fromkeys(text(t, "type") for t in items(spec, "triggers"))),
        hpa=text(status, "hpaName"),
        conditions=conditions(status),
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
    "NodeClaim": (Custom, node_claim),
    "ScaledObject": (Custom, scaled_object),
    "VerticalPodAutoscaler": (Custom, vertical_pod_autoscaler),
}
