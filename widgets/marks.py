"""Which rows of a table are marked. By key, so that sorting and filtering leave them. No Textual in it.

Nothing is told from here: the table asks whether something changed and posts its message.
"""

from __future__ import annotations

from typing import Any

from widgets.order import RowOrder


class Marks:
    """The marks on the rows of ``order``. ``keys`` is for reading; every row drawn looks into it."""

    def __init__(self, order: RowOrder) -> None:
        self._order = order
        self.keys: set[Any] = set()
        self._last: Any = None  # the row last marked, from which a range begins

    def shown(self) -> list[Any]:
        """The marked rows that no filter hides, in the table's order."""
        return [key for key in self._order.slice(0, len(self._order)) if key in self.keys]

    def told(self) -> str:
        """``3 marked``, and under a filter how many of them it hides."""
        count = len(self.keys)
        hidden = 0
        if not self._order.filter.empty:
            hidden = sum(1 for key in self.keys if self._order.find(key) is None)
        return f"{count:,} marked, {hidden:,} of them hidden" if hidden else f"{count:,} marked"

    def toggle(self, key: Any) -> None:
        self.keys ^= {key}

    def begin(self, key: Any) -> None:
        """The next range goes from here."""
        self._last = key

    def extend(self, key: Any, row: int) -> None:
        """Mark from the row last marked, where it is still shown, to ``row`` with its ``key``."""
        start = self._order.find(self._last) if self._last is not None else None
        first, last = sorted((row if start is None else start, row))
        self.keys.update(self._order.slice(first, last + 1))
        self._last = key

    def clear(self) -> bool:
        """Whether there were any; without any the beginning of a range stays."""
        if not self.keys:
            return False
        self.keys.clear()
        self._last = None
        return True

    def drop(self, gone: set[Any]) -> bool:
        """Rows went; whether a marked one was among them."""
        marked = self.keys & gone
        self.keys -= marked
        return bool(marked)

    def drop_missing(self) -> bool:
        """The same where all rows came anew."""
        return bool(self.keys) and self.drop({key for key in self.keys if key not in self._order})
