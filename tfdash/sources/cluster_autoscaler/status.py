"""The status that the cluster-autoscaler writes (kubernetes/autoscaler, cluster-autoscaler/clusterstate/api/types.go): YAML since 1.30,
lines of text before. Pure; raises ValueError for what is neither."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tfdash.model.autoscaling import ClusterAutoscaler, NodeGroup
from tfdash.model.subject import Key

_LONGEST = 1_000_000  # characters; the API server takes no ConfigMap that is larger
# Go's time.String(): "2023-11-24 04:28:19.546750398 +0000 UTC", with " m=+54.6" behind it in a process's own times
_GO = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)")
_HEAD = re.compile(r"Cluster-autoscaler status at (.+?):?\s*$", re.MULTILINE)
_LINE = re.compile(r"\s*(Name|Health|ScaleUp|ScaleDown|LastProbeTime|LastTransitionTime):\s*(.*)")
_COUNT = re.compile(r"(\w+)=(-?\d+)")


def parsed(text: str, at: Key) -> ClusterAutoscaler:
    """``at``: the ConfigMap."""
    if len(text) > _LONGEST:
        raise ValueError("it is longer than a ConfigMap can be")
    head = _HEAD.search(text)
    return _of_text(text, head[1], at) if head is not None else _of_yaml(text, at)


def _time(text: object) -> float:
    found = _GO.match(str(text))
    if found is None:
        return 0.0
    day, clock, zone = found.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock}{zone}").timestamp()
    except ValueError:
        return 0.0


# -- since 1.30 --------------------------------------------------------------------------------------------------------


def _of_yaml(text: str, at: Key) -> ClusterAutoscaler:
    import yaml  # only where there is one to be read

    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"it is no YAML: {type(error).__name__}") from None
    if not isinstance(found, dict) or not ({"autoscalerStatus", "clusterWide", "time"} & found.keys()):
        raise ValueError("it is no status of a cluster-autoscaler")
    groups = found.get("nodeGroups")
    return ClusterAutoscaler(
        namespace=at.namespace,
        name=at.name,
        at=_time(found.get("time")),
        running=_text(found, "autoscalerStatus"),
        said=_text(found, "message"),
        health=_text(_part(found, "clusterWide", "health"), "status"),
        scale_up=_text(_part(found, "clusterWide", "scaleUp"), "status"),
        groups=tuple(_group(g) for g in groups if isinstance(g, dict)) if isinstance(groups, list) else (),
    )


def _group(found: Mapping[str, Any]) -> NodeGroup:
    health, up = _part(found, "health"), _part(found, "scaleUp")
    registered, back = _part(health, "nodeCounts", "registered"), _part(up, "backoffInfo")
    return NodeGroup(
        name=_text(found, "name"),
        health=_text(health, "status"),
        ready=_count(registered, "ready"),
        registered=_count(registered, "total"),
        target=_count(health, "cloudProviderTarget"),
        least=_count(health, "minSize"),
        most=_count(health, "maxSize"),
        scale_up=_text(up, "status"),
        since=_time(up.get("lastTransitionTime")),
        error=_text(back, "errorCode"),
        why=_text(back, "errorMessage"),
    )


def _part(found: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        value = found.get(name)
        found = value if isinstance(value, dict) else {}
    return found


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _count(found: Mapping[str, Any], name: str) -> int | None:
    """None where it is not said."""
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"{name}: {str(value)[:40]!r} is no count")
    return value


# -- before ------------------------------------------------------------------------------------------------------------


def _of_text(text: str, written: str, at: Key) -> ClusterAutoscaler:
    groups: list[dict[str, Any]] = []
    whole: dict[str, Any] = {}
    part, about = whole, ""
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            if line.startswith("NodeGroups:"):
                part = {}
            continue
        word, rest = found.groups()
        if word == "Name":
            part = {"name": rest.strip()}
            groups.append(part)
        elif word == "LastTransitionTime":
            part[f"{about} since"] = _time(rest)
        elif word != "LastProbeTime":
            about = word
            part[word] = rest.partition(" ")[0]
            part[f"{word} counts"] = {name: int(count) for name, count in _COUNT.findall(rest)}
    return ClusterAutoscaler(
        namespace=at.namespace,
        name=at.name,
        at=_time(written),
        running="Running" if whole else "Initializing",
        health=whole.get("Health", ""),
        scale_up=whole.get("ScaleUp", ""),
        groups=tuple(_group_of_text(g) for g in groups),
    )


def _group_of_text(found: Mapping[str, Any]) -> NodeGroup:
    counts = found.get("Health counts", {})
    return NodeGroup(
        name=found["name"],
        health=found.get("Health", ""),
        ready=_count(counts, "ready"),
        registered=_count(counts, "registered"),
        target=_count(counts, "cloudProviderTarget"),
        least=_count(counts, "minSize"),
        most=_count(counts, "maxSize"),
        scale_up=found.get("ScaleUp", ""),
        since=found.get("ScaleUp since", 0.0),
    )
