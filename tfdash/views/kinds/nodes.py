"""Nodes: state, conditions, taints, and the room that requests leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tfdash.model.kube import Object, Pod, Provisional, Unreadable
from tfdash.model.kubecluster import Node
from tfdash.model.verdict import Level
from tfdash.pod_requests import ENDED, requested
from tfdash.quantities import amount
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.kinds.base import (
    Context,
    Field,
    NodeUse,
    age_field,
    finding,
    kind_view,
    name_field,
    none,
    printed,
    text_field,
    worst_verdict,
)
from tfdash.views.kinds.measured import node_fields

_CORDONED = "SchedulingDisabled"


class Reported(NamedTuple):
    """A node's STATUS as kubectl prints it: ``Ready``, ``NotReady`` or ``Unknown`` (no condition yet; "" where nothing is
    known), and whether pods may be scheduled."""

    ready: str
    cordoned: bool

    @property
    def text(self) -> str:
        return f"{self.ready},{_CORDONED}" if self.cordoned else self.ready

    @property
    def level(self) -> Level:
        if self.ready == "Ready":
            return Level.PAUSED if self.cordoned else Level.OK
        return Level.UNKNOWN if self.ready in ("", "Unknown") else Level.WARN


def _reported(node: Object) -> Reported:
    """Of an object, or of a server-printed row."""
    if isinstance(node, Provisional):
        ready, _, rest = printed(node, "Status").partition(",")
        return Reported(ready, _CORDONED in rest.split(","))
    if not isinstance(node, Node):
        return Reported("", False)
    ready_is = [c.status for c in node.conditions if c.type == "Ready"]
    word = "Unknown" if not ready_is else "Ready" if ready_is[-1] == "True" else "NotReady"
    return Reported(word, node.unschedulable)


def node_status(node: Node) -> str:
    """STATUS, as kubectl prints it."""
    return _reported(node).text


def roles(node: Node) -> str:
    return none(",".join(sorted(node.roles)))


def _paint_status(obj: Object, context: Context) -> str:
    level = _reported(obj).level
    return "" if level is Level.OK else states.of_level(level).token


def pressures(node: Node) -> str:
    """Conditions that are not as they should be: every one but Ready that is not False, and Ready's reason."""
    bad = []
    for condition in node.conditions:
        if condition.type == "Ready":
            if condition.status != "True":
                bad.append(condition.reason or f"Ready {condition.status}")
        elif condition.status != "False":
            bad.append(
                condition.type if condition.status == "True" else f"{condition.type} {condition.status}"
            )
    return ", ".join(bad)


def taints(node: Node) -> str:
    """``key=value:Effect``, as kubectl taint takes them."""
    return ", ".join(f"{t.key}{'=' if t.value else ''}{t.value}:{t.effect}" for t in node.taints)


def asks_for(pod: Object) -> tuple[str, NodeUse] | None:
    """The node of a pod that has one and has not ended, and what the scheduler holds against it."""
    if not isinstance(pod, Pod) or not pod.node or pod.phase in ENDED:
        return None
    asked = requested(pod)
    return pod.node, NodeUse(amount(asked, "cpu") or 0, amount(asked, "memory") or 0, 1)


def use_of(pods: Iterable[Object]) -> dict[str, NodeUse]:
    """What the pods of each node ask for."""
    total: dict[str, NodeUse] = {}
    for pod in pods:
        asked = asks_for(pod)
        if asked is not None:
            name, use = asked
            so_far = total.get(name, NodeUse())
            total[name] = _plus(so_far, use)
    return total


def adjust_use(use: dict[str, NodeUse], before: Object | None, after: Object | None) -> set[str]:
    """Take one pod's requests out of ``use`` and put its new ones in; the names of the nodes that changed."""
    was = asks_for(before) if before is not None else None
    now = asks_for(after) if after is not None else None
    if was == now:
        return set()
    touched = set()
    for asked, sign in ((was, -1), (now, 1)):
        if asked is not None:
            name, one = asked
            total = use.get(name, NodeUse())
            touched.add(name)
            use[name] = _plus(total, one, sign)
            if not use[name].pods:
                del use[name]
    return touched


def _plus(total: NodeUse, one: NodeUse, sign: int = 1) -> NodeUse:
    return NodeUse(*(a + sign * b for a, b in zip(total, one, strict=True)))


