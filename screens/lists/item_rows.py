"""A few items as the rows of a table: what every page with a table of its own needs besides how one row is written."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from tfdash.views.filter import Amount
from tfdash.views.table import Cell, trouble_of

Item = TypeVar("Item")


class ItemRows(Generic[Item]):
    """A ``tfdash.views.table.RowSource`` of the items in ``all``, in their order there.

    ``cells`` writes one. ``marks``: the values whose change brightens a cell; without it nothing does. ``text``: what a
    filter is tried on, else the key. ``version``: what a row's text follows from, time apart, else which object the
    item is.
    """

    def __init__(
        self,
        cells: Callable[[Item], Sequence[Cell]],
        *,
        marks: Callable[[Item], Sequence[Hashable]] = lambda item: (),
        text: Callable[[Item], str] | None = None,
        version: Callable[[Item], Hashable] = id,
    ) -> None:
        self.all: Mapping[Any, Item] = {}
        self._placed: Mapping[Any, Item] = self.all
        self._places: dict[Any, int] = {}
        self._cells, self._marks, self._text, self._version = cells, marks, text, version

    def cells(self, key: Any) -> Sequence[Cell]:
        return self._cells(self.all[key]) if key in self.all else ()

    def marks(self, key: Any) -> Sequence[Hashable]:
        return self._marks(self.all[key]) if key in self.all else ()

    def search_text(self, key: Any) -> str:
        if self._text is None or key not in self.all:
            return str(key).lower()
        return self._text(self.all[key]).lower()

    def sort_value(self, key: Any, column: str) -> Any:
        if self._placed is not self.all:
            self._placed, self._places = self.all, {key: n for n, key in enumerate(self.all)}
        return self._places.get(key, len(self._places))

    def amount(self, key: Any, column: str) -> Amount | None:
        return None

    def trouble(self, key: Any) -> int:
        return trouble_of(cell[1] for cell in self.cells(key) if not isinstance(cell, str))

    def labels(self, key: Any) -> Mapping[str, str]:
        return {}

    def version(self, key: Any) -> Hashable:
        return self._version(self.all[key]) if key in self.all else None
