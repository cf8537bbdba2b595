"""Text cut and padded by terminal cells, as the screen counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

from tfdash.text import safe

ELLIPSIS = "…"
_COLUMN = re.compile(r"^ +(?=\S)|(?<=\S) {2,}(?=\S)")  # what stands before a column
_LEAST = 24  # cells that a column must have to be wrapped in


def literal(text: str) -> str:
    """``text`` safe to send to a terminal. Costs nothing where it already is."""
    return text if text.isprintable() else safe(text)


def width_of(text: str) -> int:
    """The cells that ``text`` takes."""
    return len(text) if text.isascii() else cell_len(text)


def fitted(text: str, width: int, right: bool = False) -> str:
    """``text`` in exactly ``width`` cells: padded, or cut with an ellipsis. Wide characters are never halved."""
    if not text.isprintable():
        text = safe(text)
    used = len(text) if text.isascii() else cell_len(text)
    if used == width:
        return text
    if used < width:
        return " " * (width - used) + text if right else text + " " * (width - used)
    if width <= 0:
        return ""
    if text.isascii():
        return text[: width - 1] + ELLIPSIS
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + ELLIPSIS, width)


def shortened(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, cut with an ellipsis where it is longer."""
    text = literal(text)
    return text if width_of(text) <= width else fitted(text, width).rstrip()


def pieces_in(pieces: Sequence[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Pieces of a line, each (text, token), in at most ``width`` cells: an ellipsis wherever something is missing, at the edge of a piece too."""
    given = [(literal(text), token) for text, token in pieces]
    whole = width_of("".join(text for text, _ in given).rstrip()) <= width
    left = width if whole else width - 1
    found: list[tuple[str, str]] = []
    for text, token in given:
        if width_of(text) > left:
            text = set_cell_size(text, max(left, 0)) + ("" if whole else ELLIPSIS)
            return [*found, (text, token)] if text and width > 0 else found
        if text:
            found.append((text, token))
        left -= width_of(text)
    return found


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in pieces of at most ``width`` cells each; an empty text is one empty piece."""
    if not text:
        return [""]
    width = max(width, 2)  # a wide character needs two
    if text.isascii():
        return [text[i : i + width] for i in range(0, len(text), width)]
    return chop_cells(text, width)


def prose(text: str, width: int) -> tuple[list[str], int]:
    """``text`` in pieces of at most ``width`` cells, broken behind blanks (which stay with the piece before them and do not
    count), and by how many cells all but the first are indented: to the last column of the line that leaves room for its
    words. Only a word that is longer than a line is broken."""
    if width_of(text) <= width:
        return [text], 0
    longest, start = max(map(width_of, text.split(" "))), 0
    for column in reversed([match.end() for match in _COLUMN.finditer(text)]):
        if width_of(text[:column]) + max(longest, _LEAST) <= width:
            start = column
            break
    hang, pieces, room = width_of(text[:start]), [], width
    while width_of(text.rstrip(" ")) > room:
        fits = len(wrapped(text[: room + 1], room)[0])
        end = fits if text[fits] == " " else text.rfind(" ", start, fits) + 1
        if end <= start:  # a word longer than a line
            end = fits
        while text[end] == " ":
            end += 1
        pieces.append(text[:end])
        text, start, room = text[end:], 0, width - hang
    return [*pieces, text], hang


def paragraph(text: str, width: int) -> list[str]:
    """``text`` broken between words where it can be."""
    lines, current = [], ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if width_of(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        *full, current = wrapped(word, width)
        lines.extend(full)
    return [*lines, current]
