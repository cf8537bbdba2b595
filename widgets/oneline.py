"""One line of the screen in pieces: drawn at once, dropped by priority where room is short, each clickable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tfdash.views.shortnames import short_names
from widgets.cells import fitted, literal, shortened, width_of
from widgets.styled import Styled
from widgets.theme import TOKEN_CLASSES, token_css


class LinePiece(NamedTuple):
    """Some text in the style of component classes.

    ``priority``: the highest is dropped first, 0 never. ``shrinks`` cells at least are kept of one that may be cut
    short before anything of a lower priority goes. ``target`` is what a click on it means.
    """

    text: str
    names: tuple[str, ...] = ()
    priority: int = 0
    shrinks: int = 0
    target: str = ""
    tells: bool = False  # a name: its end tells it from others, so that it is cut in the middle


class OneLine(Styled, Widget):
    """Subclasses say ``left`` and ``right`` pieces; ``target_at`` tells what stands at a cell."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TOKEN_CLASSES)
    ALLOW_SELECT = False
    DEFAULT_CSS = (
        token_css("OneLine")
        + """
OneLine {
    height: 1;
    width: 1fr;
    color: $foreground;
}
"""
    )
    _spans: Sequence[tuple[int, int, str]] = ()

    def left(self, width: int) -> list[LinePiece]:
        """The pieces from the left; ``width`` is the room, for those that choose by it."""
        return []

    def right(self, width: int) -> list[LinePiece]:
        """The pieces that end at the right edge."""
        return []

    def target_at(self, x: int) -> str:
        """The target of the piece at cell ``x``, or ""."""
        return next((target for start, stop, target in self._spans if start <= x < stop), "")

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return Strip.blank(width, self.style())
        left, right = fitting(self.left(width), self.right(width), width)
        blank = width - sum(width_of(p.text) for p in (*left, *right))
        pieces = [*left, LinePiece(" " * max(blank, 0)), *right]
        spans, x = [], 0
        for piece in pieces:
            if piece.target:
                spans.append((x, x + width_of(piece.text), piece.target))
            x += width_of(piece.text)
        self._spans = spans
        segments = [Segment(piece.text, self.style(*piece.names)) for piece in pieces if piece.text]
        return Strip(segments).adjust_cell_length(width, self.style())


def fitting(
    left: Sequence[LinePiece], right: Sequence[LinePiece], width: int
) -> tuple[list[LinePiece], list[LinePiece]]:
    """The pieces that fit into ``width`` cells, texts made literal; the last resort cuts the longest that remains."""
    sides = [[p._replace(text=literal(p.text)) for p in side if p.text] for side in (left, right)]

    def excess() -> int:
        return sum(width_of(p.text) for side in sides for p in side) - width

    while (over := excess()) > 0:
        places = [(s, i) for s, side in enumerate(sides) for i in range(len(side))]
        shrinkable = [(s, i) for s, i in places if 0 < sides[s][i].shrinks < width_of(sides[s][i].text)]
        droppable = [(s, i) for s, i in places if sides[s][i].priority > 0]
        worst = max((sides[s][i].priority for s, i in (*shrinkable, *droppable)), default=None)
        if worst is None:
            _cut_longest(sides, places, over)
            break
        cuttable = [(s, i) for s, i in shrinkable if sides[s][i].priority == worst]
        if cuttable:
            s, i = cuttable[-1]
            piece = sides[s][i]
            keep = max(width_of(piece.text) - over, piece.shrinks)
            sides[s][i] = piece._replace(text=fitted(_shorter(piece, keep), keep), shrinks=0)
        else:
            s, i = [(s, i) for s, i in droppable if sides[s][i].priority == worst][-1]
            gone = sides[s][i]
            if gone.target:  # a key without its word would be a riddle
                sides[s] = [p for p in sides[s] if (p.target, p.priority) != (gone.target, gone.priority)]
            else:
                del sides[s][i]
    return sides[0], sides[1]


def _shorter(piece: LinePiece, keep: int) -> str:
    return short_names([piece.text], keep)[piece.text] if piece.tells else piece.text


def _cut_longest(sides: list[list[LinePiece]], places: list[tuple[int, int]], over: int) -> None:
    for s, i in sorted(places, key=lambda at: width_of(sides[at[0]][at[1]].text), reverse=True):
        piece = sides[s][i]
        keep = max(width_of(piece.text) - over, 0)
        over -= width_of(piece.text) - keep
        sides[s][i] = piece._replace(text=shortened(_shorter(piece, keep), keep))
        if over <= 0:
            return
