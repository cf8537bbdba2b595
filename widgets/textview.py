"""A viewer for descriptions, YAML, JSON and differences: up to some megabytes, drawn by line, coloured when in view."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.message import Message

from tfdash.text import safe
from widgets.cells import literal
from widgets.highlight import HIGHLIGHTS, Span, spans_of
from widgets.oneline import LinePiece
from widgets.pager import HEAD, Pager

FOLD = 4096  # characters: a longer line continues in the next row, so that no row is dear to draw
FOLD_WIDE = 1024  # the same for text that is not ASCII, whose cells must be counted
_SENTENCES = frozenset(
    {"describe", "text"}
)  # what is read, not compared by column: wrapped unless one says otherwise


class TextView(Pager):
    """``set_text`` with a language of ``widgets.highlight``; ``search``, ``n``, ``N``; ``w`` wraps, ``c`` copies.

    What is read as sentences is wrapped between words from the start."""

    BINDINGS = [Binding("c", "copy", "copy", id="text.copy")]  # noqa: RUF012 - as Textual has it

    class CopyRequested(Message):
        """``text`` as it came, not made safe: who copies does that."""

        def __init__(self, view: TextView, text: str) -> None:
            super().__init__()
            self.view, self.text = view, text

        @property
        def control(self) -> TextView:
            return self.view

    def __init__(
        self,
        text: str = "",
        language: str = "text",
        *,
        title: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._title, self._status = title, ("", "")
        self._text = ""
        self._rows: list[str] = []
        self._lines = 0
        self._language = ""
        self._load(text, language)

    @property
    def text(self) -> str:
        return self._text

    @property
    def lines(self) -> int:
        """Lines of the text itself."""
        return self._lines

    def set_text(self, text: str, language: str | None = None, *, keep_place: bool = True) -> None:
        """Another text. What is in view stays in view, unless ``keep_place`` is False."""
        if text == self._text and language in (None, self._language):
            return
        row = self.top_row if keep_place else 0
        self._load(text, self._language if language is None else language)
        self._here = -1
        self.rows_renewed()
        self.jump(self._line_of(min(row, max(self.row_count - 1, 0))))

    def set_title(self, title: str) -> None:
        if title != self._title:
            self._title = title
            self.repaint_lines(0)

    def set_status(self, text: str, token: str = "") -> None:
        """At the right of the title, as the freshness."""
        if (text, token) != self._status:
            self._status = (text, token)
            self.repaint_lines(0)

    def _load(self, text: str, language: str) -> None:
        self._text = text
        language = language if language in HIGHLIGHTS else "text"
        if language != self._language:
            self._language, self._aside = language, 0
            self.wrap = self.by_words
        rows = text.split("\n")
        if rows and not rows[-1]:  # the last line's own end
            rows.pop()
        self._lines = len(rows)
        if any(len(row) > FOLD_WIDE for row in rows):
            rows = [piece for row in rows for piece in _folded(row)]
        self._rows = rows

    @property
    def by_words(self) -> bool:
        return self._language in _SENTENCES

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def row_text(self, row: int) -> str:
        text = self._rows[row]
        if text.isprintable():
            return text
        return safe(text.removesuffix("\r").expandtabs(4))

    def row_spans(self, row: int, text: str) -> Iterable[Span]:
        return spans_of(text, self._language)

    def title_pieces(self) -> tuple[list[LinePiece], list[LinePiece]]:
        top, folded = self.scroll_offset.y, self.row_count != self._lines
        if self.wrap and self.by_words:  # the lines that are seen
            count, first, last = self.line_count, top, top + self.body - 1
        else:
            count, first, last = self._lines, self.top_row, self._row_at(top + max(self.body - 1, 0))[0]
        place = f"{count:,} line{'' if count == 1 else 's'}"
        if self.line_count > self.body and not folded:
            place = f"{first + 1:,}-{min(last + 1, count):,} of {place}"
        if folded:
            place += ", long ones folded"
        left = [LinePiece(f" {literal(self._title)}", ("pager--title",), 0, 8)] if self._title else []
        text, token = self._status
        right = (
            [LinePiece(f"  {literal(text)}", (f"tok-{token}" if token else "tok-dim",), 2, 12)]
            if text
            else []
        )
        odd = self.wrap != self.by_words  # otherwise than it begins
        wrap = [LinePiece("  wrapped" if self.wrap else "  not wrapped", ("tok-dim",), 4)] if odd else []
        aside = [LinePiece(f"  ← {self._aside}", ("tok-dim",), 4)] if self._aside else []
        return [*left, *self.search_piece()], [
            *right,
            *aside,
            *wrap,
            LinePiece(f"  {place} ", ("tok-dim",), 3),
        ]

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.repaint_lines(HEAD - 1)

    def action_copy(self) -> None:
        self.post_message(self.CopyRequested(self, self._text))


def _folded(row: str) -> list[str]:
    size = FOLD if row.isascii() else FOLD_WIDE
    return [row] if len(row) <= size else [row[i : i + size] for i in range(0, len(row), size)]
