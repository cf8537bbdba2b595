"""Where something puts its own version back: said in the plan, with the choice to stop it first. Pure but for the read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Check, Choice, Plan
from tfdash.model.requests import ReadFailed
from tfdash.playbook.releases.facts import canonical
from tfdash.playbook.releases.managed_by import INSTANCE, TRACKING

SUSPEND = "suspend-keeper"
LEAVE = "leave-keeper"


async def managed_by_part(
    context: PlanContext, *, undone: bool = False
) -> tuple[tuple[str, ...], tuple[Choice, ...]]:
    """Notes and choices of a plan that changes what somebody else owns. ``undone``: what is changed is what they reconcile, so
    that it must be chosen whether they are stopped."""
    manager = context.standing.managed_by
    if manager is None or not manager.sentence:
        return (), ()
    notes = (manager.sentence,)
    subject = manager.subject
    if (
        subject is None
        or manager.suspended
        or subject.kind
        not in (
            "Application",
            "Kustomization",
            "HelmRelease",
        )
    ):
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
        pointer = "/spec/syncPolicy/automated"
        request = conditional(
            path,
            document,
            (UID, pointer),
            [{"op": "remove", "path": pointer}],
            f"stop automated sync of Application {subject.name}",
            found,
        )
        text = (
            f"first stop the automated sync of Argo CD Application {subject.name} (spec.syncPolicy.automated is removed; "
            f"put it back by hand: {canonical(automated)})"
        )
        parent = _parent(document.get("metadata", {}))
        if parent:
            text += f"; {parent}, which made it, may switch that on again: stop it there first"
    else:
        request = conditional(
            path,
            document,
            (UID, "/spec/suspend"),
            put(document, "/spec/suspend", True),
            f"suspend {subject.kind} {subject.name}",
            found,
        )
        text = f"first suspend Flux {subject.kind} {subject.namespace}/{subject.name} (resume it by hand afterwards)"
    stop = Choice(id=SUSPEND, text=text, requests=(request,))
    if not (undone and manager.reconciles):
        return notes, (stop,)
    leave = Choice(id=LEAVE, text=f"leave it on, knowing that it undoes this: {manager.sentence}")
    return notes, (stop, leave)


def _parent(metadata: Mapping[str, Any]) -> str:
    """What makes an Application and may put its spec back: an ApplicationSet, another Application, Flux; "" for nothing."""
    owners = metadata.get("ownerReferences") or ()
    made = next((o.get("name", "") for o in owners if o.get("kind") == "ApplicationSet"), "")
    if made:
        return f"ApplicationSet {made}"
    labels, name = metadata.get("labels") or {}, metadata.get("name", "")
    application, _, what = (metadata.get("annotations") or {}).get(TRACKING, "").partition(":")
    if not what.startswith("argoproj.io/Application:") or not what.endswith(f"/{name}"):
        application = labels.get(INSTANCE, "")  # Argo CD's other way to mark what is its own
    if application and application != name:
        return f"Argo CD Application {application}"
    flux = labels.get("kustomize.toolkit.fluxcd.io/name", "")
    return f"Flux Kustomization {flux}" if flux else ""


def sync_check(plan: Plan) -> Check | None:
    """Where something undoes what is changed past it, whether it is stopped is said before, not found out afterwards."""
    offered = {c.id: c.chosen for c in plan.choices}
    if LEAVE not in offered:
        return None
    if offered[LEAVE] is not offered.get(SUSPEND):
        text = "left on: it may undo this" if offered[LEAVE] else "stopped first"
        return Check(id="sync", text=f"the reconciliation is {text}", passed=None if offered[LEAVE] else True)
    why = (
        "choose first whether its reconciliation is stopped or left on"
        if not offered[LEAVE]
        else "choose one of the two"
    )
    return Check(id="sync", text=why, passed=False)
