"""Where the cursor of a table stands: on an object, wherever that is, and near its place where it went. No Textual in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from widgets.order import RowOrder

_BELOW, _ABOVE = 6, 3  # rows, the cursor's among those below, of which one may take its place


class CursorPlace(NamedTuple):
    """Where the cursor was before the rows changed, so that it can be found again: its key and those near it come first."""

    near: list[Any]
    row: int
    line: int  # of those in view


class Cursor:
    """Of the rows of ``order``. ``row`` and ``key`` are for reading; every row drawn looks at them. ``at_top``: where nobody moved it, it
    stays there, whatever comes above: for lists of which the first is what matters, and in which no key acts on a row."""

    def __init__(self, order: RowOrder, at_top: bool = False) -> None:
        self._order, self._at_top = order, at_top
        self.row = 0
        self.key: Any = None
        self.touched = False  # whether a person has moved it
        self._before_filter: Any = None  # to where clearing the filter goes back
        self.sought: Any = None  # to be stood on as soon as it is there, unless a person moves it first

    def stand(self, row: int) -> bool:
        """Put it on a row, as near as there is one; says whether its object changed."""
        shown = len(self._order)
        self.row = min(max(row, 0), max(shown - 1, 0))
        key = self._order.at(self.row) if shown else None
        if key == self.key:
            return False
        self.key = key
        return True

    def moved(self) -> None:
        """A person moves it: it stays there, whatever the filter does."""
        self.touched = True
        self._before_filter = self.sought = None

    # -- when the rows change -----------------------------------------------------------------------------------

    def place(self, top: int) -> CursorPlace:
        """``top``: the first row in view."""
        near = (
            self._order.slice(self.row, self.row + _BELOW)
            + self._order.slice(max(self.row - _ABOVE, 0), self.row)[::-1]
        )
        return CursorPlace(near, self.row, self.row - top)

    def again(self, before: CursorPlace, filling: bool) -> int:
        """The row for it now. While a list is ``filling`` up, or ``at_top``, a cursor that nobody moved stays at the top."""
        if self.sought is not None and (row := self._order.find(self.sought)) is not None:
            self.moved()
            return row
        if (filling or self._at_top) and not self.touched and before.row == 0:
            return 0
        return next((r for key in before.near if (r := self._order.find(key)) is not None), before.row)

    # -- when the filter changes --------------------------------------------------------------------------------

    def before_filter(self, clearing: bool) -> Any:
        """The object that the rows of another filter are to be searched for; call it before they change."""
        if self._order.filter.empty and not clearing:
            self._before_filter = self.key
        wanted = self._before_filter if self._before_filter is not None else self.key
        if clearing:
            self._before_filter = None
        return wanted if self.sought is None else self.sought

    def under_filter(self, wanted: Any) -> int:
        """The row of ``wanted``, else of the object it stands on, else the first."""
        row = self._order.find(wanted) if wanted is not None else None
        if row is not None and wanted == self.sought:
            self.moved()
        if row is None and self.key is not None and self.key != wanted:
            row = self._order.find(self.key)
        return row or 0
