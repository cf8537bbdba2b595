"""Lines over time as characters: pure geometry, no colour and no widget. ``widgets.chart`` draws what it gives.

Every character of the plot carries the name of the curve that owns it, so that a theme can colour it; without colour
the curves still differ by their strokes: heavy, light and dashed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo


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


_HUGE = 1e30  # beyond it no axis makes sense


class Curve(NamedTuple):
    """``values`` belong to the times of the plot, None or NaN where there is none."""

    name: str
    stroke: Stroke
    values: Sequence[float | None]


class Scale(NamedTuple):
    """Values from ``low`` (the lowest row) to ``high`` (the highest), marked every ``step``."""

    low: float
    high: float
    step: float

    @property
    def decimals(self) -> int:
        for places in range(7):
            if abs(round(self.step, places) - self.step) < 1e-12 * max(1.0, abs(self.step)):
                return places
        return 7

    def row(self, value: float, height: int) -> int:
        """The row of a value, 0 at the top; what lies outside stands at the edge."""
        share = (self.high - value) / (self.high - self.low)
        return min(max(round(share * (height - 1)), 0), height - 1)

    def marks(self) -> list[float]:
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        return [n * self.step for n in range(first, last + 1)]


def finite(values: Sequence[float | None]) -> list[float]:
    return [v for v in values if v is not None and math.isfinite(v)]


def nice(value: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten that is not smaller."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((m * power for m in (1.0, 2.0, 2.5, 5.0) if m * power >= value * (1 - 1e-9)), 10.0 * power)


def scale_of(values: Sequence[float], height: int, least: float = 0.0) -> Scale:
    """Round numbers around all values; from zero, unless all lie close together far above it. ``least``: of what it spans, so that
    what hardly moves looks as it does."""
    low, high = max(min(values), -_HUGE), min(max(values), _HUGE)
    spread = high - low if high - low > 1e-12 * max(abs(low), abs(high), 1e-12) else 0.0
    if low >= 0 and (low < high / 2 or spread == 0):
        low = 0.0
    else:
        low = low - spread * 0.25
        low = max(low, 0.0) if min(values) >= 0 else low
    if high - low < least:
        low = (
            max(low - (least - (high - low)) / 2, 0.0)
            if min(values) >= 0
            else low - (least - (high - low)) / 2
        )
        high = max(high, low + least)
    if high - low < 1e-9:  # all the same, or nothing: an axis to one is calmer than an axis of noise
        high = low + (abs(low) or 1.0)
    step = nice((high - low) / max(1, min(5, (height - 1) // 2)))
    bottom = math.floor(low / step + 1e-9) * step
    top = math.ceil(high / step - 1e-9) * step
    return Scale(bottom, top if top > bottom else bottom + step, step)


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


def usual_gap(times: Sequence[float]) -> float:
    """Twice and a half the usual distance of two points: what is further apart is not joined."""
    steps = sorted(b - a for a, b in pairwise(times) if b > a)
    return 2.5 * steps[len(steps) // 2] if steps else math.inf


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


_STEPS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    172800,
    604800,
)


def time_axis(first: float, last: float, width: int, zone: ZoneInfo) -> str:
    """``09:02 ───── 09:06 ────``: local times at round moments, each beginning at its column."""
    line = ["─"] * width
    if last <= first or width < 8:
        text = f" {_clock(last, zone, False)} "
        at = max(0, min(width // 2 - len(text) // 2, width - len(text)))
        line[at : at + len(text)] = text[:width]
        return "".join(line)[:width]
    seconds = last - first < 180
    size = (8 if seconds else 5) + 2
    wanted = (last - first) * (size + 4) / width
    step = next((s for s in _STEPS if s >= wanted), _STEPS[-1])
    offset = datetime.fromtimestamp(first, UTC).astimezone(zone).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    mark = math.ceil((first + shift) / step) * step - shift
    end = -1
    while mark <= last:
        text = f" {_clock(mark, zone, seconds, step >= 86400)} "
        centre = round((mark - first) / (last - first) * (width - 1))
        at = max(0, min(centre - len(text) // 2, width - len(text)))
        if at > end:
            line[at : at + len(text)] = text
            end = at + len(text)
        mark += step
    return "".join(line)[:width]


def _clock(at: float, zone: ZoneInfo, seconds: bool, days: bool = False) -> str:
    moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return f"{moment:%d %b}" if days else f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"


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
