"""One full-width line that answers a screen's question; a breach is reversed, so that it is read across a room."""

from __future__ import annotations

from typing import ClassVar

from tfdash.model.verdict import Level
from tfdash.views.state import State
from tfdash.views.state import of_level as state_of_level
from widgets.oneline import LinePiece, OneLine


class Banner(OneLine):
    """``show`` with a state, what is so, and at the right what to do (a word and the key)."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"banner--breach"}
    DEFAULT_CSS = """
Banner {
    & > .banner--breach { color: $tf-banner; background: $tf-banner-background; text-style: bold; }
    &:ansi > .banner--breach { text-style: bold reverse; }
    &:nocolor > .banner--breach { text-style: bold reverse; }
}
"""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told: tuple[State, str, str] = (state_of_level(Level.IDLE), "", "")

    def show(self, state: State, text: str, advice: str = "") -> None:
        if (state, text, advice) != self._told:
            self._told = (state, text, advice)
            self.refresh()

    def left(self, width: int) -> list[LinePiece]:
        state, text, advice = self._told
        if state.level is Level.BREACH:
            room = max(width - len(f" {state.text}   ") - (len(advice) + 6 if advice else 1), 8)
            from widgets.cells import fitted

            tail = f"→ {advice} " if advice else ""
            return [
                LinePiece(f" {state.text}  {fitted(text, room)} {tail}".ljust(width), ("banner--breach",))
            ]
        return [LinePiece(f" {state.text}  ", (f"tok-{state.token}",)), LinePiece(text, (), 1, 20)]

    def right(self, width: int) -> list[LinePiece]:
        state, _, advice = self._told
        if state.level is Level.BREACH or not advice:
            return []
        return [LinePiece(f"  → {advice} ", ("tok-bright",), 2)]
