"""A small dialog to choose one of several: a sort column, a container, a theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip

from tfdash.views.shortnames import short_names
from widgets.cells import fitted, literal, width_of
from widgets.lineview import LineView
from widgets.oneline import LinePiece, OneLine


class PickerItem(NamedTuple):
    """``note`` stands in pale behind the text."""

    key: str
    text: str
    note: str = ""


class _Title(OneLine):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def left(self, width: int) -> list[LinePiece]:
        return [LinePiece(f" {self._text}", ("tok-bright",), 0, 4)]


def choice_line(choices: Sequence[PickerItem], row: int, width: int) -> str:
    """One choice with its note, in ``width`` cells where its note leaves room: cut so that no two look alike."""
    note = literal(choices[row].note)
    room = max(width - 1 - (width_of(note) + 1 if note else 0), 4)
    short = short_names([literal(each.text) for each in choices], room)[literal(choices[row].text)]
    return f"{fitted(short, room)} {note}"


class _Choices(LineView):
    """The lines to choose from; letters typed go to the next choice that begins with them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "move(-1)", "up", id="picker.up", show=False),
        Binding("down,tab", "move(1)", "down", id="picker.down", show=False),
        Binding("home", "edge(False)", "first", id="picker.first", show=False),
        Binding("end", "edge(True)", "last", id="picker.last", show=False),
        Binding("enter,space", "take", "choose", id="picker.take"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"picker--chosen"}
    DEFAULT_CSS = """
_Choices {
    height: auto;
    max-height: 16;
    background: $tf-bar;
    overflow-y: auto;
    & > .picker--chosen { background: $tf-cursor-background; text-style: bold; }
    &:ansi > .picker--chosen { text-style: reverse; }
    &:nocolor > .picker--chosen { text-style: reverse; }
}
"""

    class Taken(Message):
        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, choices: Sequence[PickerItem], chosen: str) -> None:
        super().__init__()
        self._choices = tuple(choices)
        self._row = next((i for i, c in enumerate(self._choices) if c.key == chosen), 0)

    def on_mount(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._choices))
        self._go(self._row)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._choices)

    def render_line(self, y: int) -> Strip:
        row = self.scroll_offset.y + y
        if row >= len(self._choices):
            return self.line("")
        state = "picker--chosen" if row == self._row else ""
        return self.line(
            f"{'▌' if state else ' '} {choice_line(self._choices, row, self.line_width - 2)}", state
        )

    def _go(self, row: int) -> None:
        if self._choices:
            self._row = row % len(self._choices)
            top, body = self.scroll_offset.y, max(self.size.height, 1)
            if not top <= self._row < top + body:
                self.jump(self._row if self._row < top else self._row - body + 1)
            self.refresh()

    def action_move(self, by: int) -> None:
        self._go(self._row + by)

    def action_edge(self, last: bool) -> None:
        self._go(len(self._choices) - 1 if last else 0)

    def action_take(self) -> None:
        if self._choices:
            self.post_message(self.Taken(self._choices[self._row].key))

    def on_key(self, event: events.Key) -> None:
        letter = event.character
        if letter is None or not letter.isalnum():
            return
        order = [*range(self._row + 1, len(self._choices)), *range(self._row + 1)]
        found = next((i for i in order if self._choices[i].text.lower().startswith(letter.lower())), None)
        if found is not None:
            event.stop()
            self._go(found)

    def on_click(self, event: events.Click) -> None:
        row = self.scroll_offset.y + event.y
        if row < len(self._choices):
            self._go(row)
            self.action_take()


class Picker(ModalScreen[str | None]):
    """Dismissed with the key of the choice, or None by Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "cancel", id="picker.cancel")]
    DEFAULT_CSS = """
Picker {
    align: center middle;
    background: $background 60%;
    & > Vertical { width: auto; max-width: 90%; min-width: 30; height: auto; background: $tf-bar; border: solid $tf-rule; }
}
"""

    def __init__(self, title: str, choices: Sequence[PickerItem], chosen: str = "") -> None:
        super().__init__()
        self._about, self._choices, self._chosen = title, tuple(choices), chosen

    def compose(self) -> ComposeResult:
        texts = [width_of(literal(c.text)) + width_of(literal(c.note)) for c in self._choices]
        with Vertical() as box:
            box.styles.width = max([width_of(literal(self._about)) + 4, *(text + 8 for text in texts)])
            yield _Title(self._about)
            yield _Choices(self._choices, self._chosen)

    def on__choices_taken(self, message: _Choices.Taken) -> None:
        self.dismiss(message.key)
