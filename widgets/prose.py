"""Lines of coloured pieces that wrap between words: sentences beside charts, and what a dialog says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from tfdash.views.table import Cell, Line
from widgets.cells import literal, width_of, wrapped
from widgets.lineview import LineView

LONGEST = 8000  # characters of one piece that are shown: nobody reads on
_APART = "   "
Run: TypeAlias = tuple[str, str]
"""Text and its token."""


def flow(line: Line, width: int, indent: int = 0) -> list[list[Run]]:
    """One line as rows of at most ``width`` cells, broken at blanks; later rows are indented by ``indent`` cells."""
    width = max(width, 4)
    indent = min(indent, width // 2)
    rows: list[list[Run]] = [[]]
    used = 0
    for cell in line:
        text, token = (cell, "") if isinstance(cell, str) else cell
        if len(text) > LONGEST:
            text = text[:LONGEST] + "…"
        for word in _words(literal(text)):
            size = width_of(word.rstrip())
            if used and used + size > width:
                rows.append([(" " * indent, "")] if indent else [])
                used = indent
                word = word.lstrip() if len(rows) > 1 else word
                size = width_of(word.rstrip())
            while size > width - used:  # longer than a whole row: cut where it must be
                room = max(width - used, 2)
                first, *rest = wrapped(word, room)
                rows[-1].append((first, token))
                word = "".join(rest)
                size = width_of(word.rstrip())
                rows.append([(" " * indent, "")] if indent else [])
                used = indent
            word = word if used + width_of(word) <= width else word.rstrip()
            if word:
                rows[-1].append((word, token))
                used += width_of(word)
    if len(rows) > 1 and not any(text.strip() for text, _ in rows[-1]):
        rows.pop()
    return rows


def beside(lines: Sequence[Line], width: int, indent: int = 0) -> list[list[Run]]:
    """Short lines side by side, three blanks apart, as many as fit into a row, none of them broken; long ones flow."""
    rows: list[list[Run]] = []
    used = 0
    for line in lines:
        flowed = flow(line, width, indent)
        size = sum(width_of(text) for text, _ in flowed[0])
        if len(flowed) == 1 and used and used + len(_APART) + size <= width:
            rows[-1] += [(_APART, ""), *flowed[0]]
            used += len(_APART) + size
        else:
            rows += flowed
            used = size if len(flowed) == 1 else 0
    return rows


def _words(text: str) -> list[str]:
    """Words, each with the blanks behind it; blanks in front are a word of their own."""
    words: list[str] = []
    word = ""
    for i, character in enumerate(text):
        word += character
        if character == " " and i + 1 < len(text) and text[i + 1] != " ":
            words.append(word)
            word = ""
    return [*words, word] if word else words


class Prose(LineView):
    """``show`` with lines; as high as they need, at most ``most`` rows where that is given. Scrolls if it must.
    ``packed``: short lines stand side by side."""

    can_focus = False
    DEFAULT_CSS = """
Prose { height: auto; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: auto; }
"""

    def __init__(
        self,
        *,
        indent: int = 0,
        most: int = 0,
        packed: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[tuple[Cell, ...], ...] = ()
        self._indent, self._most, self._packed = indent, most, packed
        self._made: dict[int, list[list[Run]]] = {}  # by width, of the lines that are shown

    def show(self, lines: Sequence[Line], most: int | None = None) -> None:
        told = tuple(tuple(line) for line in lines)
        most = self._most if most is None else most
        if told != self._lines or most != self._most:
            before = len(self._flowed(self._room)) if self.size.width else -1
            self._lines, self._most = told, most
            self._made.clear()
            same = self.size.width > 0 and len(self._flowed(self._room)) == before
            self.refresh(layout=not same)

    @property
    def text(self) -> str:
        return "\n".join("".join(c if isinstance(c, str) else c[0] for c in line) for line in self._lines)

    def rows_at(self, width: int) -> int:
        """How many rows it takes at that width."""
        return len(self._flowed(width))

    @property
    def _room(self) -> int:
        """The cells of a row: all where everything fits, else what the scrollbar leaves.

        Never by whether the scrollbar is there at the moment: rows that are short because of it would keep it there.
        """
        width = self.size.width
        fits = len(self._flowed(width)) <= self.size.height
        return width if fits else max(width - self.styles.scrollbar_size_vertical, 0)

    def _flowed(self, width: int) -> list[list[Run]]:
        if width not in self._made:
            if self._packed:
                rows = beside(self._lines, width, self._indent)
            else:
                rows = [row for line in self._lines for row in flow(line, width, self._indent)]
            if self._most and len(rows) > self._most:
                rows = rows[: self._most]
                rows[-1] = (
                    [*rows[-1][:-1], (rows[-1][-1][0].rstrip()[:-1] + "…", rows[-1][-1][1])]
                    if rows[-1]
                    else [("…", "")]
                )
            self._made[width] = rows
        return self._made[width]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._flowed(width))

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._flowed(self._room)))

    def render_line(self, y: int) -> Strip:
        rows = self._flowed(self._room)
        at = y + self.scroll_offset.y
        if at >= len(rows):
            return self.line("")
        segments = [
            Segment(text, self.style(f"tok-{token}" if token else "")) for text, token in rows[at] if text
        ]
        return Strip(segments).adjust_cell_length(self.size.width, self.style())
