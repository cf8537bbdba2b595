"""What became of an intent that was left without an outcome, where reading cannot tell: a person's word, by the one gate."""

from __future__ import annotations

import json

import msgspec

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import OperatorDecision
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.store.executor import request_of
from tfdash.actions.store.rights import may_patch_deployments, patch_of
from tfdash.actions.store.subjects import INTENT
from tfdash.model.action import FreezeRule, Plan, Request, Result, Risk
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import KINDS
from tfdash.model.picture import Picture
from tfdash.model.store_state import Entry, EntryKind
from tfdash.model.subject import Subject
from tfdash.playbook.seen import Indexes


def _left(picture: Picture, intent: str) -> Entry | None:
    return next((e for e in picture.store_state.unsettled if e.intent == intent), None)


def of_intent(
    subject: Subject,
    picture: Picture,
    assessment: Assessment,
    policy: ActionPolicy,
    now: float,
    indexes: Indexes,
) -> Standing:
    """Known while nobody has said what became of it."""
    return Standing(subject=subject, known=_left(picture, subject.name) is not None)


def may_patch_its_object(plan: Plan, picture: Picture) -> tuple[Request, ...]:
    """What it was about; deployments in the environment, where that cannot be read any more."""
    entry = _left(picture, plan.subject.name)
    try:
        about = msgspec.convert(json.loads(entry.data)["plan"], Plan).subject if entry is not None else None
    except (ValueError, KeyError, TypeError):
        about = None
    if about is None or about.kind not in KINDS:
        environment = plan.subject._replace(name=plan.subject.cluster.environment)
        return may_patch_deployments(msgspec.structs.replace(plan, subject=environment), picture)
    return (patch_of(about),)


def _draft(context: PlanContext, result: Result) -> Draft:
    entry = _left(context.picture, context.at.name)
    if entry is None:
        raise PlanRefused("what became of it is recorded already")
    word = "was applied" if result is Result.APPLIED else "was not applied"
    told = {"intent": entry.intent, "action": entry.action, "result": str(result), "target": entry.target}
    return Draft(
        subject=context.at,
        effect=f"{entry.action} of {entry.target} {word}: {entry.sentence}",
        requests=(request_of("settle", told, "record what became of it", context.at),),
        notes=("look at the object before you answer; your word is recorded as yours",),
        typed="",
    )


async def applied(context: PlanContext) -> Draft:
    return _draft(context, Result.APPLIED)


async def not_applied(context: PlanContext) -> Draft:
    return _draft(context, Result.NOT_APPLIED)


async def _settled(decision: OperatorDecision) -> str:
    told = decision.told
    await decision.ledger.append(
        EntryKind.OUTCOME,
        actor=decision.user,
        action=str(told["action"]),
        intent=str(told["intent"]),
        sentence=f"{told['result']}: {decision.reason} (settled by a person)",
        data={"result": told["result"], "settled": "settled by a person"},
        environment=decision.plan.subject.cluster.environment,
    )
    return f"{told['action']} of {told['target']}: {told['result']}, says {decision.user}"


ACTIONS = (
    Action(
        id="intent.applied",
        title="intent: it was applied",
        kinds=frozenset({INTENT}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=applied,
        target=Target.STORE,
        record=_settled,
        asks=may_patch_its_object,
        offered=False,
        look=of_intent,
    ),
    Action(
        id="intent.not-applied",
        title="intent: it was not applied",
        kinds=frozenset({INTENT}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=not_applied,
        target=Target.STORE,
        record=_settled,
        asks=may_patch_its_object,
        offered=False,
        look=of_intent,
    ),
)
