"""One step carried out: what stands in its way, its claim, its beginning and its end, each written before what comes next.

A process that is killed between any two lines loses nothing: what was claimed is free again, what was begun is found in the air by who comes
next (``tfdash.procedures.watching``), and an end that could not be written is written as soon as it can be.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable, NotSent, OutcomeUnknown
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import Probed, RunEventKind, RunOutcome, RunState, StepState, StepStatus
from tfdash.procedures.claimed import Claimed, take
from tfdash.procedures.kind import (
    NOT_SENT,
    WAS_SO,
    Doing,
    FencedOut,
    KindOfStep,
    Means,
    StepEnd,
    Tell,
    not_passed,
    state_of,
    step_of,
    told_of,
)
from tfdash.procedures.protocols import Given, Prepared, RunRefused
from tfdash.procedures.steps import STEP_KINDS
from tfdash.procedures.steps.manual import signed

log = logging.getLogger(__name__)
OVER = frozenset(
    {StepStatus.DONE, StepStatus.ALREADY, StepStatus.SKIPPED, StepStatus.NOT_CHOSEN, StepStatus.LEFT}
)
IN_AIR = frozenset({StepStatus.RUNNING, StepStatus.UNKNOWN})
_FREE = frozenset({StepStatus.READY, StepStatus.FAILED, StepStatus.CLAIMED})


class Engine:
    """On the board's loop."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self.kinds: Mapping[StepKind, KindOfStep] = {kind: made() for kind, made in STEP_KINDS.items()}
        self.working: dict[tuple[str, str], Doing] = {}  # what this process has in hand
        self.unwritten: dict[tuple[str, str], tuple[Doing, StepEnd]] = {}  # ended, and not on record yet
        self._tasks: set[asyncio.Future[None]] = set()

    # -- what is there --------------------------------------------------------------------------------------------

    def run_of(self, id: str, *, to_change: bool = True) -> RunState:
        """Raises ``RunRefused``."""
        run = self.means.journals.state(id)
        if run is None:
            raise RunRefused(
                f"there is no run {id!r} here", remedy="tfdash procedures list shows those that are"
            )
        if to_change and run.unreadable:
            raise RunRefused(f"its procedure cannot be read: {run.unreadable}")
        return run

    def step_in(self, run: RunState, id: str) -> tuple[Step, StepState]:
        """Raises ``RunRefused``."""
        step, state = step_of(run, id), state_of(run, id)
        if step is None or state is None:
            raise RunRefused(f"{run.id} has no step {id!r}")
        return step, state

    def refused(self, run: RunState) -> str:
        """Why nothing may be done with it from here; "" where it may. A rehearsal that nothing records changes nothing."""
        return "" if run.dry and not self.means.journals.recorded else self.means.refused()

    def kind_of(self, step: Step) -> KindOfStep:
        """Raises ``RunRefused``."""
        kind = self.kinds.get(step.kind)
        if kind is None:
            raise RunRefused(
                f"this program carries out no {step.kind.value} yet",
                remedy="do it by hand, and skip it with a note of what you did",
            )
        return kind

    def doing(self, run: RunState, step: Step, state: StepState) -> Doing:
        """What is in the air, or the attempt that would be made next."""
        known = self.working.get((run.id, step.id))
        if known is not None:
            return known
        return Doing(self.means, run, step, state, state.attempt + (state.status not in IN_AIR))

    # -- to be shown ----------------------------------------------------------------------------------------------

    async def prepare(self, id: str, step_id: str) -> Prepared:
        run = self.run_of(id, to_change=False)
        step, state = self.step_in(run, step_id)
        doing = self.doing(run, step, state)
        needs, before = doing.needs(), doing.ask(step.before)
        already = doing.ask(step.after)
        shown = Prepared(
            run=run.id,
            step=step,
            before=before,
            already=already,
            asks=doing.ask(step.asks),
            needs=needs,
            branches=tuple(doing.ask(branch.when) for branch in step.branches),
        )
        if why := self._not_now(run, state):
            return msgspec.structs.replace(shown, refused=why, may=self._may(run, step, state, ()))
        why = _wanting(needs, before)
        try:
            told = await self.kind_of(step).prepare(doing)
        except RunRefused as error:
            why, told = why or str(error), None
        may = told.may if told is not None else ()
        refused = why or (told.refused if told is not None else "")
        return msgspec.structs.replace(
            shown,
            lines=told.lines if told is not None else (),
            guarded=told.guarded if told is not None else None,
            told=told.told if told is not None else (),
            refused=refused,
            may=self._may(run, step, state, () if refused else may, so=_so(already), by_hand=bool(refused)),
        )

    def _not_now(self, run: RunState, state: StepState) -> str:
        """Why nothing can be done with it now, whatever it is."""
        if why := self.refused(run):
            return why
        if run.unreadable:
            return f"its procedure cannot be read: {run.unreadable}"
        if state.status in OVER:
            return f"it is {state.status.value}"
        if state.status is StepStatus.WAITING or (state.id not in run.next and state.status not in IN_AIR):
            return "it waits for what stands before it"
        if state.status is StepStatus.UNKNOWN:
            return "what became of it is not known: it is settled first"
        if state.status is StepStatus.RUNNING:
            return f"it is under way, by {state.holder or state.by} at {state.terminal}"
        if state.terminal and state.terminal != self.means.journals.terminal:
            return f"{state.holder} at {state.terminal} works on it"
        return ""

    def _may(
        self,
        run: RunState,
        step: Step,
        state: StepState,
        kind: tuple[str, ...],
        *,
        so: bool = False,
        by_hand: bool = False,
    ) -> tuple[str, ...]:
        """What a person can do with it, the most likely first."""
        if self.refused(run) or run.unreadable or state.status in OVER:
            return ()
        ours = state.terminal == self.means.journals.terminal
        if state.status is StepStatus.WAITING:
            return ("skip",)
        found = list(kind)
        if so and "do" in found:
            found.insert(0, "pass")
        if by_hand and step.by_hand and state.status in _FREE and (ours or not state.terminal):
            found.append("sign")
        if state.status is StepStatus.UNKNOWN:
            found.append("settle")
        if (
            state.terminal
            and (not ours or (run.id, step.id) not in self.working)
            and state.status
            not in (
                StepStatus.READY,
                StepStatus.FAILED,
            )
        ):
            found += [] if ours and state.status is StepStatus.CLAIMED else ["take over"]
        return tuple(dict.fromkeys((*found, "skip")))

    # -- done -----------------------------------------------------------------------------------------------------

    async def do(self, id: str, step_id: str, given: Given, tell: Tell) -> None:
        """Raises ``RunRefused``, ``LedgerUnavailable``."""
        run = self.run_of(id)
        step, state = self.step_in(run, step_id)
        if why := self._not_now(run, state):
            raise RunRefused(why)
        if (run.id, step.id) in self.working:
            raise RunRefused("it is being done from this very terminal")
        kind = self.kind_of(step)
        doing = Doing(self.means, run, step, state, state.attempt + 1)
        self.working[run.id, step.id] = (
            doing  # before anything is waited for: a twin may be asked for meanwhile
        )
        try:
            await self._do(kind, doing, given, tell)
        finally:
            self.working.pop((run.id, step.id), None)

    async def _do(self, kind: KindOfStep, doing: Doing, given: Given, tell: Tell) -> None:
        step, run = doing.step, doing.run
        needs, before = doing.needs(), doing.ask(step.before)
        wanting = _wanting(needs, before)
        if step.by_hand and step.kind is not StepKind.MANUAL and given.worked is not None:
            await self._end(doing, await signed(doing, given))
            return
        if run.dry and not (kind.by_person and given != Given()):
            await self._end(doing, await self._rehearsed(kind, doing, wanting))
            return
        if wanting:
            raise RunRefused(wanting)
        already = doing.ask(step.after)
        if _so(already) and not given.anyway and not kind.by_person:
            await self._end(doing, _already(doing, already))
            return
        async with Claimed(doing, record=kind.begins):
            end = await self._carried_out(kind, doing, given, tell)
            if end is not None:
                await self._end(doing, end)

    async def _carried_out(self, kind: KindOfStep, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        """What came of it; what is known to have sent nothing is not in the air."""
        try:
            return await kind.do(doing, given, tell)
        except FencedOut:
            if doing.begun:
                await self._end(doing, NOT_SENT)
            raise
        except NotSent as error:
            return StepEnd(kind=RunEventKind.FAILED, sentence=f"nothing was sent: {error}")
        except OutcomeUnknown as error:
            return StepEnd(kind=RunEventKind.UNKNOWN, sentence=str(error))
        except (RunRefused, LedgerUnavailable):
            raise
        except Exception as error:
            log.exception("step %s failed", doing.tag)
            told = f"the program failed with {type(error).__name__}; the log has more"
            kept = RunEventKind.UNKNOWN if doing.begun else RunEventKind.FAILED
            return StepEnd(kind=kept, sentence=told)

    async def _rehearsed(self, kind: KindOfStep, doing: Doing, wanting: str) -> StepEnd:
        """What it would do, and no way to do it: a rehearsal only prepares."""
        shown = await self.prepare(doing.run.id, doing.step.id) if not wanting else None
        lines = list(shown.lines) if shown is not None else []
        if shown is not None and shown.guarded is not None:
            plan = shown.guarded.plan
            lines = [plan.effect, *plan.diff, *(check.text for check in shown.guarded.checks), *lines]
        lines += [f"{one.channel}: {one.subject}" for one in shown.told] if shown is not None else []
        asks = shown.asks if shown is not None else ()
        why = wanting or (shown.refused if shown is not None else "") or not_passed(asks)
        data = {"dry": True, "lines": lines, "probes": told_of(asks), "would_stop": why}
        sentence = f"would stop here: {why}" if why else "; ".join(lines[:1]) or "would be done"
        if doing.step.kind is StepKind.DECISION:
            return StepEnd(
                kind=RunEventKind.DECIDED, sentence="every branch is shown", data={**data, "branch": "*"}
            )
        return StepEnd(kind=RunEventKind.DONE, sentence=sentence, data=data)

    async def _end(self, doing: Doing, end: StepEnd) -> None:
        """Written, or kept until it can be: it came to an end all the same."""
        try:
            await doing.record(end.kind, end.sentence, end.data)
        except LedgerUnavailable:
            if doing.begun:
                self.unwritten[doing.run.id, doing.step.id] = (doing, end)
            raise

    async def carried_on(self, work: Coroutine[Any, Any, None]) -> None:
        """It goes on when whoever asked for it is gone."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    # -- what is in the air ---------------------------------------------------------------------------------------

    async def look_again(self, doing: Doing) -> bool:
        """What became of a step that was begun: settled where something tells, done again where that changes nothing; else a person says.
        Whether it is settled."""
        kind, step, state = self.kind_of(doing.step), doing.step, doing.state
        if kind.goes_on and state.status is StepStatus.RUNNING:
            return False  # nothing of it was sent
        found = await kind.settle(doing) or _by_postconditions(doing)
        if found is not None and found.kind is not RunEventKind.UNKNOWN:
            result = _RESULTS.get(found.kind, "not done")
            data = {**found.data, "result": result, "by": "seen"}
            await self.ended(doing, StepEnd(kind=RunEventKind.SETTLED, sentence=found.sentence, data=data))
            return True
        sentence = (
            found.sentence if found is not None else "it was cut off, and nothing tells what became of it"
        )
        if state.status is StepStatus.RUNNING or state.sentence != sentence:
            await self.ended(doing, StepEnd(kind=RunEventKind.UNKNOWN, sentence=sentence))
        if step.idempotent or kind.repeats:
            await self._again(doing)
        return False

    async def _again(self, doing: Doing) -> None:
        """Done once more by itself, since that changes nothing."""
        run = self.run_of(doing.run.id)
        step, state = self.step_in(run, doing.step.id)
        if state.status is not StepStatus.UNKNOWN or (run.id, step.id) in self.working:
            return
        again = Doing(self.means, run, step, state, state.attempt + 1)
        self.working[run.id, step.id] = again
        try:
            async with Claimed(again, record=True):
                end = await self._carried_out(self.kind_of(step), again, Given(), lambda progress: None)
                if end is not None:
                    await self._end(again, end)
        finally:
            self.working.pop((run.id, step.id), None)

    async def ended(self, doing: Doing, end: StepEnd) -> None:
        """Recorded by who has it: where that is somebody else, it is taken over first."""
        if doing.state.terminal != self.means.journals.terminal:
            await take(doing)
        await self._end(doing, end)


_RESULTS = {RunEventKind.DONE: "done", RunEventKind.FAILED: "failed"}


def _by_postconditions(doing: Doing) -> StepEnd | None:
    """They tell that it was done where all are true, and none was before: then they are about our act, as the file promises."""
    probed = doing.ask(doing.step.after)
    if not _so(probed) or doing.state.mark.get(WAS_SO):
        return None
    sentence = "; ".join(one.sentence for one in probed)
    return StepEnd(kind=RunEventKind.DONE, sentence=sentence, data={"probes": told_of(probed)})


def _so(already: tuple[Probed, ...]) -> bool:
    return bool(already) and all(one.passed is True for one in already)


def _already(doing: Doing, already: tuple[Probed, ...]) -> StepEnd:
    from tfdash.moments import clock

    seen = min((one.seen_at for one in already if one.seen_at is not None), default=doing.now)
    sentence = f"already so, seen {clock(seen, doing.means.zone)}, not by us: " + "; ".join(
        o.sentence for o in already
    )
    return StepEnd(kind=RunEventKind.ALREADY, sentence=sentence, data={"probes": told_of(already)})


def _wanting(needs: tuple[Probed, ...], before: tuple[Probed, ...]) -> str:
    """Why it cannot be begun: what it needs and is not there, what must be so before it and is not. What nobody has tried yet may be there."""
    away = "; ".join(one.sentence for one in needs if one.passed is False)
    return (
        f"it needs what is not there: {away}"
        if away
        else not_passed(before) and f"not yet: {not_passed(before)}"
    )


def open_run(run: RunState) -> bool:
    return run.outcome is RunOutcome.OPEN
