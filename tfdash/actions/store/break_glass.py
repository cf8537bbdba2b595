"""Break-glass of one environment: the calendar and the second person are waived for a time, and nothing else."""

from __future__ import annotations

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import OperatorDecision
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.actions.store.executor import request_of
from tfdash.actions.store.rights import may_patch_deployments
from tfdash.actions.store.subjects import ENVIRONMENT
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject
from tfdash.playbook.seen import Indexes


def of_environment(
    subject: Subject,
    picture: Picture,
    assessment: Assessment,
    policy: ActionPolicy,
    now: float,
    indexes: Indexes,
) -> Standing:
    """Known where one of its clusters is."""
    known = any(ref.environment == subject.name for ref in picture.clusters)
    return Standing(subject=subject, known=known)


async def break_glass(context: PlanContext) -> Draft:
    """Never frozen, and no second person is asked: it is what opens the way past both."""
    at = context.at
    return Draft(
        subject=at,
        effect=f"the release calendar and the second person are waived in {at.name} for a time, and nothing else",
        requests=(
            request_of("break-glass", {"environment": at.name}, "record that the glass is broken", at),
        ),
        notes=(
            "rights, canary verdicts, typed names, the audit log and every other check stay",
            "it lasts 60 minutes, ends at a restart or a change of identity, and is shown on every terminal that the store "
            "reaches; somebody else reviews it afterwards (:review)",
        ),
    )


async def end_break_glass(context: PlanContext) -> Draft:
    """At once, also where it cannot be recorded."""
    at = context.at
    return Draft(
        subject=at,
        effect=f"the release calendar and the second person hold in {at.name} again",
        requests=(
            request_of("end-break-glass", {"environment": at.name}, "record that break-glass is over", at),
        ),
        typed="",
    )


async def review(context: PlanContext) -> Draft:
    """By somebody else than who began it, once it is over. The log itself says whether one waits."""
    at = context.at
    return Draft(
        subject=at,
        effect=f"what was done under break-glass in {at.name} was looked at",
        requests=(
            request_of("review-break-glass", {"environment": at.name}, "record that it was looked at", at),
        ),
        notes=("what was done then stands in the audit log (:audit); your word is recorded as yours",),
        typed="",
    )


async def _broken(decision: OperatorDecision) -> str:
    environment = str(decision.told["environment"])
    try:
        await decision.ledger.break_glass(environment, decision.user, decision.reason)
    except ValueError as error:
        raise ApprovalRefused(str(error)) from None
    return f"break-glass active in {environment}: the calendar and the second person are waived"


async def _ended(decision: OperatorDecision) -> str:
    environment = str(decision.told["environment"])
    await decision.ledger.end_break_glass(environment, decision.user)
    return f"break-glass in {environment} is over; somebody else reviews it (:review)"


async def _reviewed(decision: OperatorDecision) -> str:
    environment = str(decision.told["environment"])
    try:
        await decision.ledger.review_break_glass(environment, decision.user, decision.reason)
    except (ValueError, PermissionError) as error:
        raise ApprovalRefused(str(error)) from None
    return f"break-glass in {environment} is reviewed by {decision.user}"


ACTIONS = (
    Action(
        id="environment.break-glass",
        title="environment: break the glass",
        kinds=frozenset({ENVIRONMENT}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=break_glass,
        target=Target.STORE,
        record=_broken,
        asks=may_patch_deployments,
        offered=False,
        look=of_environment,
    ),
    Action(
        id="environment.end-break-glass",
        title="environment: end break-glass",
        kinds=frozenset({ENVIRONMENT}),
        risk=Risk.KEY,
        freeze=FreezeRule.EXEMPT,
        make=end_break_glass,
        target=Target.STORE,
        record=_ended,
        offered=False,
        look=of_environment,
    ),
    Action(
        id="environment.review-break-glass",
        title="environment: review break-glass",
        kinds=frozenset({ENVIRONMENT}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=review,
        target=Target.STORE,
        record=_reviewed,
        asks=may_patch_deployments,
        offered=False,
        look=of_environment,
    ),
)
