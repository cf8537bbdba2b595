"""Where something puts its own version back: said in the plan, with the choice to stop it first. Pure but for the read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.kubernetes.keepers import stops
from tfdash.actions.kubernetes.patches import conditional
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Check, Choice, Plan
from tfdash.model.release import ManagedBy
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical
from tfdash.playbook.releases.managed_by import INSTANCE, TRACKING
from tfdash.text import safe

_GROUPS = {
    "Application": "argoproj.io",
    "Kustomization": "kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helm.toolkit.fluxcd.io",
}
_FLUX_SPACE = "kustomize.toolkit.fluxcd.io/namespace"
_RECONCILERS = ("Argo CD", "Flux Kustomization", "Flux HelmRelease")
SUSPEND = "suspend-keeper"
LEAVE = "leave-keeper"


async def managed_by_part(
    context: PlanContext, *, undone: bool = False
) -> tuple[tuple[str, ...], tuple[Choice, ...]]:
    """Notes and choices of a plan that changes what somebody else owns. ``undone``: what is changed is what they reconcile, so
    that it must be chosen whether they are stopped."""
    return await _part(context, context.standing.managed_by, undone)


async def managed_by_parts(
    context: PlanContext, managers: Iterable[ManagedBy | None], namespace: str
) -> tuple[tuple[str, ...], tuple[Choice, ...]]:
    """The same of many objects: those who reconcile are stopped all, or none. They remember that it is for the scale-down of
    ``namespace`` (``keepers``)."""
    each = {m.sentence: m for m in managers if m is not None and m.tool in _RECONCILERS}
    parts = [await _part(context, manager, True, namespace) for manager in each.values()]
    notes = tuple(dict.fromkeys(note for told, _ in parts for note in told))
    found: dict[str, list[Choice]] = {}
    for _, choices in parts:
        for choice in choices:
            found.setdefault(choice.id, []).append(choice)
    return notes, tuple(
        Choice(
            id=id,
            text="; ".join(c.text for c in same),
            unsure="; ".join(c.unsure for c in same if c.unsure),
            requests=tuple(r for c in same for r in c.requests),
        )
        for id, same in found.items()
    )


async def _part(
    context: PlanContext, manager: ManagedBy | None, undone: bool, namespace: str = ""
) -> tuple[tuple[str, ...], tuple[Choice, ...]]:
    if manager is None or not manager.sentence:
        return (), ()
    notes = (manager.sentence,)
    subject = manager.subject
    if subject is None or manager.suspended or subject.kind not in _GROUPS:
        return notes, ()
    if manager.reconciles is False and subject.kind != "Application":
        return notes, ()
    try:
        document = await context.document(subject)
    except ReadFailed as failed:
        return (*notes, f"it cannot be suspended from here: {failed.problem.cause}"), ()
    path = path_of(subject, document)
    found = context.found(document, subject)
    if subject.kind == "Application":
        automated = document.get("spec", {}).get("syncPolicy", {}).get("automated")
        if not isinstance(automated, dict):
            return notes, ()
        what = f"stop automated sync of Application {subject.name}"
        back = f"b on {namespace} puts it back" if namespace else "put it back by hand"
        into = safe(str((document["spec"].get("destination") or {}).get("namespace") or ""))
        beside = f", which deploys into {into}" if namespace and into not in ("", namespace) else ""
        text = (
            f"first stop the automated sync of Argo CD Application {subject.name}{beside} (spec.syncPolicy.automated is removed; "
            f"{back}: {canonical(automated)})"
        )
    else:
        what = f"suspend {subject.kind} {subject.name}"
        back = f"b on {namespace} resumes it" if namespace else "resume it by hand afterwards"
        text = f"first suspend Flux {subject.kind} {subject.namespace}/{subject.name} ({back})"
    pointers, changes = stops(document, subject.kind, namespace)
    request = conditional(path, document, pointers, changes, what, found)
    parent = _parent(document.get("metadata", {}), subject)
    unsure = f"{parent}, which made it, may switch that on again" if parent else ""
    text += f"; {unsure}: stop it there first" if unsure else ""
    stop = Choice(id=SUSPEND, text=text, unsure=unsure, requests=(request,))
    if not (undone and manager.reconciles):
        return notes, (stop,)
    leave = Choice(id=LEAVE, text=f"leave it on, knowing that it undoes this: {manager.sentence}")
    return notes, (stop, leave)


def _parent(metadata: Mapping[str, Any], subject: Subject) -> str:
    """What makes ``subject`` and may put its spec back: an ApplicationSet, an Application, a Kustomization; "" for nothing."""
    owners = metadata.get("ownerReferences") or ()
    made = next((o.get("name", "") for o in owners if o.get("kind") == "ApplicationSet"), "")
    if made:
        return f"ApplicationSet {made}"
    labels, name, kind = metadata.get("labels") or {}, metadata.get("name", ""), subject.kind
    application, _, what = (metadata.get("annotations") or {}).get(TRACKING, "").partition(":")
    if not what.startswith(f"{_GROUPS[kind]}/{kind}:") or not what.endswith(f"/{name}"):
        # Argo CD's other way to mark what is its own; charts bear that label for Helm's sake
        application = (
            labels.get(INSTANCE, "") if kind == "Application" and labels.get(INSTANCE) != name else ""
        )
    if application:
        return f"Argo CD Application {application}"
    flux = labels.get("kustomize.toolkit.fluxcd.io/name", "")
    if kind == "Kustomization" and (flux, labels.get(_FLUX_SPACE)) == (name, metadata.get("namespace")):
        return ""  # the first of all makes itself
    return f"Flux Kustomization {flux}" if flux else ""


def sync_check(plan: Plan) -> Check | None:
    """Where something undoes what is changed past it, whether it is stopped is said before, not found out afterwards. Stopped
    is no promise where what made it may switch it on again."""
    offered = {c.id: c.chosen for c in plan.choices}
    if LEAVE not in offered:
        return None
    if offered[LEAVE] is not offered.get(SUSPEND):
        unsure = next((c.unsure for c in plan.choices if c.id == SUSPEND), "")
        stopped = f"stopped first, but {unsure}: it may undo this" if unsure else "stopped first"
        text = "left on: it may undo this" if offered[LEAVE] else stopped
        known = not offered[LEAVE] and not unsure
        return Check(id="sync", text=f"the reconciliation is {text}", passed=True if known else None)
    why = (
        "choose first whether its reconciliation is stopped or left on"
        if not offered[LEAVE]
        else "choose one of the two"
    )
    return Check(id="sync", text=why, passed=False)
