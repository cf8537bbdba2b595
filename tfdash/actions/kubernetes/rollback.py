"""Rolling back a workload: by its template, conditional on the template that it has now.

What is written is what ``kubectl rollout undo`` writes (kubectl pkg/polymorphichelpers/rollback.go): the ReplicaSet's
template without its hash, and its annotations but for six that belong to the Deployment. ``targets`` says which one, and
whether that is a way back or a release.
"""

from __future__ import annotations

from typing import Any

from tfdash.actions.argo.postconditions import (
    ABORTED,
    PROMOTED_TO,
    ROLLOUT_DONE,
    STABLE_SERVES,
    TAKEN_UP,
    WHOLE,
)
from tfdash.actions.argo.rollouts import abort_rollout
from tfdash.actions.argo.undo_steps import is_held, rest_of_undo
from tfdash.actions.core.action import Action
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.core.rights import Right
from tfdash.actions.flagger.canaries import abort_canary
from tfdash.actions.flagger.postconditions import PHASE
from tfdash.actions.kubernetes import templates
from tfdash.actions.kubernetes.field_managers import given_back
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.partitions import PARTITION, held_by_partition
from tfdash.actions.kubernetes.patches import (
    UID,
    Operation,
    conditional,
    map_changes,
    put,
)
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import REPLICAS, ROLLED_OUT, WRITTEN
from tfdash.actions.kubernetes.scaling import scale_request
from tfdash.actions.kubernetes.targets import REVISION, RollbackTarget, choose
from tfdash.model.action import FreezeRule, Post, Risk
from tfdash.model.capability import Capability
from tfdash.model.kube import StatefulSet
from tfdash.model.release import Carrier
from tfdash.model.subject import Subject
from tfdash.playbook.releases import facts_of
from tfdash.playbook.releases.history import Direction
from tfdash.playbook.seen import ClusterLook
from tfdash.playbook.serving.links import links_of
from tfdash.playbook.serving.rollout_status import condition

KEPT = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    }
)
"""The annotations that a Deployment keeps when it is undone."""


async def roll_back(context: PlanContext) -> Draft:
    """A release in flight with a canary of its own is aborted; all else goes back by its template."""
    release = context.standing.release
    wanted = context.arguments.get("revision")
    if release is not None and not wanted:
        if release.carrier is Carrier.CANARY:
            return await abort_canary(context)
        if (
            release.carrier is Carrier.ROLLOUT
            and Capability.ABORTABLE in release.capabilities
            and release.in_flight
        ):
            return await abort_rollout(context)
        if release.carrier is Carrier.PAIR and release.in_flight:
            return await end_pair(context)
    elif release is not None and release.carrier is Carrier.CANARY:
        raise PlanRefused("Flagger goes back to its primary only; there is no revision to choose")
    return await undo(context)


def _by_hand(context: PlanContext) -> tuple[str, ...]:
    """What a StatefulSet does not do by itself: it waits for every pod to be ready, a broken one too."""
    obj = context.standing.obj
    cluster = context.picture.clusters.get(context.at.cluster)
    if not isinstance(obj, StatefulSet) or obj.parallel or cluster is None:
        return ()
    pods = links_of(ClusterLook(cluster), obj).pods or ()
    broken = [p.name for p in pods if (c := condition(p.conditions, "Ready")) and c.status != "True"]
    if not broken:
        return ()
    names = ", ".join(broken)
    return (
        f"delete {names} by hand afterwards: the controller waits for a pod that is not ready, whatever the template says",
    )


