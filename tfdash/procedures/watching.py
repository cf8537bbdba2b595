"""What goes on by itself while a terminal watches: waits, what is repeated because that changes nothing, and what a program that ended left in
the air. Nothing is looked at but for news or because its time has come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.clock import in_clock_seconds
from tfdash.model.procedure import Ask, Step, StepKind
from tfdash.model.run import RunEventKind, RunState, StepState, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.model.update import Update
from tfdash.playbook.procedures.answering import kinds_asked
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.procedures.beginning import name_starter, wants_name
from tfdash.procedures.engine import Engine
from tfdash.procedures.kind import NOT_SENT, Doing, KindOfStep, state_of
from tfdash.procedures.looking import open_run
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.procedures.proving import prove_impact, wants_proof
from tfdash.procedures.telling import Telling
from tfdash.sources.base import ALL

log = logging.getLogger(__name__)
_APART = 1.0  # seconds between two looks at least, however much news there is
_SETTLE = 10.0  # between two looks for what became of a step in the air
_PATIENCE = 30.0  # until somebody else's wait is ended by us, where they do not
_TRIED = (RunEventKind.BEGUN, RunEventKind.FAILED)
_PROVE = 30.0  # between two looks for an earlier proof of an impact, and for who started a run
_AGAIN = 5.0  # until what could not be recorded is tried again


class Watching:
    """A task of the board's."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._means = engine, engine.means
        engine.freed = self._freed
        self._news = asyncio.Event()
        self._looked: dict[tuple[str, str], float] = {}  # what is in the air, when it was looked for last
        self._met: dict[tuple[str, str], float] = {}  # others' waits that are over, and since when
        self._wanted: dict[str, dict[ClusterRef, frozenset[str]]] = {}
        self._again: dict[tuple[str, str], int] = {}  # how often what leaves no attempt was done again
        self._due: dict[str, tuple[float, float]] = {}  # of what heeds no news, by its key: asked, and due
        self._busy: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._asked: dict[tuple[str, str], float] = {}  # of what a run lacks, and when it was looked for last
        self._telling = Telling(engine.means)
        self._passed_by: set[tuple[str, str]] = set()  # found in hand by a look: looked at once it is free

    async def run(self, board: object = None) -> None:
        """Until cancelled."""
        unsubscribe = self._means.board.subscribe(self._heard)
        proofs, journals = self._means.proofs, self._means.journals
        proving = asyncio.ensure_future(proofs.run(journals)) if proofs is not None else None
        try:
            while True:
                started = time.monotonic()
                self._news.clear()
                due = await self.look()
                now = self._means.clock.now()
                await self._until_news(None if due is None else max(0.0, due - now))
                await asyncio.sleep(max(0.0, _APART - (time.monotonic() - started)))
        finally:
            unsubscribe()
            ended = [*self._busy.values(), *([] if proving is None else [proving])]
            for task in ended:
                task.cancel()
            await asyncio.gather(*ended, return_exceptions=True)

    def wake(self) -> None:
        """Look at once."""
        self._news.set()

    async def idle(self) -> None:
        """Until nothing that was begun is under way."""
        while self._busy:
            await asyncio.gather(*self._busy.values())

    def _freed(self, at: tuple[str, str]) -> None:
        """It is in nobody's hand any more: a look that came meanwhile is made up for."""
        if at in self._passed_by:
            self._passed_by.discard(at)
            self.wake()

    def _heard(self, update: Update) -> None:
        """Whatever comes may be what is waited for; where nothing is waited for, only a run that changed is news."""
        if update.change.store != frozenset() or self._watched:
            self._news.set()

    async def _until_news(self, clock_seconds: float | None) -> None:
        speed = in_clock_seconds(self._means.clock, 1.0)
        wait = None if clock_seconds is None else clock_seconds / speed
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            pass

    # -- one look -------------------------------------------------------------------------------------------------

    _watched = False

    async def look(self) -> float | None:
        """Everything that is due; when the next is (epoch seconds)."""
        now, times = self._means.clock.now(), list[float]()
        self._watched = False
        for run in self._means.journals.states():
            if run.unreadable:
                continue
            self._keep_read(run)
            if self._engine.refused(run):
                continue
            dues = [self._one(run, step, state, now) for step, state in _pairs(run)]
            dues += [self._impact(run, now), self._starter(run, now), self._tell(run, now)]
            times += [due for due in dues if due is not None]
        if self._engine.unwritten:
            await self._write_again()
            times.append(now + in_clock_seconds(self._means.clock, _AGAIN))
        return min(times, default=None)

    def _one(self, run: RunState, step: Step, state: StepState, now: float) -> float | None:
        """Have done what is due of it; when to look again, None: by news of the store alone."""
        at = (run.id, step.id)
        if at in self._engine.unwritten:
            return None
        if at in self._engine.working or at in self._busy:
            self._passed_by.add(at)
            return None
        if step.kind is StepKind.GROUP:
            return None  # it is what its steps are: nothing of it is ever in the air
        if step.alone_after:
            _ = Doing(
                self._means, run, step, state, state.attempt
            ).unanswered  # looked at from the first on: a clock may be set
        kind = self._engine.kinds.get(step.kind)
        if kind is None or (state.status not in IN_AIR and state.status is not StepStatus.FAILED):
            return None
        doing = Doing(self._means, run, step, state, state.attempt)
        if state.status is StepStatus.FAILED:
            return self._once_more(kind, doing, now)
        if kind.goes_on and state.status is StepStatus.RUNNING:
            self._watched = self._watched or kind.by_news
            return self._goes_on(kind, doing, now)
        if not self._ours(state):
            return None  # somebody else has it; a person takes it over
        asked, every = self._looked.get(at), in_clock_seconds(self._means.clock, _SETTLE)
        if asked is None or not asked <= now < asked + every:
            self._looked[at] = asked = now
            self._begin(doing, self._engine.look_again(doing))
        return asked + every

    def _impact(self, run: RunState, now: float) -> float | None:
        """An earlier proof of when it began may become known as long as it is open: a source is read again, or reaches further back."""
        wanted = wants_proof(run)
        return self._now_and_then((run.id, "impact"), wanted, now, lambda: prove_impact(self._means, run))

    def _starter(self, run: RunState, now: float) -> float | None:
        """As whom the server knows who started it can be asked once that answers again."""
        wanted = wants_name(self._means, run)
        return self._now_and_then((run.id, "starter"), wanted, now, lambda: name_starter(self._means, run))

    def _now_and_then(
        self, what: tuple[str, str], wanted: bool, now: float, work: Callable[[], Coroutine[Any, Any, object]]
    ) -> float | None:
        if not wanted:
            self._asked.pop(what, None)
            return None
        at, every = (what[0], f"{what[1]} of it"), in_clock_seconds(self._means.clock, _PROVE)
        asked = self._asked.get(what)
        if asked is None or not asked <= now < asked + every:
            self._asked[what] = asked = now
            if at not in self._busy:
                told = f"the {what[1]} of {what[0]}"
                self._busy[at] = asyncio.ensure_future(self._carried_out(at, told, work()))
        return asked + every

    def _tell(self, run: RunState, now: float) -> float | None:
        """Who is to do something is told; nothing waits for that."""
        words, due = self._telling.due(run, now)
        for word in words:
            at = (run.id, f"{word.step}.{word.template}")
            if at not in self._busy:
                told = self._carried_out(at, f"{run.id}, told {word.template}", self._telling.tell(run, word))
                self._busy[at] = asyncio.ensure_future(told)
        return due

    def _goes_on(self, kind: KindOfStep, doing: Doing, now: float) -> float | None:
        step, (asked, due) = doing.step, self._due.get(doing.key, (now, now))
        if asked <= now < due:
            return due
        left = step.timeout - doing.ran if step.timeout else None
        self._begin(doing, self._followed(kind, doing, late=left is not None and left <= 0))
        ends = None if left is None else now + left
        times = [one for one in (kind.due(doing), ends) if one is not None and one > now]
        if times and not kind.by_news:
            self._due[doing.key] = now, min(times)
        return min(times, default=None)

    async def _followed(self, kind: KindOfStep, doing: Doing, *, late: bool) -> None:
        """Its end is recorded by who has it; by us, where they do not for a while."""
        end = await kind.follow(doing)
        if end is None and late:
            end = await kind.stop(doing)
        at = (doing.run.id, doing.step.id)
        elapsed, others = self._means.elapsed, ("others", at)
        if end is None:
            self._met.pop(at, None)
            elapsed.forget(others)
            return
        patience = in_clock_seconds(self._means.clock, _PATIENCE)
        since = self._met.setdefault(at, self._means.clock.now())
        if self._ours(doing.state) or elapsed.since(others, since) >= patience:
            self._met.pop(at, None)
            elapsed.forget(others)
            await self._engine.ended(doing, end)
            elapsed.forget(doing.key)

    def _once_more(self, kind: KindOfStep, doing: Doing, now: float) -> float | None:
        step, state, at = doing.step, doing.state, (doing.run.id, doing.step.id)
        made = max(state.attempt, self._again.get(at, 0) + 1)
        may = step.retries >= made and (
            (kind.repeats and self._ours(state)) or (step.idempotent and self._ended_here(doing))
        )
        if not may or step.id not in doing.run.next:
            return None
        since = self._means.elapsed.since(("again", doing.key), state.ended or now)
        if since < step.retry_after:
            return now + step.retry_after - since
        self._again[at] = made
        self._begin(doing, self._engine.do(*at, Given(), lambda progress: None))
        return None

    def _ours(self, state: StepState) -> bool:
        """Nobody else is at it for certain: it is this terminal's, or that of a program that ended."""
        return not state.terminal or self._at_home(state.terminal)

    def _ended_here(self, doing: Doing) -> bool:
        """Whether it was done, and went wrong, from here: nobody's terminal does again what somebody did from another."""
        journal = self._means.journals.journal(doing.run.id)
        said = (event for event in reversed(journal.events if journal is not None else ()))
        last = next((e for e in said if e.step == doing.step.id and e.kind in _TRIED), None)
        return last is not None and not last.data.get("from_file") and self._at_home(last.terminal)

    def _at_home(self, terminal: str) -> bool:
        return terminal == self._means.journals.terminal or self._means.gone(terminal)

    def _begin(self, doing: Doing, work: Coroutine[Any, Any, object]) -> None:
        at = (doing.run.id, doing.step.id)

        self._busy[at] = asyncio.ensure_future(self._carried_out(at, doing.tag, work))

    async def _carried_out(self, at: tuple[str, str], tag: str, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except (RunRefused, LedgerUnavailable) as error:
            log.info("%s did not go on: %s", tag, error)
        except Exception:
            log.exception("%s did not go on", tag)
        finally:
            self._busy.pop(at, None)
            self._freed(at)

    async def _write_again(self) -> None:
        """What ended and could not be recorded."""
        for at, (doing, end) in list(self._engine.unwritten.items()):
            try:
                if end is not NOT_SENT or self._in_air(doing):
                    await doing.record(end.kind, end.sentence, end.data)
            except LedgerUnavailable as error:
                log.info("the end of %s is not recorded yet: %s", doing.tag, error)
            else:
                self._engine.unwritten.pop(at, None)

    def _in_air(self, doing: Doing) -> bool:
        """Whether that it begins came to be recorded, though it was not known then."""
        run = self._means.journals.state(doing.run.id)
        state = state_of(run, doing.step.id) if run is not None else None
        return state is not None and state.attempt == doing.attempt and state.status in IN_AIR

    def _keep_read(self, run: RunState) -> None:
        """What the probes of an open run look at is kept current while it is open, in the cluster at which each looks."""
        asked: dict[ClusterRef, list[Ask]] = {}
        steps = [step for step, state in _pairs(run) if state.status not in OVER] if open_run(run) else []
        for ask in (ask for step in steps for ask in _asks(step)):
            named = dict(ask.arguments).get("cluster") or run.cluster.cluster
            asked.setdefault(run.cluster._replace(cluster=named), []).append(ask)
        wanted = {ref: kinds for ref, asks in asked.items() if (kinds := kinds_asked(asks))}
        before = self._wanted.get(run.id, {})
        if wanted != before:
            self._wanted[run.id] = wanted
            for ref in {**before, **wanted}:
                scopes = dict.fromkeys(sorted(wanted.get(ref, ())), ALL)
                self._means.board.want(f"procedure {run.id}, {ref.cluster}", scopes, ref)


def _asks(step: Step) -> Iterator[Ask]:
    yield from (*step.asks, *step.before, *step.after)
    for branch in step.branches:
        yield from branch.when


def _pairs(run: RunState) -> Iterator[tuple[Step, StepState]]:
    """The steps that its file has, and the undo steps of it, each with how it stands."""
    steps = steps_by_id(run.procedure)
    return ((steps[state.id], state) for state in run.steps if state.id in steps)
