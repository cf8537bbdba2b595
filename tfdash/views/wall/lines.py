"""What the lines of a wall are made of, and how text is fitted into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

from tfdash.views.wall.letters import LETTERS, LetterSize, drawn

WallPiece: TypeAlias = tuple[str, str]
"""A text and its token: one of ``views.table.TOKENS``, "" or one of ``face.OWN``."""
WallLines: TypeAlias = list[list[WallPiece]]
MARK = "▌"
LEFT = 2  # cells left of all
TALL = 44  # rows, from which on names are drawn in letters of several rows; twice as many, twice as large
_WIDE = 150  # columns, likewise
_LABELS = 180  # columns for three labels of nine letters


class WallLook(NamedTuple):
    """How it is drawn. ``ascii``: for a console whose font has no signs; ``shift``: cells by which all stands further to the right, so that
    no cell is lit for ever."""

    width: int
    height: int
    ascii: bool = False
    shift: int = 0

    @property
    def scale(self) -> int:
        """Of the letters of names, titles and banners: 0 where they are plain text."""
        return 0 if self.ascii else min(self.width // _WIDE, self.height // TALL)

    @property
    def label_scale(self) -> int:
        """Of the words below large numbers, alike for every page: so large that those of each page have room."""
        return min(self.scale, self.width // _LABELS)

    def sizes(self, of: Sequence[LetterSize]) -> list[LetterSize]:
        """Those that the terminal has the signs for."""
        return [size for size in of if size.whole or not self.ascii]


def fit(text: str, width: int) -> str:
    """Cut to ``width`` cells, with a sign that it was."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def wrapped(text: str, width: int, most: int) -> list[str]:
    """In at most so many lines, broken between words."""
    lines: list[str] = []
    line = ""
    words = text.split(" ")
    for number, word in enumerate(words):
        if line and cell_len(f"{line} {word}") > width:
            if len(lines) == most - 1:
                return [*lines, fit(" ".join((line, *words[number:])), width)]
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, fit(line, width)]


def words(text: str, token: str, width: int, most: int, look: WallLook) -> WallLines:
    """A few words in the largest letters that have room in ``most`` lines."""
    for size in look.sizes(LETTERS):
        if size.width(text) + 2 * LEFT <= width and size.rows <= most:
            return [[(" " * LEFT + row, token)] for row in drawn(text, size)]
    return [[(f"  {text}", token)]]
