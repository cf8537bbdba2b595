"""The base of the text and the log viewer: rows of text drawn in view only, wrapped or scrolled sideways, searchable."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from widgets.cells import literal, prose, width_of, wrapped
from widgets.highlight import Span
from widgets.lineview import LineView
from widgets.oneline import LinePiece, fitting
from widgets.search import Search
from widgets.textual_private import set_virtual_size
from widgets.workers import begin

HEAD = 1  # the line above: title, place, search
SLICE = 0.008  # seconds of work before keys and paint get their turn
LOOK = 128  # rows between two looks at the clock
SIDEWAYS = 8  # cells a key scrolls to the side
KEPT = 500  # rows whose drawing is kept


def _key(
    keys: str, action: str, text: str, name: str, shown: str | None = None, *, show: bool = False
) -> Binding:
    return Binding(keys, action, text, id=f"pager.{name}", show=show, key_display=shown)


class Pager(LineView):
    """Subclasses give ``row_count``, ``row_text``, ``row_spans``, ``title_pieces`` and call ``rows_renewed``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("up,k", "lines(-1)", "up", "up"),
        _key("down,j", "lines(1)", "down", "down"),
        _key("pageup,ctrl+b", "pages(-1)", "page up", "page_up"),
        _key("pagedown,ctrl+f", "pages(1)", "page down", "page_down"),
        _key("home,g", "edge(False)", "top", "top"),
        _key("end,G,shift+g", "edge(True)", "bottom", "bottom"),
        _key("left", "sideways(-1)", "to the left", "left"),
        _key("right", "sideways(1)", "to the right", "right"),
        _key("n", "seek(1)", "next match", "next_match"),
        _key("N,shift+n", "seek(-1)", "match before", "match_before", "N"),
        _key("w", "wrap", "wrap", "wrap", show=True),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "pager--title",
        "pager--match",
        "pager--match-here",
        "text--key",
        "text--string",
        "text--number",
        "text--word",
        "text--comment",
        "text--heading",
        "text--added",
        "text--removed",
    }
    DEFAULT_CSS = """
Pager {
    & > .pager--title { color: $tf-bright; text-style: bold; }
    & > .pager--match { color: $tf-match; background: $tf-match-background; }
    & > .pager--match-here { color: $tf-match; background: $tf-match-background; text-style: bold underline; }
    & > .text--key { color: $tf-yaml-key; }
    & > .text--string { color: $tf-yaml-text; }
    & > .text--number { color: $tf-yaml-number; }
    & > .text--word { color: $tf-yaml-word; }
    & > .text--comment { color: $tf-dim; }
    & > .text--heading { color: $tf-bright; text-style: bold; }
    & > .text--added { color: $tf-added; }
    & > .text--removed { color: $tf-removed; }
    &:ansi > .pager--match { text-style: reverse; }
    &:ansi > .pager--match-here { text-style: reverse bold underline; }
    &:nocolor > .pager--match { text-style: reverse; }
    &:nocolor > .pager--match-here { text-style: reverse bold underline; }
}
"""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.wrap = False
        self.search_for: Search | None = None
        self.nothing_found = False
        self._aside = 0  # cells scrolled to the side
        self._ends: list[int] | None = None  # when wrapped: the line after each row
        self._measured: list[int] | None = None  # the same while it is being made
        self._here = -1  # the row of the match last gone to
        self._strips: dict[int, Strip] = {}

    # -- what subclasses give -----------------------------------------------------------------------------------

    @property
    def by_words(self) -> bool:
        """Rows are sentences, wrapped between words; else by cell, as a log must be."""
        return False

    @property
    def row_count(self) -> int:
        return 0

    def row_text(self, row: int) -> str:
        """The row as shown: literal, tabs expanded."""
        return ""

    def row_spans(self, row: int, text: str) -> Iterable[Span]:
        """What is to be coloured in it."""
        return ()

    def title_pieces(self) -> tuple[list[LinePiece], list[LinePiece]]:
        return [], []

    # -- lines and rows -----------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        """Lines on the screen that all rows take."""
        if self._ends is None:
            return self.row_count
        return self._ends[-1] if self._ends else 0

    @property
    def body(self) -> int:
        return max(self.size.height - HEAD, 0)

    def rows_renewed(self, first: int = 0) -> None:
        """Rows from ``first`` on are other ones; measured where wrapped, drawn when in view."""
        if first == 0:
            self._strips.clear()
        else:
            self._strips = {row: strip for row, strip in self._strips.items() if row < first}
        if not self.wrap:
            self._ends = None
        elif first and self._ends is not None:
            self._ends = self._ends[:first]
            for _ in self._measuring(self._ends):
                pass
        elif (
            not first or self._measured is None
        ):  # rows that are added while it is measured are reached in time
            self._ends = None  # drawn as it is until all is measured
            self.in_slices(self._measure_all(), "measure")
        self._resize()

    def _measure_all(self) -> Iterator[None]:
        row, following = self.top_row, self.at_end and self.line_count > self.body
        ends: list[int] = []
        self._measured = ends
        yield from self._measuring(ends)
        if self._measured is not ends or not self.wrap:
            return
        self._measured, self._ends = None, ends
        self._resize()
        self.jump(self.line_count if following else self._line_of(row))

    def _measuring(self, ends: list[int]) -> Iterator[None]:
        """Append to ``ends`` until it has every row; yields where others should have a turn."""
        width, until = max(self.line_width, 2), perf_counter() + SLICE
        end = ends[-1] if ends else 0
        while len(ends) < self.row_count:
            text = self.row_text(len(ends))
            if text.isascii() and not self.by_words:
                end += -(-len(text) // width) or 1
            else:
                end += len(self._pieces(text, width)[0])
            ends.append(end)
            if (not len(ends) % LOOK or len(text) > LOOK * 2) and perf_counter() > until:
                yield
                if ends is not self._measured and ends is not self._ends:
                    return
                end, until = ends[-1] if ends else 0, perf_counter() + SLICE

    def in_slices(self, steps: Iterator[None], group: str) -> None:
        """Do the first slice of some work now, and what remains of it between keys and frames.

        Another work of the same group takes its place.
        """
        self.workers.cancel_group(self, group)
        if next(steps, self) is not self:
            begin(self, partial(_rest, steps), group)

    @property
    def at_end(self) -> bool:
        return self.scroll_offset.y >= self.line_count - self.body

    def rows_dropped(self, count: int) -> int:
        """The first ``count`` rows are gone; returns how many lines that was."""
        self._strips.clear()
        self._here = max(self._here - count, -1)
        if self._measured is not None:
            self.rows_renewed()  # what is being measured begins anew
        if self._ends is None:
            return count
        lines = self._line_of(count)
        self._ends = [end - lines for end in self._ends[count:]]
        return lines

    def _resize(self) -> None:
        size = Size(self.size.width, self.line_count + HEAD)
        set_virtual_size(self, size)
        self.refresh()

    def _row_at(self, line: int) -> tuple[int, int]:
        """The row that stands on a line, and which of its lines that is."""
        if self._ends is None:
            return line, 0
        row = bisect_right(self._ends, line)
        return row, line - (self._ends[row - 1] if row else 0)

    def _line_of(self, row: int) -> int:
        if self._ends is None or row <= 0:
            return max(row, 0)
        return self._ends[min(row, len(self._ends)) - 1] if self._ends else 0

    @property
    def top_row(self) -> int:
        """The row in the first line of the view."""
        return self._row_at(self.scroll_offset.y)[0]

    def on_resize(self) -> None:
        self._strips.clear()
        if self.wrap:
            self.rows_renewed()
        else:
            self._resize()
        self.resized()

    def resized(self) -> None:
        """The widget has another size; for subclasses that keep something in view."""

    def notify_style_update(self) -> None:
        self._strips = {}
        super().notify_style_update()

    # -- drawing ------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.line_width
        if y < HEAD:
            left, right = fitting(*self.title_pieces(), width)
            used = sum(width_of(p.text) for p in (*left, *right))
            pieces = [*left, LinePiece(" " * max(width - used, 0)), *right]
            segments = [Segment(p.text, self.style(*p.names)) for p in pieces if p.text]
            return Strip(segments).adjust_cell_length(self.size.width, self.style())
        line = self.scroll_offset.y + y - HEAD
        if line >= self.line_count:
            return self.line("")
        row, part = self._row_at(line)
        strip = self._strip(row)
        if self._ends is None:
            return strip.crop_extend(self._aside, self._aside + self.size.width, self.style())
        return self._part(strip, row, part, width).adjust_cell_length(self.size.width, self.style())

    def _pieces(self, text: str, width: int) -> tuple[list[str], int]:
        """A row's lines, and by how many cells all but the first are indented."""
        return prose(text, width) if self.by_words else (wrapped(text, width), 0)

    def _part(self, strip: Strip, row: int, part: int, width: int) -> Strip:
        text = strip.text
        if text.isascii() and not self.by_words:
            return strip.crop(part * width, (part + 1) * width)
        pieces, hang = self._pieces(text, width)
        before = sum(width_of(piece) for piece in pieces[:part])
        after = before + width_of(pieces[part].rstrip(" ") if part < len(pieces) else "")
        shown = strip.crop(before, after)
        return Strip([Segment(" " * hang, self.style()), *shown]) if part and hang else shown

    def _strip(self, row: int) -> Strip:
        strip = self._strips.get(row)
        if strip is None:
            if len(self._strips) >= KEPT:
                self._strips.clear()
            strip = self._strips[row] = self._drawn(row)
        return strip

    def _drawn(self, row: int) -> Strip:
        text = self.row_text(row)
        spans = list(self.row_spans(row, text))
        if self.search_for is not None:
            name = "pager--match-here" if row == self._here else "pager--match"
            spans.extend((start, stop, name) for start, stop in self.search_for.spans(text))
        if not spans:
            return Strip([Segment(text, self.style())] if text else [])
        # Between two borders every character has the same spans; the later of them win.
        borders = sorted(
            {0, len(text), *(b for start, stop, _ in spans for b in (start, stop) if b < len(text))}
        )
        segments = []
        for start, stop in pairwise(borders):
            names = [name for first, last, name in spans if first <= start and stop <= last]
            segments.append(Segment(text[start:stop], self.style(*names)))
        return Strip(segments)

    # -- moving -------------------------------------------------------------------------------------------------

    def action_lines(self, by: int) -> None:
        self.jump(self.scroll_offset.y + by)

    def action_pages(self, by: int) -> None:
        self.jump(self.scroll_offset.y + by * max(self.body - 1, 1))

    def action_edge(self, last: bool) -> None:
        self.jump(self.line_count if last else 0)

    def action_sideways(self, by: int) -> None:
        if self._ends is not None:
            return
        rows = range(self.top_row, min(self.top_row + self.body, self.row_count))
        widest = max((self._strip(row).cell_length for row in rows), default=0)
        aside = min(max(self._aside + by * SIDEWAYS, 0), max(widest - self.line_width // 2, 0))
        if aside != self._aside:
            self._aside = aside
            self.refresh()

    def action_wrap(self) -> None:
        row = self.top_row
        self.wrap, self._aside = not self.wrap, 0
        self.rows_renewed()
        if not self.wrap:
            self.jump(row)

    # -- searching ----------------------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Look for ``text`` from the first line in view on; "" ends it. Raises FilterError."""
        self.search_for = Search(text) if text.strip() else None
        self.nothing_found = False
        self._here = -1
        self._strips.clear()
        self.refresh()
        if self.search_for is not None:
            self._seek_from(self.top_row, 1)

    def action_seek(self, by: int) -> None:
        """To the next match, or the one before; round the end."""
        if self.search_for is not None and self.row_count:
            start = self._here if self._here >= 0 else self.top_row
            self._seek_from((start + by) % self.row_count, by)

    def _seek_from(self, start: int, by: int) -> None:
        self.in_slices(self._seek(start, by), "seek")

    def _seek(self, start: int, by: int) -> Iterator[None]:
        search, count = self.search_for, self.row_count
        if search is None or not count:
            return
        until = perf_counter() + SLICE
        for step in range(count):
            row = (start + by * step) % count
            if row < self.row_count and search.found_in(self.row_text(row)):
                self._found(row)
                return
            if not step % LOOK and perf_counter() > until:
                yield
                if search is not self.search_for:
                    return
                until = perf_counter() + SLICE
        self.nothing_found = True
        self.repaint_lines(0)

    def _found(self, row: int) -> None:
        self.nothing_found = False
        for changed in (self._here, row):
            self._strips.pop(changed, None)
        self._here = row
        line, top = self._line_of(row), self.scroll_offset.y
        if not top <= line < top + self.body:
            self.jump(max(line - self.body // 3, 0))
        self.refresh()

    def search_piece(self) -> list[LinePiece]:
        """What the title says of the search."""
        if self.search_for is None:
            return []
        text = f"  /{literal(self.search_for.text)}"
        if self.nothing_found:
            return [LinePiece(f"{text}: no match", ("tok-warn",), 1, 10)]
        return [LinePiece(text, ("tok-accent",), 1, 10)]


async def _rest(steps: Iterator[None]) -> None:
    await asyncio.sleep(0)
    for _ in steps:
        await asyncio.sleep(0)
