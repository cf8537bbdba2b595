"""Requests and limits of one container in its pod template. That replaces every pod, so it is a release like any other: the calendar
closes it, the verdict is asked, and ``b`` brings the earlier template back. A pod is never resized in place from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from tfdash.actions.argo.postconditions import TAKEN_UP
from tfdash.actions.core.action import Action
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, map_changes
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import ROLLED_OUT, WRITTEN
from tfdash.actions.kubernetes.rollback import template_holder
from tfdash.model.action import FreezeRule, Post, Risk
from tfdash.model.autoscaling import ClusterAutoscaler, NodePool
from tfdash.model.capability import Capability
from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.kube import Container, DaemonSet, Deployment, Object, Pod, Resources
from tfdash.model.kubecluster import Node
from tfdash.model.release import Carrier
from tfdash.playbook.releases.facts import facts_of, pointer_of
from tfdash.playbook.resources.admission import outside_limits
from tfdash.playbook.resources.autoscaler import grows, pool_grows
from tfdash.playbook.resources.rightsize import template_of
from tfdash.playbook.resources.room import RollingUpdate, beyond_nodes, beyond_quota, size_of
from tfdash.playbook.seen import ClusterLook
from tfdash.playbook.serving.links import links_of
from tfdash.quantities import Amounts, amounts, parse, text
from tfdash.views.resources.resizes import RESIZES, word_of

T = TypeVar("T", bound=Object)

GIVEN = ("cpu_request", "memory_request", "cpu_limit", "memory_limit")
NONE = "none"  # given for what is not to be set any more


class _At(NamedTuple):
    """One container of a template: where it stands, and what it says now."""

    list: str  # "containers" or "initContainers"
    place: int
    found: Mapping[str, Any]

    def pointer(self, *more: str) -> str:
        return pointer_of("spec", "template", "spec", self.list, str(self.place), *more)


def _container(context: PlanContext, spec: Mapping[str, Any]) -> _At:
    """The one that was named, or the only one."""
    wanted = str(context.arguments.get("container") or "")
    every = [
        _At(where, index, found)
        for where in ("containers", "initContainers")
        for index, found in enumerate(spec.get(where) or ())
    ]
    names = [str(c.found.get("name", "")) for c in every]
    if wanted:
        for one, name in zip(every, names, strict=True):
            if name == wanted:
                return one
        raise PlanRefused(f"there is no container {wanted!r}; there are {', '.join(names)}")
    if len(names) == 1:
        return every[0]
    raise PlanRefused("which container?", wanting=("container",), remedy=f"it has {', '.join(names)}")


def _wanted(context: PlanContext, now: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Its requests and limits with what was given in their place."""
    found = {part: {k: str(v) for k, v in (now.get(part) or {}).items()} for part in ("requests", "limits")}
    for name in GIVEN:
        given = str(context.arguments.get(name) or "").strip()
        if not given:
            continue
        resource, _, part = name.partition("_")
        if given == NONE:
            found[f"{part}s"].pop(resource, None)
            continue
        try:
            value = parse(given)
        except ValueError as error:
            raise PlanRefused(f"{name.replace('_', ' ')}: {error}; {NONE!r} takes it away") from None
        if value < 0 or (resource == "memory" and value % 10**9) or (resource == "cpu" and value % 10**6):
            least = "whole bytes" if resource == "memory" else "whole thousandths of a core"
            raise PlanRefused(f"{name.replace('_', ' ')}: {given} is not a number of {least}, 0 or more")
        if str(found[f"{part}s"].get(resource, "")) == "" or parse(found[f"{part}s"][resource]) != value:
            found[f"{part}s"][resource] = text(value, binary=resource == "memory")
    return found


