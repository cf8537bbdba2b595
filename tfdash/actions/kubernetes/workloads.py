"""Restart, hold and release of workloads, each conditional on the uid and on whether it is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.action import Action
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes import templates
from tfdash.actions.kubernetes.field_managers import given_back
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import HELD, NOT_HELD, RESTARTED, ROLLED_OUT, WRITTEN
from tfdash.model.action import FreezeRule, Post, Risk
from tfdash.model.capability import Capability
from tfdash.model.kube import Pod
from tfdash.playbook.releases.facts import facts_of, pointer_of
from tfdash.playbook.seen import ClusterLook
from tfdash.playbook.serving.links import links_of

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


async def restart(context: PlanContext) -> Draft:
    """As ``kubectl rollout restart``: a new revision of the same images. A Rollout restarts its pods without one."""
    at, stamp = context.at, context.stamp
    document = await context.document(at)
    spec = document.get("spec", {})
    if spec.get("paused"):
        raise PlanRefused("it is paused: a restart would wait; release it first", remedy="h releases it")
    if at.kind == "Rollout":
        pointers = [UID, "/spec/restartAt"]
        changes = put(document, "/spec/restartAt", stamp)
        how = "its pods are evicted one after another, as maxUnavailable allows; no new revision"
        posts: tuple[Post, ...] = (RESTARTED.post(text="every pod is younger", within=context.policy.follow),)
    else:
        where = pointer_of("spec", "template", "metadata", "annotations", RESTARTED_AT)
        pointers = [UID, where, "/spec/template/spec"]
        changes = put(document, where, stamp)
        how = "every pod is replaced as its strategy allows; this makes a new revision of the same images"
        posts = (
            WRITTEN.post(text="the new revision is asked for", within=30),
            ROLLED_OUT.post(text="every pod is new and available", within=context.policy.follow),
        )
    moved = _another_image(context, await _inside(context, spec))
    notes = []
    if spec.get("updateStrategy", {}).get("type") == "OnDelete":
        notes.append("its update strategy is OnDelete: no pod is replaced before somebody deletes it")
    undone, choices = await managed_by_part(context)  # offered: few of them undo a stamp or a pause
    request = conditional(
        path_of(at, document), document, pointers, changes, "ask for a restart", context.found(document)
    )
    return Draft(
        subject=context.found(document),
        effect=f"{f'may bring another image ({moved}): ' if moved else ''}{at.kind} {at.name} restarts: {how}",
        requests=(request,),
        facts=facts_of(document, pointers),
        before="running pods",
        after="new pods, of the images that the registry has then"
        if moved
        else "new pods of the same images",
        diff=(f"+ {RESTARTED_AT if at.kind != 'Rollout' else 'restartAt'}: {stamp}",),
        notes=(*notes, *undone),
        choices=choices,
        posts=posts,
        arguments=((STAMP, stamp),),
        freeze=FreezeRule.FROZEN if moved else FreezeRule.EXEMPT,
    )


async def _inside(context: PlanContext, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The spec of its pods: its own template's, or that of the Deployment which a Rollout refers to."""
    reference = spec.get("workloadRef") if context.at.kind == "Rollout" else None
    if reference and reference.get("kind") in ("Deployment", "ReplicaSet"):
        holder = context.at._replace(kind=str(reference["kind"]), name=str(reference.get("name", "")), uid="")
        spec = (await context.document(holder)).get("spec", {})
    found: Mapping[str, Any] = spec.get("template", {}).get("spec", {})
    return found


