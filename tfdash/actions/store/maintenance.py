"""What a person says of a dated promise: that it was done, or that they answer for its not being done.

A sign-off is evidence that the audit view shows for years, so it passes the gate as everything does that others rely on: who
signs is whom a server names, and what a live source has shown stands against a word that says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.decision import OperatorDecision
from tfdash.actions.core.eligibility import Standing, bare
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import STAMP, Draft
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import PlanRefused
from tfdash.actions.store.executor import request_of
from tfdash.actions.store.rights import may_patch_item
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.assessment import Assessment
from tfdash.model.maintenance import KIND, EvidenceKind, ItemStanding, ItemState, Sighting
from tfdash.model.picture import Picture
from tfdash.model.store_state import COMPLETION, MAINTENANCE_START, PERIOD_WAIVER, RULE, EntryKind
from tfdash.model.subject import Subject
from tfdash.moments import moment
from tfdash.playbook.clocks import astray
from tfdash.playbook.maintenance.eras import rule_data
from tfdash.playbook.maintenance.facts import contradicts
from tfdash.playbook.schedule.local import EARLIEST, counted_with, instant
from tfdash.playbook.seen import Indexes

DONE, NOTE, LINK, DIGEST, UNTIL, START = "done", "note", "link", "digest", "until", "start"
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
    """Known where the playbook has such an item at that place; whoever speaks of it is asked for by a cluster of its environment."""
    found = (assessment.maintenance or {}).get(bare(subject))
    known = found is not None and found.standing is not ItemStanding.WITHDRAWN
    environment = subject.cluster.environment
    shown = {ref.environment for ref in picture.clusters}
    elsewhere = ""
    if environment and environment not in shown:
        elsewhere = f"{environment} is only read here: no cluster of it says who you are; start with --environment {environment}"
    return Standing(subject=subject, known=known, elsewhere=elsewhere)


def _elsewhere(found: Standing) -> str:
    return found.elsewhere


def _item(context: PlanContext) -> ItemState:
    found = (context.assessment.maintenance or {}).get(bare(context.at))
    if found is None:
        raise PlanRefused(f"the playbook has no {context.at.name} there")
    if found.standing is ItemStanding.WITHDRAWN:
        raise PlanRefused(f"{context.at.name} is kept no longer there: {found.words}")
    if wrong := astray(context.picture, context.at.cluster.environment):
        raise PlanRefused(wrong)
    return found


async def sign_off(context: PlanContext) -> Draft:
    """Refused for a time to come, and where a live source showed that nothing was done."""
    item, at = _item(context), context.at
    if item.terms is not None and item.terms.evidence == EvidenceKind.IMPORTED:
        raise PlanRefused(
            "no word counts for it, but what another system says: take its record over by tfdash calendar adopt FILE, or waive it"
        )
    done = _moment(context, DONE, context.stamp)
    if done > context.now:
        raise PlanRefused(f"{moment(done, context.zone)} lies ahead: only what was done can be signed")
    if item.started is not None and done < item.started:
        raise PlanRefused(
            f"account is kept from {moment(item.started, context.zone)}: what was done before is taken over by adopt"
        )
    _digest(context)
    _not_contradicted(context, item, done)
    told = {
        "done_at": done,
        **rule_data(item.terms),
        **{name: str(context.arguments.get(name, "")) for name in (NOTE, LINK, DIGEST)},
    }
    proof = [f"{name}: {told[name]}" for name in (NOTE, LINK, DIGEST) if told[name]]
    return Draft(
        subject=at,
        effect=f"{item.title} counts as done on {moment(done, context.zone)}, on your word",
        requests=(request_of(COMPLETION, told, "record the sign-off", at),),
        before=item.sentence,
        after=f"done {moment(done, context.zone)}",
        notes=(*proof, "it counts for the period that it was done in, and heals none that closed before"),
        typed="",
        arguments=((STAMP, context.stamp),),  # now is when the plan was made first
    )


def _not_contradicted(context: PlanContext, item: ItemState, done: float) -> None:
    """Raises ``PlanRefused`` where a live source showed that nothing was done then."""
    record = context.picture.store_state.maintenance
    seen, live = record.sightings.get(bare(context.at), ()), item.live
    if live is not None and not live.problem:
        seen = (*seen, Sighting(live.seen, live.done_at))
    against = contradicts(seen, done)
    if against is not None:
        last = (
            f"last done {moment(against.done_at, context.zone)}"
            if against.done_at is not None
            else "never done"
        )
        raise PlanRefused(
            f"a live source was read at {moment(against.seen, context.zone)} and says {last}: what it does not show counts on nobody's word; "
            "a waiver with a second person is the way out"
        )


async def adopt(context: PlanContext) -> Draft:
    """What was kept elsewhere: when it was done last, from when account is kept, or both. A start that holds is not put off: what was
    missed since would be gone."""
    item, at = _item(context), context.at
    told: dict[str, Any] = {}
    if context.arguments.get(START):
        start = told[START] = _moment(context, START, "")
        if item.started is not None and start > item.started and item.started <= context.now:
            raise PlanRefused(
                f"account is kept from {moment(item.started, context.zone)} already, which is not put off"
            )
        if start > context.now + _LONGEST_WAIVER:
            raise PlanRefused(
                f"{moment(start, context.zone)} lies more than a year ahead, until when nothing would be missed: write an earlier start"
            )
    if context.arguments.get(DONE):
        done = told[DONE] = _moment(context, DONE, "")
        if done > context.now:
            raise PlanRefused(
                f"{moment(done, context.zone)} lies ahead: only what was done can be taken over"
            )
        _not_contradicted(context, item, done)
    if not told:
        raise PlanRefused("neither a time of its being done nor a start is given: write one of the two")
    words = {DONE: "was done on", START: "is accounted for from"}
    said = " and ".join(f"{words[name]} {moment(when, context.zone)}" for name, when in told.items())
    return Draft(
        subject=at,
        effect=f"{item.title} {said}, as was kept elsewhere",
        requests=(
            request_of(
                MAINTENANCE_START, {**told, **rule_data(item.terms)}, "record what was kept elsewhere", at
            ),
        ),
        before=item.sentence,
        after=said,
        notes=("it changes nothing of what is on record already",),
        typed="",
    )


async def waive(context: PlanContext) -> Draft:
    """From now until then nobody is asked for it; what closed before stays as it was judged."""
    item, at = _item(context), context.at
    until = _moment(context, UNTIL, "", last=True)
    if not context.now < until <= context.now + _LONGEST_WAIVER:
        raise PlanRefused(f"a waiver ends after now and within a year, not on {moment(until, context.zone)}")
    told = {"since": _moment(context, STAMP, context.stamp), "until": until, **rule_data(item.terms)}
    return Draft(
        subject=at,
        effect=f"{item.title} need not be done until {moment(until, context.zone)}: two people answer for it",
        requests=(request_of(PERIOD_WAIVER, told, "record the waiver", at),),
        before=item.sentence,
        after=f"waived until {moment(until, context.zone)}",
        notes=("what was missed before stays missed",),
        typed=at.name,
        arguments=((STAMP, context.stamp),),
    )


def _moment(context: PlanContext, name: str, otherwise: str, *, last: bool = False) -> float:
    """An argument as epoch seconds, local to the calendar's zone. Raises ``PlanRefused`` for what is no time."""
    try:
        return moment_of(str(context.arguments.get(name) or otherwise), context.zone, last=last)
    except ValueError as error:
        raise PlanRefused(f"{name}: {error}") from None


