"""Plain text laid out by terminal cells: wide characters count two, combining ones none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tfdash.views.shortnames import ELLIPSIS, short_names


def cells(text: str) -> int:
    """How many terminal cells ``text`` takes (it must be safe already)."""
    return len(text) if text.isascii() else _cells(text)


@lru_cache(4096)  # the same glyphs and names stand in each picture
def _cells(text: str) -> int:
    from wcwidth import wcswidth, wcwidth  # its tables take 20 ms: the first frame does without

    width = wcswidth(text)
    return width if width >= 0 else sum(max(wcwidth(c), 0) for c in text)


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells; an ellipsis stands for what is missing."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    from wcwidth import wcwidth

    kept, used = [], 0
    for character in text:
        size = max(wcwidth(character), 0)
        if used + size > width - 1:
            break
        kept.append(character)
        used += size
    return "".join(kept) + ELLIPSIS


def cut_apart(lines: Sequence[str], width: int) -> list[str]:
    """Each line in at most ``width`` cells. Lines that differ never look alike: such show the piece in which they do."""
    shown = {line: cut(line, width) for line in lines}
    alike: dict[str, list[str]] = {}
    for line, short in shown.items():
        alike.setdefault(short, []).append(line)
    for group in alike.values():
        if len(group) > 1:
            shown.update(short_names(group, width))
    return [shown[line] for line in lines]


def pad(text: str, width: int, right: bool = False) -> str:
    """``text`` filled with blanks to ``width`` cells, on its left where ``right``."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def columns(
    rows: Sequence[Sequence[str]],
    right: Sequence[bool] = (),
    gap: int = 3,
    widths: Sequence[int] | None = None,
) -> list[str]:
    """Rows of cells under each other, ``gap`` blanks between columns, nothing at the end of a line."""
    if not rows:
        return []
    many = len(rows[0])
    wide = list(widths) if widths is not None else [max(cells(row[i]) for row in rows) for i in range(many)]
    aligned = [i < len(right) and right[i] for i in range(many)]
    space = " " * gap
    return [
        space.join(pad(cut(cell, w), w, r) for cell, w, r in zip(row, wide, aligned, strict=True)).rstrip()
        for row in rows
    ]


_LEAST = 16  # cells that a column is worth having with


def columns_within(
    rows: Sequence[Sequence[str]],
    titles: Sequence[str],
    width: int | None,
    right: Sequence[bool] = (),
    gap: int = 3,
) -> list[str]:
    """As ``columns``, in ``width`` cells at most (None, 0: as many as they need): the widest give way first, and of what there is no room
    for even so a last line says the ``titles``."""
    wide = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    if not width or sum(wide) + gap * (len(wide) - 1) <= width:
        return columns(rows, right, gap)
    many = next(
        (
            n
            for n in range(len(wide), 1, -1)
            if sum(min(w, _LEAST) for w in wide[:n]) + gap * (n - 1) <= width
        ),
        1,
    )
    room, left = wide[:many], [title for title, w in zip(titles[many:], wide[many:], strict=True) if w]
    while sum(room) + gap * (many - 1) > width:
        room[room.index(max(room))] -= 1
    told = [
        cut_apart(column, w)
        for column, w in zip(zip(*(row[:many] for row in rows), strict=True), room, strict=True)
    ]
    lines = columns(list(zip(*told, strict=True)), right[:many], gap, room)
    return [*lines, *cut_apart([f"… no room here for {', '.join(left)}"], width)] if left else lines


def pairs(given: Sequence[tuple[str, str | Sequence[str]]], indent: int = 0) -> list[str]:
    """``Name:   value`` under each other; of several values each after the first has a line of its own."""
    width = max((cells(label) for label, _ in given), default=0) + 3
    lines = []
    for label, value in given:
        values = [value] if isinstance(value, str) else list(value) or ["<none>"]
        lines.append(" " * indent + pad(f"{label}:", width) + values[0])
        lines.extend(" " * (indent + width) + more for more in values[1:])
    return [line.rstrip() for line in lines]
