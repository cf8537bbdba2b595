"""A line that answers a screen's question, more than one where it is long; a breach is reversed, so that it is read across
a room."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from tfdash.model.verdict import Level
from tfdash.views.state import State
from tfdash.views.state import of_level as state_of_level
from widgets.cells import fitted, literal, paragraph, shortened, width_of
from widgets.oneline import OneLine

_MOST = 4  # rows: what is longer stands on the page behind it


class Banner(OneLine):
    """``show`` with a state, what is so, and at the right what to do (a word and the key)."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"banner--breach"}
    DEFAULT_CSS = """
Banner {
    height: auto;
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
            self.refresh(layout=True)

    def rows(self, width: int) -> list[str]:
        """The sentence in rows behind the state; what to do stands at the end of the first."""
        lead, tail = self._ends()
        room = max(width - width_of(lead), 8)
        first, *rest = paragraph(literal(self._told[1]), max(room - width_of(tail), 8))
        if not rest:
            return [first]
        more = paragraph(" ".join(rest), room)
        return [first, *more[: _MOST - 2], shortened(" ".join(more[_MOST - 2 :]), room)][: len(more) + 1]

    def _ends(self) -> tuple[str, str]:
        state, _, advice = self._told
        blanks = " " * 3 if state.level is Level.BREACH else ""
        return f" {state.text}  ", f"  → {advice} {blanks}" if advice else ""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.rows(width))

    def render_line(self, y: int) -> Strip:
        width, rows = self.size.width, self.rows(self.size.width)
        state = self._told[0]
        lead, tail = self._ends()
        if y >= len(rows):
            return Strip.blank(width, self.style())
        lead, tail = (lead, tail) if y == 0 else (" " * width_of(lead), "")
        room = max(width - width_of(lead) - width_of(tail), 0)
        breach = ("banner--breach",) if state.level is Level.BREACH else ()
        pieces = [
            Segment(lead, self.style(*(breach or (f"tok-{state.token}",)))),
            Segment(fitted(rows[y], room), self.style(*breach)),
            Segment(tail, self.style(*(breach or ("tok-bright",)))),
        ]
        return Strip([p for p in pieces if p.text]).adjust_cell_length(width, self.style(*breach))
