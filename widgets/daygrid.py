"""Days in rows, one of them chosen: a month of weeks, or the days of one week under each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import ClassVar, TypeAlias

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from tfdash.views.table import Line
from widgets.cells import fitted, pieces_in, width_of
from widgets.lineview import LineView

DayWriter: TypeAlias = Callable[[date, int, int], Sequence[Line]]
"""The lines of a day's cell of so many cells and lines."""
_MARKER = 1  # cells in front of each day: where the chosen one is marked
_GAP = 1
_LEAST = 8  # cells of a day


def shared(room: int, needs: Sequence[int]) -> list[int]:
    """``room`` lines among rows: each has one, then what it would fill, the least needy first; what is left is shared evenly."""
    heights = [1] * len(needs)
    left = room - len(needs)
    while left > 0:
        short = [i for i, need in enumerate(needs) if heights[i] < need]
        if not short:
            return [height + left // len(needs) for height in heights]
        for i in short[:left]:
            heights[i] += 1
        left -= len(short[:left])
    return heights


class DayGrid(LineView):
    """``show`` with the days and how each is written; ``Moved`` where another day is chosen, which may lie outside."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", "day before", id="days.left", show=False),
        Binding("right,l", "move(1, 0)", "next day", id="days.right", show=False),
        Binding("up,k", "move(0, -1)", "up", id="days.up", show=False),
        Binding("down,j", "move(0, 1)", "down", id="days.down", show=False),
        Binding("enter", "open", "what is dated", id="days.open", key_display="enter"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"days--head", "days--chosen"}
    DEFAULT_CSS = """
DayGrid {
    overflow: hidden hidden;
    scrollbar-size: 0 0;
    & > .days--head { color: $tf-dim; }
    & > .days--chosen { background: $tf-cursor-background; }
    &:ansi > .days--chosen { text-style: reverse; }
    &:nocolor > .days--chosen { text-style: reverse; }
}
"""

    class Moved(Message):
        def __init__(self, day: date) -> None:
            super().__init__()
            self.day = day

    class Opened(Moved):
        """Enter or a double click."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._days: Sequence[date] = ()
        self._heads: Sequence[str] = ()
        self._chosen = date.min
        self._columns = 7
        self._needs: Sequence[int] = ()
        self._write: DayWriter = lambda day, width, height: ()
        self._made: dict[tuple[date, int, int], Sequence[Line]] = {}

    def show(
        self,
        days: Sequence[date],
        chosen: date,
        columns: int,
        heads: Sequence[str],
        write: DayWriter,
        needs: Sequence[int] = (),
    ) -> None:
        """``heads`` stand above the columns; none: no line for them. ``needs``: the lines that each row would fill; none: all alike."""
        self._days, self._chosen, self._columns, self._heads = days, chosen, columns, heads
        self._write, self._needs = write, needs
        self._made.clear()
        self.refresh()

    @property
    def _heights(self) -> list[int]:
        rows = max(-(-len(self._days) // self._columns), 1)
        return shared(self.size.height - bool(self._heads), self._needs or [1] * rows)

    @property
    def _width(self) -> int:
        """The cells of a day, marker and gap among them."""
        return max(self.size.width // self._columns, _LEAST)

    def _row_at(self, y: int) -> tuple[int, int, int]:
        """Which row stands at that line, which line of it, and how many it has; behind the last row there is one without days."""
        heights = self._heights
        for row, height in enumerate(heights):
            if y < height:
                return row, y, height
            y -= height
        return len(heights), y, 1

    def render_line(self, y: int) -> Strip:
        width = self._width
        if self._heads:
            if not y:
                text = "".join(" " * _MARKER + fitted(head, width - _MARKER) for head in self._heads)
                return self.line(text, "days--head")
            y -= 1
        row, at, height = self._row_at(y)
        days = self._days[row * self._columns : (row + 1) * self._columns]
        segments: list[Segment] = []
        for day in days:
            segments += self._cell_line(day, at, width, height)
        return Strip(segments).adjust_cell_length(self.size.width, self.style())

    def _cell_line(self, day: date, at: int, width: int, height: int) -> list[Segment]:
        key = (day, width, height)
        if key not in self._made:
            self._made[key] = self._write(day, width - _MARKER - _GAP, height)
        lines, chosen = self._made[key], day == self._chosen
        name = "days--chosen" if chosen else ""
        segments = [Segment("▌" if chosen else " ", self.style(name, "tok-accent"))]
        left = width - _MARKER - _GAP
        shown = lines[at] if at < len(lines) else ()
        for text, token in pieces_in([(c, "") if isinstance(c, str) else c for c in shown], left):
            segments.append(Segment(text, self.style(name, f"tok-{token}" if token else "")))
            left -= width_of(text)
        return [*segments, Segment(" " * left, self.style(name)), Segment(" " * _GAP, self.style())]

    def action_move(self, days: int, rows: int) -> None:
        by = days + rows * self._columns
        try:
            self.post_message(self.Moved(date.fromordinal(self._chosen.toordinal() + by)))
        except ValueError:
            return  # before the first day that there is, or behind the last

    def action_open(self) -> None:
        self.post_message(self.Opened(self._chosen))

    def on_click(self, event: events.Click) -> None:
        column, y = event.x // self._width, event.y - bool(self._heads)
        place = self._row_at(y)[0] * self._columns + column
        if y < 0 or column >= self._columns or not place < len(self._days):
            return
        if event.chain == 2:
            self.action_open()
        else:
            self.post_message(self.Moved(self._days[place]))
