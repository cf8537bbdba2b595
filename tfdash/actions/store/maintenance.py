"""What a person says of a dated promise: that it was done, or that they answer for its not being done.

A sign-off is evidence that the audit view shows for years, so it passes the gate as everything does that others rely on: who
signs is whom a server names, and what a live source has shown stands against a word that says otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import OperatorDecision
from tfdash.actions.core.eligibility import Standing, bare
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.store.executor import request_of
from tfdash.actions.store.rights import may_patch_item
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.assessment import Assessment
from tfdash.model.maintenance import KIND, EvidenceKind, ItemState
from tfdash.model.picture import Picture
from tfdash.model.store_state import COMPLETION, PERIOD_WAIVER, EntryKind
from tfdash.model.subject import Subject
from tfdash.playbook.maintenance.history import contradicts
from tfdash.playbook.seen import Indexes

DONE, NOTE, LINK, DIGEST, UNTIL = "done", "note", "link", "digest", "until"
"""The arguments: times as epoch seconds or RFC 3339, a text, an address, the SHA-256 of the file that proves it."""
_LONGEST_WAIVER = 366 * 86_400.0


def of_item(
    subject: Subject,
    picture: Picture,
    assessment: Assessment,
    policy: ActionPolicy,
    now: float,
    indexes: Indexes,
) -> Standing:
    """Known where the playbook has such an item at that place."""
    known = bare(subject) in (assessment.maintenance or {})
    return Standing(subject=subject, known=known)


def _item(context: PlanContext) -> ItemState:
    found = (context.assessment.maintenance or {}).get(bare(context.at))
    if found is None:
        raise PlanRefused(f"the playbook has no {context.at.name} there")
    return found


async def sign_off(context: PlanContext) -> Draft:
    """Refused for a time to come, and where a live source showed that nothing was done."""
    item, at = _item(context), context.at
    done = _moment(context, DONE, context.stamp)
    if done > context.now:
        raise PlanRefused(f"{_said(done)} lies ahead: only what was done can be signed")
    record = context.picture.store_state.maintenance
    against = contradicts(record.sightings.get(bare(at), ()), done)
    if against is not None:
        last = f"last done {_said(against.done_at)}" if against.done_at is not None else "never done"
        raise PlanRefused(
            f"a live source was read at {_said(against.seen)} and says {last}: what it does not show cannot be signed; "
            "a waiver with a second person is the way out"
        )
    told = {"done_at": done, **{name: str(context.arguments.get(name, "")) for name in (NOTE, LINK, DIGEST)}}
    proof = [f"{name}: {told[name]}" for name in (NOTE, LINK, DIGEST) if told[name]]
    return Draft(
        subject=at,
        effect=f"{item.title} counts as done on {_said(done)}, on your word",
        requests=(request_of(COMPLETION, told, "record the sign-off", at),),
        before=item.sentence,
        after=f"done {_said(done)}",
        notes=(*proof, "it counts for the period that it was done in, and heals none that closed before"),
        typed="",
    )


async def waive(context: PlanContext) -> Draft:
    """From now until then nobody is asked for it; what closed before stays as it was judged."""
    item, at = _item(context), context.at
    until = _moment(context, UNTIL)
    if not context.now < until <= context.now + _LONGEST_WAIVER:
        raise PlanRefused(f"a waiver ends after now and within a year, not on {_said(until)}")
    told = {"since": _moment(context, "since", context.stamp), "until": until}
    return Draft(
        subject=at,
        effect=f"{item.title} need not be done until {_said(until)}: two people answer for it",
        requests=(request_of(PERIOD_WAIVER, told, "record the waiver", at),),
        before=item.sentence,
        after=f"waived until {_said(until)}",
        notes=("what was missed before stays missed",),
        typed=at.name,
    )


def _moment(context: PlanContext, name: str, otherwise: str = "") -> float:
    """An argument as epoch seconds. Raises ``PlanRefused`` for what is none."""
    given: Any = context.arguments.get(name) or otherwise
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError:
        raise PlanRefused(f'{str(given)!r} is no time; write "2026-11-26T15:30Z"') from None
    if moment.tzinfo is None:
        raise PlanRefused(f'{str(given)!r} has no zone; write "2026-11-26T15:30Z"')
    return moment.timestamp()


def _said(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%MZ}"


async def _signed(decision: OperatorDecision) -> str:
    at, done = decision.plan.subject, float(decision.told["done_at"])
    sentence = f"{decision.user} signs {at.name} as done on {_said(done)}: {decision.reason}"
    await decision.ledger.append(
        EntryKind.NOTE,
        actor=decision.user,
        subject=at,
        action=decision.plan.action,
        sentence=sentence,
        data={
            **decision.told,
            NOTE: decision.told[NOTE] or decision.reason,
            "topic": COMPLETION,
            "evidence": EvidenceKind.SIGNED.value,
        },
    )
    return sentence


async def _waived(decision: OperatorDecision) -> str:
    at, until = decision.plan.subject, float(decision.told["until"])
    sentence = f"{decision.user} waives {at.name} until {_said(until)}: {decision.reason}"
    await decision.ledger.append(
        EntryKind.NOTE,
        actor=decision.user,
        subject=at,
        action=decision.plan.action,
        sentence=sentence,
        data={**decision.told, "why": decision.reason, "topic": PERIOD_WAIVER},
    )
    return sentence


ACTIONS = (
    Action(
        id="maintenance.sign-off",
        title="maintenance: sign off",
        kinds=frozenset({KIND}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=sign_off,
        target=Target.STORE,
        record=_signed,
        asks=may_patch_item,
        arguments=(DONE, NOTE, LINK, DIGEST),
        key="o",
        look=of_item,
    ),
    Action(
        id="maintenance.waive",
        title="maintenance: waive",
        kinds=frozenset({KIND}),
        risk=Risk.SECOND_PERSON,
        freeze=FreezeRule.EXEMPT,
        make=waive,
        target=Target.STORE,
        record=_waived,
        asks=may_patch_item,
        arguments=(UNTIL,),
        needed=(UNTIL,),
        offered=False,
        look=of_item,
    ),
)
