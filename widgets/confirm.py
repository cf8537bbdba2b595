"""Pieces of a dialog that asks before something is done: buttons, ticks and inputs that are patient.

Until no key came for half a second a dialog takes none but Escape: what is typed then was meant for the screen below, or
for what the dialog said before. Nothing is ever pasted into it: a name is typed to make one read it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from widgets.cells import literal, paragraph, width_of
from widgets.oneline import LinePiece, OneLine
from widgets.prose import Prose

PATIENCE = 0.5  # seconds
_READ = 6  # rows at least for what is read, with what can hurt
_BOX = 5  # cells of a tick's box


class Dialog(Vertical):
    """The frame, and when it may be answered."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page(1)", "further", id="dialog.page_down", show=False),
        Binding("pageup", "page(-1)", "back", id="dialog.page_up", show=False),
    ]
    patience: ClassVar[float] = PATIENCE
    DEFAULT_CSS = """
Dialog {
    width: 94%;
    max-width: 116;
    height: auto;
    max-height: 94%;
    background: $tf-bar;
    border: round $tf-rule;
    &:nocolor { border: round $foreground; }
}
"""

    _held: Timer | None = None

    def on_mount(self) -> None:
        self._since = monotonic()

    def wait_again(self) -> None:
        """What it says has changed: keys that are on their way were meant for what it said before."""
        self._since = monotonic()

    def takes_key(self) -> bool:
        """Whether a key that was pressed now is for it. One that comes too early begins the waiting anew."""
        if not self.ready:
            self._since = monotonic()
            return False
        return True

    def once(self, act: Callable[[], object]) -> None:
        """A key is the answer: ``act``, once it is seen not to be held. A key that is held comes again within a moment, many
        times, the first time later than any patience."""
        if self._held is not None:
            self._held.stop()
            self._held = None
            self.wait_again()
        elif not self.takes_key():
            return
        elif not self.patience:
            act()
        else:

            def answered() -> None:
                self._held = None
                act()

            self._held = self.set_timer(self.patience / 2, answered)

    def on_resize(self) -> None:
        self.call_after_refresh(self.fit)

    def fit(self) -> None:
        """What is read takes the room that what is asked leaves, so that the buttons are always there. Where fields alone are too many for the
        screen they are scrolled: the one that is typed into is seen."""
        for scroll in self.query("#scroll"):
            for fields in self.query("#fields"):
                self._fit_fields(fields, scroll)
            first = list(self.query("#hurts").results(Prose))
            others = sum(
                max(c.outer_size.height, 1 if c.has_class("asked") else 0) + c.styles.margin.height
                for c in self.children
                if c.display and c is not scroll and c not in first
            )
            least = 2 if self.query("#fields") else 5
            room = max(int(self.app.size.height * 0.94) - 2 - others, least)
            for hurts in first:  # what can hurt has its rows before all else that is read
                most = max(room - 3, 1)
                if hurts.styles.max_height is None or hurts.styles.max_height.value != most:
                    hurts.styles.max_height = most
                room -= min(hurts.rows_at(max(self.size.width - 2, 10)), most) if hurts.display else 0
            if scroll.styles.max_height is None or scroll.styles.max_height.value != room:
                scroll.styles.max_height = room

    def _fit_fields(self, fields: Widget, scroll: Widget) -> None:
        """``scroll`` and what can hurt keep a few rows of their own."""
        others = sum(
            c.outer_size.height + c.styles.margin.height
            for c in self.children
            if c.display and c not in (scroll, fields) and c.id != "hurts"
        )
        most = max(int(self.app.size.height * 0.94) - 2 - others - _READ, 4)
        if fields.styles.max_height is None or fields.styles.max_height.value != most:
            fields.styles.max_height = most
            self.call_after_refresh(self.fit)  # by what they have then

    def action_page(self, way: int) -> None:
        """What is read is scrolled although the buttons have the focus."""
        for scroll in self.query("#scroll"):
            scroll.scroll_relative(y=way * max(scroll.size.height - 2, 1), animate=False)

    @property
    def ready(self) -> bool:
        return monotonic() - self._since >= self.patience


