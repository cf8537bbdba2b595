"""What is used, from the wire of metrics.k8s.io to the model. Pure; raises what msgspec raises for malformed JSON, and ValueError for
what is no quantity, no time or no duration: a sample without its time is none.

Ten thousand come at once every fifteen seconds, so that what metrics-server writes (``153123456n``, ``65536Ki``, ``15.1s``) has a
short way, and all else the long one.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import field

from tfdash.durations import parse_duration
from tfdash.model import usage as m
from tfdash.quantities import NANO, Amounts, amounts
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import Decoders, labels, seconds, share

_Quantities: TypeAlias = dict[str, str | int | float]
_SHORT = 14  # characters: a binary amount ends at 2**63, far above
_KI = 1024 * NANO


class UsageMeta(w.Wire):
    """When it was made is when it was asked for, and says nothing: what was measured once is one object."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None


class ContainerMetrics(w.Wire):
    name: str = ""
    usage: _Quantities | None = None


class PodMetrics(w.Wire):
    metadata: UsageMeta
    timestamp: str = ""
    window: str = ""
    containers: list[ContainerMetrics] | None = field(default=None)


class NodeMetrics(w.Wire):
    metadata: UsageMeta
    timestamp: str = ""
    window: str = ""
    usage: _Quantities | None = None


def _at(text: str) -> float:
    at = seconds(text)
    if not at:
        raise ValueError(f"timestamp: {text!r} is no time")
    return at


def _window(text: str) -> float:
    plain = text[:-1]
    if text[-1:] == "s" and plain.replace(".", "", 1).isdecimal() and plain.isascii():
        return float(plain)
    return parse_duration(text)


def _used(found: _Quantities | None) -> Amounts:
    if found is not None and len(found) == 2:
        cpu, memory = found.get("cpu"), found.get("memory")
        if type(cpu) is str and type(memory) is str and len(cpu) <= _SHORT and len(memory) <= _SHORT:
            nanos, kibs = cpu[:-1], memory[:-2]
            if nanos.isdecimal() and kibs.isdecimal() and cpu[-1] == "n" and memory[-2:] == "Ki":
                return ("cpu", int(nanos)), ("memory", int(kibs) * _KI)
    return amounts(found)


def pod_metrics(found: PodMetrics) -> m.PodMetrics:
    of = found.metadata
    return m.PodMetrics(
        namespace=share(of.namespace),
        name=of.name,
        labels=labels(of.labels),
        at=_at(found.timestamp),
        window=_window(found.window),
        containers=tuple([m.ContainerUsage(share(c.name), _used(c.usage)) for c in found.containers or ()]),
    )


def node_metrics(found: NodeMetrics) -> m.NodeMetrics:
    of = found.metadata
    return m.NodeMetrics(
        namespace="",
        name=of.name,
        labels=labels(of.labels),
        at=_at(found.timestamp),
        window=_window(found.window),
        usage=_used(found.usage),
    )


DECODERS: Decoders = {
    "PodMetrics": (PodMetrics, pod_metrics),
    "NodeMetrics": (NodeMetrics, node_metrics),
}
