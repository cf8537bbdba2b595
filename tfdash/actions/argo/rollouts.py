"""Argo Rollouts: promote, promote full, abort, retry, stop an analysis.

What is written is what argo-rollouts' kubectl plug-in writes (pkg/kubectl-argo-rollouts/cmd/promote/promote.go, abort,
retry, terminate), but as a JSON Patch with tests: the plug-in's merge patches clear whatever pause they meet, also one that
came after the operator looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfdash.actions.argo.postconditions import ABORTED, MOVED, NOT_ABORTED, PROMOTED, STABLE_SERVES
from tfdash.actions.argo.undo_steps import back_slowly
from tfdash.actions.core.action import Action, by_plan, needs
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, drop, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.templates import references
from tfdash.model.action import FreezeRule, Request, Risk
from tfdash.model.capability import Capability
from tfdash.model.release import Phase
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import facts_of
from tfdash.playbook.releases.words import at_step

_HASH, _STEP, _PAUSES = "/status/currentPodHash", "/status/currentStepIndex", "/status/pauseConditions"
_CONTROLLER, _ABORT, _STABLE = "/status/controllerPause", "/status/abort", "/status/stableRS"
_FULL, _HELD = "/status/promoteFull", "/spec/paused"
_WHERE = (UID, _HASH, _STEP, _PAUSES, _CONTROLLER, _ABORT, _HELD)


def _status_patch(
    subject: Subject,
    document: Mapping[str, Any],
    pointers: Sequence[str],
    changes: list[Operation],
    what: str,
) -> Request:
    return conditional(path_of(subject, document, "status"), document, pointers, changes, what, subject)


def _unhold(subject: Subject, document: Mapping[str, Any]) -> tuple[Request, ...]:
    if not document.get("spec", {}).get("paused"):
        return ()
    return (
        conditional(
            path_of(subject, document),
            document,
            (UID, _HELD),
            put(document, _HELD, False),
            "end the hold",
            subject,
        ),
    )


def _steps(document: Mapping[str, Any]) -> list[Any]:
    return list(document.get("spec", {}).get("strategy", {}).get("canary", {}).get("steps") or ())


def _next_step(document: Mapping[str, Any]) -> int | None:
    """The index after the current one, capped at the number of steps; None without steps (plug-in: never both)."""
    steps = _steps(document)
    if not steps:
        return None
    return min(int(document.get("status", {}).get("currentStepIndex") or 0) + 1, len(steps))


async def promote(context: PlanContext) -> Draft:
    """One step on. Three cases: it is paused, its analysis was inconclusive, or it is in the middle of a step."""
    at, document = context.at, await context.document(context.at)
    subject = context.found(document)
    status, spec = document.get("status", {}), document.get("spec", {})
    release = context.standing.release
    if status.get("abort"):
        raise PlanRefused("it is aborted: retry first")
    pauses, held = status.get("pauseConditions") or [], bool(spec.get("paused"))
    step_run = (status.get("canary") or {}).get("currentStepAnalysisRunStatus") or {}
    changes: list[Operation] = []
    following = _next_step(document)
    if held and pauses and step_run.get("status") != "Inconclusive":
        # cleared while it is held, the pause is forgotten and begins anew: two plans, the second on what is then there
        raise PlanRefused(
            "it is held by hand: release the hold first, then promote", remedy="h releases the hold"
        )
    inconclusive = bool(
        spec.get("strategy", {}).get("canary")
        and step_run.get("status") == "Inconclusive"
        and pauses
        and status.get("controllerPause")
    )
    if inconclusive:
        changes = [*drop(document, _PAUSES), *put(document, _CONTROLLER, False)]
        changes += put(document, _STEP, following) if following is not None else []
    elif pauses:
        changes = drop(document, _PAUSES)
    elif spec.get("strategy", {}).get("canary") is not None and following is not None:
        if status.get("currentPodHash") == status.get("stableRS") and not held:
            raise PlanRefused("nothing is in flight: the wanted version is the stable one")
        changes = put(document, _STEP, following)
    requests = (
        *((_status_patch(subject, document, _WHERE, changes, "promote one step"),) if changes else ()),
        *_unhold(subject, document),
    )
    if not requests:
        raise PlanRefused("there is nothing to promote: it is not paused and has no steps")
    skips = release.skips if release is not None else ()
    before, after = _where(context, following if not pauses or inconclusive else None)
    notes, choices = await managed_by_part(context)
    return Draft(
        subject=subject,
        effect=f"Rollout {at.name} goes on: {after}",
        requests=requests,
        before=before,
        after=after,
        facts=facts_of(document, _WHERE),
        diff=tuple(f"+ {_say(c)}" for c in changes),
        skips=skips,
        notes=notes,
        choices=choices,
        posts=(MOVED.post(text="its controller took it on", within=60),),
    )


def _say(change: Operation) -> str:
    name = str(change["path"]).lstrip("/").replace("/", ".")
    return f"{name} removed" if change["op"] == "remove" else f"{name}: {change.get('value')}"


def _where(context: PlanContext, following: int | None) -> tuple[str, str]:
    release = context.standing.release
    if release is None or not release.steps:
        return "paused", "the wait ends"
    index = release.step or 0
    before = at_step(index, release.steps)
    return before, at_step(
        min(index + 1 if following is None else following, len(release.steps)), release.steps
    )


async def promote_full(context: PlanContext) -> Draft:
    """Everything that is left is skipped: steps, pauses, analysis."""
    at, document = context.at, await context.document(context.at)
    subject, status = context.found(document), document.get("status", {})
    if status.get("abort"):
        raise PlanRefused("it is aborted: retry first")
    if status.get("currentPodHash") == status.get("stableRS"):
        raise PlanRefused("nothing is in flight: the wanted version is the stable one")
    pointers = (UID, _HASH, _STABLE, _ABORT, _HELD)
    request = _status_patch(subject, document, pointers, put(document, _FULL, True), "promote fully")
    release = context.standing.release
    notes, choices = await managed_by_part(context)
    return Draft(
        subject=subject,
        effect=f"Rollout {at.name} goes to 100 % at once, past every step that is left",
        requests=(request, *_unhold(subject, document)),
        facts=facts_of(document, pointers),
        before=_where(context, None)[0],
        after="the new version serves everything",
        diff=("+ status.promoteFull: true",),
        skips=release.skips_full if release is not None else (),
        notes=notes,
        choices=choices,
        posts=(PROMOTED.post(text="the new version is the stable one", within=context.policy.follow),),
    )


async def abort_rollout(context: PlanContext) -> Draft:
    """Back to the stable version: only canary pods go. At whatever step it stands, but of this release only."""
    at, document = context.at, await context.document(context.at)
    subject, status = context.found(document), document.get("status", {})
    if status.get("abort"):
        raise PlanRefused("it is aborted already")
    if status.get("currentPodHash") == status.get("stableRS"):
        raise PlanRefused("nothing is in flight: the wanted version is the stable one")
    pointers = (UID, _HASH, _STABLE)
    request = _status_patch(subject, document, pointers, put(document, _ABORT, True), "abort the release")
    release = context.standing.release
    template = document.get("spec", {}).get("template", {})
    stable = release.stable if release is not None else None
    canary = release.canary if release is not None else None
    good = context.verified
    held = stable is not None and good is not None and good.template_hash == stable.hash
    label = (
        f"verified by {good.by}" if held and good is not None else "UNVERIFIED: never remembered as verified"
    )
    notes, choices = await managed_by_part(context)
    # argo-rollouts rollout/canary.go reconcileCanaryReplicaSets: held, it scales neither version, abort or not
    hold_ends = (
        ("its hold ends too: held, its pods would stay as they are",)
        if document.get("spec", {}).get("paused")
        else ()
    )
    return Draft(
        subject=subject,
        effect=f"the release of {at.name} is aborted: traffic goes back to {stable.image if stable else 'the stable version'}",
        requests=(request, *_unhold(subject, document)),
        facts=facts_of(document, pointers),
        before=f"canary {canary.image if canary else ''} beside {stable.image if stable else 'stable'}",
        after=f"{stable.image if stable else 'the stable version'} serves everything ({label})",
        diff=("+ status.abort: true",),
        not_reverted=(
            "spec.template still holds the new version: a retry starts it again, a rollback to a revision sets it back",
            *(f"{name}: its content stays as it is now" for name in references(template)),
            "database schemas, queues and whatever else the new version changed outside its pods",
        ),
        notes=(*hold_ends, *_leaving(document), *notes),
        choices=choices,
        posts=(
            ABORTED.post(text="its controller says it is aborted", within=60),
            STABLE_SERVES.post(text="the stable version serves everything", within=context.policy.follow),
        ),
        title="rollout: abort",
    )


def _leaving(document: Mapping[str, Any]) -> tuple[str, ...]:
    canary = document.get("spec", {}).get("strategy", {}).get("canary") or {}
    if not canary.get("trafficRouting"):
        return ("the canary's pods go as the stable ones come up",)
    slowly = back_slowly(document)
    delay = canary.get("abortScaleDownDelaySeconds", None if slowly else 30)
    if delay is None:
        return slowly
    stay = "stay (abortScaleDownDelaySeconds: 0)" if delay == 0 else f"go after {delay} s"
    return (*slowly, f"the canary's pods {stay}")


async def retry(context: PlanContext) -> Draft:
    """The aborted release begins again at its first step."""
    at, document = context.at, await context.document(context.at)
    subject = context.found(document)
    if not document.get("status", {}).get("abort"):
        raise PlanRefused("it is not aborted")
    pointers = (UID, _HASH, _ABORT)
    request = _status_patch(subject, document, pointers, put(document, _ABORT, False), "retry the release")
    return Draft(
        subject=subject,
        effect=f"the aborted release of {at.name} begins again at its first step",
        requests=(request,),
        facts=facts_of(document, pointers),
        before="aborted",
        after="in flight again, from the first step",
        diff=("- status.abort: true", "+ status.abort: false"),
        posts=(NOT_ABORTED.post(text="its controller took it up again", within=60),),
    )


def _aborted(standing: Standing) -> bool:
    return standing.release is not None and standing.release.phase is Phase.ABORTED


ACTIONS = (
    Action(
        id="rollout.promote",
        title="rollout: promote",
        key="o",
        kinds=frozenset({"Rollout"}),
        capability=Capability.PROMOTABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        make=promote,
        posts=(MOVED,),
        promotes=True,
        carried=True,
        right=by_plan,
    ),
    Action(
        id="rollout.promote-full",
        title="rollout: promote fully",
        kinds=frozenset({"Rollout"}),
        capability=Capability.FULLY_PROMOTABLE,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.FROZEN,
        make=promote_full,
        posts=(PROMOTED,),
        promotes=True,
        carried=True,
        right=needs("PATCH", "status"),
    ),
    Action(
        id="rollout.abort",
        title="rollout: abort",
        kinds=frozenset({"Rollout"}),
        capability=Capability.ABORTABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=abort_rollout,
        posts=(
            ABORTED,
            STABLE_SERVES,
        ),
        carried=True,
        right=needs("PATCH", "status"),
    ),
    Action(
        id="rollout.retry",
        title="rollout: retry",
        kinds=frozenset({"Rollout"}),
        capability=Capability.RETRYABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.FROZEN,
        make=retry,
        posts=(NOT_ABORTED,),
        promotes=True,
        carried=True,
        concerns=_aborted,
        right=needs("PATCH", "status"),
    ),
)
