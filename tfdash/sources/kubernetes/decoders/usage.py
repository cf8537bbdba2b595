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
from tfdash.model.kube import EMPTY_LABELS, Object
from tfdash.quantities import NANO, parse
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.sources.kubernetes.decoders.common import Again, Decoders, seconds, share

_Quantity: TypeAlias = str | int | float | None
_SHORT = 14  # characters: a binary amount ends at 2**63, far above
_KI = 1024 * NANO
_MOST = 2**63 * NANO  # cores or bytes


class UsageMeta(w.Wire):
    """When it was made is when it was asked for, and says nothing: what was measured once is one object."""

    name: str = ""
    namespace: str = ""


class Used(w.Wire):
    """No server measures anything else."""

    cpu: _Quantity = None
    memory: _Quantity = None


class ContainerMetrics(w.Wire):
    name: str = ""
    usage: Used | None = None


class PodMetrics(w.Wire):
    metadata: UsageMeta
    timestamp: str = ""
    window: str = ""
    containers: list[ContainerMetrics] | None = field(default=None)


class NodeMetrics(w.Wire):
    metadata: UsageMeta
    timestamp: str = ""
    window: str = ""
    usage: Used | None = None


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


def _cpu(found: _Quantity) -> int | None:
    if type(found) is str and found[-1:] == "n" and len(found) <= _SHORT:
        nanos = found[:-1]
        if nanos.isdecimal():
            return int(nanos)
    return _parsed("cpu", found)


def _memory(found: _Quantity) -> int | None:
    if type(found) is str and found[-2:] == "Ki" and len(found) <= _SHORT:
        kibs = found[:-2]
        if kibs.isdecimal():
            return int(kibs) * _KI
    return _parsed("memory", found)


def _parsed(name: str, found: _Quantity) -> int | None:
    if found is None:
        return None
    try:
        value = parse(found)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if not 0 <= value < _MOST:
        raise ValueError(f"{name}: nothing uses {str(found)[:64]}")
    return value


def pod_metrics(found: PodMetrics, before: Object | None = None) -> m.PodMetrics:
    """``before``: of the same pod. What was measured at the same time over the same window is the same, and that object."""
    at, window, of = _at(found.timestamp), _window(found.window), found.metadata
    names: tuple[str, ...] = ()
    namespace, name = of.namespace, of.name
    if type(before) is m.PodMetrics:
        if before.at == at and before.window == window:
            return before
        namespace, name, names = before.namespace, before.name, before.names
    else:
        namespace = share(namespace)
    containers = found.containers or ()
    if len(containers) == 1 == len(names) and containers[0].name == names[0]:  # mostly
        usage = containers[0].usage
        return m.PodMetrics(
            namespace=namespace,
            name=name,
            labels=EMPTY_LABELS,
            at=at,
            window=window,
            cpu=None if usage is None else _cpu(usage.cpu),
            memory=None if usage is None else _memory(usage.memory),
            names=names,
        )
    used: list[int | None] = []
    for container in containers:
        of_one = container.usage or Used()
        used += (_cpu(of_one.cpu), _memory(of_one.memory))
    return m.measured_pod(
        namespace, name, at, window, share(tuple([share(c.name) for c in containers])), used
    )


def node_metrics(found: NodeMetrics) -> m.NodeMetrics:
    usage = found.usage or Used()
    amounts = (("cpu", _cpu(usage.cpu)), ("memory", _memory(usage.memory)))
    return m.NodeMetrics(
        namespace="",
        labels=EMPTY_LABELS,
        name=found.metadata.name,
        at=_at(found.timestamp),
        window=_window(found.window),
        usage=tuple((name, value) for name, value in amounts if value is not None),
    )


DECODERS: Decoders = {
    "PodMetrics": (PodMetrics, pod_metrics),
    "NodeMetrics": (NodeMetrics, node_metrics),
}
AGAIN: Again = {"PodMetrics": pod_metrics}
