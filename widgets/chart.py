"""A line chart of one trigger: the canary against its baseline and the limit, the room between them shaded.

Drawn from box characters by ``render_line``; what changed or what is asked for is drawn, nothing animates. Without
colour the canary is the heavy line, the baseline the light one and the limit the dashed one; each has its name at its
end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tfdash.views import axes
from widgets import plot
from widgets.cells import fitted, paragraph, shortened, width_of
from widgets.lineview import LineView
from widgets.plot import DASHED, HEAVY, LIGHT, Curve, PlotCell

UTC = ZoneInfo("UTC")
_NARROW = 48  # cells of a chart that has no room for values behind the names
_NAMES = ("canary", "limit", "baseline")  # from above where their lines end in one row


class Drawing(NamedTuple):
    """``points`` are (epoch seconds, canary, baseline, limit), oldest first, any of them None where it is not known.

    Values are multiplied by ``factor`` and shown in ``unit``. ``title`` stands in the rule above it; ``empty`` is what is
    said where there is nothing to draw. ``over``: the canary is over its limit now. ``names``: what the three are called at
    their ends, where they are something else.
    """

    title: str = ""
    points: Sequence[tuple[float, float | None, float | None, float | None]] = ()
    unit: str = ""
    factor: float = 1.0
    zone: ZoneInfo = UTC
    empty: str = ""
    over: bool = False
    names: tuple[str, str, str] = _NAMES
    span: float = 0.0  # of the axis at least, in ``unit``


class Chart(LineView):
    """``show`` with another drawing."""

    can_focus = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--canary",
        "chart--over",
        "chart--baseline",
        "chart--limit",
        "chart--margin",
        "chart--axis",
        "chart--title",
    }
    DEFAULT_CSS = """