def _takes_key(widget: Any) -> bool:
    dialog = next((a for a in widget.ancestors if isinstance(a, Dialog)), None)
    return dialog is None or dialog.takes_key()


class DialogTitle(OneLine):
    """Target and environment, in the environment's colour. ``place``: what it ends with, which is never cut before the rest: where it acts."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"title--{colour}" for colour in ("production", "staging", "development", "neutral")
    }
    DEFAULT_CSS = """
DialogTitle {
    & > .title--production { color: $tf-env; background: $tf-env-production; text-style: bold; }
    & > .title--staging { color: $tf-env; background: $tf-env-staging; text-style: bold; }
    & > .title--development { color: $tf-env; background: $tf-env-development; text-style: bold; }
    & > .title--neutral { color: $tf-env; background: $tf-env-neutral; text-style: bold; }
    &:ansi > .title--production, &:nocolor > .title--production { text-style: bold reverse; }
    &:nocolor > .title--staging, &:nocolor > .title--development, &:nocolor > .title--neutral { text-style: reverse; }
}
"""

    def __init__(self, text: str, colour: str, place: str = "") -> None:
        super().__init__()
        apart = bool(place) and text.endswith(f" {place}")
        self._text, self._place = (text.removesuffix(f" {place}"), f" {place}") if apart else (text, "")
        self._colour = colour if f"title--{colour}" in self.COMPONENT_CLASSES else "neutral"

    def left(self, width: int) -> list[LinePiece]:
        name, place = (f"title--{self._colour}",), literal(self._place)
        what = f" {literal(self._text)}"
        if place:
            return [LinePiece(what, name, 1, 12), LinePiece(place.ljust(width - width_of(what)), name, 0, 4)]
        return [LinePiece(what.ljust(width), name, 0, 4)]


class Push(OneLine, can_focus=True):
    """``[ Cancel ]``: Enter, Space or a click posts ``Pressed``; the arrows go to the next one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", "choose", id="dialog.press", show=False),
        Binding("left,up", "app.focus_previous", "previous", id="dialog.previous", show=False),
        Binding("right,down", "app.focus_next", "next", id="dialog.next", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"push--focused"}
    DEFAULT_CSS = """
Push {
    width: auto;
    height: 1;
    background: $tf-bar;
    & > .push--focused { color: $tf-bright; background: $tf-cursor-background; text-style: bold; }
    &:ansi > .push--focused, &:nocolor > .push--focused { text-style: bold reverse; }
}
"""

    class Pressed(Message):
        def __init__(self, push: Push) -> None:
            super().__init__()
            self.push = push

        @property
        def control(self) -> Push:
            return self.push

    def __init__(self, text: str, *, id: str) -> None:
        super().__init__(id=id)
        self._text = text
        self.enabled = True

    def say(self, text: str, enabled: bool = True) -> None:
        if (text, enabled) != (self._text, self.enabled):
            longer = width_of(text) != width_of(self._text)
            self._text, self.enabled = text, enabled
            self.refresh(layout=longer)

    @property
    def text(self) -> str:
        return self._text

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return width_of(self._text) + 4

    def left(self, width: int) -> list[LinePiece]:
        shown = f"[ {self._text} ]" if self.has_focus else f"  {self._text}  "
        if self.has_focus:
            return [LinePiece(shown, ("push--focused",))]
        return [LinePiece(shown, ("tok-accent" if self.enabled else "tok-dim",))]

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_press(self) -> None:
        if _takes_key(self):
            self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        self.focus()
        self.action_press()


class Tick(OneLine, can_focus=True):
    """``[ ] pause the application first``: a choice that is off until somebody sets it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "choose", "choose", id="dialog.tick", show=False),
        Binding("up", "app.focus_previous", "previous", id="dialog.tick_previous", show=False),
        Binding("down", "app.focus_next", "next", id="dialog.tick_next", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tick--focused"}
    DEFAULT_CSS = """