def containers_in(spec: Mapping[str, Any]) -> tuple[Container, ...]:
    """Of a pod spec as the server has it."""

    def made(found: Mapping[str, Any], init: bool) -> Container:
        asked = found.get("resources") or {}
        return Container(
            str(found.get("name", "")),
            "",
            Resources(amounts(asked.get("requests")), amounts(asked.get("limits"))),
            init=init,
            sidecar=init and found.get("restartPolicy") == "Always",
        )

    return (
        *(made(c, True) for c in spec.get("initContainers") or ()),
        *(made(c, False) for c in spec.get("containers") or ()),
    )


async def set_resources(context: PlanContext) -> Draft:
    """``container`` (where there are several), and each of ``GIVEN`` that is to change."""
    at = context.at
    own, holder, document = await template_holder(context)
    _may_begin(context, own, document)
    inside = document.get("spec", {}).get("template", {}).get("spec", {})
    one = _container(context, inside)
    had = one.found.get("resources") or {}
    wanted = _wanted(context, had)
    name = str(one.found.get("name", ""))
    moves = _moves(had, wanted)
    if not moves:
        if not any(context.arguments.get(g) for g in GIVEN):
            raise PlanRefused("what is it to ask for? Nothing was given", wanting=GIVEN)
        raise PlanRefused(f"container {name} has these requests and limits already")
    changed = _with(inside, one, wanted)
    refused, unknown = _refusals(context, own, containers_in(inside), containers_in(changed), name)
    if refused:
        raise PlanRefused(refused[0])
    pointers = (UID, one.pointer("name"), one.pointer("resources"))
    found = context.found(document, holder)
    changes = _changes(document, one, had, wanted)
    what = f"set requests and limits of container {name}"
    notes, choices = await managed_by_part(context, undone=True)
    manager = context.standing.managed_by
    source = (
        (
            f"{manager.tool} owns it: what is not changed there too comes back with its next release "
            "(tfdash rightsize --export kustomize writes what belongs there)",
        )
        if manager is not None and manager.tool != "kubectl"
        else ()
    )
    canary = _canary_path(context, own)
    posts: tuple[Post, ...] = (WRITTEN.post(text="the template has them", within=30),)
    if not canary:
        posts += (ROLLED_OUT.post(text="every pod is new and available", within=context.policy.follow),)
    elif at.kind == "Rollout":
        before = (own.get("status") or {}).get("currentPodHash", "")
        posts += (TAKEN_UP.post(text="its canary has begun", within=60, value=f"{at.name}::{before}"),)
    return Draft(
        subject=found,
        effect=f"{at.kind} {at.name}: container {name} {_said(moves)}. That is a release: "
        + (canary or "every pod is replaced as its strategy allows"),
        requests=(conditional(path_of(holder, document), document, pointers, changes, what, found),),
        facts=facts_of(document, pointers),
        before=_summary(had),
        after=_summary(wanted),
        diff=_diff(moves),
        notes=(*_held_back(document), *_resizing(context), *unknown, *source, *notes),
        choices=choices,
        posts=posts,
        freeze=FreezeRule.FROZEN,
        promotes=not canary,
        names=(("container", name),),
    )


