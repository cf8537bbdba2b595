"""Which measurements are of now. Pure."""

from __future__ import annotations

from tfdash.model.picture import Objects
from tfdash.model.usage import NodeMetrics, PodMetrics


def newest_of(found: Objects, until: float) -> float:
    """When the newest was measured (epoch seconds), 0 without one. Later than ``until`` is by a wrong clock."""
    times = (m.at for m in found.values() if isinstance(m, PodMetrics | NodeMetrics))
    return max((at for at in times if at <= until), default=0.0)


def current_nodes(found: Objects, patience: float, until: float) -> Objects:
    """Those that were measured with the newest of them: ``patience`` seconds before it at most, or three windows."""
    newest = newest_of(found, until)
    return {
        key: one
        for key, one in found.items()
        if isinstance(one, NodeMetrics) and newest - max(patience, 3 * one.window) <= one.at <= newest
    }
