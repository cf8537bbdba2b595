"""What a person says of a dated promise: that it was done, or that they answer for its not being done.

A sign-off is evidence that the audit view shows for years, so it passes the gate as everything does that others rely on: who
signs is whom a server names, and what a live source has shown stands against a word that says otherwise.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

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
from tfdash.playbook.maintenance.facts import contradicts
from tfdash.playbook.schedule.local import instant
from tfdash.playbook.seen import Indexes

DONE, NOTE, LINK, DIGEST, UNTIL = "done", "note", "link", "digest", "until"
"""The arguments: times, a text, an address, the SHA-256 of the file that proves it."""
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
    if item.started is not None and done < item.started:
        raise PlanRefused(
            f"account is kept from {_said(item.started)}: what was done before is taken over by adopt"
        )
    _digest(context)
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
    until = _moment(context, UNTIL, "", last=True)
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


def _moment(context: PlanContext, name: str, otherwise: str, *, last: bool = False) -> float:
    """An argument as epoch seconds, local to the calendar's zone where it has none of its own; of a day alone its begin, or its
    end where ``last``. Raises ``PlanRefused`` for what is no time."""
    given = str(context.arguments.get(name) or otherwise).strip()
    calendar = context.policy.calendar
    zone = calendar.tz if calendar is not None else ZoneInfo("UTC")
    try:
        moment = datetime.fromisoformat(given)
        if len(given) <= len("2026-11-26"):
            return instant(moment + timedelta(days=last), zone)
    except (ValueError, OverflowError):
        raise PlanRefused(
            f'{name}: {given!r} is no time; write "2026-11-26 10:30" (local), "2026-11-26T15:30Z" or "2026-11-26"'
        ) from None
    return moment.timestamp() if moment.tzinfo is not None else instant(moment, zone)


def _digest(context: PlanContext) -> None:
    given = str(context.arguments.get(DIGEST, ""))
    if given and not re.fullmatch("[0-9a-f]{64}", given):
        raise PlanRefused(
            f'{given!r} is no SHA-256 of a file; write what "sha256sum FILE" says, 64 hex digits'
        )


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
    other = decision.second or "no second person (break-glass)"
    sentence = f"{decision.user} with {other} waives {at.name} until {_said(until)}: {decision.reason}"
    await decision.ledger.append(
        EntryKind.NOTE,
        actor=decision.user,
        subject=at,
        action=decision.plan.action,
        sentence=sentence,
        data={**decision.told, "why": decision.reason, "second": decision.second, "topic": PERIOD_WAIVER},
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