Tick {
    height: auto;
    background: $tf-bar;
    & > .tick--focused { color: $tf-bright; background: $tf-cursor-background; text-style: bold; }
    &:ansi > .tick--focused, &:nocolor > .tick--focused { text-style: bold reverse; }
}
"""

    class Changed(Message):
        def __init__(self, tick: Tick) -> None:
            super().__init__()
            self.tick = tick

        @property
        def control(self) -> Tick:
            return self.tick

    def __init__(self, name: str, text: str, on: bool = False) -> None:
        super().__init__()
        self.choice, self._text, self.on = name, text, on

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(paragraph(literal(self._text), max(width - _BOX, 10)))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        rows = paragraph(literal(self._text), max(width - _BOX, 10))
        style = self.style(*(("tick--focused",) if self.has_focus else ()))
        box = ("[x]" if self.on else "[ ]") if y == 0 else ""
        token = style if self.has_focus else self.style("tok-accent")
        text = rows[y] if y < len(rows) else ""
        return Strip([Segment(f" {box:<3} ", token), Segment(text, style)]).adjust_cell_length(
            width, self.style()
        )

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_choose(self) -> None:
        if _takes_key(self):
            self.on = not self.on
            self.refresh()
            self.post_message(self.Changed(self))

    def on_click(self) -> None:
        self.focus()
        self.action_choose()


class TypedInput(Input):
    """An input that nothing can be pasted into, and that takes no key of the first half second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "next", id="dialog.input_next", show=False),
        Binding("up", "app.focus_previous", "previous", id="dialog.input_previous", show=False),
    ]
    DEFAULT_CSS = """
TypedInput { height: 1; border: none; padding: 0; background: $tf-cursor-blurred-background; }
TypedInput:focus { border: none; background: $tf-cursor-background; background-tint: $foreground 0%; }
TypedInput:ansi { text-style: underline; }
TypedInput:nocolor { text-style: underline; }
"""

    class PasteRefused(Message):
        """Somebody pasted."""

    def __init__(self, *, id: str, placeholder: str = "", value: str = "") -> None:
        super().__init__(value, placeholder, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        return literal(value)

    def on_key(self, event: events.Key) -> None:
        if not _takes_key(self) and event.key not in ("escape", "tab", "shift+tab"):
            event.prevent_default()
            event.stop()

    def on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.post_message(self.PasteRefused())

    def action_paste(self) -> None:
        """Of Textual's own clipboard: neither."""
        self.post_message(self.PasteRefused())


class Word(OneLine):
    """A short text beside an input or a button."""

    DEFAULT_CSS = """
Word { width: auto; height: 1; background: $tf-bar; }
"""

    def __init__(self, text: str = "", token: str = "dim", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text, self._token = text, token

    def say(self, text: str, token: str = "dim") -> None:
        if (text, token) != (self._text, self._token):
            longer = width_of(text) != width_of(self._text)
            self._text, self._token = text, token
            self.refresh(layout=longer)

    @property
    def text(self) -> str:
        return self._text

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return width_of(literal(self._text))

    def left(self, width: int) -> list[LinePiece]:
        return [LinePiece(self._text, (f"tok-{self._token}" if self._token else "",), 0, 4)]


def type_at_once(screen: Screen[Any], event: events.Key, fields: Sequence[TypedInput]) -> None:
    """A letter while a button has the focus begins the first empty field that is shown: nobody looks for Tab at 3 a.m.

    Keys that were on their way to the button when the focus moved go to the field too, the blank among them, which
    would press the button.
    """
    focused = screen.focused
    if not event.is_printable or not event.character:
        return
    if isinstance(focused, Push) and event.key != "space":
        empty = [f for f in fields if not f.value and f.parent is not None and f.parent.display]
        if not empty:
            return
        focused = empty[0]
        screen.set_focus(focused)
    if isinstance(focused, TypedInput):
        event.stop()
        event.prevent_default()
        focused.insert_text_at_cursor(event.character)
