"""How far a StatefulSet's release, or its way back, may come: its partition, below which no pod is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.action import Action
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import ROLLED_OUT, WRITTEN
from tfdash.actions.kubernetes.targets import finishes_return
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.kube import StatefulSet
from tfdash.playbook.releases.facts import facts_of
from tfdash.playbook.seen import ClusterLook
from tfdash.playbook.serving.in_flight import HASH
from tfdash.playbook.serving.links import links_of

PARTITION = "/spec/updateStrategy/rollingUpdate/partition"
_MOST = 10_000


async def move(context: PlanContext) -> Draft:
    """``partition``. Lowered it lets a release reach more pods, or lets a way back come to its end; raised it lets it reach no
    further one."""
    wanted = context.number("partition")
    if wanted is None:
        raise PlanRefused("which partition? Nothing was given")
    if not 0 <= wanted <= _MOST:
        raise PlanRefused(f"partition: {wanted} is not between 0 and {_MOST}")
    at = context.at
    document = await context.document(at)
    spec, status = document.get("spec", {}), document.get("status", {})
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        raise PlanRefused("its update strategy is OnDelete: a partition says nothing there")
    now = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if wanted == now:
        raise PlanRefused(f"its partition is {now} already")
    down = wanted < now
    newest, before = str(status.get("updateRevision") or ""), str(status.get("currentRevision") or "")
    taken_up = document.get("metadata", {}).get("generation", 0) <= status.get("observedGeneration", 0)
    if down and not taken_up:  # its revisions are those from before the last change
        raise PlanRefused(
            "its controller has not taken up its last change yet, so that nobody knows which version would be let on; try again"
        )
    flying = newest != before
    mixed = not flying and int(status.get("updatedReplicas") or 0) < int(status.get("replicas") or 0)
    start, size = int((spec.get("ordinals") or {}).get("start", 0)), int(spec.get("replicas", 1))
    more = [f"{at.name}-{start + i}" for i in range(min(wanted, now, size), min(max(wanted, now), size))]
    pods = " to ".join(dict.fromkeys((more[0], more[-1]))) if more else ""
    running = revisions_of(context, set(more)) if down else None
    replaced = (running or set()) - {newest}
    returns = await finishes_return(context, document, newest, replaced) if replaced else False
    unclear = f"it cannot be told whether {newest} was returned to, so this counts as a release"
    # what is let on is decided upon a template; holding it back must not fail because somebody just changed that
    pointers = [UID, PARTITION, "/spec/updateStrategy/type", *(["/spec/template"] if down else [])]
    undone, choices = await managed_by_part(context, undone=True)
    follow = context.policy.follow
    return Draft(
        subject=context.found(document),
        effect=f"StatefulSet {at.name}: partition {now} to {wanted}: "
        + (
            f"{pods} go back to {newest}, which was returned to"
            if returns
            else _words(down, flying or mixed, pods, newest, before)
        ),
        requests=(
            conditional(
                path_of(at, document),
                document,
                pointers,
                put(document, PARTITION, wanted),
                f"set the partition of {at.name} to {wanted}",
                context.found(document),
            ),
        ),
        facts=facts_of(document, pointers),
        before=f"partition {now}",
        after=f"partition {wanted}",
        diff=(f"- partition: {now}", f"+ partition: {wanted}"),
        notes=(*((unclear,) if returns is None else ()), *undone),
        choices=choices,
        posts=(
            WRITTEN.post(text="the partition is set", within=30),
            *(
                (ROLLED_OUT.post(text="every pod above it is new and ready", within=follow),)
                if down and (flying or mixed)
                else ()
            ),
        ),
        freeze=FreezeRule.FROZEN if down and not returns else FreezeRule.EXEMPT,
        promotes=down and flying and not returns,
        risk=Risk.TYPED_NAME if down else Risk.KEY,
        title=f"statefulset: {'lower' if down else 'raise'} the partition",
        arguments=(("partition", str(wanted)),),
    )


def revisions_of(context: PlanContext, names: set[str]) -> set[str] | None:
    """What these pods of a StatefulSet run, by the values of their hash label; None where they are not all known."""
    cluster, obj = context.picture.clusters.get(context.at.cluster), context.standing.obj
    pods = links_of(ClusterLook(cluster), obj).pods if cluster is not None and obj is not None else None
    found = {p.name: p.labels.get(HASH, "") for p in pods or () if p.name in names}
    return set(found.values()) if found.keys() == names else None


def held_by_partition(
    context: PlanContext, document: Mapping[str, Any], target: str
) -> tuple[int, int] | None:
    """(its partition, what that must be lowered to so that every pod comes to run the revision ``target``), None where it holds
    none of them back."""
    spec = document.get("spec", {})
    strategy = spec.get("updateStrategy") or {}
    now = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    start, size = int((spec.get("ordinals") or {}).get("start", 0)), int(spec.get("replicas", 1))
    if strategy.get("type") == "OnDelete":
        return None
    of_pod = (revisions_of(context, {f"{context.at.name}-{start + i}"}) for i in range(min(now, size)))
    return next(((now, i) for i, runs in enumerate(of_pod) if runs != {target}), None)


def _words(down: bool, flying: bool, pods: str, newest: str, before: str) -> str:
    if not pods:
        return "no pod of today's is between the two"
    if not flying:
        return f"nothing is in flight; the next release {'reaches' if down else 'does not reach'} {pods}"
    if newest == before:  # what came was taken back, and some pods still run it
        return f"those of {pods} that do not run {newest} " + ("would be replaced by it" if down else "stay")
    if down:
        return f"{pods} would be replaced by the new version ({newest}), so this is a promotion"
    return (
        f"of {pods} no further one is replaced; one that runs {newest} already goes on, and comes back as {before} when it is "
        "deleted"
    )


def _unable(standing: Standing) -> str:
    obj = standing.obj
    on_delete = isinstance(obj, StatefulSet) and obj.strategy == "OnDelete"
    return "its update strategy is OnDelete: a partition says nothing there" if on_delete else ""


ACTIONS = (
    Action(
        id="workload.partition",
        title="statefulset: move the partition",
        kinds=frozenset({"StatefulSet"}),
        risk=Risk.KEY,  # lowered: the name is typed
        freeze=FreezeRule.FROZEN,
        freeze_by_plan=True,
        unable=_unable,
        make=move,
        posts=(WRITTEN, ROLLED_OUT),
        arguments=("partition",),
        needed=("partition",),
    ),
)
