"""How many more pods of one size fit: into a quota as its admission counts (k8s.io/kubernetes, pkg/quota/v1/evaluator/core/pods.go), onto
a node as the scheduler's filters do (taints, node selector and affinity, resources). Pure, exact.

Not counted, since no list tells it: affinity to other pods, spreading, ports and volumes of a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.kube import Container, Labels, Pod, Template
from tfdash.model.kubecluster import Taint
from tfdash.model.placement import ANYWHERE, Placement, Requirement, Toleration
from tfdash.model.room import NodeRoom
from tfdash.playbook.resources.admission import filled
from tfdash.pod_requests import limits_of_template, of_template
from tfdash.quantities import NANO, NOTHING, Amounts, amount, rounded, shown

UNSCHEDULABLE = Taint("node.kubernetes.io/unschedulable", "", "NoSchedule")
_KEEPS_OUT = ("NoSchedule", "NoExecute")
_COMPUTE = ("cpu", "memory")
_HUGE = "hugepages-"
_MILLI = NANO // 1000


class Size(NamedTuple):
    """One more pod: what it asks for ("pods" among it) and what limits it, as it will stand there after admission."""

    requests: Amounts
    limits: Amounts
    containers: tuple[Container, ...]
    whole: bool  # something is set for the pod as a whole
    placement: Placement = ANYWHERE


class Bound(NamedTuple):
    """How many more fit, and what ends first there: of a quota a resource's name, of nodes a reason by how many it holds."""

    places: int
    ends: str


# -- one more pod ------------------------------------------------------------------------------------------------------


def size_of(template: Template, pod: Pod | None, limit_ranges: Iterable[LimitRange]) -> Size:
    """``pod``: one of the template, which admission has filled in; without one the template is filled in as LimitRanges do."""
    if pod is not None:
        containers, whole, overhead = pod.containers, pod.resources, pod.overhead
    else:
        containers, whole, overhead = filled(template.containers, limit_ranges), template.resources, NOTHING
    return Size(
        of_template(containers, whole, overhead),
        limits_of_template(containers, whole, overhead),
        containers,
        whole is not None,
        template.placement,
    )


# -- quotas ----------------------------------------------------------------------------------------------------------


def counted(size: Size) -> dict[str, int]:
    """What a quota counts for it, under every name that a quota may use."""
    found = {"pods": NANO, "count/pods": NANO}
    for name, value in size.requests:
        if name in (*_COMPUTE, "ephemeral-storage") or name.startswith(_HUGE):
            found[name] = found[f"requests.{name}"] = value
        elif "/" in name:
            found[f"requests.{name}"] = value
    for name, value in size.limits:
        if name in (*_COMPUTE, "ephemeral-storage"):
            found[f"limits.{name}"] = value
    return found


def applies(quota: ResourceQuota, size: Size) -> bool:
    """Whether it counts such a pod: all its scopes do."""
    return all(_in_scope(scope, size) for scope in quota.scoped)


def _in_scope(scope: Requirement, size: Size) -> bool:
    name, placement = scope[0], size.placement
    match name:
        case "Terminating":
            return placement.ends
        case "NotTerminating":
            return not placement.ends
        case "BestEffort":
            return _best_effort(size)
        case "NotBestEffort":
            return not _best_effort(size)
        case "CrossNamespacePodAffinity":
            return placement.near
        case "PriorityClass":
            named = {"PriorityClass": placement.priority_class} if placement.priority_class else {}
            return matches(("PriorityClass", *scope[1:]), named)
    return False


def _best_effort(size: Size) -> bool:
    said = [v for c in size.containers for v in (*c.resources.requests, *c.resources.limits)]
    return not any(value and name in _COMPUTE for name, value in (*said, *size.requests, *size.limits))


