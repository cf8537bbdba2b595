"""A step as it stands now: what stands in its way, what it would do, and what a person can do with it. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tfdash.model.procedure import OnFailure, Step, StepKind
from tfdash.model.run import Probed, RunOutcome, RunState, StepState, StepStatus
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.playbook.procedures.walk import all_steps, leaves
from tfdash.procedures.kind import (
    Doing,
    KindOfStep,
    Means,
    next_attempt,
    not_passed,
    state_of,
    step_of,
)
from tfdash.procedures.protocols import Claim, Given, Prepared, RunRefused, taken
from tfdash.procedures.steps import STEP_KINDS

_NOT_BEGUN = frozenset({StepStatus.READY, StepStatus.WAITING})


class Looking:
    """On the board's loop."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self.kinds: Mapping[StepKind, KindOfStep] = {kind: made() for kind, made in STEP_KINDS.items()}
        self.working: dict[tuple[str, str], Doing] = {}  # what this process has in hand

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
        return self.means.journals.unread or (
            "" if run.dry and not self.means.journals.recorded else self.means.refused()
        )

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
        in_air = state.status in IN_AIR
        return Doing(self.means, run, step, state, state.attempt if in_air else next_attempt(state))

    # -- to be shown ----------------------------------------------------------------------------------------------

    async def prepare(self, id: str, step_id: str, choices: tuple[str, ...] = ()) -> Prepared:
        run = self.run_of(id, to_change=False)
        step, state = self.step_in(run, step_id)
        doing = self.doing(run, step, state)
        if (id, step_id) not in self.working:
            doing.choices = choices
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
            claimed=self.claimed(run, state),
        )
        if why := self.not_now(run, state):
            lines = await self._standing(doing) if state.status in IN_AIR else ()
            return msgspec.structs.replace(
                shown, lines=lines, refused=why, may=self._may(run, step, state, ())
            )
        why = in_the_way(needs, before)
        passes = so(already) and not why and not self.kind_of(step).by_person  # however it would be done
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
            opens=told.opens if told is not None else "",
            may=self._may(
                run,
                step,
                state,
                () if refused else may,
                passes=passes,
                by_hand=by_hand(doing, bool(refused)),
            ),
        )

    async def _standing(self, doing: Doing) -> tuple[str, ...]:
        """How what goes on, or is in the air, stands now."""
        try:
            return (await self.kind_of(doing.step).prepare(doing)).lines
        except RunRefused:
            return ()

    def not_now(self, run: RunState, state: StepState) -> str:
        """Why nothing can be done with it now, whatever it is."""
        if why := self.refused(run):
            return why
        if run.unreadable:
            return f"its procedure cannot be read: {run.unreadable}"
        if state.status in OVER:
            return f"it is {state.status.value}"
        if not open_run(run) and state.id not in run.next:
            return f"the run is {run.outcome.value}"
        if state.status is StepStatus.WAITING or (state.id not in run.next and state.status not in IN_AIR):
            return "it waits for what stands before it"
        if state.status is StepStatus.UNKNOWN:
            return "what became of it is not known: it is settled first"
        if state.status is StepStatus.RUNNING and not state.terminal:
            return "it is under way"  # in what stands in it
        if state.status is StepStatus.RUNNING:
            return f"it is under way, by {state.holder or state.by} at {state.terminal}"
        if state.terminal and state.terminal != self.means.journals.terminal:
            return f"{state.holder} at {state.terminal} works on it"
        if (claim := self.claimed(run, state)) is not None and not claim.terminal:
            return str(taken(claim))  # of one that somebody has it is asked again, each time
        if failed := halted_by(run, state.id):
            return f"{failed.title} failed, beside which it stands: that is done again or skipped first"
        return ""

    def claimed(self, run: RunState, state: StepState) -> Claim | None:
        """By somebody else, as was met last, for as long as the journal does not tell of that."""
        claim = self.means.met.get((run.id, state.id))
        if claim is None or claim.fence < state.fence:
            return None
        ended = claim.fence == state.fence and not claim.terminal and bool(state.terminal)
        return claim if claim.fence > state.fence or ended else None

    def _may(
        self,
        run: RunState,
        step: Step,
        state: StepState,
        kind: tuple[str, ...],
        *,
        passes: bool = False,
        by_hand: bool = False,
    ) -> tuple[str, ...]:
        """What a person can do with it, the most likely first."""
        if self.refused(run) or run.unreadable:
            return ()
        if state.status in OVER:
            return ("decide",) if chosen_anew(run, step, state) else ()
        ours = state.terminal == self.means.journals.terminal
        if state.status is StepStatus.WAITING or step.kind is StepKind.GROUP:
            return ("skip",)
        found = list(kind)
        if passes:
            found.insert(0, "pass")
        if by_hand and (ours or not state.terminal):
            found.append("sign")
        if state.status is StepStatus.UNKNOWN:
            found.append("settle")
        if (state.terminal and not ours) or self.claimed(run, state) is not None:
            found.append("take over")
        return tuple(dict.fromkeys((*found, "skip")))