async def undo(context: PlanContext) -> Draft:
    """Put an earlier template back, and end the hold that would make it wait; a release where that was left since."""
    at = context.at
    own, holder, document = await template_holder(context)
    current = document.get("spec", {}).get("template", {})
    target = await choose(context, document, current)
    if templates.same(target.template, current):
        raise PlanRefused(f"revision {target.revision or '?'} is what runs already: {target.label}")
    pointers = [UID, "/spec/template"]
    changes: list[Operation] = [{"op": "replace", "path": "/spec/template", "value": target.template}]
    ends_hold = bool(document.get("spec", {}).get("paused"))
    if at.kind in ("Deployment", "Rollout"):
        pointers.append("/spec/paused")
        changes += put(document, "/spec/paused", False) if ends_hold else ()
    back = target.direction is Direction.BACK
    held_to = held_by_partition(context, document, target.hash) if back and at.kind == "StatefulSet" else None
    if held_to is not None:
        pointers.append(PARTITION)
        changes += put(document, PARTITION, held_to[1])
    if at.kind == "Deployment" and target.annotations is not None:
        had = document.get("metadata", {}).get("annotations") or {}
        kept = {k: v for k, v in had.items() if k in KEPT}
        brought = {k: v for k, v in target.annotations.items() if k not in KEPT}
        changes += map_changes(document, ("metadata", "annotations"), {**brought, **kept})
    dropped = [
        f"annotation {c['path'].rpartition('/')[2].replace('~1', '/')} goes: the earlier revision has none"
        for c in changes
        if c["op"] == "remove"
    ]
    notes, choices = await managed_by_part(context, undone=True)
    revision = f" (revision {target.revision})" if target.revision else ""
    found = context.found(document, holder)
    what = f"put the template{revision} back" + (" and end the hold" if ends_hold else "")
    what += f" and lower the partition to {held_to[1]}" if held_to is not None else ""
    requests = [conditional(path_of(holder, document), document, pointers, changes, what, found)]
    skips: tuple[str, ...] = ()
    posts: tuple[Post, ...] = (
        ROLLED_OUT.post(text="every pod runs it and is available", within=context.policy.follow),
    )
    if at.kind == "Rollout":
        more, said, skips, posts = rest_of_undo(context, own, holder, target)
        requests += more
        notes = (*notes, *said)
    if not back:  # what an earlier way back of ours took from its managers
        requests += given_back(document, path_of(holder, document), found)
    was, now = templates.image_of(current), target.image
    hold = "; its hold ends with it" if ends_hold or is_held(own) else ""
    if held_to is not None:
        hold = "; its partition goes from {} to {} with it, below which no pod would come back".format(
            *held_to
        )
    return Draft(
        subject=found,
        effect=f"{at.kind} {at.name} {_says(target, was, now, revision)}{hold}",
        requests=tuple(requests),
        facts=facts_of(document, pointers),
        before=was,
        after=f"{now}{revision}, {target.label}",
        diff=(
            *templates.diff(current, target.template),
            *(("- paused: true", "+ paused: false") if ends_hold else ()),
            *((f"- partition: {held_to[0]}", f"+ partition: {held_to[1]}") if held_to is not None else ()),
        ),
        skips=skips,
        not_reverted=templates.not_reverted(
            target.template, document.get("spec", {}).get("replicas"), context.standing.scaler
        ),
        notes=(*_by_hand(context), templates.said(current, target.template), *dropped, *notes),
        choices=choices,
        posts=(WRITTEN.post(text=f"the template is {'the earlier one' if back else now}", within=30), *posts),
        title=f"{at.kind.lower()}: {'roll back' if back else f'release revision {target.revision} again'}",
        names=(("revision", target.revision), ("image", now)),
        freeze=FreezeRule.EXEMPT if back else FreezeRule.FROZEN,
        promotes=not back,
        risk=Risk.SECOND_PERSON if target.direction is Direction.UNKNOWN else None,
    )


def _says(target: RollbackTarget, was: str, now: str, revision: str) -> str:
    if target.direction is Direction.BACK:
        return f"goes back from {was} to {now}{revision}, {target.label}"
    why = (
        "it never served everything, so this is a release and no way back"
        if target.unserved
        else "it was left since, so this is a release and no way back"
        if target.direction is Direction.FORWARD
        else "it cannot be told whether it served before, so this counts as a release"
    )
    return f"releases {now}{revision} in place of {was}, {target.label}: {why}"


async def template_holder(context: PlanContext) -> tuple[dict[str, Any], Subject, dict[str, Any]]:
    """Itself, and the object that holds the template: itself, or what a Rollout refers to by workloadRef."""
    at, document = context.at, await context.document(context.at)
    reference = document.get("spec", {}).get("workloadRef") if at.kind == "Rollout" else None
    if not reference:
        return document, at, document
    kind = str(reference.get("kind", ""))
    if kind not in ("Deployment", "ReplicaSet"):
        raise PlanRefused(f"its template is that of a {kind}, which cannot be changed from here")
    holder = Subject(at.cluster, kind, at.namespace, str(reference.get("name", "")))
    return document, holder, await context.document(holder)


async def end_pair(context: PlanContext) -> Draft:
    """The canary of a pair goes: its Deployment is scaled to nothing, the stable one is left alone."""
    release = context.standing.release
    assert release is not None
    assert release.partner is not None
    document = await context.document(release.partner)
    found = context.found(document, release.partner)
    replicas = document.get("spec", {}).get("replicas", 1)
    request = scale_request(found, document, 0, f"scale {found.name} to 0")
    image = release.canary.image if release.canary is not None else "the canary"
    return Draft(
        subject=found,
        effect=f"the {replicas} canary pods of {found.name} ({image}) go; {context.at.name} is left as it is",
        requests=(request,),
        facts=facts_of(document, (UID, "/spec/replicas")),
        before=f"{replicas} canary pods",
        after="no canary",
        diff=(f"- replicas: {replicas}", "+ replicas: 0"),
        not_reverted=templates.references(document.get("spec", {}).get("template", {})),
        posts=(
            WRITTEN.post(text="the size is written", within=30),
            REPLICAS.post(value="0", text="no canary pod is left", within=context.policy.follow),
        ),
        title="release: abort the canary",
    )


def _puts_back(standing: Standing) -> Right | None:
    plain = standing.release is None or standing.release.carrier is Carrier.DEPLOYMENT
    return Right("PATCH") if plain else None


ACTIONS = (
    Action(
        id="workload.rollback",
        title="workload: roll back",
        key="b",
        kinds=frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Canary"}),
        capability=Capability.REVERTIBLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=roll_back,
        posts=(
            WRITTEN,
            ROLLED_OUT,
            ROLLOUT_DONE,
            TAKEN_UP,
            PROMOTED_TO,
            WHOLE,
            REPLICAS,
            ABORTED,
            STABLE_SERVES,
            PHASE,
        ),
        arguments=("revision",),
        carried=True,
        right=_puts_back,
    ),
)
