"""Small regions beside a table: a rule between two of them, and a few lines of pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from widgets.cells import literal, shortened, width_of
from widgets.lineview import LineView


class Piece(NamedTuple):
    """A run of text and the component class that colours it ("" for plain)."""

    text: str
    style: str = ""


class Rule(LineView):
    """One line between two regions."""

    can_focus = False
    DEFAULT_CSS = """
Rule { height: 1; overflow: hidden hidden; scrollbar-size: 0 0; color: $tf-rule; }
"""

    def __init__(self, text: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = text

    def set_text(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        head = f"─ {shortened(self._text, max(0, width - 6))} " if self._text else ""
        return self.line(head + "─" * max(0, width - width_of(head)))


class Lines(LineView):
    """A few lines of pieces each, cut at the width: panels beside or under a table."""

    can_focus = False
    DEFAULT_CSS = "Lines { height: auto; overflow: hidden hidden; scrollbar-size: 0 0; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[tuple[Piece, ...], ...] = ()

    def show(self, lines: Sequence[Sequence[Piece]]) -> None:
        told = tuple(tuple(line) for line in lines)
        if told != self._lines:
            same = len(told) == len(self._lines)
            self._lines = told
            self.styles.height = max(1, len(told))
            self.refresh(layout=not same)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return self.line("")
        segments, x = [], 0
        for piece in self._lines[y]:
            text = shortened(literal(piece.text), max(0, width - x))
            segments.append(Segment(text, self.style(piece.style)))
            x += width_of(text)
        return Strip(segments).adjust_cell_length(width, self.style())
