"""The runs of procedures as screens and commands see them. One class for every terminal: what it may do is what it was given to do it with,
and a terminal that may do nothing was given nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfdash.model.action import Progress
from tfdash.model.procedure import Procedure, StepKind
from tfdash.model.run import Probed, RunEvent, RunEventKind, RunState, StepState, StepStatus
from tfdash.playbook.procedures.folding import AGAIN
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.procedures.claimed import take
from tfdash.procedures.handing_over import hand_over, resume
from tfdash.procedures.kind import Doing, state_of, step_of
from tfdash.procedures.looking import as_seen, open_run, so
from tfdash.procedures.protocols import Given, Prepared, RunRefused, Told
from tfdash.procedures.rehearsed import rehearsed_by
from tfdash.procedures.saying import by_other_text, earlier, reasoned
from tfdash.procedures.starting import StartsRuns
from tfdash.procedures.steps.manual import LONGEST
from tfdash.procedures.wording import give_word, word_shown

_SAID = {
    RunEventKind.IMPACT: "the impact began",
    RunEventKind.ACKNOWLEDGED: "acknowledged",
    RunEventKind.LOOKED: "",
    RunEventKind.CHANGED: "goes on by the file as it is now",
}
_KEPT, _GONE = 7 * 86400.0, 91 * 86400.0  # seconds after its end in which a run's claims are let go of
_AT_ONCE = 10  # that one close lets go of


class Runs(StartsRuns):
    """``tfdash.procedures.protocols.RunService``."""

    # -- what is there --------------------------------------------------------------------------------------------

    def procedures(self) -> Sequence[Procedure]:
        return tuple(self._library().procedures.values())

    def problems(self) -> Sequence[str]:
        return tuple(str(one) for one in self._library().problems)

    def runs(self) -> Sequence[RunState]:
        return self._journals.states()

    def run(self, id: str) -> RunState | None:
        return self._journals.state(id)

    def events(self, id: str) -> Sequence[RunEvent]:
        journal = self._journals.journal(id)
        return journal.events if journal is not None else ()

    def coordinated(self) -> str:
        return self._means.claims.coordinated()

    def probes(self, run: str, step: str) -> tuple[Probed, ...]:
        state = self._journals.state(run)
        found = step_of(state, step) if state is not None else None
        if state is None or found is None:
            return ()
        of = state_of(state, step) or StepState(id=step, status=StepStatus.WAITING)
        return Doing(self._means, state, found, of, of.attempt).ask((*found.asks, *found.after))

    # -- changed --------------------------------------------------------------------------------------------------

    async def prepare(self, run: str, step: str, choices: tuple[str, ...] = ()) -> Prepared:
        return await self._means.board.on_loop(self.engine.prepare(run, step, choices))

    async def do(
        self, run: str, step: str, given: Given, tell: Callable[[Progress], None] | None = None
    ) -> RunState:
        return await self._changed(self._do(run, step, given, tell))

    async def _do(
        self, run: str, step: str, given: Given, tell: Callable[[Progress], None] | None
    ) -> RunState:
        before = self.engine.run_of(run)
        await self.engine.carried_on(self.engine.do(run, step, given, tell or (lambda progress: None)))
        after = self.engine.run_of(run)
        if state_of(after, step) == state_of(before, step):
            raise RunRefused(
                "it was recorded and changes nothing: somebody else was quicker", remedy="look again"
            )
        return after

    async def settle(self, run: str, step: str, given: Given) -> RunState:
        return await self._changed(self._settle(run, step, given))

    async def _settle(self, id: str, step_id: str, given: Given) -> RunState:
        run, doing = self._in_hand(id, step_id, itself=True)
        if doing.state.status not in IN_AIR:
            raise RunRefused(f"it is {doing.state.status.value}: there is nothing to settle")
        if (run.id, step_id) in self.engine.working:
            raise RunRefused("it is being done from this very terminal")
        if given.worked is None:
            if not await self.engine.look_again(doing):
                raise RunRefused("nothing tells what became of it: say whether it worked")
            return self.engine.run_of(id)
        if doing.state.status is not StepStatus.UNKNOWN:
            raise RunRefused("it is under way: a person's word counts where nothing else tells")
        as_seen(doing.state, given)
        reasoned(given.reason, "how it is known")
        if doing.state.terminal != self._journals.terminal:
            await take(doing)
        result = "done" if given.worked else "failed"
        if given.worked and doing.step.again and not so(doing.ask(doing.step.after)):
            result = AGAIN  # that time, and more of it is to come
        await doing.record(
            RunEventKind.SETTLED, given.reason.strip(), {"result": result, "by": "person", "note": given.note}
        )
        return self.engine.run_of(id)

    async def skip(self, run: str, step: str, given: Given) -> RunState:
        return await self._changed(self._skip(run, step, given))

    async def _skip(self, id: str, step_id: str, given: Given) -> RunState:
        _, doing = self._in_hand(id, step_id)
        if doing.state.status in OVER:
            raise RunRefused(f"it is {doing.state.status.value} already")
        step = doing.step
        if step.kind is StepKind.GATE or not step.optional:
            reasoned(given.reason, "why it is skipped")
        kind = self.engine.kinds.get(step.kind)
        in_air = doing.state.status in IN_AIR and not (kind is not None and kind.repeats)
        was = "; it was in the air, and what became of it is not known" if in_air else ""
        sentence = (given.reason.strip() or ("optional" if step.optional else "")) + was
        await doing.record(RunEventKind.SKIPPED, sentence, {"note": given.note} if given.note else {})
        return self.engine.run_of(id)

    async def take_over(self, run: str, step: str, given: Given) -> RunState:
        return await self._changed(self._take_over(run, step, given))

    async def _take_over(self, id: str, step_id: str, given: Given) -> RunState:
        _, doing = self._in_hand(id, step_id, itself=True)
        state = doing.state
        claim = self.engine.claimed(self.engine.run_of(id), state)
        theirs = state if claim is None else claim
        if claim is None and not state.terminal:
            raise RunRefused("nobody has it: it can be done")
        if given.fence and given.fence != theirs.fence:
            at = f" at {theirs.terminal}" if theirs.terminal else ""
            raise RunRefused(f"since you looked {theirs.holder}{at} claimed it: look again")
        if claim is not None:
            reasoned(given.reason, "how it is known what came of it")
        await take(doing, why=given.reason.strip(), over=claim)
        if state.status in IN_AIR:
            _, doing = self._in_hand(id, step_id)
            await self.engine.look_again(doing)
        return self.engine.run_of(id)

    async def note(self, run: str, step: str, text: str, *, proposes: str = "") -> RunState:
        data = {"proposes": proposes} if proposes else {}
        return await self._changed(self._note(run, step, text, data))

    async def _note(self, id: str, step: str, text: str, data: Mapping[str, Any]) -> RunState:
        run = self.engine.run_of(id, to_change=False)
        if not text.strip():
            raise RunRefused("there is nothing written")
        if len(text) > LONGEST:
            raise RunRefused(f"it is longer than {LONGEST:,} characters", remedy="give it as a file")
        if step:
            self.engine.step_in(run, step)
        return await self._said(run, RunEventKind.NOTE, step, text.strip(), data)

    async def add(
        self, run: str, kind: RunEventKind, step: str, given: Given, data: Mapping[str, Any]
    ) -> RunState:
        return await self._changed(self._add(run, kind, step, given, dict(data)))

    async def _add(
        self, id: str, kind: RunEventKind, step: str, given: Given, data: dict[str, Any]
    ) -> RunState:
        run = self.engine.run_of(id, to_change=kind is not RunEventKind.LOOKED)
        if kind not in _SAID:
            raise RunRefused(f"{kind.value} is not said by hand")
        if kind is RunEventKind.IMPACT:
            earlier(run, data.get("at"), self._means.clock.now())
            reasoned(given.reason, "what shows that the impact began then")
            data.setdefault("source", given.reason.strip())
        if kind is RunEventKind.CHANGED:
            async with self._starting:  # what is held is looked at, and held, by one after the other
                data = by_other_text(self._means, run, self.procedures(), given.reason, data.get("digest"))
                after = await self._said(run, kind, step, given.reason.strip(), data)
            if after.procedure.digest != data["digest"]:
                raise RunRefused("a step began meanwhile, so it stays with the text that it has: look again")
            return after
        sentence = given.reason.strip() or given.note.strip() or _SAID[kind]
        return await self._said(run, kind, step, sentence, data)

    async def word(self, run: str, note: str = "") -> tuple[Told, ...]:
        state = self.engine.run_of(run, to_change=False)
        return await self._means.board.on_loop(word_shown(self._means, state, note))

    async def tell(self, run: str, given: Given) -> RunState:
        return await self._changed(self._tell(run, given))

    async def _tell(self, id: str, given: Given) -> RunState:
        run = self.engine.run_of(id)
        if why := self.engine.refused(run):
            raise RunRefused(why)
        await give_word(self._means, run, given)
        return self.engine.run_of(id)

    async def abort(self, run: str, given: Given) -> RunState:
        return await self._changed(self._abort(run, given))

    async def _abort(self, id: str, given: Given) -> RunState:
        run = self.engine.run_of(id, to_change=False)
        if not open_run(run):
            raise RunRefused(f"it is {run.outcome.value} already")
        reasoned(given.reason, "why it is given up")
        left = [state.id for state in run.steps if state.status not in OVER]
        air = [state.id for state in run.steps if state.status in IN_AIR]
        going = [one.id for one in self.runs() if one.within[0] == id and open_run(one) and not one.dry]
        sentence = "; ".join((given.reason.strip(), *(f"{one} goes on by itself" for one in going)))
        data = {"left": left, "in_air": air, **({"inner": ", ".join(going)} if going else {})}
        return await self._said(run, RunEventKind.ABORTED, "", sentence, data)

    async def close(self, run: str, given: Given) -> RunState:
        return await self._changed(self._close(run, given))

    async def _close(self, id: str, given: Given) -> RunState:
        run = self.engine.run_of(id, to_change=False)
        left = [state.id for state in run.steps if state.status not in OVER]
        if any(event.kind is RunEventKind.CLOSED for event in self.events(id)):
            raise RunRefused("it is closed already")
        if left and open_run(run) and not run.unreadable:
            raise RunRefused(
                f"not all is done: {', '.join(left[:5])}",
                remedy="do it, skip it with a reason, or give the run up",
            )
        sentence, data = given.reason.strip() or given.note.strip(), rehearsed_by(self.events(id))
        closed = await self._said(run, RunEventKind.CLOSED, "", sentence, data)
        await self._let_claims_go()
        return closed

    async def _let_claims_go(self) -> None:
        """Of runs that ended long ago. Of one that ended just now they stay: a terminal that is behind, and does not see the end, finds there who
        worked on what, and would else do all of it once more."""
        now = self._means.clock.now()
        old = [
            run.id
            for run in self.runs()
            if run.ended_at is not None and _KEPT <= now - run.ended_at < _GONE and not run.next
        ]
        for id in [one for one in old if one not in self._let_go][:_AT_ONCE]:
            self._let_go.add(id)
            await self._means.claims.ended(id)

    async def hand_over(self, run: str, path: str) -> str:
        return await self._means.board.on_loop(
            hand_over(self._means, self.engine.run_of(run, to_change=False), path)
        )

    async def resume(self, path: str) -> RunState:
        return await self._changed(self._resume(path))

    async def _resume(self, path: str) -> RunState:
        if why := self._means.refused() or self._journals.unread:
            raise RunRefused(why)
        return await resume(self._means, path)

    # -- what they share ------------------------------------------------------------------------------------------

    def _in_hand(self, id: str, step_id: str, *, itself: bool = False) -> tuple[RunState, Doing]:
        """``itself``: what is done with it is done with no group, which nobody has."""
        run = self.engine.run_of(id)
        if why := self.engine.refused(run):
            raise RunRefused(why)
        step, state = self.engine.step_in(run, step_id)
        if itself and step.kind is StepKind.GROUP:
            raise RunRefused("it is a group: its steps are settled and taken over")
        return run, Doing(self._means, run, step, state, state.attempt)
