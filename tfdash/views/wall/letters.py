"""Large letters for a wall, drawn in cells: a font of 5 by 7 dots for all that is said, and one of 3 by 5 for narrow figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# Each letter as its rows from the top; a bit is a dot, the leftmost the highest.
_TALL: Mapping[str, tuple[int, ...]] = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 6, 8, 16, 31),
    "3": (14, 17, 1, 6, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 2, 4, 4, 4),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "D": (30, 17, 17, 17, 17, 17, 30),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16),
    "G": (14, 17, 16, 23, 17, 17, 14),
    "H": (17, 17, 17, 31, 17, 17, 17),
    "I": (14, 4, 4, 4, 4, 4, 14),
    "J": (7, 2, 2, 2, 2, 18, 12),
    "K": (17, 18, 20, 24, 20, 18, 17),
    "L": (16, 16, 16, 16, 16, 16, 31),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "N": (17, 25, 25, 21, 19, 19, 17),
    "O": (14, 17, 17, 17, 17, 17, 14),
    "P": (30, 17, 17, 30, 16, 16, 16),
    "Q": (14, 17, 17, 17, 21, 18, 13),
    "R": (30, 17, 17, 30, 20, 18, 17),
    "S": (14, 17, 16, 14, 1, 17, 14),
    "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14),
    "V": (17, 17, 17, 17, 10, 10, 4),
    "W": (17, 17, 17, 21, 21, 27, 17),
    "X": (17, 10, 10, 4, 10, 10, 17),
    "Y": (17, 17, 10, 4, 4, 4, 4),
    "Z": (31, 1, 2, 4, 8, 16, 31),
    "-": (0, 0, 0, 14, 0, 0, 0),
    "+": (0, 4, 4, 31, 4, 4, 0),
    "/": (1, 1, 2, 4, 8, 16, 16),
    "%": (24, 25, 2, 4, 8, 19, 3),
    ".": (0, 0, 0, 0, 0, 12, 12),
    ",": (0, 0, 0, 0, 12, 4, 8),
    ":": (0, 12, 12, 0, 12, 12, 0),
    "?": (14, 17, 1, 2, 4, 0, 4),
    "_": (0, 0, 0, 0, 0, 0, 31),
    "=": (0, 0, 31, 0, 31, 0, 0),
    " ": (0, 0, 0, 0, 0, 0, 0),
}
_UNITS: Mapping[str, tuple[int, ...]] = {  # of times, so that "1d" is no "10"
    "d": (1, 1, 13, 19, 17, 19, 13),
    "h": (16, 16, 22, 25, 17, 17, 17),
    "m": (0, 0, 26, 21, 21, 21, 21),
    "s": (0, 0, 15, 16, 14, 1, 30),
    "w": (0, 0, 17, 17, 21, 21, 10),
    "y": (0, 0, 17, 17, 15, 1, 14),
}
_NARROW: Mapping[str, tuple[int, ...]] = {
    "0": (7, 5, 5, 5, 7),
    "1": (2, 6, 2, 2, 7),
    "2": (7, 1, 7, 4, 7),
    "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7),
    "6": (7, 4, 7, 5, 7),
    "7": (7, 1, 1, 2, 2),
    "8": (7, 5, 7, 5, 7),
    "9": (7, 5, 7, 1, 7),
    "d": (1, 1, 7, 5, 7),
    "h": (4, 4, 7, 5, 5),
    "m": (0, 0, 7, 7, 5),
    "s": (0, 3, 4, 1, 6),
    "y": (0, 5, 7, 1, 6),
    "w": (0, 5, 5, 7, 7),
    "-": (0, 0, 7, 0, 0),
    "+": (0, 2, 7, 2, 0),
    "/": (1, 1, 2, 4, 4),
    "%": (5, 1, 2, 4, 5),
    ".": (0, 0, 0, 0, 2),
    ",": (0, 0, 0, 2, 4),
    ":": (0, 2, 0, 2, 0),
    "?": (7, 1, 3, 0, 2),
    " ": (0, 0, 0, 0, 0),
}


class LetterSize(NamedTuple):
    """How a font's dots become cells: ``wide`` columns and ``halves`` half rows a dot."""

    font: Mapping[str, tuple[int, ...]]
    dots: int  # columns of a letter
    wide: int
    halves: int

    @property
    def rows(self) -> int:
        return (len(self.font[" "]) * self.halves + 1) // 2

    @property
    def whole(self) -> bool:
        """Whether it needs no sign of half a cell."""
        return self.halves % 2 == 0

    @property
    def step(self) -> int:
        """The cells from one letter to the next."""
        return (self.dots + 1) * self.wide

    def width(self, text: str) -> int:
        """The cells of ``text``, without the gap behind its last letter."""
        return max(len(text) * (self.dots + 1) - 1, 0) * self.wide


def scaled(times: int) -> LetterSize:
    """The font that has all letters, a dot ``times`` cells wide and half as many rows high."""
    return LetterSize(_TALL, 5, times, times)


WORDS = scaled(1)
LARGE = scaled(2)
NARROW = LetterSize(_NARROW, 3, 2, 2)
LETTERS = tuple(scaled(times) for times in range(12, 0, -1))
"""Sizes for words, the largest first."""
FIGURES = (*(size._replace(font={**_TALL, **_UNITS}) for size in LETTERS[:-1]), NARROW)
"""Sizes for the numbers that matter, the largest first; none is less than five rows high."""


def drawn(text: str, size: LetterSize) -> list[str]:
    """The rows of ``text``, each ``size.width(text)`` cells; what the font lacks is drawn as "?"."""
    dots = (_dots(text, size, row) for row in range(len(size.font[" "])))
    lines = ["".join(dot * size.wide for dot in line) for line in dots for _ in range(size.halves)]
    blank = " " * size.width(text)
    pairs = zip(lines[::2], [*lines[1::2], blank], strict=False)
    return [upper if upper == lower else "".join(map(_both, upper, lower)) for upper, lower in pairs]


def _dots(text: str, size: LetterSize, row: int) -> str:
    return " ".join(f"{_letter(char, size)[row]:0{size.dots}b}" for char in text).translate(_DOT)


def _letter(char: str, size: LetterSize) -> tuple[int, ...]:
    found = size.font.get(char) or size.font.get(char.upper()) or size.font.get(char.lower())
    return found or size.font["?"]


_DOT = str.maketrans("01", " █")
_CELLS = {(" ", " "): " ", ("█", " "): "▀", (" ", "█"): "▄", ("█", "█"): "█"}


def _both(upper: str, lower: str) -> str:
    return _CELLS[upper, lower]
