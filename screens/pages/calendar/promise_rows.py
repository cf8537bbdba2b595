"""The promises as the rows of a table, under the columns of the agenda or of the audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from screens.lists.item_rows import ItemRows
from tfdash.model.dates import Dates
from tfdash.views.calendar import agenda, audit
from tfdash.views.calendar.agenda import PromiseRow
from tfdash.views.filter import Amount
from tfdash.views.table import Cell, Column


class PromiseRows(ItemRows[PromiseRow]):
    """``now``: epoch seconds, by the program's clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(
            self._write,
            marks=lambda row: (),
            text=lambda row: agenda.search_text(row, self._zone, self._now()),
            version=lambda row: row,
        )
        self._now = now
        self._audits = False
        self._zone = ZoneInfo("UTC")
        self.months: Sequence[date] = ()
        self._step = 1
        self.columns: tuple[Column, ...] = agenda.COLUMNS

    def take(self, dates: Dates | None, audits: bool, width: int) -> bool:
        """Show these; whether their keys or their order are others than before."""
        before = list(self.all)
        self._audits = audits
        order = audit.rows_of if audits else agenda.rows_of
        self.all = order(dates) if dates is not None else {}
        if dates is not None:
            self._zone = dates.zone
            self.months, self._step = audit.months_shown(dates.today, dates.look_back, width)
        self.columns = audit.columns(self.months, self._step) if audits else agenda.COLUMNS
        return list(self.all) != before

    def _write(self, row: PromiseRow) -> Sequence[Cell]:
        if self._audits:
            return audit.cells(row, self.months, self._step, self._zone)
        return agenda.cells(row, self._zone, self._now())

    def amount(self, key: Any, column: str) -> Amount | None:
        row = self.all.get(key)
        return None if row is None else agenda.number_of(row, column, self._now())

    def labels(self, key: Any) -> Mapping[str, str]:
        row = self.all.get(key)
        return {} if row is None else row.labels

    def trouble(self, key: Any) -> int:
        row = self.all.get(key)
        if row is None:
            return 0
        return audit.trouble_of_row(row) if self._audits else agenda.trouble_of_row(row)

    def sort_value(self, key: Any, column: str) -> Any:
        row = self.all.get(key)
        found = None if row is None else agenda.number_of(row, column, self._now())
        if row is None or found is None:
            return super().sort_value(key, column)
        return found.number
