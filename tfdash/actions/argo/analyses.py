"""AnalysisRuns of Argo Rollouts: stop one."""

from __future__ import annotations

from tfdash.actions.argo.postconditions import RUN_ENDED
from tfdash.actions.core.action import Action, by_plan
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.kubernetes.patches import UID, conditional, put
from tfdash.actions.kubernetes.paths import path_of
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.capability import Capability
from tfdash.model.delivery import AnalysisRun
from tfdash.model.subject import Subject
from tfdash.playbook.releases.analysis import ENDED
from tfdash.playbook.releases.facts import facts_of


async def stop_analysis(context: PlanContext) -> Draft:
    """A stopped run ends Successful where no limit was reached, and the rollout steps on: it is guarded as a promotion."""
    at = context.at
    run = at if at.kind == "AnalysisRun" else _running(context)
    document = await context.document(run)
    phase = str(document.get("status", {}).get("phase", ""))
    if phase in ENDED:
        raise PlanRefused(f"{run.name} has ended: {phase}")
    subject = context.found(document, run)
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
        posts=(RUN_ENDED.post(text="the run has ended", within=60),),
    )


def _running(context: PlanContext) -> Subject:
    release = context.standing.release
    named = str(context.arguments.get("run") or "")
    for analysis in release.analyses if release is not None else ():
        runs = analysis.subject.kind == "AnalysisRun" and analysis.phase not in ENDED
        if runs and named in ("", analysis.subject.name):
            return analysis.subject
    raise PlanRefused("no analysis of it is running" if not named else f"{named} is not running")


def _has_runs(standing: Standing) -> bool:
    release = standing.release
    return release is not None and any(a.subject.kind == "AnalysisRun" for a in release.analyses)


def _has_ended(standing: Standing) -> str:
    run = standing.obj
    ended = isinstance(run, AnalysisRun) and (run.completed is not None or run.terminate)
    return "it has ended" if ended else ""


ACTIONS = (
    Action(
        id="rollout.stop-analysis",
        title="analysis: stop",
        kinds=frozenset({"Rollout"}),
        capability=Capability.PROMOTABLE,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.FROZEN,
        make=stop_analysis,
        posts=(RUN_ENDED,),
        promotes=True,
        arguments=("run",),
        carried=True,
        concerns=_has_runs,
        right=by_plan,
    ),
    Action(
        id="analysis.stop",
        title="analysis: stop",
        kinds=frozenset({"AnalysisRun"}),
        unable=_has_ended,
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.FROZEN,
        make=stop_analysis,
        posts=(RUN_ENDED,),
        promotes=True,
    ),
)
