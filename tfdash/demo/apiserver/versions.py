"""How a stored object is shown in each served version, and read back: only Events and autoscalers differ."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tfdash.demo.apiserver.object_store import Stored
from tfdash.demo.apiserver.objects import Obj, dig
from tfdash.demo.apiserver.resources import Resource

_EVENT_OUT = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "reportingComponent": "reportingController",
}
_EVENT_IN = {v: k for k, v in _EVENT_OUT.items()}
_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_encode = msgspec.json.encode


def plain(resource: Resource) -> bool:
    """Whether the stored form is the served one, so that its JSON can be reused."""
    return resource.group != "events.k8s.io" and (resource.group, resource.version) != ("autoscaling", "v1")


def shown(resource: Resource, obj: Obj) -> Obj:
    """The stored object in the served version, without kind and apiVersion."""
    if plain(resource):
        return obj
    if resource.group == "events.k8s.io":
        return {_EVENT_OUT.get(k, k): v for k, v in obj.items()}
    return _autoscaler_v1(obj)


def stored(resource: Resource, obj: Obj) -> Obj:
    """What a client sent in the served version, in the stored form."""
    if plain(resource):
        return obj
    if resource.group == "events.k8s.io":
        return {_EVENT_IN.get(k, k): v for k, v in obj.items()}
    return _autoscaler_v2(obj)


def _is_cpu(metric: Obj) -> bool:
    return dig(metric, "resource", "name") == "cpu" and (
        dig(metric, "resource", "target", "averageUtilization") is not None
        or dig(metric, "resource", "current", "averageUtilization") is not None
    )


def _autoscaler_v1(obj: Obj) -> Obj:
    spec, status = dict(obj.get("spec", {})), dict(obj.get("status", {}))
    annotations = dict(obj["metadata"].get("annotations") or {})
    metrics, current = spec.pop("metrics", []), status.pop("currentMetrics", [])
    spec.pop("behavior", None)
    rest = []
    for metric in metrics:
        if _is_cpu(metric):
            spec["targetCPUUtilizationPercentage"] = metric["resource"]["target"]["averageUtilization"]
        else:
            rest.append(metric)
    for metric in current:
        if _is_cpu(metric):
            status["currentCPUUtilizationPercentage"] = metric["resource"]["current"]["averageUtilization"]
    if rest:
        annotations[_METRICS] = json.dumps(rest)
    if status.get("conditions"):
        annotations["autoscaling.alpha.kubernetes.io/conditions"] = json.dumps(status.pop("conditions"))
    meta = {**obj["metadata"], "annotations": annotations} if annotations else obj["metadata"]
    return {**obj, "metadata": meta, "spec": spec, "status": status}


def _autoscaler_v2(obj: Obj) -> Obj:
    spec: dict[str, Any] = dict(obj.get("spec", {}))
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    annotations = dict(obj.get("metadata", {}).get("annotations") or {})
    metrics = json.loads(annotations.pop(_METRICS, "[]"))
    annotations.pop("autoscaling.alpha.kubernetes.io/conditions", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        spec["metrics"] = metrics
    return {**obj, "metadata": {**obj.get("metadata", {}), "annotations": annotations}, "spec": spec}


def item_json(resource: Resource, item: Stored) -> bytes:
    """An object as it stands in a list: without kind and apiVersion."""
    return item.json if plain(resource) else _encode(shown(resource, item.obj))


def full_json(resource: Resource, item: Stored) -> bytes:
    """An object on its own."""
    head = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()
    return head + item_json(resource, item)[1:]


def full(resource: Resource, obj: Obj) -> Obj:
    return {"kind": resource.kind, "apiVersion": resource.api_version, **shown(resource, obj)}


def partial_json(item: Stored) -> bytes:
    return (
        b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'
        + _encode(item.obj["metadata"])
        + b"}"
    )
