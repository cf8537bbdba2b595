"""Lines over time as characters: pure geometry, no colour and no widget. ``widgets.chart`` draws what it gives.

Every character of the plot carries the name of the curve that owns it, so that a theme can colour it; without colour
the curves still differ by their strokes: heavy, light and dashed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.views.axes import Scale, clock, finite, time_marks, usual_gap


class Stroke(NamedTuple):
    """The characters of one curve: along, up and down, then the corners by the two sides that they join."""

    along: str
    upright: str
    left_up: str
    left_down: str
    right_up: str
    right_down: str
    point: str


HEAVY = Stroke("━", "┃", "┛", "┓", "┗", "┏", "●")
LIGHT = Stroke("─", "│", "╯", "╮", "╰", "╭", "○")
DASHED = Stroke("╌", "╎", "╯", "╮", "╰", "╭", "╌")


class Curve(NamedTuple):
    """``values`` belong to the times of the plot, None or NaN where there is none."""

    name: str
    stroke: Stroke
    values: Sequence[float | None]


class PlotCell(NamedTuple):
    text: str
    name: str


EMPTY = PlotCell(" ", "")


def sampled(
    times: Sequence[float], values: Sequence[float | None], width: int, gap: float
) -> list[float | None]:
    """One value a column: between two points no further apart than ``gap`` the line between them, else nothing.

    Where several points fall into one column the greatest is shown: a spike must not vanish.
    """
    first, last = times[0], times[-1]
    columns: list[float | None] = [None] * width
    if width == 1 or last <= first:
        known = finite(values)
        if known:
            columns[min(width - 1, width // 2)] = max(known)
        return columns
    unit = (width - 1) / (last - first)
    own: dict[int, float] = {}
    before: tuple[float, float] | None = None
    for at, value in zip(times, values, strict=True):
        if value is None or not math.isfinite(value):
            before = None
            continue
        column = round((at - first) * unit)
        own[column] = max(value, own.get(column, -math.inf))
        if before is not None and at - before[0] <= gap:
            start = round((before[0] - first) * unit)
            for between in range(start + 1, column):
                share = (first + between / unit - before[0]) / (at - before[0])
                columns[between] = before[1] + (value - before[1]) * min(max(share, 0.0), 1.0)
        before = (at, value)
    for column, value in own.items():
        columns[column] = value
    return columns


def drawn(
    times: Sequence[float],
    curves: Sequence[Curve],
    scale: Scale,
    width: int,
    height: int,
    shade: tuple[str, str] | None = None,
) -> tuple[list[list[PlotCell]], dict[str, int]]:
    """Rows of cells, later curves over earlier ones, and the row in which each curve ends. ``shade`` names a limit and what it is above: what lies between
    them is shaded, and the limit keeps a row of its own, so that a curve stands on or over it where, and only where, it
    reached it, however coarse the rows are."""
    grid = [[EMPTY] * width for _ in range(height)]
    gap = usual_gap(times)
    columns = {c.name: sampled(times, c.values, width, gap) for c in curves}
    rows = {
        name: [None if v is None else scale.row(v, height) for v in values]
        for name, values in columns.items()
    }
    if shade is not None:
        limit, base = shade
        _above(rows, columns, limit, base)
        for x, (top, bottom) in enumerate(zip(rows[limit], rows[base], strict=True)):
            for y in range(top + 1, bottom) if top is not None and bottom is not None else ():
                grid[y][x] = PlotCell("░", "margin")
    for curve in curves:
        _line(grid, rows[curve.name], curve)
    ends = {}
    for name, many in rows.items():
        known = [row for row in many if row is not None]
        if known:
            ends[name] = min(known[-1], height - 1)
    return grid, ends


def _above(
    rows: dict[str, list[int | None]], columns: dict[str, list[float | None]], limit: str, base: str
) -> None:
    """Move rows by one where rounding would hide the limit or put a curve on its wrong side."""
    for x, edge in enumerate(columns[limit]):
        row, under = rows[limit][x], rows[base][x]
        if edge is None or row is None:
            continue
        below = columns[base][x]
        if under is not None and below is not None and below < edge and row >= under:
            row = rows[limit][x] = max(under - 1, 0)
        for name, values in columns.items():
            value, at = values[x], rows[name][x]
            if name == limit or value is None or at is None:
                continue
            rows[name][x] = min(at, row) if value >= edge else max(at, row + 1)


def _line(grid: list[list[PlotCell]], rows: Sequence[int | None], curve: Curve) -> None:
    stroke, name = curve.stroke, curve.name
    height = len(grid)
    at: int | None = None
    for x, row in enumerate(rows):
        if row is None:
            at = None
            continue
        y = min(row, height - 1)
        if at is None and (x + 1 == len(rows) or rows[x + 1] is None):
            grid[y][x] = PlotCell(stroke.point, name)
        elif at is None or at == y:
            grid[y][x] = PlotCell(stroke.along, name)
        else:
            up = y < at
            grid[at][x] = PlotCell(stroke.left_up if up else stroke.left_down, name)
            grid[y][x] = PlotCell(stroke.right_down if up else stroke.right_up, name)
            for between in range(min(at, y) + 1, max(at, y)):
                grid[between][x] = PlotCell(stroke.upright, name)
        at = y
    last = max((x for x, row in enumerate(rows) if row is not None), default=None)
    if last is not None and stroke is not DASHED:
        row = rows[last]
        assert row is not None
        grid[min(row, height - 1)][last] = PlotCell(stroke.point, name)


def time_axis(first: float, last: float, width: int, zone: ZoneInfo) -> str:
    """``09:02 ───── 09:06 ────``: local times at round moments, each beginning at its column."""
    line = ["─"] * width
    if last <= first or width < 8:
        text = f" {clock(last, zone)} "
        at = max(0, min(width // 2 - len(text) // 2, width - len(text)))
        line[at : at + len(text)] = text[:width]
        return "".join(line)[:width]
    marks = time_marks(first, last, zone, (width, 4))
    end = -1
    for mark, text in marks:
        text = f" {text} "
        centre = round((mark - first) / (last - first) * (width - 1))
        at = max(0, min(centre - len(text) // 2, width - len(text)))
        if at > end:
            line[at : at + len(text)] = text
            end = at + len(text)
    return "".join(line)[:width]


def spread(wanted: Sequence[int], height: int) -> list[int]:
    """Rows near the wanted ones (ascending), no two the same; the last may go out of the picture where room ends."""
    placed: list[int] = []
    for row in wanted:
        placed.append(max(row, placed[-1] + 1) if placed else row)
    over = placed[-1] - (height - 1) if placed else 0
    for i in range(len(placed) - 1, -1, -1):
        if over <= 0:
            break
        limit = height - 1 - (len(placed) - 1 - i)
        placed[i] = min(placed[i], limit)
    return placed
