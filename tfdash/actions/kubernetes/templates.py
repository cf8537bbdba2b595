"""Pod templates: what differs, what goes back with them and what does not. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from tfdash.model.kube import HorizontalPodAutoscaler
from tfdash.views.diff import summary, template_changes, unified

HASHES = ("pod-template-hash", "rollouts-pod-template-hash")


def without_hash(template: Mapping[str, Any]) -> dict[str, Any]:
    """A ReplicaSet's template as its owner had it."""
    cleaned = copy.deepcopy(dict(template))
    metadata = cleaned.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    if isinstance(labels, dict):
        for name in HASHES:
            labels.pop(name, None)
    return cleaned


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Equal but for the labels that controllers add, and for empty members."""
    return bool(lean(without_hash(one)) == lean(without_hash(other)))


_DEFAULTS: Mapping[str, Any] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "protocol": "TCP",
    "scheme": "HTTP",
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
    "defaultMode": 420,
    "divisor": "0",
    "apiVersion": "v1",  # of a fieldRef
}
"""What the API server fills into a pod template (kubernetes pkg/apis/core/v1/defaults.go): into a ReplicaSet's, and not into
that of a Rollout, which is a custom resource."""


def lean(value: Any) -> Any:
    """Without empty members, and without what the server fills in by itself."""
    if isinstance(value, dict):
        return {
            k: found
            for k, v in value.items()
            if not _filled(k, v, value) and (found := lean(v)) not in _EMPTY
        }
    return [lean(v) for v in value] if isinstance(value, list) else value


_EMPTY: tuple[Any, ...] = (None, {}, [])


def _filled(name: str, value: Any, around: Mapping[str, Any]) -> bool:
    if name == "imagePullPolicy":
        return bool(value == pull_policy({"image": around.get("image", "")}))
    if name == "serviceAccount":  # the older name of serviceAccountName
        return bool(value == around.get("serviceAccountName"))
    if name == "restartPolicy" and "containers" not in around:  # an init container's makes it a sidecar
        return False
    return name in _DEFAULTS and type(value) is type(_DEFAULTS[name]) and bool(value == _DEFAULTS[name])


def pull_policy(container: Mapping[str, Any]) -> str:
    """Its imagePullPolicy; what the API server fills in where it has none, as the pods of a Rollout get it."""
    tag = str(container.get("image", "")).rpartition("/")[2].partition(":")[2]
    return str(container.get("imagePullPolicy") or ("Always" if tag in ("", "latest") else "IfNotPresent"))


def image_of(template: Mapping[str, Any]) -> str:
    """``name:tag`` of its containers, short."""
    containers = template.get("spec", {}).get("containers") or []
    return ", ".join(str(c.get("image", "")).rpartition("/")[2] for c in containers)


def said(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """One line of what differs; secrets are masked."""
    return summary(template_changes(old, new), len(new.get("spec", {}).get("containers") or ()))


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Lines of a unified diff without its head: ``- old``, ``+ new``, ``  same``; secrets are masked."""
    lines = unified(without_hash(old), without_hash(new), "now", "then")[2:]
    return tuple(line if line.startswith("@@") else f"{line[:1]} {line[1:]}" for line in lines)


def references(template: Mapping[str, Any]) -> tuple[str, ...]:
    """``ConfigMap a``, ``Secret b``: what the template points to and what going back does not bring back."""
    return tuple(sorted(set(_references(template.get("spec", {})))))


def _references(spec: Mapping[str, Any]) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        for source, noun, field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            if source in volume:
                yield f"{noun} {volume[source].get(field, '')}"
        for part in (volume.get("projected") or {}).get("sources") or ():
            for source, noun in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if source in part:
                    yield f"{noun} {part[source].get('name', '')}"
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        for origin in container.get("envFrom") or ():
            for source, noun in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if source in origin:
                    yield f"{noun} {origin[source].get('name', '')}"
        for variable in container.get("env") or ():
            value = variable.get("valueFrom") or {}
            for source, noun in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if source in value:
                    yield f"{noun} {value[source].get('name', '')}"


def not_reverted(
    template: Mapping[str, Any], replicas: Any, scaler: HorizontalPodAutoscaler | None
) -> tuple[str, ...]:
    """What stays as it is when the template goes back."""
    told = [f"{name}: its content stays as it is now" for name in references(template)]
    if scaler is not None:
        told.append(f"replicas: HPA {scaler.name} decides, {scaler.min_replicas} to {scaler.max_replicas}")
    elif replicas is not None:
        told.append(f"replicas stay at {replicas}")
    told.append("database schemas, queues and whatever else the new version changed outside its pods")
    return tuple(told)
