"""Small regions beside a table: a rule between two of them, lines of pieces, and a bar that shows a share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rich.segment import Segment
from textual.strip import Strip

from widgets.cells import literal, shortened, width_of
from widgets.lineview import LineView


class Piece(NamedTuple):
    """A run of text and the component class that colours it ("" for plain)."""

    text: str
    style: str = ""


PieceLine: TypeAlias = Sequence[Piece]


class Divider(LineView):
    """One line between two regions."""

    can_focus = False
    DEFAULT_CSS = """
Divider { height: 1; overflow: hidden hidden; scrollbar-size: 0 0; scrollbar-gutter: auto; color: $tf-rule; }
Divider > .divider--text { color: $tf-bright; text-style: bold; }
"""
    COMPONENT_CLASSES = {"divider--text"}  # noqa: RUF012 - as Textual has it

    def __init__(self, text: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = text

    def set_text(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self._text:
            return Strip([Segment("─" * width, self.style())], width)
        text = shortened(literal(self._text), max(0, width - 5))
        pieces = [("─ ", ""), (text, "divider--text"), (" ", "")]
        used = sum(width_of(piece) for piece, _ in pieces)
        segments = [Segment(piece, self.style(name)) for piece, name in pieces]
        segments.append(Segment("─" * max(0, width - used), self.style()))
        return Strip(segments).adjust_cell_length(width, self.style())


class Lines(LineView):
    """A few lines of pieces each, cut at the width: panels beside or under a table."""

    can_focus = False
    DEFAULT_CSS = """
Lines { height: auto; overflow: hidden hidden; scrollbar-size: 0 0; scrollbar-gutter: auto; }
Lines > .lines--track { color: $tf-track; }
"""
    COMPONENT_CLASSES = {"lines--track"}  # noqa: RUF012 - as Textual has it

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[tuple[Piece, ...], ...] = ()

    def show(self, lines: Sequence[PieceLine]) -> None:
        told = tuple(tuple(line) for line in lines)
        if told != self._lines:
            same = len(told) == len(self._lines)
            self._lines = told
            self.refresh(layout=not same)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, len(self._lines))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return self.line("")
        segments, x = [], 0
        for piece in self._lines[y]:
            text = shortened(literal(piece.text), max(0, width - x))
            if text:
                segments.append(Segment(text, self.style(piece.style)))
                x += width_of(text)
        return Strip(segments).adjust_cell_length(width, self.style())


def bar(share: float, width: int, token: str) -> list[Piece]:
    """``━━━━●┈┈┈``: a share of 0 to 1 in ``width`` cells; one past its range stays full, and red."""
    filled = min(max(round(share * width), 0), width)
    head = "●" if 0 < filled <= width else ""
    full = "━" * (filled - len(head)) + head
    return [Piece(full, f"tok-{token}"), Piece("┈" * (width - filled), "lines--track")]