def by_hand(doing: Doing, refused: bool) -> bool:
    """Whether a person may do it another way and sign: its file says how, and this program cannot, or does not know. What was seen to be
    false is not signed away: that is skipped, with a reason."""
    asks = doing.ask(doing.step.asks)
    false = any(one.passed is False for one in (*asks, *doing.ask(doing.step.before)))
    unknown = any(one.passed is None for one in asks)
    return bool(doing.step.by_hand) and not false and (refused or unknown)


def chosen_anew(run: RunState, step: Step, state: StepState) -> bool:
    """Whether what was decided can still be decided otherwise: nothing of it has begun."""
    if step.kind is not StepKind.DECISION or state.status is not StepStatus.DONE or not open_run(run):
        return False
    branch = next((one for one in step.branches if one.id == state.branch), None)
    chosen = branch.steps if branch is not None else ()
    begun = [one for one in run.steps if one.id in chosen and one.status not in _NOT_BEGUN]
    return branch is not None and not begun


def halted_by(run: RunState, id: str) -> Step | None:
    """The step that failed with ``on_failure`` "stop" in a parallel group in which ``id`` stands, too: nothing more of that is begun until a person
    has said what becomes of it. With "ask" only what stands behind it waits. What failed as well may be done again: of two that failed each would
    wait for the other."""
    mine = state_of(run, id)
    if mine is not None and mine.status is StepStatus.FAILED:
        return None
    failed = {one.id for one in run.steps if one.status is StepStatus.FAILED and one.id != id}
    groups = [one for one in all_steps(run.procedure.steps) if one.parallel] if failed else []
    return next(
        (
            one
            for inside in (tuple(leaves(group.steps)) for group in groups)
            if any(one.id == id for one in inside)
            for one in inside
            if one.id in failed and one.on_failure is OnFailure.STOP
        ),
        None,
    )


def as_seen(state: StepState, given: Given) -> None:
    """Raises ``RunRefused`` where it was tried since that word was given: a dialog may have been open for long."""
    if given.attempt is not None and given.attempt != state.attempt:
        by = f", by {state.by}" if state.by else ""
        raise RunRefused(f"since you looked it was begun{by}, and is {state.status.value}: look again")


def so(already: tuple[Probed, ...]) -> bool:
    return bool(already) and all(one.passed is True for one in already)


def in_the_way(needs: tuple[Probed, ...], before: tuple[Probed, ...]) -> str:
    """Why it cannot be begun: what it needs and is not there, what must be so before it and is not. What nobody has tried yet may be there."""
    away = "; ".join(one.sentence for one in needs if one.passed is False)
    return (
        f"it needs what is not there: {away}"
        if away
        else not_passed(before) and f"not yet: {not_passed(before)}"
    )


def open_run(run: RunState) -> bool:
    return run.outcome is RunOutcome.OPEN
