"""Which kept versions never served everything, by what their controllers record while a later one is in flight.

A Deployment is complete only when no pod of an older ReplicaSet is left (kubernetes pkg/controller/deployment/util:
``DeploymentComplete``), and none is scaled up again unless it is taken up anew; a Rollout's ``stableRS`` and a StatefulSet's
``currentRevision`` name the last version that was. Once the later version is complete, nothing tells any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class KeptVersion(NamedTuple):
    """One kept version: its ``key`` (``targets.key_of``), its ``name`` in its controller's status, the ``numbers`` that it had,
    when it was ``created`` (epoch seconds), and how many ``pods`` it has now."""

    key: str
    name: str
    numbers: tuple[float, ...]
    created: float = 0.0
    pods: int = 0


def never_served(versions: Sequence[KeptVersion], document: Mapping[str, Any]) -> frozenset[str]:
    """The keys of those that were left before they had served everything; ``document`` is the workload's."""
    known = [v for v in versions if v.numbers]
    last = [v for v in known if _served_last(v, document)]
    if not last:
        return frozenset()
    whole = document.get("kind") != "StatefulSet"  # a ControllerRevision keeps its newest number only
    not_yet = [v for v in known if any(_came_after(v, s, whole=whole) for s in last)]
    return frozenset(_keys(not_yet) - _keys(v for v in known if v not in not_yet))


def served_last(versions: Sequence[KeptVersion], document: Mapping[str, Any]) -> frozenset[str]:
    """The keys of those after which, by the same record, nothing has served everything."""
    last = _keys(v for v in versions if v.numbers and _served_last(v, document))
    return frozenset(last) - never_served(versions, document)


def _served_last(version: KeptVersion, document: Mapping[str, Any]) -> bool:
    """Whether nothing served everything since this one did, or was to."""
    status, spec = document.get("status") or {}, document.get("spec") or {}
    match document.get("kind"):
        case "Rollout":
            return bool(version.name) and version.name == status.get("stableRS")
        case "StatefulSet":
            rolls = (spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
            return rolls and bool(version.name) and version.name == status.get("currentRevision")
        case "Deployment":
            return version.pods > 0
    return False  # a DaemonSet's controller keeps no record


def _came_after(version: KeptVersion, served: KeptVersion, *, whole: bool) -> bool:
    if version.numbers[0] <= served.numbers[-1]:
        return False
    return whole or 0.0 < served.created < version.created


def _keys(versions: Iterable[KeptVersion]) -> set[str]:
    return {v.key for v in versions}