def _another_image(context: PlanContext, inside: Mapping[str, Any]) -> str:
    """Why a restart may start another image than runs now, "" where each is pinned or kept: a tag that is pulled anew,
    or pods of the same image that run different ones already. Such a restart is a release for the calendar."""
    listed = [*(inside.get("initContainers") or ()), *(inside.get("containers") or ())]
    loose = [c for c in listed if "@sha256:" not in str(c.get("image", ""))]
    anew = [str(c.get("image", "")) for c in loose if templates.pull_policy(c) == "Always"]
    if anew:
        return f"{anew[0]} is pulled anew and has no digest"
    names = {str(c.get("name", "")): str(c.get("image", "")) for c in loose}
    running: dict[str, set[str]] = {}
    for pod in _pods_of(context):
        images = {c.name: c.image for c in pod.containers}
        for status in pod.statuses:
            if status.image_id and images.get(status.name) == names.get(status.name):
                running.setdefault(status.name, set()).add(status.image_id)
    several = next((name for name, ids in running.items() if len(ids) > 1), "")
    return f"pods run {len(running[several])} different images under {names[several]}" if several else ""


def _pods_of(context: PlanContext) -> tuple[Pod, ...]:
    obj, cluster = context.standing.obj, context.picture.clusters.get(context.at.cluster)
    return () if obj is None or cluster is None else links_of(ClusterLook(cluster), obj).pods or ()


async def hold(context: PlanContext) -> Draft:
    """spec.paused of a Deployment or Rollout."""
    return await _paused(context, True)


async def release(context: PlanContext) -> Draft:
    """spec.paused off: what waits goes on."""
    return await _paused(context, False)


async def _paused(context: PlanContext, paused: bool) -> Draft:
    at = context.at
    document = await context.document(at)
    if bool(document.get("spec", {}).get("paused")) is paused:
        raise PlanRefused("it is held already" if paused else "it is not held")
    # going on is decided upon a template; holding must not fail because somebody just changed it
    pointers = [UID, "/spec/paused"] if paused else [UID, "/spec/paused", "/spec/template"]
    if not paused and at.kind == "Rollout" and "template" not in document.get("spec", {}):
        pointers.remove("/spec/template")
    request = conditional(
        path_of(at, document),
        document,
        pointers,
        put(document, "/spec/paused", paused),
        "hold it" if paused else "let it go on",
        context.found(document),
    )
    if paused:
        effect = (
            f"{at.kind} {at.name} is held: its controller starts no further step; pods that run go on serving"
        )
    else:
        effect = f"{at.kind} {at.name} goes on from where it was held"
    flying = context.standing.release
    undone, choices = await managed_by_part(context)
    return Draft(
        subject=context.found(document),
        effect=effect,
        requests=(
            request,
            *(() if paused else given_back(document, path_of(at, document), request.subject or at)),
        ),
        facts=facts_of(document, pointers),
        promotes=not paused and flying is not None and flying.in_flight,
        before="held" if not paused else "going on",
        after="held" if paused else "going on",
        diff=(f"- paused: {str(not paused).lower()}", f"+ paused: {str(paused).lower()}"),
        notes=undone,
        choices=choices,
        posts=((HELD if paused else NOT_HELD).post(text="spec.paused is as asked", within=30),),
    )


def _held(standing: Standing) -> bool:
    return bool(getattr(standing.obj, "paused", False))


ACTIONS = (
    Action(
        id="workload.restart",
        title="workload: restart",
        key="r",
        kinds=frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"}),
        capability=Capability.RESTARTABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,  # unless it may bring another image: the plan says
        make=restart,
        posts=(
            WRITTEN,
            ROLLED_OUT,
            RESTARTED,
        ),
    ),
    Action(
        id="workload.hold",
        title="workload: hold",
        key="h",
        kinds=frozenset({"Deployment", "Rollout"}),
        capability=Capability.HOLDABLE,
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=hold,
        posts=(HELD,),
        concerns=lambda standing: not _held(standing),
        carried=True,
    ),
    Action(
        id="workload.release",
        title="workload: release",
        key="h",
        kinds=frozenset({"Deployment", "Rollout"}),
        capability=Capability.HOLDABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        make=release,
        posts=(NOT_HELD,),
        concerns=_held,
        carried=True,
    ),
)
