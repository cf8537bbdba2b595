"""The dialog of an action that is a step of a run: planned and carried out by the run, so that its journal has both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from screens.dialogs.action_run import ActionRun
from screens.dialogs.confirm import ConfirmScreen
from screens.dialogs.offers import offer_of
from screens.dialogs.progress import ProgressScreen
from screens.shell import Shell
from tfdash.actions.core.plan_digest import changed_facts
from tfdash.actions.core.protocols import ActionService, LedgerUnavailable, PlanRefused
from tfdash.model.action import Confirmation, Guarded, Progress
from tfdash.model.procedure import Step
from tfdash.model.run import RunState, StepStatus
from tfdash.procedures.protocols import Given, RunRefused, RunService
from tfdash.text import safe
from tfdash.views.recovery.words import run_title, status_of


class StepConfirmScreen(ConfirmScreen):
    """``guarded``: what the engine prepared; ``given``: what the person saw of the step when they pressed the key."""

    def __init__(self, runs: RunService, run: RunState, step: Step, guarded: Guarded, given: Given) -> None:
        plan = guarded.plan
        super().__init__(
            offer_of(plan.action),
            (plan.subject,),
            given=dict(plan.arguments),
        )
        self.said_first = [
            [("step of the run: ", "dim"), f"{safe(step.title or step.id)}, of {run_title(run)}"]
        ]
        self._runs, self._of_run, self._step = runs, run, step
        self._step_given = given
        self._first: Guarded | None = guarded

    async def _planned(self, actions: ActionService) -> list[Guarded]:
        if self._first is not None:
            first, self._first = self._first, None
            if first.plan.expires_at > self.shell.now():
                return [first]
        return [await self._prepared()]

    async def _anew(self, actions: ActionService, before: Guarded, choices: tuple[str, ...]) -> Guarded:
        """By the run again: it alone knows what was shown of the step, and the gate by it whose run holds the target."""
        made = await self._prepared(choices)
        return msgspec.structs.replace(made, changed=changed_facts(before.plan.facts, made.plan.facts))

    async def _prepared(self, choices: tuple[str, ...] = ()) -> Guarded:
        try:
            prepared = await self._runs.prepare(self._of_run.id, self._step.id, choices)
        except RunRefused as refused:
            raise PlanRefused(str(refused), remedy=refused.remedy) from refused
        if prepared.guarded is None:
            raise PlanRefused(prepared.refused or "there is nothing to be done any more")
        return prepared.guarded

    def _confirmed(self, plans: Sequence[tuple[Guarded, Confirmation]]) -> None:
        work = StepRun(
            self.shell, self.heading, plans, self._runs, (self._of_run.id, self._step.id), self._step_given
        )
        self.app.switch_screen(ProgressScreen(work))
        work.start()


class StepRun(ActionRun):
    """Carries it out by the run; what the engine says of the step is its outcome."""

    def __init__(
        self,
        shell: Shell,
        title: str,
        plans: Sequence[tuple[Guarded, Confirmation]],
        runs: RunService,
        at: tuple[str, str],
        given: Given,
    ) -> None:
        super().__init__(shell, title, plans)
        self._runs, self._at, self._given = runs, at, given

    async def _execute(
        self, guarded: Guarded, confirmation: Confirmation, tell: Callable[[Progress], None]
    ) -> Progress | None:
        given = msgspec.structs.replace(self._given, confirmation=confirmation, reason=confirmation.reason)
        try:
            state = await self._runs.do(*self._at, given, tell)
        except RunRefused as refused:
            self.trouble = (
                f"✖ refused: {safe(str(refused))}{f'; {safe(refused.remedy)}' if refused.remedy else ''}"
            )
            return None
        except LedgerUnavailable as error:
            self.trouble = f"✖ not done: it cannot be remembered: {safe(str(error))}"
            return None
        step = next((s for s in state.steps if s.id == self._at[1]), None)
        if step is not None and step.status not in (StepStatus.DONE, StepStatus.RUNNING):
            self.trouble = f"{status_of(step).text}: {safe(step.sentence)}"
        return None
