"""A one-line input under the header, hidden until asked for; the filter and the command prompt are made of it."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.strip import Strip
from textual.widgets import Input

from widgets.cells import literal, paragraph, width_of
from widgets.lineview import LineView
from widgets.oneline import LinePiece, OneLine
from widgets.textual_private import bound_action


def prompt_bindings(enter: str, escape: str) -> list[BindingType]:
    """The keys of a prompt's input; the words for the footer say what they do in this one."""

    def key(keys: str, what: str, text: str, name: str, shown: str | None = None) -> Binding:
        return Binding(
            keys, f"prompt('{what}')", text, id=f"prompt.{name}", show=shown is not None, key_display=shown
        )

    return [
        key("enter", "enter", enter, "enter", "enter"),
        key("escape", "escape", escape, "escape", "esc"),
        key("up", "up", "before", "up"),
        key("down", "down", "next", "down"),
        key("tab", "tab", "complete", "complete"),
        Binding("ctrl+u", "delete_left_all", "clear", id="prompt.clear", show=False),
    ]


class PromptInput(Input):
    """Textual's input without a blinking cursor; Escape, Enter and the arrows belong to the prompt around it."""

    BINDINGS: ClassVar[list[BindingType]] = prompt_bindings("take", "close")

    def __init__(self, **options: Any) -> None:
        super().__init__(compact=True, select_on_focus=False, **options)
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """What is pasted may hold control characters: they become visible here too."""
        return literal(value)

    async def on_key(self, event: events.Key) -> None:
        """A key that does something does it here, in its turn: Textual would ask the application, and a letter typed behind it
        would overtake it. What was typed behind the key that closed the prompt is meant for nothing that was seen."""
        action = bound_action(self, event.key)
        if action or not self.has_focus:
            event.stop()
            event.prevent_default()
        if action:
            await self.run_action(action)

    def action_prompt(self, what: str) -> None:
        prompt = self.parent
        if isinstance(prompt, Prompt):
            prompt.pressed(what)


class _Sign(OneLine):
    """The prompt's character."""

    def __init__(self, sign: str) -> None:
        super().__init__(classes="prompt--sign")
        self._sign = sign

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(f" {self._sign} ", self.style("tok-accent"))], 3)


class _Said(OneLine):
    """What the prompt says of its text: a count, or what is wrong with it; nothing where that stands below."""

    text, token = "", ""

    def say(self, text: str, token: str) -> None:
        if (text, token) != (self.text, self.token):
            self.text, self.token = text, token
            self.refresh()

    @property
    def is_long(self) -> bool:
        return 0 < self.size.width <= width_of(literal(self.text))

    def right(self, width: int) -> list[LinePiece]:
        text = "" if self.is_long else self.text
        return [LinePiece(f"{text} ", (f"tok-{self.token}" if self.token else "tok-dim",))]


class Below(LineView, can_focus=False):
    """What hangs below a prompt, over what is there: a sentence that is too long for the prompt's line, in full."""

    DEFAULT_CSS = """
Below {
    display: none;
    overlay: screen;
    offset: 0 1;
    constrain: inflect;
    width: 100%;
    max-width: 90;
    height: auto;
    background: $tf-bar;
    overflow-y: hidden;
    scrollbar-size-vertical: 0;
}
"""
    ROOM_AT_SIDES = 6

    def __init__(self) -> None:
        super().__init__()
        self.note: tuple[str, str] = ("", "")  # text and its token

    def tell(self, text: str, token: str) -> None:
        """The sentence, "" for none."""
        if (text, token) != self.note:
            self.note = text, token
            self.fit()

    def fit(self) -> None:
        """As high as what it shows."""
        self.display = bool(self.rows or self.said[0])
        self.virtual_size = Size(self.size.width, self._height(self.size.width))
        self.refresh(layout=True)

    @property
    def rows(self) -> int:
        """The lines above the sentence."""
        return 0

    @property
    def said(self) -> tuple[str, str]:
        return self.note

    def _wrapped(self, width: int) -> list[str]:
        text = literal(self.said[0])
        return paragraph(text, max(width - self.ROOM_AT_SIDES, 8)) if text else []

    def _height(self, width: int) -> int:
        return self.rows + len(self._wrapped(width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._height(width)

    def render_line(self, y: int) -> Strip:
        lines = self._wrapped(self.line_width)
        index = y - self.rows
        text = f"   {lines[index]}" if 0 <= index < len(lines) else ""
        return self.line(text, f"tok-{self.said[1]}" if self.said[1] else "tok-dim")


class Prompt(Horizontal):
    """Sign, input, and room for a word at the right. Subclasses answer ``typed`` and ``pressed``."""

    SIGN = ">"
    INPUT: ClassVar[type[PromptInput]] = PromptInput
    BELOW: ClassVar[type[Below]] = Below
    DEFAULT_CSS = """
Prompt {
    height: 1;
    background: $tf-bar;
    display: none;
    & .prompt--sign { width: 3; }
    & Input { width: 3fr; height: 1; background: $tf-bar; border: none; padding: 0; }
    & Input:focus { background: $tf-bar; background-tint: $foreground 0%; border: none; }
    & _Said { width: 2fr; }
}
"""

    def __init__(self, *, id: str | None = None, placeholder: str = "") -> None:
        super().__init__(id=id)
        self._input = self.INPUT(placeholder=placeholder)
        self._said = _Said()
        self._below = self.BELOW()
        self._returns_to: Any = None

    def compose(self) -> ComposeResult:
        yield self._below  # first, so that it hangs from the left edge; an overlay takes no room
        yield _Sign(self.SIGN)
        yield self._input
        yield self._said

    @property
    def is_open(self) -> bool:
        return bool(self.display)

    @property
    def value(self) -> str:
        return self._input.value

    def open(self, text: str | None = None) -> None:
        """Show it and take the focus, which goes back where it was on closing."""
        if not self.is_open:
            self._returns_to = self.screen.focused
        if text is not None:
            self.put(text)
        self.display = True
        self._input.focus()
        self._input.cursor_position = len(self._input.value)

    def close(self) -> None:
        self.display = False
        self._below.tell("", "")
        before, self._returns_to = self._returns_to, None
        if before is not None and before.is_attached and before.display:
            before.focus()
        elif self._input.has_focus:
            self.screen.set_focus(None)

    def put(self, text: str) -> None:
        """Another text, as if typed."""
        self._input.value = text
        self._input.cursor_position = len(text)

    def say(self, text: str, token: str = "dim") -> None:
        """A word at the right end, literal; a sentence that is longer than the room there stands below."""
        self._said.say(text, token)
        self._below.tell(*((text, token) if self._said.is_long else ("", "")))

    def on_resize(self) -> None:
        self.say(self._said.text, self._said.token)

    def typed(self, text: str) -> None:
        """The text changed."""

    def pressed(self, what: str) -> None:
        """``escape``, ``enter``, ``up``, ``down`` or ``tab``."""

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.typed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
