"""A viewer for logs that arrive: a bounded ring of lines from one or several sources, followed until one scrolls up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic, perf_counter
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from tfdash.text import safe
from tfdash.views.filter import NO_FILTER, Filter
from tfdash.views.shortnames import common_start, short_names
from widgets.cells import fitted, literal, width_of
from widgets.highlight import Span, spans_of
from widgets.loglines import COLOURS, LINES, LONGEST, ViewerLine, shortened
from widgets.oneline import LinePiece
from widgets.pager import LOOK, SLICE, Pager
from widgets.theme import SOURCES

FRAME = 0.15  # seconds at least between two repaints
NAME = 28  # cells at most of a source's name
_SLACK = 16  # one in so many is dropped beyond need, so that dropping is rare


class LogView(Pager):
    """``append`` batches; ``say`` marks. Keys as in k9s: s follows, w wraps, t shows times, m marks, C clears."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "follow", "follow", id="log.follow"),
        Binding("t", "times", "times", id="log.times"),
        Binding("m", "mark", "mark", id="log.mark", show=False),
        Binding("C,shift+c", "clear", "clear", id="log.clear", show=False, key_display="C"),
        Binding("ctrl+s", "save", "save", id="log.save", key_display="ctrl+s"),
        Binding("c", "copy", "copy", id="log.copy", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--stamp",
        "log--mark",
        *(f"log--source-{number}" for number in range(1, SOURCES + 1)),
    }
    DEFAULT_CSS = (
        """
LogView {
    & > .log--stamp { color: $tf-dim; }
    & > .log--mark { color: $tf-accent; text-style: bold; }
"""
        + "".join(f"    & > .log--source-{n} {{ color: $tf-source-{n}; }}\n" for n in range(1, SOURCES + 1))
        + "}\n"
    )

    class FollowChanged(Message):
        def __init__(self, view: LogView, follow: bool) -> None:
            super().__init__()
            self.view, self.follow = view, follow

        @property
        def control(self) -> LogView:
            return self.view

    class SaveRequested(Message):
        """The reader wants the lines in a file, or with ``copy`` in the clipboard; see ``LogView.plain``."""

        def __init__(self, view: LogView, copy: bool = False) -> None:
            super().__init__()
            self.view, self.copy = view, copy

        @property
        def control(self) -> LogView:
            return self.view

    def __init__(
        self,
        *,
        title: str = "",
        limit: int = 20_000,
        limit_bytes: int = 32 << 20,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """``limit`` lines and about ``limit_bytes`` of text are kept, the newest."""
        super().__init__(id=id, classes=classes)
        self.limit, self.limit_bytes = max(limit, 1), limit_bytes
        self.follow = True
        self.times = False
        self.dropped = 0  # lines that the ring has lost since the beginning
        self._title, self._status = title, ("", "")
        self._ring: list[ViewerLine] = []
        self._bytes = 0
        self._shown: list[ViewerLine] = self._ring  # another list under a filter
        self._filter = NO_FILTER
        self._sources: dict[str, int] = {}  # name -> colour
        self._short: Mapping[str, str] = {}  # names as they are shown, in
        self._short_for = -1  # so many cells
        self._drawn_rows = 0
        self._frame: Timer | None = None
        self._framed_at = float("-inf")
        self._moving = False
        self._below = 0  # lines that came while not following
        self.ended = False  # nothing more can come

    # -- what comes in ------------------------------------------------------------------------------------------

    def append(self, lines: Iterable[ViewerLine]) -> None:
        """Newer lines. Drawn at most every ``FRAME`` seconds."""
        new = [line if len(line.text) <= LONGEST else shortened(line) for line in lines]
        if not new:
            return
        for line in new:
            if line.source and line.source not in self._sources:
                self._sources[line.source] = len(self._sources) % SOURCES + 1
                self._short_for = -1
                if len(self._sources) == 2:  # names are shown from the second source on
                    self._strips.clear()
                    self._drawn_rows = 0
        self._ring.extend(new)
        self._bytes += sum(len(line.text) for line in new)
        if self._shown is not self._ring:
            self._shown.extend(self._passing(new))
        if not self.follow:
            self._below += len(new)
        if len(self._ring) > self.limit or self._bytes > self.limit_bytes:
            self._drop()
        if self._frame is None and self.is_mounted:
            wait = self._framed_at + FRAME - monotonic()
            if wait <= 0:
                self.flush()
            else:
                self._frame = self.set_timer(wait, self.flush)

    def say(self, text: str, mark: str = "note") -> None:
        """A word of the viewer's owner between the lines: the stream was ``lost``, or has ``resumed``."""
        self.append([ViewerLine(text, mark=mark)])

    def flush(self) -> None:
        """Draw now what has come."""
        if self._frame is not None:
            self._frame.stop()
            self._frame = None
        self._framed_at = monotonic()
        self.rows_renewed(self._drawn_rows)
        self._drawn_rows = len(self._shown)
        if self.follow:
            self._to_end()

    def _drop(self) -> None:
        count = 0
        if len(self._ring) > self.limit:
            count = len(self._ring) - self.limit + self.limit // _SLACK
        freed = sum(len(line.text) for line in self._ring[:count])
        while self._bytes - freed > self.limit_bytes and count < len(self._ring) - 1:
            freed += len(self._ring[count].text)
            count += 1
        if not count:
            return
        gone = count if self._shown is self._ring else self._gone_of_shown(count)
        self.dropped += count
        self._bytes -= freed
        del self._ring[:count]
        if self._shown is not self._ring:
            del self._shown[:gone]
        drawn = min(gone, self._drawn_rows)
        self._drawn_rows -= drawn
        lines = self.rows_dropped(drawn)
        if not self.follow:  # what one reads stays where it is
            self._scroll_quietly(max(self.scroll_offset.y - lines, 0))

    def _gone_of_shown(self, count: int) -> int:
        """How many of the shown lines are among the ring's first ``count``."""
        if not self._shown:
            return 0
        first = {id(line) for line in self._ring[:count]}
        return next((n for n, line in enumerate(self._shown) if id(line) not in first), len(self._shown))

    def clear(self) -> None:
        self._ring.clear()
        self.dropped = 0
        self._shown = self._ring if self._filter.empty else []
        self._bytes = self._drawn_rows = self._below = 0
        self._here = -1
        self.rows_renewed()
        self._scroll_quietly(0)

    # -- what is shown ------------------------------------------------------------------------------------------

    @property
    def sources(self) -> Sequence[str]:
        return tuple(self._sources)

    @property
    def kept(self) -> int:
        """Lines in the ring."""
        return len(self._ring)

    @property
    def filter(self) -> Filter:
        return self._filter

    def set_title(self, title: str) -> None:
        if title != self._title:
            self._title = title
            self.repaint_lines(0)

    def set_status(self, text: str, token: str = "") -> None:
        if (text, token) != self._status:
            self._status = (text, token)
            self.repaint_lines(0)

    def set_filter(self, new: Filter) -> None:
        """Show only the lines that pass; marks always do."""
        self._filter = new
        self.in_slices(self._filtering(), "filter")

    def _filtering(self) -> Iterator[None]:
        """Look through the ring while it goes on filling and losing lines at its beginning."""
        wanted, shown, numbers = self._filter, [], []
        number, until = self.dropped, perf_counter() + SLICE
        while not wanted.empty and number - self.dropped < len(self._ring):
            number = max(number, self.dropped)
            line = self._ring[number - self.dropped]
            if line.mark or wanted.matches(line, LINES):
                shown.append(line)
                numbers.append(number)
            number += 1
            if not number % LOOK and perf_counter() > until:
                yield
                if wanted is not self._filter:
                    return
                until = perf_counter() + SLICE
        gone = bisect_left(numbers, self.dropped)
        self._shown = self._ring if wanted.empty else shown[gone:]
        self._here = -1
        self._drawn_rows = len(self._shown)
        self.rows_renewed()
        if self.follow:
            self._to_end()
        else:
            self._scroll_quietly(min(self.scroll_offset.y, max(self.line_count - self.body, 0)))

    def _passing(self, lines: Iterable[ViewerLine]) -> list[ViewerLine]:
        return [line for line in lines if line.mark or self._filter.matches(line, LINES)]

    def plain(self, *, all_lines: bool = False) -> Iterator[str]:
        """The lines as text, made safe: those shown, or all that are kept."""
        several = len(self._sources) > 1
        for line in self._ring if all_lines else self._shown:
            text = safe(line.text.expandtabs(4))
            if line.mark:
                yield f"--- {text}"
                continue
            source = safe(line.source) if several else ""
            yield " ".join(part for part in (safe(line.full or line.stamp), source, text) if part)

    @property
    def row_count(self) -> int:
        return len(self._shown)

    def row_text(self, row: int) -> str:
        line = self._shown[row]
        text = line.text if line.text.isprintable() else safe(line.text.removesuffix("\r").expandtabs(4))
        if line.mark:
            sign = {"lost": "▲", "resumed": "✔"}.get(line.mark, "─")
            return f"── {sign} {text} ──"
        return f"{self._lead(line)}{text}"

    def _lead(self, line: ViewerLine) -> str:
        stamp = f"{literal(line.stamp)} " if self.times and line.stamp else ""
        if len(self._sources) < 2:
            return stamp
        width = self._name_width
        if self._short_for != width:
            names = [literal(name) for name in self._sources]
            self._short_for = width
            self._short = short_names(names, width, common_start(names, width))
        return f"{stamp}{fitted(self._short.get(literal(line.source), ''), width)} "

    @property
    def _name_width(self) -> int:
        return min(max(width_of(literal(name)) for name in self._sources), NAME, max(self.size.width // 3, 4))

    def row_spans(self, row: int, text: str) -> Iterable[Span]:
        line = self._shown[row]
        if line.mark:
            yield 0, len(text), "tok-warn" if line.mark == "lost" else "log--mark"
            return
        lead = len(self._lead(line))
        stamp = len(literal(line.stamp)) + 1 if self.times and line.stamp else 0
        if stamp:
            yield 0, stamp, "log--stamp"
        if lead > stamp:
            yield stamp, lead, f"log--source-{self._sources.get(line.source, 1)}"
        colours = [(a, b, token) for a, b, name in line.colours if (token := COLOURS.get(name))]
        for start, stop, name in colours or spans_of(text[lead:], "log"):
            yield lead + start, lead + stop, name

    def title_pieces(self) -> tuple[list[LinePiece], list[LinePiece]]:
        left = [LinePiece(f" {literal(self._title)}", ("pager--title",), 0, 8)] if self._title else []
        if not self._filter.empty:
            left.append(LinePiece(f"  /{literal(self._filter.text)}", ("tok-accent",), 1, 8))
        count = f"{len(self._shown):,} lines"
        if not self._filter.empty:
            count = f"{len(self._shown):,} of {len(self._ring):,} lines"
        if self.dropped:
            count += f", {self.dropped:,} older dropped"
        if self.ended:
            follow = LinePiece("  ended", ("tok-dim",), 2)
        elif self.follow:
            follow = LinePiece("  following", ("tok-ok",), 2)
        else:
            more = f", {self._below:,} new below" if self._below else ""
            follow = LinePiece(f"  ‖ not following{more}: s follows", ("tok-paused",), 0, 17)
        text, token = self._status
        status = (
            [LinePiece(f"  {literal(text)}", (f"tok-{token}" if token else "tok-dim",), 1, 12)]
            if text
            else []
        )
        return [*left, *self.search_piece()], [*status, follow, LinePiece(f"  {count} ", ("tok-dim",), 3)]

    # -- following ----------------------------------------------------------------------------------------------

    def _to_end(self) -> None:
        self._below = 0
        self._scroll_quietly(max(self.line_count - self.body, 0))

    def _scroll_quietly(self, line: int) -> None:
        """Scroll without its being taken for the reader's own doing."""
        self._moving = True
        try:
            self.jump(line)
        finally:
            self._moving = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._moving and round(old_value) != round(new_value):
            self._set_follow(round(new_value) >= self.line_count - self.body)

    def _set_follow(self, follow: bool) -> None:
        if follow:
            self._below = 0
        if follow != self.follow:
            self.follow = follow
            self.post_message(self.FollowChanged(self, follow))
        self.repaint_lines(0)

    def resized(self) -> None:
        if self.follow:
            self._to_end()

    def action_follow(self) -> None:
        self._set_follow(not self.follow)
        if self.follow:
            self._to_end()

    def action_edge(self, last: bool) -> None:
        super().action_edge(last)
        self._set_follow(last or self.line_count <= self.body)

    def action_wrap(self) -> None:
        super().action_wrap()
        if self.follow:
            self._to_end()

    def action_times(self) -> None:
        self.times = not self.times
        self.rows_renewed()

    def action_mark(self) -> None:
        """A line by which one finds the place again."""
        self.say("mark")

    def action_clear(self) -> None:
        self.clear()

    def action_save(self) -> None:
        self.post_message(self.SaveRequested(self))

    def action_copy(self) -> None:
        self.post_message(self.SaveRequested(self, copy=True))
