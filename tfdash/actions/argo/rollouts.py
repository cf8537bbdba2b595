"""Argo Rollouts: promote, promote full, abort, retry, stop an analysis.

What is written is what argo-rollouts' kubectl plug-in writes (pkg/kubectl-argo-rollouts/cmd/promote/promote.go, abort,
retry, terminate), but as a JSON Patch with tests: the plug-in's merge patches clear whatever pause they meet, also one that
came after the operator looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfdash.actions.core.plan_context import Planning
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.managed_by import managed_by_part
from tfdash.actions.kubernetes.patches import UID, Operation, conditional, drop, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.actions.kubernetes.templates import references
from tfdash.model.action import Post, Request
from tfdash.model.subject import Subject
from tfdash.playbook.releases.analysis import ENDED
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


async def promote(planning: Planning) -> Draft:
    """One step on. Three cases: it is paused, its analysis was inconclusive, or it is in the middle of a step."""
    at, document = planning.at, await planning.document(planning.at)
    subject = planning.found(document)
    status, spec = document.get("status", {}), document.get("spec", {})
    release = planning.standing.release
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
    before, after = _where(planning, following if not pauses or inconclusive else None)
    notes, choices = await managed_by_part(planning)
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
        posts=(Post(id="moved", text="its controller took it on", within=60),),
    )


def _say(change: Operation) -> str:
    name = str(change["path"]).lstrip("/").replace("/", ".")
    return f"{name} removed" if change["op"] == "remove" else f"{name}: {change.get('value')}"


def _where(planning: Planning, following: int | None) -> tuple[str, str]:
    release = planning.standing.release
    if release is None or not release.steps:
        return "paused", "the wait ends"
    index = release.step or 0
    before = at_step(index, release.steps)
    return before, at_step(
        min(index + 1 if following is None else following, len(release.steps)), release.steps
    )


async def promote_full(planning: Planning) -> Draft:
    """Everything that is left is skipped: steps, pauses, analysis."""
    at, document = planning.at, await planning.document(planning.at)
    subject, status = planning.found(document), document.get("status", {})
    if status.get("abort"):
        raise PlanRefused("it is aborted: retry first")
    if status.get("currentPodHash") == status.get("stableRS"):
        raise PlanRefused("nothing is in flight: the wanted version is the stable one")
    pointers = (UID, _HASH, _STABLE, _ABORT, _HELD)
    request = _status_patch(subject, document, pointers, put(document, _FULL, True), "promote fully")
    release = planning.standing.release
    notes, choices = await managed_by_part(planning)
    return Draft(
        subject=subject,
        effect=f"Rollout {at.name} goes to 100 % at once, past every step that is left",
        requests=(request, *_unhold(subject, document)),
        facts=facts_of(document, pointers),
        before=_where(planning, None)[0],
        after="the new version serves everything",
        diff=("+ status.promoteFull: true",),
        skips=release.skips_full if release is not None else (),
        notes=notes,
        choices=choices,
        posts=(Post(id="promoted", text="the new version is the stable one", within=planning.policy.follow),),
    )


async def abort_rollout(planning: Planning) -> Draft:
    """Back to the stable version: only canary pods go. At whatever step it stands, but of this release only."""
    at, document = planning.at, await planning.document(planning.at)
    subject, status = planning.found(document), document.get("status", {})
    if status.get("abort"):
        raise PlanRefused("it is aborted already")
    if status.get("currentPodHash") == status.get("stableRS"):
        raise PlanRefused("nothing is in flight: the wanted version is the stable one")
    pointers = (UID, _HASH, _STABLE)
    request = _status_patch(subject, document, pointers, put(document, _ABORT, True), "abort the release")
    release = planning.standing.release
    template = document.get("spec", {}).get("template", {})
    stable = release.stable if release is not None else None
    canary = release.canary if release is not None else None
    good = planning.verified
    held = stable is not None and good is not None and good.template_hash == stable.hash
    label = (
        f"verified by {good.by}" if held and good is not None else "UNVERIFIED: never remembered as verified"
    )
    notes, choices = await managed_by_part(planning)
    return Draft(
        subject=subject,
        effect=f"the release of {at.name} is aborted: traffic goes back to {stable.image if stable else 'the stable version'}",
        requests=(request,),
        facts=facts_of(document, pointers),
        before=f"canary {canary.image if canary else ''} beside {stable.image if stable else 'stable'}",
        after=f"{stable.image if stable else 'the stable version'} serves everything ({label})",
        diff=("+ status.abort: true",),
        not_reverted=(
            "spec.template still holds the new version: a retry starts it again, a rollback to a revision sets it back",
            *(f"{name}: its content stays as it is now" for name in references(template)),
            "database schemas, queues and whatever else the new version changed outside its pods",
        ),
        notes=(*_leaving(document), *notes),
        choices=choices,
        posts=(
            Post(id="aborted", text="its controller says it is aborted", within=60),
            Post(
                id="stable-serves", text="the stable version serves everything", within=planning.policy.follow
            ),
        ),
        title="rollout: abort",
    )


def _leaving(document: Mapping[str, Any]) -> tuple[str, ...]:
    canary = document.get("spec", {}).get("strategy", {}).get("canary") or {}
    if not canary.get("trafficRouting"):
        return ("the canary's pods go as the stable ones come up",)
    delay = canary.get("abortScaleDownDelaySeconds", 30)
    return (
        ("the canary's pods stay (abortScaleDownDelaySeconds: 0)",)
        if delay == 0
        else (f"the canary's pods go after {delay} s",)
    )


async def retry(planning: Planning) -> Draft:
    """The aborted release begins again at its first step."""
    at, document = planning.at, await planning.document(planning.at)
    subject = planning.found(document)
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
        posts=(Post(id="not-aborted", text="its controller took it up again", within=60),),
    )


async def stop_analysis(planning: Planning) -> Draft:
    """A stopped run ends Successful where no limit was reached, and the rollout steps on: it is guarded as a promotion."""
    at = planning.at
    run = at if at.kind == "AnalysisRun" else _running(planning)
    document = await planning.document(run)
    phase = str(document.get("status", {}).get("phase", ""))
    if phase in ENDED:
        raise PlanRefused(f"{run.name} has ended: {phase}")
    subject = planning.found(document, run)
    pointers = (UID, "/spec/terminate")
    request = conditional(
        path_of(run, document),
        document,
        pointers,
        put(document, "/spec/terminate", True),
        "stop the run",
        subject,
    )
    return Draft(
        subject=subject,
        effect=f"AnalysisRun {run.name} ends now",
        requests=(request,),
        facts=facts_of(document, pointers),
        before=phase or "Pending",
        after="ended",
        diff=("+ spec.terminate: true",),
        skips=(
            "what it would still have measured; it ends Successful where no limit was reached, and the rollout steps on",
        ),
        posts=(Post(id="run-ended", text="the run has ended", within=60),),
    )


def _running(planning: Planning) -> Subject:
    release = planning.standing.release
    named = str(planning.arguments.get("run") or "")
    for analysis in release.analyses if release is not None else ():
        runs = analysis.subject.kind == "AnalysisRun" and analysis.phase not in ENDED
        if runs and named in ("", analysis.subject.name):
            return analysis.subject
    raise PlanRefused("no analysis of it is running" if not named else f"{named} is not running")
