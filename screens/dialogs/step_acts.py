"""What the keys of a run do: the dialog that asks, and the call of the engine that follows its answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from screens.shell import Shell
from tfdash.durations import parse_duration
from tfdash.model.action import Guarded
from tfdash.model.procedure import StepKind
from tfdash.model.run import Probed, RunEventKind, RunState
from tfdash.procedures.protocols import Given, Prepared, RunRefused, RunService
from tfdash.text import fault, safe
from tfdash.views.recovery import forms, hand, stated
from tfdash.views.recovery.steps import StepRow
from widgets.workers import begin

if TYPE_CHECKING:
    from screens.dialogs.form import FormAnswer

_ASKS_FIRST = frozenset({StepKind.COMMAND, StepKind.NOTIFY, StepKind.ACTION})
"""What is shown whole, and confirmed, before it is begun; all else asks or waits and changes nothing."""


class InHand(NamedTuple):
    """What was painted when the key was pressed."""

    run: RunState
    row: StepRow
    prepared: Prepared | None
    probes: tuple[Probed, ...]

    @property
    def given(self) -> Given:
        return Given(fence=self.row.state.fence, attempt=self.row.state.attempt)


class StepActs:
    """``runs`` is the engine; every call of it is taken to its end although its dialog or page is left."""

    def __init__(self, shell: Shell, runs: RunService) -> None:
        self.shell, self.runs = shell, runs

    # -- one way to the engine ----------------------------------------------------------------------------------

    async def tried(self, work: Callable[[], Awaitable[object]]) -> str:
        """Why it was refused, "" where it was done."""
        from tfdash.actions.core.protocols import (
            LedgerUnavailable,
        )  # brings what the first frame does without

        try:
            await work()
        except RunRefused as refused:
            return safe(f"{refused}; {refused.remedy}" if refused.remedy else str(refused))
        except LedgerUnavailable as error:
            return f"it cannot be remembered, so it is not done: {safe(str(error))}"
        except Exception as error:  # what says nothing would be taken for what was done
            return fault(error)
        return ""

    def beside(self, work: Callable[[], Awaitable[object]]) -> None:
        """Begun, and told where it is refused; what came of it stands in the run."""

        async def going() -> None:
            if refused := await self.tried(work):
                self.shell.tell(refused, "warning")

        begin(self.shell, going, "run", exclusive=False)

    def ask(self, form: forms.Form, take: Callable[[FormAnswer], Awaitable[object]]) -> None:
        from screens.dialogs.form import FormScreen

        self.shell.push_screen(FormScreen(form, lambda answer: self.tried(lambda: take(answer))))

    # -- of a step ----------------------------------------------------------------------------------------------

    def do(self, at: InHand, *, anyway: bool = False) -> None:
        run, step, given = at.run.id, at.row.step, at.given
        given = replace(given, anyway=anyway, no_return=bool(step.no_return))  # its name is typed before
        if at.prepared is None:
            self.shell.tell("what it would do is looked at now; press again", "warning")
            return
        begin_it = partial(self.beside, partial(self.runs.do, run, step.id, given))
        if planned := at.prepared.guarded is not None and not at.run.dry:
            begin_it = partial(self._confirm, at, at.prepared.guarded, given)
        if step.no_return or (step.kind in _ASKS_FIRST and not planned):
            form = forms.do(step, at.row.state, at.prepared, self.shell.now(), self.shell.zone, at.run)

            async def start(answer: FormAnswer) -> None:
                self.shell.call_later(begin_it)  # once this dialog is gone: it may lead to another

            self.ask(form, start)
        else:
            begin_it()

    def _confirm(self, at: InHand, guarded: Guarded, given: Given) -> None:
        from screens.dialogs.step_confirm import StepConfirmScreen

        self.shell.push_screen(StepConfirmScreen(self.runs, at.run, at.row.step, guarded, given))

    def passed(self, at: InHand) -> None:
        """It is so already, and not by us: recorded as that."""
        self.beside(partial(self.runs.do, at.run.id, at.row.step.id, at.given))

    def claim(self, at: InHand) -> None:
        self.beside(partial(self.runs.take_over, at.run.id, at.row.step.id, at.given))

    def sign(self, at: InHand) -> None:
        form = forms.sign(at.row.step, at.row.state, at.prepared, dry=at.run.dry)

        async def take(answer: FormAnswer) -> None:
            v = answer.values
            given = replace(
                at.given,
                note=v.get("note", ""),
                link=v.get("link", ""),
                file=v.get("file", ""),
                worked=answer.button == "worked",
                no_return=bool(at.row.step.no_return),  # its name was typed
            )
            await self.runs.do(at.run.id, at.row.step.id, given)

        self.ask(form, take)

    def decide(self, at: InHand) -> None:
        step = at.row.step

        async def take(answer: FormAnswer) -> None:
            branch = step.branches[int(answer.button.removeprefix("branch-"))]
            given = replace(at.given, branch=branch.id, reason=answer.values["reason"])
            await self.runs.do(at.run.id, step.id, given)

        self.ask(forms.decide(step, at.row.state, at.prepared), take)

    def approve(self, at: InHand) -> None:
        async def take(answer: FormAnswer) -> None:
            given = replace(
                at.given,
                reason=answer.values["reason"],
                worked=answer.button != "deny",
                alone=answer.button == "alone",
            )
            await self.runs.do(at.run.id, at.row.step.id, given)

        self.ask(forms.approve(at.row.step, at.row.state, at.prepared), take)

    def settle(self, at: InHand) -> None:
        async def take(answer: FormAnswer) -> None:
            worked = {"worked": True, "failed": False}.get(answer.button)
            given = replace(at.given, reason=answer.values["reason"], worked=worked)
            await self.runs.settle(at.run.id, at.row.step.id, given)

        self.ask(forms.settle(at.row.step, at.row.state, at.prepared, at.probes), take)

    def skip(self, at: InHand) -> None:
        async def take(answer: FormAnswer) -> None:
            given = replace(at.given, reason=answer.values["reason"])
            await self.runs.skip(at.run.id, at.row.step.id, given)

        self.ask(forms.skip(at.row.step, at.run), take)

    def take_over(self, at: InHand) -> None:
        claimed = at.prepared.claimed if at.prepared is not None else None

        async def take(answer: FormAnswer) -> None:
            fence = claimed.fence if claimed is not None else at.given.fence
            given = replace(at.given, reason=answer.values["reason"], fence=fence)
            await self.runs.take_over(at.run.id, at.row.step.id, given)

        self.ask(forms.take_over(at.row.step, at.row.state, at.run, self.shell.now(), claimed), take)

    # -- of the run ---------------------------------------------------------------------------------------------

    def note(self, run: RunState, row: StepRow | None) -> None:
        async def take(answer: FormAnswer) -> None:
            step = row.step.id if row is not None else ""
            await self.runs.note(run.id, step, answer.values["text"], proposes=answer.values["proposes"])

        self.ask(forms.note(row.step if row is not None else None), take)

    def acknowledge(self, run: RunState) -> None:
        self.beside(partial(self.runs.add, run.id, RunEventKind.ACKNOWLEDGED, "", Given(), {}))

    def word(self, run: RunState) -> None:
        """Stakeholders are told how it stands, once a person saw what they get."""

        async def take(answer: FormAnswer) -> None:
            given = Given(note=answer.values["note"], worked=True if answer.button == "other" else None)
            await self.runs.tell(run.id, given)

        async def look() -> None:
            told = await self.runs.word(run.id)
            self.ask(stated.form(run, told, self.shell.now(), self.shell.zone), take)

        self.beside(look)

    def impact(self, run: RunState) -> None:
        async def take(answer: FormAnswer) -> None:
            at = moment_meant(answer.values["at"], self.shell.now(), self.shell.zone)
            if at is None:
                raise RunRefused("that is no time", remedy='write "2026-11-26 10:30", "10:30" or "-25m"')
            data = {"at": at, "source": f"said by a person: {answer.values['reason']}", "at_least": False}
            given = Given(reason=answer.values["reason"])
            await self.runs.add(run.id, RunEventKind.IMPACT, "", given, data)

        self.ask(forms.impact(run, self.shell.now(), self.shell.zone), take)

    def abort(self, run: RunState) -> None:
        async def take(answer: FormAnswer) -> None:
            await self.runs.abort(run.id, Given(reason=answer.values["reason"]))

        self.ask(forms.abort(run), take)

    def close(self, run: RunState) -> None:
        async def take(answer: FormAnswer) -> None:
            await self.runs.close(run.id, Given(reason=answer.values["reason"]))

        self.ask(forms.close(run), take)

    def copy(self, at: InHand) -> None:
        lines = hand.copy_lines(at.prepared, at.probes)
        if lines:
            self.shell.copy_text("\n".join(lines), f"{len(lines)} lines")
        else:
            self.shell.tell("nothing of this step can be copied as a line")


_CLOCK = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)[ T])?(\d{1,2}):(\d\d)(?::(\d\d))?")


def moment_meant(text: str, now: float, zone: ZoneInfo) -> float | None:
    """Epoch seconds of ``2026-11-26 10:30`` or ``10:30`` in the playbook's zone, or of ``-25m`` before now; None where it is neither."""
    if text.startswith("-"):
        try:
            return now - parse_duration(text[1:])
        except ValueError:
            return None
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    today = datetime.fromtimestamp(now, zone)
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups())
    try:
        then = today.replace(hour=hour or 0, minute=minute or 0, second=second or 0, microsecond=0)
        if year and month and day:
            then = then.replace(year=year, month=month, day=day)
    except ValueError:
        return None
    return then.timestamp()
