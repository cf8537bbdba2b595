"""What is in a namespace that a scale-down changes: read afresh, the request of each object, and the words for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.field_managers import given_back
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, drop, map_changes, put, test
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Request
from tfdash.model.autoscaling import PAUSED_AT, ScaledObject
from tfdash.model.delivery import Rollout
from tfdash.model.kube import (
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Object,
    Provisional,
    StatefulSet,
)
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.release import ManagedBy
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.nouns import counted
from tfdash.playbook.releases.facts import pointer_of
from tfdash.playbook.releases.managed_by import manager_of
from tfdash.playbook.releases.world import World
from tfdash.playbook.resources.scaled_down import (
    MEMORY,
    SizeStep,
    paused_at,
    remembered,
    replicas_of,
    scaler_of,
)
from tfdash.playbook.seen import ClusterLook, Relation
from tfdash.playbook.staleness import Unread

SIZED: tuple[type[Object], ...] = (Deployment, StatefulSet, Rollout)
CHANGED: tuple[type[Object], ...] = (*SIZED, CronJob)
_AT_ONCE = 8  # objects that are read at one time
_NAMED = 4  # objects that one note names


FIELDS: Mapping[str, str] = MappingProxyType({"CronJob": "/spec/suspend"})
"""Where a kind says its size, where that is not spec.replicas."""


class One(NamedTuple):
    """One object of the namespace as it is now. ``scaler``: the ScaledObject that sizes it; ``autoscaled``: an HPA does."""

    subject: Subject
    document: dict[str, Any]
    autoscaled: bool = False
    scaler: str = ""


def note_at(name: str) -> str:
    """Where an annotation stands."""
    return pointer_of("metadata", "annotations", name)


def _namespace(obj: Object) -> tuple[str, ...]:
    return (obj.namespace,)


_LOOKED_AT: tuple[type[Object], ...] = (*CHANGED, DaemonSet, HorizontalPodAutoscaler)
_SCALED_IN = Relation(ScaledObject, _namespace)
_IN: dict[type[Object], Relation[Any]] = {kind: Relation(kind, _namespace) for kind in _LOOKED_AT}


async def objects_in(context: PlanContext) -> tuple[list[One], tuple[str, ...]]:
    """What can be scaled in the namespace, read afresh; and what stays as it is, in words. Raises ``PlanRefused`` where what is in it is
    not known."""
    at = context.at
    look = ClusterLook(context.picture.clusters[at.cluster])
    found: dict[type[Object], tuple[Any, ...]] = {}
    for kind, relation in _IN.items():
        seen = look.seen(relation, at.name)
        if isinstance(seen, Unread):
            raise PlanRefused(f"{kind.KIND}s of {at.name} are not known: {seen.cause}")
        found[kind] = seen
    sized_by: dict[tuple[str, str], str] = {
        (h.target_kind, h.target_name): h.owner.name if h.owner and h.owner.kind == "ScaledObject" else ""
        for h in found[HorizontalPodAutoscaler]
    }
    for scaled in look.some(_SCALED_IN, at.name):  # a paused one has no HPA
        key = (scaled.target_kind, scaled.target_name)
        if scaled.paused and scaled.paused_replicas is None:
            # nobody moves its target: that one is scaled itself, or nobody would bring it back
            sized_by.pop(key, None)
        else:
            sized_by[key] = scaled.name
    mine: list[Subject] = []
    others: list[Subject] = []
    for kind in CHANGED:
        for obj in found[kind]:
            made = obj.owner is not None and obj.owner.kind != "Canary"
            (others if made else mine).append(Subject(at.cluster, kind.KIND, at.name, obj.name))
    gate = asyncio.Semaphore(_AT_ONCE)

    async def read(subject: Subject) -> One | None:
        async with gate:
            try:
                document = await context.document(subject)
            except ReadFailed as failed:
                if failed.problem.kind is ProblemKind.NOT_SERVED:
                    return None
                raise
        key = (subject.kind, subject.name)
        scaler = sized_by.get(key, "") or scaler_of(remembered(document) or "")
        return One(context.found(document, subject), document, key in sized_by and not scaler, scaler)

    read_now = [one for one in await asyncio.gather(*map(read, mine)) if one is not None]
    stays = [f"{s.kind} {s.name} stays: another controller made it" for s in others]
    daemons = [d.name for d in found[DaemonSet]]
    stays += [f"DaemonSets stay: {listed(daemons)}"] if daemons else []
    return read_now, tuple(stays)


async def scalers_of(context: PlanContext, names: Iterable[str]) -> tuple[list[One], dict[str, Problem]]:
    """The ScaledObjects of these names, and why others cannot be read."""
    found, failed_by = [], {}
    for name in sorted(names):
        subject = Subject(context.at.cluster, "ScaledObject", context.at.name, name)
        try:
            document = await context.document(subject)
        except ReadFailed as failed:
            failed_by[name] = failed.problem
            continue
        found.append(One(context.found(document, subject), document))
    return found, failed_by


def managers_of_all(context: PlanContext, objects: Iterable[One]) -> list[ManagedBy | None]:
    cluster = context.picture.clusters[context.at.cluster]
    world = World(ClusterLook(cluster), context.now)
    known = (cluster.objects(o.subject.kind).get(o.subject.key) for o in objects)
    return [manager_of(world, o) for o in known if o is not None and not isinstance(o, Provisional)]


def request_of(one: One, step: SizeStep, what: str) -> Request:
    """Its size, and on the way down the memory of it in the same write. On the way back the memory stays until the fields are given
    back (``forgets``): whoever goes on with what ended in between finds it."""
    document = one.document
    field = {"replicas": "/spec/replicas", "suspend": "/spec/suspend"}.get(step.field)
    notes = dict(document.get("metadata", {}).get("annotations") or {})
    if step.memory is not None:
        notes[MEMORY] = step.memory
    if step.field == "paused":
        notes.pop(PAUSED_AT, None)
        notes |= {} if step.value is None else {PAUSED_AT: str(step.value)}
    changes: list[Operation] = map_changes(document, ("metadata", "annotations"), notes)
    changes += put(document, field, step.value) if field is not None else []
    tested = (UID, note_at(MEMORY), field or (note_at(PAUSED_AT) if step.field == "paused" else UID))
    request = conditional(path_of(one.subject, document), document, tested, changes, what, one.subject)
    return msgspec.structs.replace(request, alone=True)


def forgets(one: One, taken: bool) -> tuple[Request, ...]:
    """The memory goes and the fields are given back, in one write behind all others."""
    path = path_of(one.subject, one.document)
    had = remembered(one.document)
    pointer = note_at(MEMORY)
    gone = [] if had is None else [test(one.document, pointer), *drop(one.document, pointer)]
    requests = given_back(one.document, path, one.subject, gone, taken)
    return tuple(msgspec.structs.replace(r, alone=True) for r in requests)


def noun(one: One) -> str:
    return f"{one.subject.kind} {one.subject.name}"


def to_words(step: SizeStep) -> str:
    return {"replicas": "0 replicas", "suspend": "suspended", "paused": "paused at 0"}.get(
        step.field, "its ScaledObject is remembered"
    )


def back_words(step: SizeStep) -> str:
    if step.field == "replicas":
        return f"{step.value} replicas"
    if step.field == "paused" and step.value is not None:
        return f"paused at {step.value}, as it was"
    return {"suspend": "not suspended", "paused": "not paused"}.get(step.field, "its memory goes")


def lines_of(one: One, step: SizeStep) -> tuple[str, ...]:
    name = f"{noun(one)} {step.field}"
    if step.field == "replicas":
        return (f"- {name}: {replicas_of(one.document)}", f"+ {name}: {step.value}")
    if not step.field:
        return ()
    if step.field == "paused":
        at = paused_at(one.document)
        was, is_now = ("false" if v is None else f"at {v}" for v in (at, step.value))
    else:
        was, is_now = ("false", "true") if step.value else ("true", "false")
    return (f"- {name}: {was}", f"+ {name}: {is_now}")


def counts_of(steps: Sequence[tuple[One, SizeStep]]) -> str:
    sized = sum(
        s.field == "replicas" or (not s.field and o.subject.kind not in ("CronJob", "ScaledObject"))
        for o, s in steps
    )
    jobs = sum(o.subject.kind == "CronJob" for o, _ in steps)
    told = [counted(sized, "workload")] if sized else []
    told += [counted(jobs, "CronJob")] if jobs else []
    return " and ".join(told) or "nothing"


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