def moment_of(given: str, zone: ZoneInfo, *, last: bool = False) -> float:
    """Epoch seconds, local to ``zone`` where the text names none; of a day alone its begin, or its end where ``last``. Raises
    ``ValueError`` in words."""
    words = given.strip()
    try:
        moment = datetime.fromisoformat(words)
        if len(words) <= len("2026-11-26"):
            found = instant(moment + timedelta(days=last), zone)
        else:
            found = moment.timestamp() if moment.tzinfo is not None else instant(moment, zone)
    except (ValueError, OverflowError):
        raise ValueError(
            f'{words!r} is no time; write "2026-11-26 10:30" (local), "2026-11-26T15:30Z" or "2026-11-26"'
        ) from None
    counted_with(moment)
    if found < EARLIEST:
        raise ValueError(f"{words!r} lies before 1970, and nothing is recorded of that")
    return found


def _digest(context: PlanContext) -> None:
    given = str(context.arguments.get(DIGEST, ""))
    if given and not re.fullmatch("[0-9a-f]{64}", given):
        raise PlanRefused(
            f'{given!r} is no SHA-256 of a file; write what "sha256sum FILE" says, 64 hex digits'
        )


async def _signed(decision: OperatorDecision) -> str:
    at, done = decision.plan.subject, float(decision.told["done_at"])
    sentence = f"{decision.user} signs {at.name} as done on {moment(done, decision.zone)}"
    data = {
        **decision.told,
        NOTE: decision.told[NOTE] or decision.reason,
        "topic": COMPLETION,
        "evidence": EvidenceKind.SIGNED.value,
    }
    await _append(decision, sentence, data)
    return sentence


async def _adopted(decision: OperatorDecision) -> str:
    at, told = decision.plan.subject, decision.told
    said, by = [], {name: told[name] for name in (RULE,) if name in told}
    if DONE in told:
        said.append(f"was done on {moment(told[DONE], decision.zone)}")
        data = {
            "done_at": told[DONE],
            NOTE: decision.reason,
            "topic": COMPLETION,
            "evidence": EvidenceKind.IMPORTED.value,
            **by,
        }
        await _append(decision, f"{decision.user} takes over that {at.name} {said[-1]}", data)
    if START in told:
        said.append(f"is accounted for from {moment(told[START], decision.zone)}")
        data = {START: told[START], NOTE: decision.reason, "topic": MAINTENANCE_START, **by}
        await _append(decision, f"{decision.user} says that {at.name} {said[-1]}", data)
    return f"{at.name} {' and '.join(said)}"


async def _append(decision: OperatorDecision, sentence: str, data: Mapping[str, Any]) -> None:
    await decision.ledger.append(
        EntryKind.NOTE,
        actor=decision.user,
        subject=decision.plan.subject,
        action=decision.plan.action,
        sentence=f"{sentence}: {decision.reason}",
        data=data,
    )


async def _waived(decision: OperatorDecision) -> str:
    at, until = decision.plan.subject, float(decision.told["until"])
    other = decision.second or "no second person (break-glass)"
    sentence = f"{decision.user} with {other} waives {at.name} until {moment(until, decision.zone)}"
    data = {**decision.told, "why": decision.reason, "second": decision.second, "topic": PERIOD_WAIVER}
    await _append(decision, sentence, data)
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
        unable=_elsewhere,
    ),
    Action(
        id="maintenance.adopt",
        title="maintenance: take over from elsewhere",
        kinds=frozenset({KIND}),
        risk=Risk.TYPED_NAME_AND_REASON,
        freeze=FreezeRule.EXEMPT,
        make=adopt,
        target=Target.STORE,
        record=_adopted,
        asks=may_patch_item,
        arguments=(DONE, START),
        offered=False,
        look=of_item,
        unable=_elsewhere,
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
        look=of_item,
        unable=_elsewhere,
    ),
)
