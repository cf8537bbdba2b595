"""The filter of a page whose one table is narrowed by it: typed text, and only what is not ok."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfdash.views.filter import NO_FILTER, Filter
from widgets.filter import FilterPrompt
from widgets.table import Table

if TYPE_CHECKING:
    from screens.frame.board_screen import BoardScreen as _Page
else:
    _Page = object


class Narrowing(_Page):
    """Beside a screen with a ``table``. ``narrowed``: other rows are shown."""

    filterable = True

    @property
    def table(self) -> Table:
        return self.query_one("#body", Table)

    def narrowed(self) -> None:
        """What follows the row under the cursor is to be shown anew."""

    def apply_filter(self, wanted: Filter) -> str:
        self.table.set_filter(wanted.only_not_ok(self.table.filter.not_ok))
        self.narrowed()
        return self.table.count_text

    @property
    def filter(self) -> Filter:
        return self.table.filter if self.query("#body") else NO_FILTER

    def action_not_ok(self) -> None:
        """Only the rows that say something is wrong or unknown, the worst first; the same key shows all again."""
        self.table.only_not_ok(not self.table.filter.not_ok)
        self.narrowed()

    def on_table_filter_cleared(self, event: Table.FilterCleared) -> None:
        for prompt in self.query("#filter").results(FilterPrompt):
            prompt.reset(NO_FILTER)
