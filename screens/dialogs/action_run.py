"""An action that is carried out, apart from the dialog that began it: it goes on in the background, and messages keep it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Sequence
from functools import partial

from textual.app import SuspendNotSupported

from screens.frame.terminal_handover import hand_over
from screens.shell import Shell
from tfdash.model.action import Confirmation, Guarded, Progress, Result
from tfdash.model.subject import Subject
from tfdash.text import fault
from tfdash.views.plan import outcome_text
from widgets.workers import begin

log = logging.getLogger(__name__)


class ActionRun:
    """Carries plans out one after the other, each with an entry of its own. ``listen`` is called on every change."""

    def __init__(self, shell: Shell, title: str, plans: Sequence[tuple[Guarded, Confirmation]]) -> None:
        self.shell, self.title, self.plans = shell, title, tuple(plans)
        self.progress: list[Progress | None] = [None] * len(self.plans)
        self.done = False
        self.trouble = ""
        self.shown = False  # whether a dialog shows it
        self.listen: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()

    def is_of(self, action: str, subject: Subject) -> bool:
        """Whether ``action`` was begun on ``subject``, also where it acts on what carries its release."""
        return any(
            plan.action == action
            and (plan.subject.cluster, plan.subject.namespace) == (subject.cluster, subject.namespace)
            and subject.name in (plan.subject.name, plan.typed)
            for plan in (guarded.plan for guarded, _ in self.plans)
        )

    def start(self) -> None:
        begin(self.shell, self._run, "acting", exclusive=False)

    async def _run(self) -> None:
        try:
            for index, (guarded, confirmation) in enumerate(self.plans):
                told = await self._execute(guarded, confirmation, self._teller(index))
                if told is not None:
                    self._take(index, told)
                    self._tell_outcome(told)
        except Exception as error:  # whatever it is, the operator must not take it for an outcome
            log.error("unforeseen", exc_info=error)
            self.trouble = f"? no outcome was told: {fault(error)}; read the object before doing more"
            self.shell.tell(self.trouble, "warning")
        self.done = True
        self.listen()

    async def _execute(
        self, guarded: Guarded, confirmation: Confirmation, tell: Callable[[Progress], None]
    ) -> Progress | None:
        """What came of it; None where that was told already."""
        actions = self.shell.context.actions
        assert actions is not None
        return await actions.execute(guarded, confirmation, tell)

    def _tell_outcome(self, told: Progress) -> None:
        """A notice where the dialog is in the background; over the dialog it would only hide what that says."""
        well = told.result is Result.APPLIED and not told.unseen
        level = "information" if well else "warning"
        if self.shown:
            self.shell.messages.add(self.shell.now(), level, outcome_text(told))
        else:
            self.shell.tell(outcome_text(told), level)

    def _teller(self, index: int) -> Callable[[Progress], None]:
        """What is told on the board's loop is taken on the screen's; the board is never made to wait for it."""

        def tell(progress: Progress) -> None:
            try:
                self._loop.call_soon_threadsafe(self._take, index, progress, context=self._context)
            except RuntimeError:  # the screen is closing; the log has it all the same
                return

        return tell

    def _take(self, index: int, progress: Progress) -> None:
        before = self.progress[index]
        if before is not None and before.stage == "done":
            return
        self.progress[index] = progress
        if progress.stage == "terminal" and (before is None or before.stage != "terminal"):
            self._hand_over(progress)
        elif before is None or before.stage != progress.stage:
            self.shell.messages.add(
                self.shell.now(), "information", f"{self.title}: {progress.stage} {progress.sentence}"
            )
        self.listen()

    def _hand_over(self, progress: Progress) -> None:
        """The terminal belongs to the command until it ends."""
        argv = progress.plan.requests[0].argv
        code = 127
        try:
            code = hand_over(
                self.shell,
                argv,
                f"{progress.plan.subject.cluster.environment.upper()} {progress.plan.subject.cluster.cluster}: {progress.plan.effect}",
            )
        except SuspendNotSupported:
            self.shell.tell("this terminal cannot be handed over", "warning")
        except OSError as error:
            self.shell.tell(f"{argv[0]} did not start: {error.strerror}", "warning")
        actions = self.shell.context.actions
        if actions is not None:
            begin(self.shell, partial(actions.terminal_ended, progress.plan, code), "acting", exclusive=False)
