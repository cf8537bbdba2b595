"""The numbers that matter, side by side, in the largest letters that have room for them and for their words."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.views.wall.content import WallContent
from tfdash.views.wall.figures import Figure
from tfdash.views.wall.letters import FIGURES, LetterSize, drawn, scaled
from tfdash.views.wall.lines import LEFT, MARK, WallLines, WallLook, WallPiece

_GAP = 3  # dots between two figures


def digits(shown: WallContent, width: int, most: int, look: WallLook) -> WallLines:
    """In at most so many lines. The words below are of one size; where numbers have no room beside each other the last are told in a
    line of text, and where large ones have none all are: what a number is of goes with the number, never before it."""
    figures = shown.figures
    for large in range(len(figures), 0, -1):
        rest = _told(figures[large:], shown.changed, width)
        for times in range(look.label_scale, -1, -1):
            label = scaled(times) if times else None
            for size in look.sizes(FIGURES):
                below = label.rows + 1 if label else 1
                if size.rows + below + len(rest) > most or size.wide <= times:
                    continue
                columns = _columns(figures[:large], size, label, width)
                if columns:
                    return [*_side_by_side(figures[:large], shown.changed, size, label, columns), *rest]
    return _told(figures, shown.changed, width)[: max(most, 1)]


def _columns(
    figures: Sequence[Figure], size: LetterSize, label: LetterSize | None, width: int
) -> list[int] | None:
    """The cells of each: alike where that has room, so that they stand where they stood when a number grows. None: too wide."""
    wide = [max(size.width(f.text), 2 + (label.width(f.label) if label else len(f.label))) for f in figures]
    gap, many, room = _GAP * size.wide, len(figures), width - 2 * LEFT
    if sum(wide) + gap * (many - 1) > room:
        return None
    if max(wide) + gap <= room // many:
        return [room // many] * many
    spare = (room - sum(wide) - gap * (many - 1)) // many
    return [one + gap + spare for one in wide]


def _side_by_side(
    figures: Sequence[Figure],
    changed: frozenset[str],
    size: LetterSize,
    label: LetterSize | None,
    columns: Sequence[int],
) -> WallLines:
    rows: WallLines = [[(" " * LEFT, "")] for _ in range(size.rows)]
    labels: WallLines = [[(" " * LEFT, "")] for _ in range(label.rows if label else 1)]
    for figure, room in zip(figures, columns, strict=True):
        for line, row in zip(rows, drawn(figure.text, size), strict=True):
            line.append((row.ljust(room), figure.token))
        written = drawn(figure.label, label) if label else [figure.label.upper()]
        mark = f"{MARK} " if figure.label in changed else ""
        for line, row in zip(labels, written, strict=True):
            line += [(mark, "accent"), (row.ljust(room - len(mark)), "dim" if label else figure.token)]
    return [*rows, *([[]] if label else []), *labels]


def _told(figures: Sequence[Figure], changed: frozenset[str], width: int) -> WallLines:
    """As text, in as many lines as it needs."""
    lines: WallLines = []
    left = 0
    for figure in figures:
        mark = f"{MARK} " if figure.label in changed else ""
        text = f"{figure.text} {figure.label.upper()}"
        pieces: list[WallPiece] = [(mark, "accent"), (text, figure.token), ("   ", "")]
        if not lines or len(mark + text) > left:
            lines.append([(" " * LEFT, "")])
            left = width - LEFT
        lines[-1] += pieces
        left -= len(mark + text) + 3
    return lines