def _may_begin(context: PlanContext, own: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Raises ``PlanRefused`` where a release cannot begin here, or not now."""
    release, obj = context.standing.release, context.standing.obj
    if obj is not None and obj.owner is not None:
        raise PlanRefused(
            f"{obj.owner.kind} {obj.owner.name} makes it and puts its template back: set it there"
        )
    if context.at.kind != "Rollout" and release is not None and release.carrier is Carrier.ROLLOUT:
        raise PlanRefused(f"its template is that of Rollout {release.subject.name}: set it there")
    if release is not None and release.in_flight:
        raise PlanRefused(
            "a release is in flight: another template would take its place, judged by nobody",
            remedy="let it end, or b goes back",
        )
    if own.get("spec", {}).get("paused") or document.get("spec", {}).get("paused"):
        raise PlanRefused("it is held: a new template would wait; release it first", remedy="h releases it")


def _with(inside: Mapping[str, Any], one: _At, wanted: Mapping[str, Any]) -> dict[str, Any]:
    listed = list(inside.get(one.list) or ())
    listed[one.place] = {**one.found, "resources": {**(one.found.get("resources") or {}), **wanted}}
    return {**inside, one.list: listed}


def _changes(
    document: Mapping[str, Any], one: _At, had: Mapping[str, Any], wanted: Mapping[str, Mapping[str, str]]
) -> Sequence[Operation]:
    """Amount by amount, so that nothing else changes its manager."""
    if not had:
        op = "replace" if "resources" in one.found else "add"
        value = {part: dict(found) for part, found in wanted.items() if found}
        return ({"op": op, "path": one.pointer("resources"), "value": value},)
    where = ("spec", "template", "spec", one.list, str(one.place), "resources")
    return [c for part in ("requests", "limits") for c in map_changes(document, (*where, part), wanted[part])]


_Moves = Mapping[tuple[str, str], tuple[str, str]]
"""(what was, what is to be) by ("requests", "cpu"); "" for what is not set."""


def _moves(had: Mapping[str, Any], wanted: Mapping[str, Mapping[str, str]]) -> _Moves:
    found = {}
    for part in ("requests", "limits"):
        old, new = {k: str(v) for k, v in (had.get(part) or {}).items()}, wanted[part]
        for resource in sorted({*old, *new}):
            if old.get(resource) != new.get(resource):
                found[part, resource] = (old.get(resource, ""), new.get(resource, ""))
    return found


def _said(moves: _Moves) -> str:
    return ", ".join(
        f"{r} {part[:-1]} {old or NONE} → {new or NONE}" for (part, r), (old, new) in moves.items()
    )


def _diff(moves: _Moves) -> tuple[str, ...]:
    pairs = ((f"{part}.{r}", old, new) for (part, r), (old, new) in moves.items())
    return tuple(
        f"{sign} {name}: {value}"
        for name, old, new in pairs
        for sign, value in (("-", old), ("+", new))
        if value
    )


def _summary(found: Mapping[str, Any]) -> str:
    told = [
        f"{part} {', '.join(f'{k} {v}' for k, v in sorted(found[part].items()))}"
        for part in found
        if found[part]
    ]
    return "; ".join(told) or "no request and no limit"


def _canary_path(context: PlanContext, own: Mapping[str, Any]) -> str:
    """How a release of it is carried, "" where nothing but its own strategy does."""
    release = context.standing.release
    if release is not None and release.carrier is Carrier.CANARY:
        return f"Flagger finds the new template, analyses it as a canary, and promotes it or not ({release.subject.name})"
    strategy = own.get("spec", {}).get("strategy") or {}
    if context.at.kind == "Rollout":
        steps = (strategy.get("canary") or {}).get("steps")
        if steps:
            return f"its canary begins at the first of {len(steps)} steps; o leads on, b goes back"
        if (strategy.get("blueGreen") or {}).get("autoPromotionEnabled") is False:
            return "the new pods stand beside the old ones until somebody promotes them"
    return ""


def _held_back(document: Mapping[str, Any]) -> tuple[str, ...]:
    strategy = document.get("spec", {}).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return ("its update strategy is OnDelete: no pod is replaced before somebody deletes it",)
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    return (f"its partition is {partition}: pods below it stay as they are",) if partition else ()


def _resizing(context: PlanContext) -> tuple[str, ...]:
    """Resizes in place that somebody else asked for, and that wait."""
    obj, cluster = context.standing.obj, context.picture.clusters.get(context.at.cluster)
    pods: Iterable[Pod] = (
        links_of(ClusterLook(cluster), obj).pods or () if obj is not None and cluster else ()
    )
    waits = [word_of(c) for p in pods for c in p.conditions if c.type in RESIZES and c.status == "True"]
    if not waits:
        return ()
    return (
        f"{len(waits)} pods are being resized in place ({', '.join(sorted(set(waits)))}): new pods end that",
    )


def _refusals(
    context: PlanContext,
    own: Mapping[str, Any],
    before: tuple[Container, ...],
    after: tuple[Container, ...],
    name: str,
) -> tuple[list[str], tuple[str, ...]]:
    """What LimitRange and quota refuse of the new pods, and what no node could take; and what is not known of that, or takes a new node."""
    ranges, unread_ranges = _of_kind(context, LimitRange)
    quotas, unread_quotas = _of_kind(context, ResourceQuota)
    unknown = tuple(
        f"{kind}s are not read here: whether one refuses the new pods is not known"
        for kind, unread in (("LimitRange", unread_ranges), ("ResourceQuota", unread_quotas))
        if unread
    )
    told = list(outside_limits(after, ranges, frozenset((name,))))
    template = template_of(context.standing.obj)
    old, new = (
        size_of(msgspec.structs.replace(template, containers=containers), None, ranges)
        for containers in (before, after)
    )
    update = _update(context.standing.obj, own)
    told += [why for quota in quotas if (why := beyond_quota(quota, old, new, update))]
    why = _beyond_nodes(context, old.requests, new.requests)
    if why and (adds := _adds_nodes(context)):
        unknown += (f"{why}: only one that {adds} adds could take it",)
        why = ""
    return [*(f"its pods would be refused: {why}" for why in told), *((why,) if why else ())], unknown


def _beyond_nodes(context: PlanContext, before: Amounts, after: Amounts) -> str:
    """Why no node takes the new pods, "" where one does, and where they ask for less than those of now."""
    had = dict(before)
    if all(value <= had.get(name, 0) for name, value in after):
        return ""
    return beyond_nodes(after, (n.allocatable for n in _all(context, Node)))


def _adds_nodes(context: PlanContext) -> str:
    """Who adds nodes; "" where nobody does."""
    grown = any(grows(scaler) for scaler in _all(context, ClusterAutoscaler))
    pools = any(pool_grows(pool) for pool in _all(context, NodePool))
    return "the cluster-autoscaler" if grown else "Karpenter" if pools else ""


def _all(context: PlanContext, kind: type[T]) -> list[T]:
    """Those that are known of a kind."""
    cluster = context.picture.clusters.get(context.at.cluster)
    found = cluster.objects(kind.KIND).values() if cluster is not None else ()
    return [o for o in found if isinstance(o, kind)]


def _of_kind(context: PlanContext, kind: type[Object]) -> tuple[list[Any], bool]:
    """Those of the namespace, and whether they are not known."""
    cluster = context.picture.clusters.get(context.at.cluster)
    seen = cluster.kinds.get(kind.KIND) if cluster is not None else None
    if seen is None or seen.value is None or not seen.complete:
        return [], True
    return [
        o for o in seen.value.values() if o.namespace == context.at.namespace and isinstance(o, kind)
    ], False


def _update(obj: Object | None, own: Mapping[str, Any]) -> RollingUpdate:
    """How its pods are replaced."""
    if isinstance(obj, DaemonSet):
        return RollingUpdate(obj.desired, 0, False)
    size = int(own.get("spec", {}).get("replicas", 1))
    if isinstance(obj, Deployment) and obj.strategy == "RollingUpdate":
        surge, away = _share(obj.max_surge, size, up=True), _share(obj.max_unavailable, size, up=False)
        return RollingUpdate(size, 1 if surge else 0, waits=bool(surge) and not away)
    return RollingUpdate(size, 0, False)


def _share(value: str, size: int, *, up: bool) -> int:
    """``25%`` or ``2`` of so many pods, as the Deployment controller rounds."""
    if not value.endswith("%"):
        return int(value or 0)
    part = int(value[:-1]) * size
    return -(-part // 100) if up else part // 100


ACTIONS: tuple[Action, ...] = (
    Action(
        id="workload.set-resources",
        title="workload: set resources of",
        kinds=frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"}),
        capability=Capability.RESTARTABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        promotes=True,
        make=set_resources,
        posts=(WRITTEN, ROLLED_OUT, TAKEN_UP),
        arguments=("container", *GIVEN),
        needed=GIVEN,
    ),
)
