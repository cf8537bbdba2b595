"""An action of the registry: planned, shown, confirmed and executed by the one service that every key goes through.

What it did is settled by the audit log's own entries, which carry the tag of the step: nothing is ever sent again to find out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from tfdash.actions.core.plan_digest import requests_of
from tfdash.actions.core.protocols import ActionService, PlanRefused
from tfdash.actions.core.run_tag import TAG
from tfdash.actions.core.runner import confirmation_refused
from tfdash.model.action import Confirmation, Guarded, Progress, Result
from tfdash.model.procedure import StepKind
from tfdash.model.requests import ReadFailed
from tfdash.model.run import RunEventKind
from tfdash.model.store_state import ActOnRecord, Entry
from tfdash.playbook.procedures.subject_text import acted_on
from tfdash.procedures.kind import (
    NOT_SENT,
    Doing,
    FencedOut,
    KindOfStep,
    StepEnd,
    StepShown,
    Tell,
    not_passed,
    told_of,
)
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.store.log.canonical import data_of
from tfdash.text import fault
from tfdash.views.by_hand import by_hand

log = logging.getLogger(__name__)
_KEPT = 64  # plans that were shown and may be confirmed
_SEEN_WITHIN = 600.0  # seconds for what is to be so afterwards, where the step says no time-out


class ActionStep(KindOfStep):
    kind = StepKind.ACTION

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str, str], Guarded] = {}  # by run, step and digest

    async def prepare(self, doing: Doing) -> StepShown:
        try:
            guarded = await self._planned(doing)
        except PlanRefused as refused:
            raise RunRefused(str(refused), remedy=refused.remedy) from None
        except ReadFailed as failed:
            raise RunRefused(f"its plan cannot be made: {failed.problem}") from None
        plan = guarded.plan
        self._shown[doing.run.id, doing.step.id, plan.digest] = guarded
        while len(self._shown) > _KEPT:
            del self._shown[next(iter(self._shown))]
        lines = by_hand(requests_of(plan), doing.means.kubectl(plan.subject.cluster))
        return StepShown(
            lines=lines, guarded=guarded, refused=guarded.refused, may=("do",) if guarded.allowed else ()
        )

    async def _planned(self, doing: Doing) -> Guarded:
        step = doing.step
        subject = acted_on(step, doing.run.cluster)
        if subject is None:
            raise RunRefused(f"{step.subject!r} is no object", remedy='write it like "Deployment shop/web"')
        token = TAG.set(_tag(doing))  # the gate knows by it that the run which holds the target is this one
        try:
            planned = await _actions(doing).plan(step.action, subject, dict(step.arguments))
            if not doing.choices:
                return planned
            return await _actions(doing).refresh(planned.plan, doing.choices)
        finally:
            TAG.reset(token)

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        confirmation, guarded = self._confirmed(doing, given)
        plan, fenced = guarded.plan, list[str]()

        async def still() -> str:
            try:
                await doing.holds()
            except FencedOut as error:
                fenced.append(str(error))
                return str(error)
            except Exception as error:
                log.exception("whose %s is was not told", doing.tag)
                return f"whether the step is still ours is not known: {fault(error)}"
            return ""

        await doing.begin(
            plan.effect, {"action": plan.action, "subject": str(plan.subject), "plan": plan.digest}
        )
        done = await _actions(doing).execute(guarded, confirmation, tell, still)
        self._shown.pop((doing.run.id, doing.step.id, plan.digest), None)
        if fenced and done.result is Result.NOT_APPLIED:
            raise FencedOut(fenced[0])
        if done.result is Result.APPLIED and not done.unseen:
            data = {"entry": done.entry, "items": [list(item) for item in done.items]}
            return StepEnd(kind=RunEventKind.DONE, sentence=done.sentence, data=data)
        return _ended(done)

    def _confirmed(self, doing: Doing, given: Given) -> tuple[Confirmation, Guarded]:
        """Exactly the plan that was shown of this very step. Raises ``RunRefused``."""
        if given.confirmation is None:
            raise RunRefused("its plan was not confirmed", remedy="look at the plan and confirm it")
        confirmation = msgspec.structs.replace(given.confirmation, run=doing.tag)
        guarded = self._shown.get((doing.run.id, doing.step.id, confirmation.plan_digest))
        if guarded is None:
            raise RunRefused(
                "another plan was confirmed than the one of this step", remedy="look at it again"
            )
        if why := confirmation_refused(guarded.plan, confirmation, doing.now):
            raise RunRefused(why, remedy="look at it again")
        return confirmation, guarded

    # -- after a cut ----------------------------------------------------------------------------------------------

    async def settle(self, doing: Doing) -> StepEnd | None:
        """By what is on record of it, of each terminal that began this attempt: there is more than one only where nobody kept claims."""
        ends = [await self._settled(doing, terminal) for terminal in doing.began_at()]
        certain = [end for end in ends if end is not NOT_SENT and not _not_done(end)]
        if not certain:
            return ends[0] if ends else None
        return certain[0] if len(certain) == 1 else _several(certain)

    async def _settled(self, doing: Doing, terminal: str) -> StepEnd:
        act = doing.means.acts(terminal, doing.tag)
        if act.result in (None, Result.UNKNOWN) and act.intent is not None:
            found = await _actions(doing).reconcile([act.intent])
            if not found:
                return _unknown(f"{act.intent.sentence}: this terminal cannot read what became of it")
            act = msgspec.structs.replace(act, result=found[0].result, sentence=found[0].sentence)
        if act.result is None and act.whole:
            return NOT_SENT
        if act.result is None:
            return _unknown(
                f"whether anything was sent stands in the audit log of {terminal}, which is not held whole here"
            )
        if act.result is Result.APPLIED:
            return self._applied(doing, act)
        return _ended_as(act.result, act.sentence)

    def _applied(self, doing: Doing, act: ActOnRecord) -> StepEnd:
        """The next start follows its own postconditions to their end; those of the step are looked at until their time is over. What is
        not known fails nothing."""
        if act.verified is False:
            return StepEnd(kind=RunEventKind.FAILED, sentence=act.sentence)
        late = doing.now > doing.began + (doing.step.timeout or _SEEN_WITHIN)
        probed = doing.ask(() if doing.step.again else doing.step.after)
        unseen = act.verified is None and act.intent is not None and _has_posts(act.intent)
        if unseen or (still := not_passed(probed)):
            false = not unseen and any(one.passed is False for one in probed)
            sentence = (
                f"it was done: {act.sentence}; {'what is to come of it is not seen yet' if unseen else still}"
            )
            kind = RunEventKind.FAILED if false and late else RunEventKind.UNKNOWN
            return StepEnd(kind=kind, sentence=sentence)
        return StepEnd(kind=RunEventKind.DONE, sentence=act.sentence, data={"probes": told_of(probed)})


def _tag(doing: Doing) -> str:
    """By which the gate knows for which run it is planned. Of a rehearsal within a run, which nothing records, it knows that run alone."""
    outer, step = doing.run.within
    return f"{outer}/{step}/0" if outer and not doing.means.journals.recorded else doing.tag


def _actions(doing: Doing) -> ActionService:
    if doing.means.actions is None:
        raise RunRefused("this terminal has nothing that could plan an action")
    return doing.means.actions


def _ended(done: Progress) -> StepEnd:
    if done.result is Result.APPLIED:  # and not all of it was seen
        return StepEnd(kind=RunEventKind.FAILED, sentence=done.sentence, data={"entry": done.entry})
    return _ended_as(done.result or Result.UNKNOWN, done.sentence, entry=done.entry)


def _ended_as(result: Result, sentence: str, *, entry: str = "") -> StepEnd:
    """Refused is no failure: nothing was sent, and it may be done once nothing speaks against it any more."""
    data: Mapping[str, Any] = {"entry": entry} if entry else {}
    match result:
        case Result.REFUSED | Result.NOT_APPLIED:
            return StepEnd(
                kind=RunEventKind.SETTLED,
                sentence=sentence,
                data={**data, "result": "not done", "by": "seen"},
            )
        case Result.UNKNOWN:
            return StepEnd(kind=RunEventKind.UNKNOWN, sentence=sentence, data=data)
    return StepEnd(kind=RunEventKind.FAILED, sentence=sentence, data=data)


def _unknown(sentence: str) -> StepEnd:
    return StepEnd(kind=RunEventKind.UNKNOWN, sentence=sentence)


def _not_done(end: StepEnd) -> bool:
    return end.data.get("result") == "not done"


def _several(ends: list[StepEnd]) -> StepEnd:
    told = "; ".join(end.sentence for end in ends)
    return _unknown(f"it was begun at {len(ends)} terminals, since nobody kept claims: {told}")


def _has_posts(intent: Entry) -> bool:
    plan = data_of(intent).get("plan")
    return isinstance(plan, Mapping) and bool(plan.get("posts"))
