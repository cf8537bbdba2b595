"""The keys that work here and now, most useful first; one that is refused is dim and says why under the mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import ActiveBinding
from textual.content import Content

from widgets.oneline import LinePiece, OneLine


class Hint(NamedTuple):
    """A key as shown. ``key`` is Textual's name of it, ``shown`` what stands on the keyboard."""

    key: str
    shown: str
    text: str
    enabled: bool
    reason: str = ""


class Footer(OneLine):
    """Made from the screen's active bindings, nearest to the focus first.

    ``right`` names the ids of bindings that stand at the right. ``reason`` gives for an action, its arguments with it
    where it has some (``act('b')``), why it is refused now ("" where it is not); ``word`` another word for it than the
    binding's ("" for the same).
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"footer--key", "footer--text", "footer--refused"}
    DEFAULT_CSS = """
Footer {
    background: $tf-bar;
    & > .footer--key { color: $tf-key; text-style: bold; }
    & > .footer--text { color: $tf-dim; }
    & > .footer--refused { color: $tf-refused; }
    &:ansi > .footer--refused { text-style: dim; }
    &:nocolor > .footer--refused { text-style: dim; }
}
"""

    def __init__(
        self,
        *,
        right: tuple[str, ...] = ("app.help", "app.command"),
        reason: Callable[[str], str] | None = None,
        word: Callable[[str], str] | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._right_ids = right
        self._reason, self._word = reason, word
        self._hints: tuple[list[Hint], list[Hint]] = ([], [])

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.renew())
        self.renew()

    def renew(self) -> None:
        """Look at the bindings again; drawn only where they differ."""
        # The first screen may be mounted before it stands on the stack.
        if not self.is_attached or not self.app.screen_stack:
            return
        hints = self._gather()
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    @property
    def hints(self) -> list[Hint]:
        """All that would be shown with room enough, in order."""
        return [*self._hints[0], *self._hints[1]]

    def _gather(self) -> tuple[list[Hint], list[Hint]]:
        left: list[Hint] = []
        right: list[Hint] = []
        seen: set[str] = set()
        focused = self.screen.focused
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            if not binding.show or not binding.description or binding.action in seen:
                continue
            shown = self.app.get_key_display(binding)
            if focused is not None and len(shown) == 1 and focused.check_consume_key(key, shown):
                continue  # what is typed into an input works there, not here
            seen.add(binding.action)
            (right if binding.id in self._right_ids else left).append(self._hint(key, active))
        return left, right

    def _hint(self, key: str, active: ActiveBinding) -> Hint:
        binding = active.binding
        reason = self._reason(binding.action) if self._reason is not None else ""
        text = (self._word(binding.action) if self._word is not None else "") or binding.description
        enabled = active.enabled and not reason
        return Hint(key, self.app.get_key_display(binding), text, enabled, reason or active.tooltip)

    def left(self, width: int) -> list[LinePiece]:
        # What stands further right goes first, the first three stay.
        return [
            piece
            for index, hint in enumerate(self._hints[0])
            for piece in self._pieces(hint, 0 if index < 1 else index + 2)
        ]

    def right(self, width: int) -> list[LinePiece]:
        return [piece for hint in self._hints[1] for piece in self._pieces(hint, 2)]

    def _pieces(self, hint: Hint, priority: int) -> list[LinePiece]:
        if not hint.enabled:
            return [LinePiece(f" {hint.shown} {hint.text} ", ("footer--refused",), priority, target=hint.key)]
        return [
            LinePiece(f" {hint.shown}", ("footer--key",), priority, target=hint.key),
            LinePiece(f" {hint.text} ", ("footer--text",), priority, target=hint.key),
        ]

    def on_mouse_move(self, event: events.MouseMove) -> None:
        target = self.target_at(event.x)
        hint = next((h for h in self.hints if h.key == target), None)
        # Content, never a string: a reason may quote what came from outside, and strings are markup here.
        self.tooltip = Content(hint.reason) if hint is not None and hint.reason else None

    def on_click(self, event: events.Click) -> None:
        if target := self.target_at(event.x):
            self.app.simulate_key(target)
