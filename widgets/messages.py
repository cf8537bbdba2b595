"""What was told, kept: the panel of past notices. A toast is never the only copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from widgets.cells import literal
from widgets.highlight import Span
from widgets.oneline import Piece
from widgets.pager import Pager

_SIGNS = {"information": ("·", "dim"), "warning": ("▲", "warn"), "error": ("▲", "warn"), "done": ("✔", "ok")}


class Notice(NamedTuple):
    """``at`` is a moment as text; ``level`` one of information, warning, error, done."""

    at: str
    level: str
    text: str


class MessagesPanel(Pager):
    """Newest first, wrapped, searchable as every text."""

    def __init__(
        self, notices: Sequence[Notice] = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.wrap = True
        self._notices: tuple[Notice, ...] = tuple(notices)

    def on_mount(self) -> None:
        self.rows_renewed()

    def show(self, notices: Sequence[Notice]) -> None:
        """All notices, newest first."""
        if tuple(notices) != self._notices:
            self._notices = tuple(notices)
            self.rows_renewed()

    @property
    def row_count(self) -> int:
        return max(len(self._notices), 1)

    def row_text(self, row: int) -> str:
        if not self._notices:
            return "Nothing was told yet: notices that were shown for a moment are kept here."
        notice = self._notices[row]
        sign, _ = _SIGNS.get(notice.level, _SIGNS["information"])
        return f"{literal(notice.at)}  {sign} {literal(notice.text)}"

    def row_spans(self, row: int, text: str) -> Iterable[Span]:
        if not self._notices:
            yield 0, len(text), "tok-dim"
            return
        notice = self._notices[row]
        _, token = _SIGNS.get(notice.level, _SIGNS["information"])
        at = len(literal(notice.at))
        yield 0, at, "tok-dim"
        yield at + 2, at + 3, f"tok-{token}"

    def title_pieces(self) -> tuple[list[Piece], list[Piece]]:
        count = len(self._notices)
        return (
            [Piece(" Messages", ("pager--title",)), *self.search_piece()],
            [Piece(f"  {count:,} kept, newest first ", ("tok-dim",), 2)],
        )
