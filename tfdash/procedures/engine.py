"""One step carried out: what stands in its way, its claim, its beginning and its end, each written before what comes next.

A process that is killed between any two lines loses nothing: what was claimed is free again, what was begun is found in the air by who comes
next (``tfdash.procedures.watching``), and an end that could not be written is written as soon as it can be.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from itertools import takewhile
from typing import Any

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable, NotSent, OutcomeUnknown
from tfdash.clock import in_clock_seconds
from tfdash.model.procedure import StepKind
from tfdash.model.run import Probed, RunEventKind, RunState, StepStatus
from tfdash.moments import clock
from tfdash.playbook.procedures.folding import AGAIN
from tfdash.playbook.procedures.tree import by_whom
from tfdash.playbook.procedures.walk import leaves
from tfdash.procedures.claimed import Claimed, let_go, take
from tfdash.procedures.kind import (
    NOT_SENT,
    WAS_FALSE,
    Doing,
    KindOfStep,
    Means,
    StepEnd,
    Tell,
    next_attempt,
    not_passed,
    told_of,
)
from tfdash.procedures.looking import Looking, as_seen, by_hand, chosen_anew, in_the_way, so
from tfdash.procedures.proofs import what_is_unproven
from tfdash.procedures.protocols import Claim, Given, RunRefused
from tfdash.procedures.steps.manual import signed

log = logging.getLogger(__name__)
_READ_WITHIN = 5.0  # seconds for which what is on record is waited for
_SEEN_WITHIN = 60.0  # seconds until the postconditions of an act that is done must be seen, where its step has no time-out


class Engine(Looking):
    """On the board's loop."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self.unwritten: dict[tuple[str, str], tuple[Doing, StepEnd]] = {}  # ended, and not on record yet
        self.held: dict[tuple[str, str], Claim] = {}  # of what goes on
        self.freed: Callable[[tuple[str, str]], None] = lambda at: None  # told of what is in hand no more
        self._tried: dict[tuple[str, str], int] = {}  # attempts that were done again by themselves
        self._tasks: set[asyncio.Future[None]] = set()

    # -- done -----------------------------------------------------------------------------------------------------

    async def do(self, id: str, step_id: str, given: Given, tell: Tell) -> None:
        """Raises ``RunRefused``, ``LedgerUnavailable``."""
        run = self.run_of(id)
        step, state = self.step_in(run, step_id)
        anew = given.branch and chosen_anew(run, step, state)
        if why := self.refused(run) if anew else self.not_now(run, state):
            raise RunRefused(why)
        as_seen(state, given)
        if (run.id, step.id) in self.working:
            raise RunRefused("it is being done from this very terminal")
        doing = Doing(self.means, run, step, state, next_attempt(state))
        with self._in_hand(doing):
            await self._do(doing, given, tell)

    @contextlib.contextmanager
    def _in_hand(self, doing: Doing) -> Iterator[None]:
        """Entered before anything is waited for: a twin may be asked for meanwhile."""
        at = (doing.run.id, doing.step.id)
        self.working[at] = doing
        try:
            yield
        finally:
            self.working.pop(at, None)
            self.freed(at)

    async def _do(self, doing: Doing, given: Given, tell: Tell) -> None:
        step, run = doing.step, doing.run
        said = msgspec.structs.replace(given, attempt=None, fence=0) != Given()
        person = run.dry and step.kind in self.kinds and self.kinds[step.kind].by_person and said
        wanting = in_the_way(doing.needs(), doing.ask(step.before))
        if step.kind is not StepKind.MANUAL and given.worked is not None and by_hand(doing, refused=True):
            await self._end(doing, await signed(doing, given))
            return
        if run.dry and not person:
            await self._end(doing, await self._rehearsed(doing, wanting))
            return
        kind = self.kind_of(step)
        if wanting := wanting or (await self._unproven(run) if kind.begins else ""):
            raise RunRefused(wanting)
        already = doing.ask(step.after)
        if so(already) and not given.anyway and not kind.by_person:
            await self._end(doing, _already(doing, already))
            return
        if step.no_return and not given.no_return:
            raise RunRefused(
                f"behind it there is no way back: {step.no_return}", remedy="confirm that it is meant"
            )
        doing.past = step.no_return
        await self._claimed(kind, doing, given, tell, record=kind.begins)

    async def _unproven(self, run: RunState) -> str:
        """Why nothing may be done behind its approvals, "" where they hold."""
        proofs, journal = self.means.proofs, self.means.journals.journal(run.id)
        return "" if proofs is None or journal is None else await what_is_unproven(proofs, journal, run)

    async def _claimed(
        self, kind: KindOfStep, doing: Doing, given: Given, tell: Tell, *, record: bool
    ) -> None:
        async with Claimed(doing, record=record):
            end = await self._carried_out(kind, doing, given, tell)
            if end is not None:
                await self._end(doing, end)
        if doing.claim is not None:
            self.held[doing.run.id, doing.step.id] = doing.claim

    async def _carried_out(self, kind: KindOfStep, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        """What came of it; what is known to have sent nothing is not in the air."""
        try:
            end = await kind.do(doing, given, tell)
            return await self._seen(kind, doing, end) if end is not None else None
        except RunRefused:
            if doing.begun:
                await self._end(doing, NOT_SENT)
            raise
        except NotSent as error:
            return StepEnd(kind=RunEventKind.FAILED, sentence=f"nothing was sent: {error}")
        except OutcomeUnknown as error:
            return StepEnd(kind=RunEventKind.UNKNOWN, sentence=str(error))
        except LedgerUnavailable:
            if doing.beginning and not doing.begun:  # it may come to be recorded all the same
                self.unwritten[doing.run.id, doing.step.id] = (doing, NOT_SENT)
            raise  # what was begun is looked for by who watches
        except Exception as error:
            log.exception("step %s failed", doing.tag)
            told = f"the program failed with {type(error).__name__}; the log has more"
            kept = RunEventKind.UNKNOWN if doing.begun else RunEventKind.FAILED
            return StepEnd(kind=kept, sentence=told)

    async def _seen(self, kind: KindOfStep, doing: Doing, end: StepEnd) -> StepEnd:
        """An act is done when its postconditions are seen to be true."""
        step = doing.step
        if end.kind is not RunEventKind.DONE or not step.after or not kind.begins or kind.goes_on:
            return end
        if step.again:
            return end if so(doing.ask(step.after)) else _again_of(doing, end)
        within = step.timeout or in_clock_seconds(self.means.clock, _SEEN_WITHIN)
        if await self._until(lambda: so(doing.ask(step.after)), within):
            return end
        why = not_passed(doing.ask(step.after))
        return StepEnd(kind=RunEventKind.FAILED, sentence=f"{end.sentence}; and yet: {why}", data=end.data)

    async def _until(self, true: Callable[[], bool], within: float) -> bool:
        """Whether it becomes true within so many seconds of the clock, looked at with each update."""
        news, began, elapsed = asyncio.Event(), self.means.clock.now(), self.means.elapsed
        unsubscribe = self.means.board.subscribe(lambda update: news.set())
        try:
            while not true():
                left = (within - elapsed.since(news, began)) / in_clock_seconds(self.means.clock, 1.0)
                if left <= 0:
                    return False
                news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await news.wait()
            return True
        finally:
            elapsed.forget(news)
            unsubscribe()

    async def _rehearsed(self, doing: Doing, wanting: str) -> StepEnd:
        """What it would do, and no way to do it: a rehearsal only prepares. What is not so yet and comes of an act that stands before it, which a
        rehearsal has not done, stops it no more than it proves anything: that is said, and what can be tried is tried."""
        waits = self._to_come(doing)
        shown = await self.prepare(doing.run.id, doing.step.id) if waits or not wanting else None
        lines = list(shown.lines) if shown is not None else []
        if shown is not None and shown.guarded is not None:
            plan = shown.guarded.plan
            lines = [plan.effect, *plan.diff, *(check.text for check in shown.guarded.checks), *lines]
        lines += [f"{one.channel}: {one.subject}" for one in shown.told] if shown is not None else []
        asks = shown.asks if shown is not None else ()
        passes = "" if doing.step.kind is StepKind.WAIT else not_passed(asks)  # a wait waits for it
        why = wanting or (shown.refused if shown is not None else "") or passes
        if waits:
            why = await self._refused_by_kind(doing)
        hand = bool(why) and (bool(doing.step.by_hand) if waits else by_hand(doing, refused=True))
        data = {
            "dry": True,
            "lines": lines,
            "probes": told_of(asks),
            "would_stop": "" if hand else why,
            "by_hand": why if hand else "",
            "would_wait": "" if why else waits,
        }
        told = f"would be done by hand: {why}" if hand else f"would stop here: {why}"
        told = told if why else f"would wait for what stands before it: {waits}"
        sentence = told if why or waits else "; ".join(lines[:1]) or "would be done"
        if doing.step.kind is StepKind.DECISION:
            return StepEnd(
                kind=RunEventKind.DECIDED, sentence="every branch is shown", data={**data, "branch": "*"}
            )
        return StepEnd(kind=RunEventKind.DONE, sentence=sentence, data=data)

    def _to_come(self, doing: Doing) -> str:
        """What is known not to be so, of what must be before it or is asked by it, where all that it needs is there and an act stands before
        it; "" else."""
        step = doing.step
        acts = any(
            one.kind in (StepKind.ACTION, StepKind.COMMAND, StepKind.PROCEDURE)
            for one in takewhile(lambda one: one.id != step.id, leaves(doing.run.procedure.steps))
        )
        if not acts or in_the_way(doing.needs(), ()):
            return ""
        asks = doing.ask(step.asks) if step.kind in (StepKind.CHECK, StepKind.GATE) else ()
        told = (*doing.ask(step.before), *asks)
        return "" if any(one.passed is None for one in told) else not_passed(told)

    async def _refused_by_kind(self, doing: Doing) -> str:
        """Why its kind could not do it, whatever stands before it."""
        try:
            return (await self.kind_of(doing.step).prepare(doing)).refused
        except RunRefused as error:
            return str(error)

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

    async def until_read(self) -> None:
        """A moment, for what is on record."""
        if self.means.journals.unread:
            within = in_clock_seconds(self.means.clock, _READ_WITHIN)
            await self._until(lambda: not self.means.journals.unread, within)

    # -- what is in the air ---------------------------------------------------------------------------------------

    async def look_again(self, doing: Doing) -> bool:
        """What became of a step that was begun: settled where something tells, done again where that changes nothing; else a person says.
        Whether it is settled."""
        kind, step, state = self.kind_of(doing.step), doing.step, doing.state
        if kind.goes_on and state.status is StepStatus.RUNNING:
            return False  # nothing of it was sent
        found = await kind.settle(doing) or _by_postconditions(doing)
        if found is not None:
            found = await self._seen(kind, doing, found)
        if found is not None and found.kind is not RunEventKind.UNKNOWN:
            result = _RESULTS.get(found.kind, "not done")
            data = {"result": result, **found.data, "by": "seen"}
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
        at = (run.id, step.id)
        if (
            state.status is not StepStatus.UNKNOWN
            or at in self.working
            or self._tried.get(at) == state.attempt
        ):
            return
        self._tried[at] = state.attempt  # once; where it wants a person, that is theirs
        again = Doing(self.means, run, step, state, next_attempt(state))
        if step.no_return or in_the_way(again.needs(), again.ask(step.before)) or await self._unproven(run):
            return  # what a person would be refused, or asked about, is not done by itself
        with self._in_hand(again):
            await self._claimed(self.kind_of(step), again, Given(), lambda progress: None, record=True)

    async def ended(self, doing: Doing, end: StepEnd) -> None:
        """Recorded by who has it: where that is somebody else, it is taken over first."""
        if doing.state.terminal != self.means.journals.terminal:
            await take(doing)
        doing.claim = self.held.pop((doing.run.id, doing.step.id), doing.claim)
        await self._end(doing, end)
        if end.kind is not RunEventKind.UNKNOWN:
            await let_go(doing)


_RESULTS = {RunEventKind.DONE: "done", RunEventKind.FAILED: "failed"}


def _by_postconditions(doing: Doing) -> StepEnd | None:
    """They tell that it was done where all are true, and none was before: then they are about our act, as the file promises."""
    probed = doing.ask(doing.step.after)
    if not so(probed) or not doing.state.mark.get(WAS_FALSE):
        return None
    sentence = "; ".join(one.sentence for one in probed)
    return StepEnd(kind=RunEventKind.DONE, sentence=sentence, data={"probes": told_of(probed)})


def _again_of(doing: Doing, end: StepEnd) -> StepEnd:
    """It was done once, and more of it is to come."""
    sentence = f"{end.sentence}; then {not_passed(doing.ask(doing.step.after))}"
    data = {**end.data, "result": AGAIN, "by": "seen"}
    return StepEnd(kind=RunEventKind.SETTLED, sentence=sentence, data=data)


def _already(doing: Doing, already: tuple[Probed, ...]) -> StepEnd:
    seen = min((one.seen_at for one in already if one.seen_at is not None), default=doing.now)
    when = f"seen {clock(seen, doing.means.zone)}, {by_whom(doing.state)}"
    sentence = f"already so, {when}: " + "; ".join(o.sentence for o in already)
    return StepEnd(kind=RunEventKind.ALREADY, sentence=sentence, data={"probes": told_of(already)})
