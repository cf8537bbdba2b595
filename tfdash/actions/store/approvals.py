"""A second person's answer to a plan. Approving needs no approval; who approves is stamped by a server."""

from __future__ import annotations

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import OperatorDecision
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft, plan_of, requests_of
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import ApprovalRefused, PlanRefused
from tfdash.actions.store.executor import request_of
from tfdash.actions.store.subjects import APPROVAL
from tfdash.model.action import FreezeRule, Request, Risk, Waiver
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.store_state import ApprovalRequest
from tfdash.model.subject import Subject
from tfdash.playbook.seen import Indexes

SHOWN = "digest"
"""The argument that says which plan was shown, by its digest."""


def _asked(picture: Picture, approval: str) -> ApprovalRequest | None:
    return next((a for a in picture.store_state.approvals if a.id == approval), None)


def of_approval(
    subject: Subject,
    picture: Picture,
    assessment: Assessment,
    policy: ActionPolicy,
    now: float,
    indexes: Indexes,
) -> Standing:
    """Whether it may still be answered, the server that keeps it says."""
    if _asked(picture, subject.name) is None:
        return Standing(subject=subject, known=False)
    return Standing(subject=subject)


def _request(context: PlanContext) -> ApprovalRequest:
    """The request whose plan was shown: under the same id there may be another one by now."""
    asked = _asked(context.picture, context.at.name)
    if asked is None:
        raise PlanRefused(f"{context.at} is not known here")
    if asked.digest != context.arguments[SHOWN]:
        raise PlanRefused(f"{context.at} is another plan now than the one that was shown: look at it again")
    return asked


async def approve(context: PlanContext) -> Draft:
    """What is shown is made on this terminal, from the live object; refused where that is another plan than the one that the
    digest names, or where it cannot be made."""
    asked = _request(context)
    try:
        plan = await context.derived(plan_of(asked))
    except ApprovalRefused as refused:
        raise PlanRefused(str(refused)) from None
    told = {"approval": asked.id, "digest": asked.digest, "approve": True}
    other = Waiver(id="policy", text="this terminal's policy: it was made under another one")
    return Draft(
        subject=context.at,
        effect=f"{asked.requester}'s plan is approved, once: {plan.effect}",
        requests=(request_of("approval", told, "record the approval", context.at),),
        before=plan.before,
        after=plan.after,
        diff=plan.diff,
        skips=plan.skips,
        not_reverted=plan.not_reverted,
        notes=(
            f"{asked.requester} asks: {asked.reason}",
            *plan.notes,
            *(f"to be seen: {post.text}" for post in plan.posts),
            f"exactly what would be sent ({asked.digest[:16]}):",
            *(line for request in requests_of(plan) for line in _exactly(request)),
        ),
        typed=plan.subject.name,
        waives=plan.waives if plan.policy == context.policy.digest else (*plan.waives, other),
    )


def _exactly(request: Request) -> tuple[str, ...]:
    if request.argv:
        return (f"run {' '.join(request.argv)}",)
    query = "&".join(f"{name}={value}" for name, value in request.query)
    line = f"{request.method} {request.path}{'?' + query if query else ''}"
    return (line, request.body) if request.body else (line,)


async def deny(context: PlanContext) -> Draft:
    """A denial needs no plan that can be read, and no name."""
    asked = _request(context)
    told = {"approval": asked.id, "digest": asked.digest, "approve": False}
    return Draft(
        subject=context.at,
        effect=f"{asked.requester}'s plan is denied",
        notes=(f"{asked.requester} asks: {asked.reason}",),
        requests=(request_of("approval", told, "record the denial", context.at),),
        typed="",
    )


async def _answered(decision: OperatorDecision) -> str:
    told = decision.told
    found = await decision.ledger.decide(
        str(told["approval"]), str(told["digest"]), bool(told["approve"]), decision.reason
    )
    by = f" as {found.approver}, stamped by {found.stamped_by}" if found.approver else ""
    return f"request {found.id} is {found.state}{by}"


ACTIONS = (
    Action(
        id="approval.approve",
        title="approval: approve",
        kinds=frozenset({APPROVAL}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=approve,
        target=Target.APPROVALS,
        record=_answered,
        arguments=(SHOWN,),
        needed=(SHOWN,),
        offered=False,
        look=of_approval,
    ),
    Action(
        id="approval.deny",
        title="approval: deny",
        kinds=frozenset({APPROVAL}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=deny,
        target=Target.APPROVALS,
        record=_answered,
        arguments=(SHOWN,),
        needed=(SHOWN,),
        offered=False,
        look=of_approval,
    ),
)