def in_quota(quota: ResourceQuota, size: Size) -> Bound | None:
    """None where it sets no bound to such pods."""
    if not applies(quota, size):
        return None
    wanted = counted(size)
    silent = _must_say(quota, size)
    if silent:
        return Bound(0, f"each container must say {silent}")
    bounds = [
        Bound(max(0, (hard - (amount(quota.used, name) or 0)) // wanted[name]), name)
        for name, hard in quota.hard
        if wanted.get(name)
    ]
    return min(bounds, default=None)


class RollingUpdate(NamedTuple):
    """``pods`` of the new template in the end; ``surge`` of them beside the old ones at first, 0 where an old one goes before."""

    pods: int
    surge: int
    waits: bool  # no old pod goes before a new one is ready


def beyond_quota(quota: ResourceQuota, before: Size, after: Size, update: RollingUpdate) -> str:
    """Why pods of the size ``after`` in place of ``before`` each cannot all start, "" where they can."""
    if not update.pods or not applies(quota, after):
        return ""
    silent = _must_say(quota, after)
    if silent:
        return f"quota {quota.name} counts {silent}: each container must say it"
    was, will = counted(before), counted(after)
    for name, hard in quota.hard:
        new, old, used = will.get(name), was.get(name, 0), amount(quota.used, name) or 0
        if new is None or name in ("pods", "count/pods"):
            continue  # pods: as many as there are; whether it can surge at all is asked of each release
        ends = used + update.pods * (new - old)
        if new > old and ends > hard:
            return f"quota {quota.name}: {name} would be {shown(name, ends)} of {shown(name, hard)}"
        first = used + update.surge * new
        if update.waits and update.surge and first > hard:
            left = shown(name, max(hard - used, 0))
            return (
                f"quota {quota.name}: of {name} {left} is left, and the first new pod of {shown(name, new)} "
                "must start before an old one goes"
            )
    return ""


def _must_say(quota: ResourceQuota, size: Size) -> str:
    """A quota of CPU or memory refuses a pod of which some container says nothing of it."""
    for name, _ in quota.hard:
        part, _, resource = name.rpartition(".")
        if resource not in _COMPUTE or part not in ("", "requests", "limits") or size.whole:
            continue
        for c in size.containers:
            said = c.resources.limits if part == "limits" else c.resources.requests
            if amount(said, resource) is None:
                return name
    return ""


# -- nodes -----------------------------------------------------------------------------------------------------------


def as_scheduled(asked: Amounts) -> Amounts:
    """In the units of the scheduler: whole millicores, whole bytes and pieces, rounded up."""
    if not any(value % (_MILLI if name == "cpu" else NANO) for name, value in asked):
        return asked
    return tuple(
        (name, rounded(value, _MILLI) * _MILLI if name == "cpu" else rounded(value) * NANO)
        for name, value in asked
    )


def on_node(room: NodeRoom, size: Size) -> Bound:
    """How many more of them it takes."""
    why = kept_out(room, size.placement)
    if why:
        return Bound(0, why)
    free = dict(room.free)
    bounds = [
        Bound(max(0, free.get(name, 0) // value), _lack(name))
        for name, value in as_scheduled(size.requests)
        if value
    ]
    return min(bounds, default=Bound(0, ""))


def beyond_nodes(asked: Amounts, nodes: Iterable[Amounts]) -> str:
    """In words, what of one pod no node could hold, were it empty. ``nodes``: what each has for pods; "" where one could hold it, and
    where none says what it has."""
    wanted, known = as_scheduled(asked), [n for n in nodes if n]
    if not known or any(all((amount(n, name) or 0) >= value for name, value in wanted) for n in known):
        return ""
    for name, value in wanted:
        most = max(amount(n, name) or 0 for n in known)
        if value > most:
            return f"a pod would ask for {name} {shown(name, value)}, and no node has more than {shown(name, most)} for pods"
    return "no node has as much of each resource as a pod would ask for"


def _lack(resource: str) -> str:
    return "too many pods" if resource == "pods" else f"insufficient {resource}"


def kept_out(room: NodeRoom, placement: Placement) -> str:
    """Why no pod of that placement may go there, whatever is free; "" where it may."""
    if room.unschedulable and not _tolerated(UNSCHEDULABLE, placement.tolerations):
        return "cordoned"
    if any(t.effect in _KEEPS_OUT and not _tolerated(t, placement.tolerations) for t in room.taints):
        return "tainted"
    named = dict(placement.selector)
    if any(room.labels.get(key) != value for key, value in named.items()):
        return "not selected"
    if placement.required is not None and not any(
        # a term that says nothing matches no node
        (term.labels or term.fields)
        and all(matches(r, room.labels) for r in term.labels)
        and all(matches(r, {"metadata.name": room.name}) for r in term.fields)
        for term in placement.required
    ):
        return "not selected"
    return ""


def _tolerated(taint: Taint, tolerations: Sequence[Toleration]) -> bool:
    return any(
        t.effect in ("", taint.effect)
        and (t.key == taint.key or (not t.key and t.operator == "Exists"))
        and (t.operator == "Exists" or (t.operator == "Equal" and t.value == taint.value))
        for t in tolerations
    )


def matches(requirement: Requirement, labels: Labels | Mapping[str, str]) -> bool:
    """As node affinity has it; an operator that is not known matches nothing."""
    key, operator, values = requirement
    value = labels.get(key)
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            if value is None or len(values) != 1 or not _whole(value) or not _whole(values[0]):
                return False
            return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
    return False


def _whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii()