def _use(node: Object, context: Context) -> NodeUse:
    return context.use.get(node.name, NodeUse())


def _cpu(node: Node, context: Context) -> str:
    return f"{_use(node, context).cpu:.1f} of {node.cpu:.1f}"


def _memory(node: Node, context: Context) -> str:
    return f"{_use(node, context).memory / 2**30:.1f} of {node.memory / 2**30:.1f}"


def _pods(node: Node, context: Context) -> str:
    return f"{_use(node, context).pods} of {node.pods}"


def _share(asked: float, room: float) -> float:
    return asked / room if room else 0.0


def _room(asked: float, allocatable: float) -> dict[str, float]:
    return {"requested": round(asked, 3), "allocatable": round(allocatable, 3)}


def node_state(node: Object, context: Context) -> states.State:
    """The worst of its verdicts; what was not judged is not said to be well."""
    if isinstance(node, Unreadable):
        return states.UNREADABLE
    worst = worst_verdict(context.verdicts(node))
    return states.LOADING if worst is None else states.of_verdict(worst)


class _StateField(Field):
    """Known of server-printed rows too."""

    __slots__ = ()

    def text(self, obj: Object, context: Context) -> str:
        return node_state(obj, context).text

    def sort_value(self, obj: Object, context: Context) -> float:
        return -float(node_state(obj, context).level)


def _unwritten(obj: Any, context: Context) -> str:
    return node_state(obj, context).text


def _finding(node: Node, context: Context) -> str:
    return finding(node, context) or safe(pressures(node))


def _search(node: Node, context: Context) -> str:
    return f"{node.name} {node_status(node)} {roles(node)} {node.internal_ip} {node.kubelet_version} {taints(node)}"


NODES = kind_view(
    "Node",
    judged=True,
    needs=("Pod",),
    search=_search,
    measured_by="NodeMetrics",
    fields=(
        name_field(width=18),
        _StateField(
            "state",
            "STATE",
            11,
            _unwritten,
            paint=lambda o, c: node_state(o, c).token,
            value=lambda o, c: node_state(o, c).level.name.lower(),
            level=lambda o, c: node_state(o, c).level,
        ),
        text_field(
            "status",
            "STATUS",
            14,
            node_status,
            printer="Status",
            priority=4,
            flexible=True,
            paint=_paint_status,
        ),
        *node_fields(used_priority=3, share_priority=1),
        Field(
            "cpu",
            "CPU REQUESTED",
            14,
            _cpu,
            lambda n, c: _share(_use(n, c).cpu, n.cpu),
            value=lambda n, c: _room(_use(n, c).cpu, n.cpu),
            right=True,
            priority=5,
        ),
        Field(
            "memory",
            "MEMORY Gi",
            14,
            _memory,
            lambda n, c: _share(_use(n, c).memory, n.memory),
            value=lambda n, c: _room(_use(n, c).memory, n.memory),
            right=True,
            priority=5,
        ),
        Field(
            "pods",
            "PODS",
            11,
            _pods,
            lambda n, c: float(_use(n, c).pods),
            value=lambda n, c: _room(_use(n, c).pods, n.pods),
            right=True,
            priority=3,
        ),
        Field("finding", "FINDING", 30, _finding, priority=5, flexible=True),
        text_field("taints", "TAINTS", 30, taints, priority=7, flexible=True),
        text_field("roles", "ROLES", 15, roles, printer="Roles", priority=6),
        age_field(priority=5),
        text_field("version", "VERSION", 10, lambda n: n.kubelet_version, printer="Version", priority=6),
        text_field("ip", "INTERNAL-IP", 15, lambda n: none(n.internal_ip), printer="Internal-IP", priority=8),
        text_field(
            "os", "OS-IMAGE", 28, lambda n: n.os_image or "<unknown>", printer="OS-Image", priority=10
        ),
        text_field(
            "kernel",
            "KERNEL-VERSION",
            24,
            lambda n: (n.kernel or "<unknown>") + (f" ({n.architecture})" if n.architecture else ""),
            printer="Kernel-Version",
            priority=11,
        ),
        text_field(
            "runtime",
            "CONTAINER-RUNTIME",
            22,
            lambda n: n.runtime or "<unknown>",
            printer="Container-Runtime",
            priority=9,
        ),
    ),
)

VIEWS = (NODES,)
