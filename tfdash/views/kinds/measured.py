"""The columns of lists that say what is used: rounded as ``kubectl top`` rounds, beside what was asked for or can be given.

Three questions, each with its column: of the request, of the limit, of what a node can give. "-" is not measured (yet), "none"
that nothing is said of the resource.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Node
from tfdash.model.subject import Key
from tfdash.model.usage import NodeMetrics, PodMetrics
from tfdash.pod_requests import limited, requested, unsaid
from tfdash.quantities import NANO, NOTHING, Amounts, amount, rounded
from tfdash.views.kinds.base import Context, Field
from tfdash.views.kinds.usage import top_cpu, top_memory

_MILLI = NANO // 1000
_TITLES = (("cpu", "CPU", 6, top_cpu), ("memory", "MEM", 7, top_memory))
_Whole = Callable[[Any, Context], Amounts]
_Part = Callable[[Any, Context], Amounts]


def used(obj: Any, context: Context) -> Amounts:
    """What was measured of it; nothing where that is older than the pod, which is then another one."""
    found = context.measured.get(Key(obj.namespace, obj.name))
    if isinstance(found, PodMetrics):
        return found.usage if found.at >= obj.created else NOTHING
    return found.usage if isinstance(found, NodeMetrics) else NOTHING


def percent_of(part: int, whole: int) -> int:
    """As kubectl: of thousandths, and downwards, so that no share is said to be reached that is not."""
    return int(rounded(part, _MILLI) / rounded(whole, _MILLI) * 100)


def used_fields(priority: int, cpu: str = "cpu", memory: str = "mem") -> tuple[Field, Field]:
    """What it uses: in reports cores and bytes."""
    return _used_field(0, cpu, priority), _used_field(1, memory, priority)


def _used_field(place: int, id: str, priority: int) -> Field:
    name, title, width, written = _TITLES[place]

    def number(obj: Any, context: Context) -> float | None:
        found = amount(used(obj, context), name)
        return None if found is None else found / NANO

    return Field(
        id,
        title,
        width,
        lambda o, c: written(amount(used(o, c), name)),
        lambda o, c: nan if (found := amount(used(o, c), name)) is None else float(found),
        value=number,
        right=True,
        priority=priority,
        measured=True,
    )


def share_fields(id: str, title: str, part: _Part, whole: _Whole, priority: int) -> tuple[Field, Field]:
    """How much of the whole the part is, in percent, of CPU and of memory."""
    return _share_field(0, id, title, part, whole, priority), _share_field(
        1, id, title, part, whole, priority
    )


def _share_field(place: int, id: str, title: str, part: _Part, whole: _Whole, priority: int) -> Field:
    name, head, _, _ = _TITLES[place]

    def number(obj: Any, context: Context) -> int | None:
        some, every = amount(part(obj, context), name), amount(whole(obj, context), name)
        return None if some is None or not every else percent_of(some, every)

    def text(obj: Any, context: Context) -> str:
        if amount(part(obj, context), name) is None:
            return "-"
        found = number(obj, context)
        return "none" if found is None else f"{found} %"

    def order(obj: Any, context: Context) -> float:
        some, every = amount(part(obj, context), name), amount(whole(obj, context), name)
        return nan if some is None or not every else some / every

    return Field(
        f"{'mem' if place else 'cpu'}_{id}",
        f"{head} {title}",
        len(f"{head} {title}"),
        text,
        order,
        value=number,
        right=True,
        priority=priority,
        measured=True,
    )


_last: tuple[Pod, Amounts, Amounts] | None = None  # replaced as a whole, so that threads do not mix them


def _asked(pod: Pod) -> tuple[Pod, Amounts, Amounts]:
    """Its requests and limits, without those that some container does not say. A row asks more than once: the last is kept."""
    global _last
    last = _last
    if last is None or last[0] is not pod:
        no_request, no_limit = unsaid(pod)
        requests = tuple(p for p in requested(pod) if p[0] not in no_request)
        last = _last = (pod, requests, tuple(p for p in limited(pod) if p[0] not in no_limit))
    return last


def pod_fields(used_priority: int, request_priority: int, limit_priority: int) -> tuple[Field, ...]:
    """CPU first, then memory: used, of the request, of the limit."""
    requests = share_fields("request", "REQ", used, lambda p, c: _asked(p)[1], request_priority)
    limits = share_fields("limit", "LIM", used, lambda p, c: _asked(p)[2], limit_priority)
    several = zip(used_fields(used_priority), requests, limits, strict=True)
    return tuple(field for resource in several for field in resource)


def _allocatable(node: Node, context: Context) -> Amounts:
    return node.allocatable


def _requested(node: Node, context: Context) -> Amounts:
    use = context.use.get(node.name)
    return NOTHING if use is None else (("cpu", use.nano_cpu), ("memory", use.nano_memory))


def node_fields(used_priority: int, share_priority: int) -> tuple[Field, ...]:
    """CPU first, then memory: used, and of what the node can give the used share beside the requested one."""
    shares = share_fields("used", "USED", used, _allocatable, share_priority)
    asked = share_fields("requested", "REQ", _requested, _allocatable, share_priority)
    several = zip(used_fields(used_priority, "cpu_now", "mem_now"), shares, asked, strict=True)
    return tuple(field for resource in several for field in resource)
