"""Draws the lines of a table as strips. A row: cells cut and padded, tokens as styles, equal neighbours joined."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tfdash.views.table import Cell, Column
from widgets.cells import fitted, literal, shortened, width_of
from widgets.columns import GAP, Fit
from widgets.lineview import LineView

GUTTER = 3  # the cursor's bar, the mark, a blank
CURSOR, MARK = "▌", "●"
_GAP = " " * GAP


def row_strip(
    view: LineView,
    columns: Sequence[Column],
    fit: Fit,
    cells: Sequence[Cell],
    *,
    state: str = "",
    marked: bool = False,
    bright: frozenset[int] = frozenset(),
) -> Strip:
    """One row. ``state`` is "", or the component class of the cursor's row; ``bright`` holds column indices."""
    plain = view.style(state)
    segments = [
        Segment(CURSOR if state else " ", view.style(state, "table--cursor-bar") if state else plain),
        Segment(MARK if marked else " ", view.style(state, "table--mark") if marked else plain),
    ]
    text, style = " ", plain
    used = 0
    for number, (index, width) in enumerate(fit.placed):
        cell = cells[index] if index < len(cells) else ""
        value, token = (cell, "") if isinstance(cell, str) else cell
        if marked and number == 0:
            wanted = view.style(state, "table--mark")
        elif token or index in bright:
            wanted = _cell_style(view, state, token, index in bright)
        else:
            wanted = plain
        if number:
            text, style = _append(segments, text, style, _GAP, plain)
            used += GAP
        shown = fitted(value, width, columns[index].align == "right")
        text, style = _append(segments, text, style, shown, wanted)
        used += width
    text, style = _append(segments, text, style, " " * max(view.size.width - GUTTER - used, 0), plain)
    segments.append(Segment(text, style))
    return Strip(segments, max(view.size.width, GUTTER + used))


def _cell_style(view: LineView, state: str, token: str, bright: bool) -> Style:
    names = [state]
    if bright:
        names.append("table--changed")
        if not token:
            names.append("tok-bright")
    if token:
        names.append(f"tok-{token}")
    return view.style(*names)


def _append(segments: list[Segment], text: str, style: Style, more: str, wanted: Style) -> tuple[str, Style]:
    if style is wanted or style == wanted:
        return text + more, style
    if text:
        segments.append(Segment(text, style))
    return more, wanted


def title_strip(view: LineView, pieces: Sequence[tuple[str, str]], status: str, token: str) -> Strip:
    """The title: ``pieces`` (text, name of a style) at the left, the status at the right, which gives way."""
    width = view.size.width
    right = f"{literal(status)} " if status else ""
    left_width = sum(width_of(piece) for piece, _ in pieces)
    if right and left_width + 2 + width_of(right) > width:
        right = shortened(right, max(width - left_width - 2, 0))
    segments = [Segment(piece, view.style(name)) for piece, name in pieces]
    blank = width - left_width - width_of(right)
    if blank > 0:
        segments.append(Segment(" " * blank, view.style()))
    if right:
        segments.append(Segment(right, view.style(f"tok-{token}" if token else "tok-dim")))
    return Strip(segments).adjust_cell_length(width, view.style())


def header_strip(
    view: LineView, columns: Sequence[Column], fit: Fit, sorted_by: str, descending: bool, hint: str
) -> Strip:
    """The heads of the columns, an arrow at the one that sorts; the arrow may use the gap beside it."""
    normal, chosen = view.style("table--header"), view.style("table--header", "table--sorted")
    segments = [Segment(" " * GUTTER, normal)]
    used = GUTTER
    arrow = "↓" if descending else "↑"
    owed = ""  # what the previous column's arrow took of the gap
    for number, (index, width) in enumerate(fit.placed):
        column = columns[index]
        right = column.align == "right"
        last = number == len(fit.placed) - 1
        if number:
            gap = GAP - len(owed)
            lent = int(right and column.key == sorted_by and width_of(column.title) >= width)
            segments.append(Segment(" " * (gap - lent), normal))
            used += gap - lent
        else:
            lent = 0
        owed = ""
        if column.key != sorted_by:
            segments.append(Segment(fitted(column.title, width, right), normal))
            used += width
            continue
        if right:
            title = fitted(arrow + column.title, width + lent, right=True)
        elif width_of(column.title) >= width and not last:
            title, owed = fitted(column.title, width) + arrow, arrow
        else:
            title = fitted(column.title + arrow, width)
        segments.append(Segment(title, chosen))
        used += width_of(title)
    rest = view.size.width - used
    if hint and width_of(hint) + 1 <= rest:
        segments.append(
            Segment(fitted(hint, rest - 1, right=True) + " ", view.style("table--header", "tok-dim"))
        )
    elif rest > 0:
        segments.append(Segment(" " * rest, normal))
    return Strip(segments).adjust_cell_length(view.size.width, normal)


def column_at(columns: Sequence[Column], fit: Fit, x: int) -> Column | None:
    """The column whose head stands at cell ``x`` of the line."""
    start = GUTTER
    for index, width in fit.placed:
        if start <= x < start + width + GAP:
            return columns[index]
        start += width + GAP
    return None
