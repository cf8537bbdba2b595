"""A dialog that asks for a reason, and for a word where the thing is grave: break-glass, what a person settles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from screens.shell import Shell
from tfdash.views.table import Line
from widgets.confirm import Dialog, DialogTitle, Push, TypedInput, Word, type_at_once
from widgets.prose import Prose

_REASON = 3


class DialogAnswer(NamedTuple):
    """``button`` is the id of what was pressed."""

    button: str
    reason: str


class AskScreen(ModalScreen[DialogAnswer | None]):
    """``buttons`` are (id, text); None where it was cancelled. ``typed`` "" where nothing must be typed; the
    buttons of ``untyped`` never ask for it."""

    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="ask.cancel", show=False)
    ]

    def __init__(
        self,
        heading: str,
        lines: Sequence[Line],
        buttons: Sequence[tuple[str, str]],
        *,
        typed: str = "",
        reason: bool = True,
        untyped: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._heading, self._lines, self._buttons = heading, lines, buttons
        self._typed, self._needs_reason, self._untyped = typed, reason, frozenset(untyped)

    @property
    def shell(self) -> Shell:
        return cast("Shell", self.app)

    def compose(self) -> ComposeResult:
        with Dialog(id="dialog"):
            yield DialogTitle(self._heading, self.shell.context.colour)
            with VerticalScroll(id="scroll", can_focus=False):
                yield Prose(id="plan", indent=2)
            with Horizontal(classes="asked", id="row-reason"):
                yield Word("Reason  ")
                yield TypedInput(id="reason")
            if self._typed:
                with Horizontal(classes="asked", id="row-typed"):
                    yield Word(f"Type {self._typed}  ")
                    yield TypedInput(id="typed")
            yield Prose(id="say", indent=2, most=4)
            with Horizontal(id="buttons"):
                yield Word("", id="left")
                yield Push("Cancel", id="cancel")
                for name, text in self._buttons:
                    yield Push(text, id=name)

    def on_mount(self) -> None:
        self.query_one("#plan", Prose).show(self._lines)
        self.query_one("#row-reason").display = self._needs_reason

    def on_key(self, event: events.Key) -> None:
        """A letter while Cancel has the focus begins the first field that is still empty."""
        if self.query_one(Dialog).takes_key():
            type_at_once(self, event, list(self.query(TypedInput)))

    def on_typed_input_paste_refused(self) -> None:
        self._say("nothing can be pasted here: type it")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to the next field; from the last one to the answer, where there is but one: Cancel stands before it."""
        last = "typed" if self._typed else "reason"
        if event.input.id == last and len(self._buttons) == 1:
            self.query_one(f"#{self._buttons[0][0]}", Push).focus()
        else:
            self.app.action_focus_next()

    def _say(self, text: str) -> None:
        self.query_one("#say", Prose).show([[(f"▲ {text}", "warn")]])

    def on_push_pressed(self, event: Push.Pressed) -> None:
        button = event.push.id or ""
        if button == "cancel":
            self.dismiss(None)
            return
        reason = self.query_one("#reason", TypedInput)
        if self._needs_reason and len(reason.value.strip()) < _REASON:
            reason.focus()
            self._say("a reason is needed")
            return
        typed = self.query_one("#typed", TypedInput) if self._typed else None
        if typed is not None and button not in self._untyped and typed.value != self._typed:
            typed.focus()
            self._say(f"type {self._typed} to confirm")
            return
        self.dismiss(DialogAnswer(button, reason.value.strip()))

    def action_cancel(self) -> None:
        self.dismiss(None)
