"""What is read of a run or a procedure: the hand-over, the journal, one step whole, a procedure's file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from screens.dialogs.step_acts import StepActs
from screens.frame.text_page import TextPage
from screens.pages.recovery.look import StepLook
from screens.procedures import begin_start
from tfdash.model.run import RunEventKind, RunOutcome, RunState
from tfdash.model.update import Update
from tfdash.playbook.procedures.newer import Newer, newer, other_file
from tfdash.playbook.procedures.progress import OVER
from tfdash.procedures.protocols import Given, RunService
from tfdash.text import safe
from tfdash.views.recovery import forms, hand, handover, journal, procedures, steps
from tfdash.views.recovery import newer as shown_newer
from tfdash.views.recovery.words import run_title
from tfdash.views.table import Line
from widgets.workers import begin

_READ = ["? The runs are read now."]


def plain(lines: list[Line]) -> list[str]:
    """Lines of pieces as text."""
    return ["".join(c if isinstance(c, str) else c[0] for c in line) for line in lines]


if TYPE_CHECKING:
    from screens.dialogs.form import FormAnswer

    _Page = TextPage
else:
    _Page = object


class _OfRun(_Page):
    """Beside a page of text, opened with the run's id."""

    word = ""

    def __init__(self, run: str) -> None:
        super().__init__()
        self.tab = "recovery"
        self._about = run

    @property
    def runs(self) -> RunService | None:
        return self.shell.context.runs

    @property
    def crumb(self) -> str:
        return self.word

    @property
    def _run(self) -> RunState | None:
        return self.runs.run(self._about) if self.runs is not None else None

    def lines(self) -> list[str]:
        run = self._run
        if self.runs is None:
            return _READ
        if run is None:
            return [f"No run {safe(self._about)} is known here."]
        return self.of(self.runs, run)

    def of(self, runs: RunService, run: RunState) -> list[str]:
        return [run_title(run)]

    def take(self, update: Update) -> None:
        self.catch_up()


class HandOverPage(_OfRun, TextPage):
    """That it was read is kept in the run, so that the next time it begins with what is new."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "file", "into a file", id="handover.file"),
        Binding("e", "journal", "journal", id="handover.journal"),
        Binding("o", "run", "to the run", id="handover.run"),
    ]
    word = "Hand-over"
    _seen: RunState | None = None  # as it was when the page was opened: what is new stays so while it is read

    @property
    def _me(self) -> str:
        seen = self._seen
        cluster = self.shell.board.picture.clusters.get(seen.cluster) if seen is not None else None
        info = cluster.info.value if cluster is not None else None
        return info.user if info is not None else ""

    def of(self, runs: RunService, run: RunState) -> list[str]:
        from msgspec.structs import replace

        if self._seen is None:
            self._seen = run
            actions = self.shell.context.actions
            if actions is not None and actions.acts and run.outcome is RunOutcome.OPEN:
                begin(self.shell, partial(self._looked, runs, run), "looked", exclusive=False)
        shown = replace(run, looked=self._seen.looked)
        now, zone = self.shell.now(), self.shell.zone
        return handover.lines(shown, runs.events(run.id), self._me, now, zone, runs.coordinated())

    async def _looked(self, runs: RunService, run: RunState) -> None:
        """Nobody is told where it cannot be kept: it is read all the same."""
        acts = StepActs(self.shell, runs)
        data = {"number": run.number}
        await acts.tried(partial(runs.add, run.id, RunEventKind.LOOKED, "", Given(), data))

    def action_run(self) -> None:
        self.shell.open("run", self._about)

    def action_journal(self) -> None:
        self.shell.open("journal", self._about)

    def action_file(self) -> None:
        runs = self.runs
        if runs is None:
            return
        acts = StepActs(self.shell, runs)

        async def take(answer: FormAnswer) -> None:
            self.shell.tell(safe(await runs.hand_over(self._about, answer.values["path"])))

        acts.ask(forms.hand_over(self._about), take)


class JournalPage(_OfRun, TextPage):
    word = "Journal"

    def of(self, runs: RunService, run: RunState) -> list[str]:
        return [run_title(run), "", *journal.lines(run, runs.events(run.id), self.shell.zone)]


class DifferencePage(_OfRun, TextPage):
    """What the file of an open run says otherwise now, and the key by which the run goes on by it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "go_on", "go on by it", id="difference.go"),
    ]
    word = "Difference"
    _found: Newer | None = None
    _made_of: tuple[object, ...] = ()

    def of(self, runs: RunService, run: RunState) -> list[str]:
        """Made anew only where run or file is another one."""
        other = other_file(run, runs.procedures())
        made_of = (run, other.digest if other is not None else "")
        if made_of != self._made_of:
            self._made_of = made_of
            self._found = newer(run, other) if other is not None else None
            self.refresh_bindings()
        return shown_newer.lines(run, self._found)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "go_on":
            return self._found is not None and not self._found.why
        return super().check_action(action, parameters)

    def action_go_on(self) -> None:
        run, found, runs = self._run, self._found, self.runs
        if run is None or found is None or runs is None:
            return

        async def take(answer: FormAnswer) -> None:
            given, data = Given(reason=answer.values["reason"]), {"digest": found.file.digest}
            await runs.add(run.id, RunEventKind.CHANGED, "", given, data)
            self.shell.call_later(self._gone_on)

        StepActs(self.shell, runs).ask(shown_newer.form(run, found), take)

    def _gone_on(self) -> None:
        """Once the dialog is gone: back to where the run is."""
        if self.is_current:
            self.shell.back()
            self.shell.tell("the run goes on by the newer text")


class StepPage(_OfRun, TextPage):
    """Opened with the run's id and the step's."""

    word = "Step"

    def __init__(self, run: str, step: str) -> None:
        super().__init__(run)
        self._step = step
        self._look = StepLook(self, run, self.catch_up)

    def on_mount(self) -> None:
        self.catch_up()

    def of(self, runs: RunService, run: RunState) -> list[str]:
        row = steps.rows_of(run).get(self._step)
        if row is None:
            return [f"The run has no step {safe(self._step)}."]
        if self.is_mounted:
            self._look.look(run, row.state)
        now, zone, prepared = self.shell.now(), self.shell.zone, self._look.prepared(self._step)
        probes = runs.probes(run.id, row.step.id)
        found: list[str] = [hand.title(run, row.number, row.step), ""]
        found += plain([hand.state_line(row.step, row.state, now), *hand.hurt(row.step, row.state, prepared)])
        trouble = self._look.trouble(self._step)
        found += [f"? {trouble}"] if trouble and row.state.status not in OVER else []
        found += ["", *plain(hand.lines(row.step, row.state, prepared, probes, now, zone, not trouble)), ""]
        mine = [event for event in runs.events(run.id) if event.step == row.step.id]
        return [*found, *journal.of_step(run, mine, zone)]


class ProcedurePage(TextPage):
    """Opened with the procedure's id."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "start", "start it", id="procedure.start"),
    ]

    def __init__(self, procedure: str) -> None:
        super().__init__()
        self.tab = "recovery"
        self._about = procedure

    @property
    def crumb(self) -> str:
        return safe(self._about)

    def lines(self) -> list[str]:
        runs = self.shell.context.runs
        if runs is None:
            return _READ
        found = next((p for p in runs.procedures() if p.id == self._about), None)
        return (
            procedures.whole(found) if found is not None else [f"No procedure {safe(self._about)} is there."]
        )

    def action_start(self) -> None:
        begin_start(self.shell, self._about)