Chart {
    height: 1fr;
    min-height: 5;
    overflow: hidden hidden;
    scrollbar-size: 0 0;
    scrollbar-gutter: auto;
    & > .chart--canary { color: $tf-accent; text-style: bold; }
    & > .chart--over { color: $tf-breach; text-style: bold; }
    & > .chart--baseline { color: $foreground; }
    & > .chart--limit { color: $tf-warn; }
    & > .chart--margin { color: $tf-track; }
    & > .chart--axis { color: $tf-dim; }
    & > .chart--title { color: $tf-bright; text-style: bold; }
    &:ansi > .chart--margin, &:ansi > .chart--axis { text-style: dim; }
    &:nocolor > .chart--margin, &:nocolor > .chart--axis { text-style: dim; }
}
"""

    def __init__(self, drawing: Drawing | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawing = drawing or Drawing()
        self._made: tuple[Drawing, int, int] | None = None
        self._rows: list[list[PlotCell]] = []

    def show(self, drawing: Drawing) -> None:
        if drawing != self._drawing:
            self._drawing = drawing
            self.refresh()

    @property
    def drawing(self) -> Drawing:
        return self._drawing

    def render_line(self, y: int) -> Strip:
        width, height = self.size.width, self.size.height
        if width < 1 or y >= height:
            return self.line("")
        if self._made != (self._drawing, width, height):
            self._made = (self._drawing, width, height)
            self._rows = rows_of(self._drawing, width, height)
        if y >= len(self._rows):
            return self.line("")
        over = self._drawing.over
        segments: list[Segment] = []
        run, name = "", ""
        for cell in self._rows[y]:
            if cell.name != name and run:
                segments.append(Segment(run, self._of(name, over)))
                run = ""
            run, name = run + cell.text, cell.name
        if run:
            segments.append(Segment(run, self._of(name, over)))
        return Strip(segments).adjust_cell_length(width, self.style())

    def _of(self, name: str, over: bool) -> Style:
        if not name:
            return self.style()
        if name.startswith("tok-"):
            return self.style(name)
        return self.style("chart--over" if name == "canary" and over else f"chart--{name}")


def rows_of(drawing: Drawing, width: int, height: int) -> list[list[PlotCell]]:
    """The whole chart: its title in a rule, the plot between its axis and the names of the lines, the times below."""
    rows = [_titled(drawing.title, width)]
    times = [p[0] for p in drawing.points]
    shown = [axes.finite([p[i] for p in drawing.points]) for i in (1, 2, 3)]
    if not (shown[0] or shown[1]) or height < 4 or width < 20:
        told = drawing.empty or "nothing was measured yet"
        for line in paragraph(told, max(width - 3, 8))[: max(height - 1, 0)]:
            rows.append([PlotCell("  ", ""), PlotCell(line, "tok-dim")])
        return rows
    values = {
        name: [None if p[i] is None else _number(p[i], drawing.factor) for p in drawing.points]
        for name, i in (("canary", 1), ("baseline", 2), ("limit", 3))
    }
    inner = height - 2
    scale = axes.scale_of([v for many in values.values() for v in axes.finite(many)], inner, drawing.span)
    marks = {scale.row(m, inner): m for m in scale.marks()}
    texts = {y: _mark(m, scale, drawing.unit) for y, m in marks.items()}
    if texts:
        top = min(texts)  # the unit once, at the top; below it blanks keep the digits under each other
        blank = " " * (width_of(drawing.unit) + 1) if drawing.unit else ""
        texts = {y: t if y == top else t.removesuffix(f" {drawing.unit}") + blank for y, t in texts.items()}
    gutter = max((width_of(t) for t in texts.values()), default=0) + 1
    texts_at_end = _names(values, drawing.unit, width, drawing.names)
    right = max((width_of(text) for text in texts_at_end.values()), default=0) + 1
    room = max(width - gutter - 1 - right, 8)
    curves = [
        Curve("limit", DASHED, values["limit"]),
        Curve("baseline", LIGHT, values["baseline"]),
        Curve("canary", HEAVY, values["canary"]),
    ]
    body, ends = plot.drawn(times, curves, scale, room, inner, ("limit", "baseline"))
    at_end = _placed(texts_at_end, ends, inner)
    for y in range(inner):
        row = [
            PlotCell(fitted(texts.get(y, ""), gutter, right=True), "axis"),
            PlotCell("┤" if y in texts else "│", "axis"),
        ]
        row.extend(body[y])
        text, name = at_end.get(y, ("", ""))
        row.append(PlotCell(f" {text}", name))
        rows.append(row)
    axis = plot.time_axis(times[0], times[-1], room, drawing.zone)
    rows.append([PlotCell(" " * gutter, ""), PlotCell("└" + axis, "axis")])
    return rows


def _number(value: float | None, factor: float) -> float | None:
    return None if value is None or not math.isfinite(value) else value * factor


def _mark(value: float, scale: axes.Scale, unit: str) -> str:
    text = f"{value:,.{scale.decimals}f}"
    return f"{text} {unit}" if unit else text


def _titled(title: str, width: int) -> list[PlotCell]:
    if not title:
        return [PlotCell("─" * width, "axis")]
    text = shortened(title, max(width - 4, 0))
    return [
        PlotCell("─ ", "axis"),
        PlotCell(text, "title"),
        PlotCell(" ", ""),
        PlotCell("─" * max(0, width - width_of(text) - 3), "axis"),
    ]


def _names(
    values: dict[str, list[float | None]], unit: str, width: int, names: tuple[str, str, str]
) -> dict[str, str]:
    """What stands behind each line: its name, and its last value where there is room."""
    texts = {}
    for name, shown in zip(_NAMES, names, strict=True):
        known = axes.finite(values[name])
        if known:
            texts[name] = f"{shown} {_short(known[-1], unit)}" if width >= _NARROW else shown
    return texts


def _placed(texts: dict[str, str], ends: dict[str, int], height: int) -> dict[int, tuple[str, str]]:
    """Row -> (text, curve): each as near to the end of its line as the others allow."""
    order = sorted((ends[name], _NAMES.index(name), name) for name in texts)
    rows = plot.spread([row for row, _, _ in order], height)
    return {
        row: (texts[name], name) for row, (_, _, name) in zip(rows, order, strict=True) if 0 <= row < height
    }


def _short(value: float, unit: str) -> str:
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {unit}" if unit else text
