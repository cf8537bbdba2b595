"""A dialog made of a ``Form``: what is said, fields, answers. It stays, with all that was typed, until its answer was taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import ClassVar, NamedTuple, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from screens.shell import Shell
from tfdash.text import safe
from tfdash.views.recovery.forms import Form, FormChoice, FormField
from tfdash.views.table import Line
from widgets.choosing import ChoiceInput, Choices, Offered
from widgets.confirm import Dialog, DialogTitle, Push, TypedInput, Word, type_at_once
from widgets.prose import Prose
from widgets.workers import begin

_BESIDE = 24  # cells of a label that stands beside its field
_LEAST = 3  # characters of a reason, a note
_WORDS = frozenset({"reason", "note", "text"})


class FormAnswer(NamedTuple):
    """``button``: the id of what was pressed; ``values``: what stands in the fields, without blanks around it."""

    button: str
    values: dict[str, str]


def _offered(choices: Sequence[FormChoice]) -> list[Offered]:
    return [Offered(safe(one.value), safe(one.sentence)) for one in choices]


class FormScreen(ModalScreen[None]):
    """``take`` is given the answer; it returns why it was refused, "" where the dialog can go. ``choose``: what there is for a field, by
    its id and by what stands in the others."""

    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="form.cancel", show=False)
    ]

    def __init__(
        self,
        form: Form,
        take: Callable[[FormAnswer], Awaitable[str]],
        choose: Callable[[str, dict[str, str]], Sequence[FormChoice]] | None = None,
    ) -> None:
        super().__init__()
        self._form, self._answered, self._choose = form, take, choose
        self._busy = False
        self._told: list[Line] = []

    @property
    def shell(self) -> Shell:
        return cast("Shell", self.app)

    def compose(self) -> ComposeResult:
        form = self._form
        wide = max((len(f.label) for f in form.fields), default=0)
        with Dialog(id="dialog"):
            yield DialogTitle(form.heading, self.shell.context.colour, form.place)
            yield Prose(id="hurts", indent=2)
            with VerticalScroll(id="scroll", can_focus=False):
                yield Prose(id="plan", indent=4)
            with VerticalScroll(id="fields", can_focus=False):
                for one in form.fields:
                    if wide > _BESIDE:  # above it: beside it the field would have no room
                        yield Prose(id=f"label-{one.id}")
                    with Horizontal(classes="asked", id=f"row-{one.id}"):
                        yield Word("  " if wide > _BESIDE else f"{one.label:<{wide}}  ")
                        yield self._input(one)
            if form.typed:
                with Horizontal(classes="asked", id="row-typed"):
                    yield Word(f"Type {form.typed}  ")
                    yield TypedInput(id="typed")
            yield Choices(id="choices", most=7)
            yield Prose(id="say", indent=2, most=4)
            with Horizontal(id="buttons"):
                yield Word("", id="left")
                yield Push("Cancel", id="cancel")
                for button in form.buttons:
                    yield Push(button.text, id=button.id)

    def _input(self, one: FormField) -> TypedInput:
        name = f"field-{one.id}"
        if not one.choices and not (one.chosen_late and self._choose is not None):
            return TypedInput(id=name, placeholder=one.placeholder, value=one.value)
        return ChoiceInput(
            _offered(one.choices), many=one.many, id=name, placeholder=one.placeholder, value=one.value
        )

    def on_mount(self) -> None:
        hurts = self.query_one("#hurts", Prose)
        hurts.show(self._form.hurts)
        hurts.display = bool(self._form.hurts)
        self.query_one("#plan", Prose).show(self._form.lines)
        for one in self._form.fields:
            for label in self.query(f"#label-{one.id}").results(Prose):
                label.show([[(one.label, "dim")]])
        self.query_one("#choices", Choices).follow(None, 0)
        needed = {id for button in self._form.buttons for id in button.needs}
        empty = next((f for f in self._form.fields if f.id in needed and not f.value), None)
        if empty is not None and any(f.choices for f in self._form.fields):
            # what is there to choose from is seen at once; a reason is never typed into what may be left out
            self.query_one(f"#field-{empty.id}", TypedInput).focus()
        self._fit()

    def _fit(self) -> None:
        dialog = self.query_one(Dialog)
        dialog.call_after_refresh(dialog.fit)

    # -- fields -------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """A letter while a button has the focus begins the first field that is still empty, of those that an answer needs."""
        if self.query_one(Dialog).takes_key():
            needed = {id for button in self._form.buttons for id in button.needs}
            fields = [self.query_one(f"#field-{f.id}", TypedInput) for f in self._form.fields]
            wanted = [f for f in fields if (f.id or "").removeprefix("field-") in needed] or fields
            type_at_once(self, event, [*wanted, *self.query("#typed").results(TypedInput)])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What there is for a field is looked at when it is entered: what stands in the others changes only before that."""
        field = event.widget
        if isinstance(field, ChoiceInput) and self._choose is not None:
            field.offer(_offered(self._choose((field.id or "").removeprefix("field-"), self._values)))
        self._follow()

    def on_input_changed(self, event: Input.Changed) -> None:
        if isinstance(event.input, ChoiceInput):
            event.input.typed_anew()
            self._follow()

    def on_choice_input_narrowed(self, event: ChoiceInput.Narrowed) -> None:
        self._follow()

    def _follow(self) -> None:
        focused = self.focused
        field = focused if isinstance(focused, ChoiceInput) else None
        self.query_one("#choices", Choices).follow(field, self.query_one(Dialog).size.width - 4)
        self._fit()

    def on_typed_input_paste_refused(self) -> None:
        self._say("nothing can be pasted here: type it")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Takes what is marked, then on to the next field; from the last one to the answer, where there is but one: to
        Cancel before those that contradict one another, since a "no" with Enter twice behind it was a yes."""
        if isinstance(event.input, ChoiceInput) and event.input.take():
            self._follow()
        inputs = [one for one in self.query(TypedInput) if one.display]
        if event.input is inputs[-1]:
            onward = "cancel" if self._form.either else self._form.buttons[-1].id
            self.query_one(f"#{onward}", Push).focus()
        else:
            inputs[inputs.index(cast("TypedInput", event.input)) + 1].focus()

    # -- answers ------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self.query_one("#say", Prose).show([[(f"▲ {text}", "warn")]])
        self._fit()

    @property
    def _values(self) -> dict[str, str]:
        return {f.id: self.query_one(f"#field-{f.id}", TypedInput).value.strip() for f in self._form.fields}

    def on_push_pressed(self, event: Push.Pressed) -> None:
        name = event.push.id or ""
        if name == "cancel":
            self.dismiss()
            return
        if self._busy:
            return
        button = next(b for b in self._form.buttons if b.id == name)
        values = self._values
        for one in self._form.fields:
            short = _LEAST if one.id in _WORDS else 1
            if one.id in button.needs and len(values[one.id]) < short:
                self.query_one(f"#field-{one.id}", TypedInput).focus()
                self._say(f"{one.label} is needed")
                return
        typed = self.query_one("#typed", TypedInput) if self._form.typed else None
        if typed is not None and typed.value != self._form.typed:
            typed.focus()
            self._say(f"type {self._form.typed} to confirm")
            return
        self._busy = True
        begin(
            self.shell, partial(self._answer, FormAnswer(name, values)), "form", exclusive=False
        )  # it is taken to its end although the dialog is left

    async def _answer(self, answer: FormAnswer) -> None:
        try:
            refused = await self._answered(answer)
        finally:
            self._busy = False
        if not self.is_mounted:
            return
        if refused:
            self._say(refused)
        else:
            self.dismiss()

    def action_cancel(self) -> None:
        self.dismiss()
