"""The one line that is typed into: ``/`` filters, ``:`` commands. Hidden until asked for."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static


class Prompt(Horizontal):
    """``open`` with a mark (``/`` or ``:``); posts ``Changed`` while typing, ``Submitted``, ``Cancelled``."""

    DEFAULT_CSS = """
Prompt { height: 1; display: none; background: $tf-bar; }
Prompt.-open { display: block; }
Prompt Static { width: auto; color: $tf-accent; text-style: bold; padding: 0 0 0 1; }
Prompt #told { color: $tf-warn; padding: 0 1; text-style: none; }
Prompt Input { width: 1fr; height: 1; border: none; padding: 0; background: $tf-bar; }
Prompt Input:focus { border: none; }
"""

    class Changed(Message):
        def __init__(self, mark: str, text: str) -> None:
            super().__init__()
            self.mark, self.text = mark, text

    class Submitted(Changed):
        pass

    class Cancelled(Changed):
        pass

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self.mark = "/"
        self._history: dict[str, list[str]] = {"/": [], ":": []}
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static("/", id="mark", markup=False)
        yield Input(select_on_focus=False)
        yield Static("", id="told", markup=False)

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def open(self, mark: str, text: str = "", suggestions: Sequence[str] = ()) -> None:
        self.mark = mark
        self.query_one("#mark", Static).update(mark)
        field = self.query_one(Input)
        field.suggester = SuggestFromList(list(suggestions), case_sensitive=False) if suggestions else None
        field.cursor_blink = False
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.tell("")
        self.add_class("-open")
        self._at = len(self._history[mark])
        field.focus()

    def close(self) -> None:
        self.remove_class("-open")

    def tell(self, text: str) -> None:
        """What is wrong with what was typed, or the count."""
        self.query_one("#told", Static).update(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Changed(self.mark, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text:
            self._history[self.mark].append(text)
        self.post_message(self.Submitted(self.mark, text))

    def on_key(self, event: events.Key) -> None:
        if not self.is_open:
            return
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.Cancelled(self.mark, ""))
        elif event.key in ("up", "down"):
            event.stop()
            past = self._history[self.mark]
            self._at = min(max(self._at + (-1 if event.key == "up" else 1), 0), len(past))
            field = self.query_one(Input)
            field.value = past[self._at] if self._at < len(past) else ""
            field.cursor_position = len(field.value)
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            self.query_one(Input).action_cursor_right()
