"""What is used, from the wire of metrics.k8s.io to the model. Pure; raises what msgspec raises for malformed JSON, and ValueError for
what is no quantity, no time or no duration: a sample without its time is none.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import field

from tfdash.durations import parse_duration
from tfdash.model import usage as m
from tfdash.quantities import amounts
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import Decoders, meta, seconds, share

_Quantities: TypeAlias = dict[str, str | int | float]


class ContainerMetrics(w.Wire):
    name: str = ""
    usage: _Quantities | None = None


class PodMetrics(w.Wire):
    metadata: w.PodMeta
    timestamp: str = ""
    window: str = ""
    containers: list[ContainerMetrics] | None = field(default=None)


class NodeMetrics(w.Wire):
    metadata: w.PodMeta
    timestamp: str = ""
    window: str = ""
    usage: _Quantities | None = None


def _measured(found: PodMetrics | NodeMetrics) -> tuple[float, float]:
    at = seconds(found.timestamp)
    if not at:
        raise ValueError(f"timestamp: {found.timestamp!r} is no time")
    return at, share(parse_duration(found.window))


def pod_metrics(found: PodMetrics) -> m.PodMetrics:
    at, window = _measured(found)
    return m.PodMetrics(
        **meta(found.metadata),
        at=at,
        window=window,
        containers=tuple(m.ContainerUsage(share(c.name), amounts(c.usage)) for c in found.containers or ()),
    )


def node_metrics(found: NodeMetrics) -> m.NodeMetrics:
    at, window = _measured(found)
    return m.NodeMetrics(**meta(found.metadata), at=at, window=window, usage=amounts(found.usage))


DECODERS: Decoders = {
    "PodMetrics": (PodMetrics, pod_metrics),
    "NodeMetrics": (NodeMetrics, node_metrics),
}
