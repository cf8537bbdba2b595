"""Rolling back a workload: by its template, conditional on the template that it has now.

What is written is what ``kubectl rollout undo`` writes (kubectl pkg/polymorphichelpers/rollback.go): the ReplicaSet's
template without its hash, and its annotations but for six that belong to the Deployment. Other than kubectl's default,
"the second highest revision", the target is the last verified good one, and an unverified one is labelled so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tfdash.actions.argo.postconditions import ABORTED, STABLE_SERVES
from tfdash.actions.argo.rollouts import abort_rollout
from tfdash.actions.core.action import Action
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.flagger.canaries import abort_canary
from tfdash.actions.flagger.postconditions import PHASE
from tfdash.actions.kubernetes import templates
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, map_changes
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.postconditions import REPLICAS, ROLLED_OUT, ROLLOUT_DONE, WRITTEN
from tfdash.actions.kubernetes.scaling import scale_request
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.capability import Capability
from tfdash.model.release import Carrier, Phase
from tfdash.model.subject import Subject
from tfdash.playbook.releases import facts_of

REVISION = "deployment.kubernetes.io/revision"
_REVISIONS = (REVISION, "rollout.argoproj.io/revision")
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


class RollbackTarget(NamedTuple):
    """A version to go back to. ``annotations`` of its ReplicaSet; None where that is gone."""

    template: dict[str, Any]
    revision: str
    label: str  # "last verified good, ..." or "UNVERIFIED: ..."
    annotations: Mapping[str, str] | None = None


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
        if release.carrier is Carrier.ROLLOUT and release.phase is Phase.ABORTED and not context.verified:
            raise PlanRefused(
                "it is aborted: the stable version serves; choose a revision to set the spec back too",
                remedy="choose a revision",
            )
    elif release is not None and release.carrier is Carrier.CANARY:
        raise PlanRefused("Flagger goes back to its primary only; there is no revision to choose")
    return await undo(context)


async def undo(context: PlanContext) -> Draft:
    """Put an earlier template back."""
    at = context.at
    holder, document = await _holder(context)
    current = document.get("spec", {}).get("template", {})
    if at.kind == "Deployment" and document.get("spec", {}).get("paused"):
        raise PlanRefused("it is paused: a rollback would wait; release it first", remedy="h releases it")
    target = await _target(context, current)
    if templates.same(target.template, current):
        raise PlanRefused(f"revision {target.revision or '?'} is what runs already: {target.label}")
    pointers = [UID, "/spec/template"]
    if at.kind == "Deployment":
        pointers.append("/spec/paused")
    changes: list[Operation] = [{"op": "replace", "path": "/spec/template", "value": target.template}]
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
    notes, choices = await managed_by_part(context)
    if at.kind == "Rollout":
        again = "its steps run again from the first, unless spec.rollbackWindow lets them be skipped"
        notes = (*notes, again)
    scaler = context.standing.scaler
    was, now = templates.image_of(current), templates.image_of(target.template)
    revision = f" (revision {target.revision})" if target.revision else ""
    found = context.found(document, holder)
    request = conditional(
        path_of(holder, document), document, pointers, changes, f"put the template{revision} back", found
    )
    return Draft(
        subject=found,
        effect=f"{at.kind} {at.name} goes back from {was} to {now}{revision}, {target.label}",
        requests=(request,),
        facts=facts_of(document, pointers),
        before=was,
        after=f"{now}{revision}, {target.label}",
        diff=templates.diff(current, target.template),
        not_reverted=templates.not_reverted(
            target.template, document.get("spec", {}).get("replicas"), scaler
        ),
        notes=(templates.said(current, target.template), *dropped, *notes),
        choices=choices,
        posts=(
            WRITTEN.post(text="the template is the earlier one", within=30),
            (ROLLED_OUT if at.kind != "Rollout" else ROLLOUT_DONE).post(
                text="every pod runs it and is available",
                within=context.policy.follow,
            ),
        ),
        title=f"{at.kind.lower()}: roll back",
        names=(("revision", target.revision), ("image", now)),
    )


async def _holder(context: PlanContext) -> tuple[Subject, dict[str, Any]]:
    """The object that holds the template: itself, or what a Rollout refers to by workloadRef."""
    at, document = context.at, await context.document(context.at)
    reference = document.get("spec", {}).get("workloadRef") if at.kind == "Rollout" else None
    if not reference:
        return at, document
    kind = str(reference.get("kind", ""))
    if kind not in ("Deployment", "ReplicaSet"):
        raise PlanRefused(f"its template is that of a {kind}, which cannot be changed from here")
    holder = Subject(at.cluster, kind, at.namespace, str(reference.get("name", "")))
    return holder, await context.document(holder)


async def _target(context: PlanContext, current: Mapping[str, Any]) -> RollbackTarget:
    wanted = str(context.arguments.get("revision") or "")
    versions = await earlier(context)
    if wanted:
        found = next((v for v in versions if v.revision == wanted), None)
        if found is None:
            kept = ", ".join(v.revision for v in versions) or "none"
            raise PlanRefused(f"revision {wanted} is not kept; there are: {kept}")
        good = context.verified
        verified = good is not None and templates.same(found.template, json.loads(good.template))
        return found._replace(label=_good(context) if verified else "chosen, UNVERIFIED")
    good = context.verified
    if good is not None:
        template = json.loads(good.template)
        if not templates.same(template, current):
            kept_as = next((v for v in versions if templates.same(v.template, template)), None)
            gone = "" if kept_as else "; its ReplicaSet is gone, the whole template was remembered"
            return RollbackTarget(
                templates.without_hash(template),
                kept_as.revision if kept_as else good.revision,
                _good(context) + gone,
                kept_as.annotations if kept_as else None,
            )
    before = [v for v in versions if not templates.same(v.template, current)]
    if not before:
        raise PlanRefused("no earlier revision is kept, and none is remembered as verified")
    why = "the last verified good is what runs now" if good is not None else "no version was ever verified"
    return before[0]._replace(label=f"UNVERIFIED: the revision before; {why}")


def _good(context: PlanContext) -> str:
    good = context.verified
    assert good is not None
    when = datetime.fromtimestamp(good.at, UTC).strftime("%d %b %H:%MZ")
    origin = f" ({good.origin})" if good.origin else ""
    return f"last verified good, {when} by {good.by}{origin}"


async def earlier(context: PlanContext) -> list[RollbackTarget]:
    """The revisions that are kept, newest first, the present one among them."""
    if context.at.kind in ("Deployment", "Rollout"):
        found = [_of_set(s) for s in await context.children(context.at, "ReplicaSet")]
    else:
        found = [_of_revision(r) for r in await context.children(context.at, "ControllerRevision")]
    kept = {v.revision: v for v in found if v.revision.isdecimal()}
    return sorted(kept.values(), key=lambda v: int(v.revision), reverse=True)


def _of_set(replica_set: Mapping[str, Any]) -> RollbackTarget:
    annotations = replica_set.get("metadata", {}).get("annotations") or {}
    revision = next((str(annotations[n]) for n in reversed(_REVISIONS) if n in annotations), "")
    template = templates.without_hash(replica_set.get("spec", {}).get("template", {}))
    return RollbackTarget(template, revision, "", annotations)


def _of_revision(controller_revision: Mapping[str, Any]) -> RollbackTarget:
    template = dict((controller_revision.get("data") or {}).get("spec", {}).get("template", {}))
    template.pop("$patch", None)
    return RollbackTarget(template, str(controller_revision.get("revision", "")), "")


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
        posts=(REPLICAS.post(value="0", text="no canary pod is left", within=context.policy.follow),),
        title="release: abort the canary",
    )


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
            REPLICAS,
            ABORTED,
            STABLE_SERVES,
            PHASE,
        ),
        arguments=("revision",),
        carried=True,
    ),
)
