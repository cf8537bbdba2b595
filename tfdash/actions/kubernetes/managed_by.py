"""Where something puts its own version back: said in the plan, with the choice to stop it first. Pure but for the read."""

from __future__ import annotations

from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import Choice
from tfdash.model.requests import ReadFailed
from tfdash.playbook.releases.facts import canonical

SUSPEND = "suspend-keeper"


async def managed_by_part(context: PlanContext) -> tuple[tuple[str, ...], tuple[Choice, ...]]:
    """Notes and choices of a plan that changes what somebody else owns."""
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
    return notes, (Choice(id=SUSPEND, text=text, requests=(request,)),)
