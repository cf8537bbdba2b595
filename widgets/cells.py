"""Text cut and padded by terminal cells, as the screen counts them."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

from tfdash.text import safe

ELLIPSIS = "…"


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


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in pieces of at most ``width`` cells each; an empty text is one empty piece."""
    if not text:
        return [""]
    width = max(width, 2)  # a wide character needs two
    if text.isascii():
        return [text[i : i + width] for i in range(0, len(text), width)]
    return chop_cells(text, width)


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
