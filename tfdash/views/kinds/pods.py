"""Pods: kubectl's columns, its words, and what of them wants attention."""

from __future__ import annotations

from tfdash.model.kube import Object, Pod, Provisional
from tfdash.playbook.policy import default_policy
from tfdash.text import safe
from tfdash.views.image import short_images
from tfdash.views.kinds.base import (
    Context,
    Field,
    age_field,
    kind_view,
    name_field,
    none,
    printed,
    text_field,
)
from tfdash.views.kinds.measured import pod_fields
from tfdash.views.kinds.podstatus import pod_cells

_QUIET = frozenset({"Running"})
_ENDED = frozenset({"Completed", "Succeeded"})
_MOVING = frozenset(
    {
        "Pending",
        "ContainerCreating",
        "PodInitializing",
        "Terminating",
        "SchedulingGated",
        "Preempting",
        "NotReady",
    }
)


def status_token(status: str) -> str:
    """The token of a pod's STATUS: nothing for what runs, ``warn`` for every failure; red is for breaches alone."""
    if status in _QUIET:
        return ""
    if status in _ENDED:
        return "idle"
    if status in _MOVING or _initializing(status):
        return "moving"
    return "unknown" if status in ("Unknown", "") else "warn"


def _initializing(status: str) -> bool:
    done, slash, total = status.removeprefix("Init:").partition("/")
    return bool(slash) and status.startswith("Init:") and done.isdecimal() and total.isdecimal()


def status_of(pod: Object) -> str:
    """STATUS as kubectl shows it, of an object or of a server-printed row."""
    if isinstance(pod, Provisional):
        return printed(pod, "Status")
    return pod_cells(pod).status if isinstance(pod, Pod) else ""


def held_by(pod: Object, context: Context) -> tuple[str, ...]:
    """The finalizers that keep a pod that should be gone."""
    if not isinstance(pod, Pod) or pod.deleting is None:
        return ()
    late = context.now - pod.deleting > default_policy().terminating_grace
    return pod.finalizers if late else ()


def _paint_status(pod: Object, context: Context) -> str:
    return "warn" if held_by(pod, context) else status_token(status_of(pod))


def _paint_ready(pod: Object, context: Context) -> str:
    if isinstance(pod, Provisional):
        ready, _, total = printed(pod, "Ready").partition("/")
        whole = ready == total
    else:
        whole = not isinstance(pod, Pod) or pod_cells(pod).ready == pod_cells(pod).total
    if whole:
        return ""
    return "warn" if status_of(pod) in _QUIET else "idle"


def _paint_restarts(pod: Object, context: Context) -> str:
    if isinstance(pod, Provisional):
        return "" if printed(pod, "Restarts").startswith("0") else "moving"
    return "moving" if isinstance(pod, Pod) and pod_cells(pod).restarts else ""


def _ready_value(pod: Pod, context: Context) -> dict[str, int]:
    cells = pod_cells(pod)
    return {"ready": cells.ready, "total": cells.total}


def _ready_sort(pod: Pod, context: Context) -> float:
    cells = pod_cells(pod)
    return cells.ready / cells.total if cells.total else 0.0


def search(pod: Pod, context: Context) -> str:
    return f"{pod.namespace} {pod.name} {pod_cells(pod).status} {pod.node} {pod.ip}"


PODS = kind_view(
    "Pod",
    search=search,
    measured_by="PodMetrics",
    fields=(
        name_field(width=18),
        Field(
            "ready",
            "READY",
            5,
            lambda p, c: pod_cells(p).ready_text,
            _ready_sort,
            _paint_ready,
            value=_ready_value,
            printer="Ready",
            right=True,
        ),
        Field(
            "status",
            "STATUS",
            17,
            lambda p, c: safe(pod_cells(p).status),
            lambda p, c: pod_cells(p).status,
            _paint_status,
            printer="Status",
        ),
        *pod_fields(used_priority=0, request_priority=3, limit_priority=4),
        Field(
            "restarts",
            "RESTARTS",
            12,
            lambda p, c: pod_cells(p).restarts_text(c.now),
            lambda p, c: float(pod_cells(p).restarts),
            _paint_restarts,
            value=lambda p, c: pod_cells(p).restarts,
            printer="Restarts",
            right=True,
            priority=2,
            clock=True,
            counts=True,
        ),
        age_field(),
        text_field("node", "NODE", 17, lambda p: none(p.node), printer="Node", priority=3),
        text_field("ip", "IP", 15, lambda p: none(p.ip), printer="IP", priority=5),
        text_field(
            "image",
            "IMAGE",
            26,
            lambda p: short_images(c.image for c in p.containers if not c.init),
            priority=4,
        ),
        text_field(
            "nominated",
            "NOMINATED NODE",
            15,
            lambda p: none(p.nominated_node),
            printer="Nominated Node",
            priority=8,
        ),
        text_field("qos", "QOS", 10, lambda p: p.qos, priority=7),
        Field(
            "held_by",
            "FINALIZER",
            18,
            lambda p, c: safe(", ".join(held_by(p, c))),
            paint=lambda p, c: "warn" if held_by(p, c) else "",
            value=lambda p, c: [safe(f) for f in held_by(p, c)],
            priority=9,
            clock=True,
        ),
    ),
)

VIEWS = (PODS,)
