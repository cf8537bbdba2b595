"""A page of text that is made anew while it is shown; ``/`` searches in it."""

from __future__ import annotations

from textual.app import ComposeResult

from screens.frame.board_screen import BoardScreen
from tfdash.views.filter import NO_FILTER, Filter, FilterError
from widgets.textview import TextView


class TextPage(BoardScreen):
    """Subclasses give ``lines``, and ``title_text`` for the crumbs."""

    title_text = ""
    filterable = True
    _search = NO_FILTER

    @property
    def crumb(self) -> str:
        return self.title_text

    def body(self) -> ComposeResult:
        yield TextView("\n".join(self.lines()), language="describe", id="body")

    def lines(self) -> list[str]:
        return []

    def catch_up(self) -> None:
        self.query_one("#body", TextView).set_text("\n".join(self.lines()))

    def tick(self) -> None:
        self.catch_up()

    def apply_filter(self, wanted: Filter) -> str:
        self._search = wanted
        try:
            self.query_one("#body", TextView).search(wanted.text)
        except FilterError as error:
            return str(error)
        return ""

    @property
    def filter(self) -> Filter:
        return self._search

    def on_text_view_copy_requested(self, event: TextView.CopyRequested) -> None:
        self.shell.copy_text(event.text, f"{event.view.lines:,} lines")
