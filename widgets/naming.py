"""How the columns of a table that tell its rows apart are laid and written: no two rows of distinct names look alike.

Widths follow from all rows, so that nothing moves while one scrolls; how a name is cut follows from the rows in view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfdash.views.shortnames import common_start, short_names
from tfdash.views.table import Cell, Column
from widgets.cells import width_of
from widgets.columns import GAP, Fit, fit, least

_WIDEST = 48  # cells that names get before other columns go
_MEASURED = 500  # rows whose cells are measured
_SIDE = 24  # cells that a namespace or a cluster gets at most
Cells = Sequence[Cell]


class Naming:
    """``lay`` the columns for all rows, then ask ``fit`` and ``short``."""

    def __init__(self) -> None:
        self.columns: tuple[Column, ...] = ()
        self._room = 0
        self._texts: dict[int, list[str]] = {}  # by column: all its texts
        self._fits: dict[int, Fit] = {}  # by how far the columns are scrolled
        self._common: dict[tuple[int, int], int] = {}  # by column and width
        self._seen: tuple[Sequence[Any], int] | None = None
        self._shown: list[tuple[int, Mapping[str, str]]] = []

    def forget(self) -> None:
        """Rows came or went, or other columns are shown."""
        self._room, self._seen = 0, None

    def laid_for(self, room: int) -> bool:
        return self._room == room

    def lay(
        self,
        columns: Sequence[Column],
        keys: Sequence[Any],
        room: int,
        cells: Callable[[Any], Cells] | None = None,
    ) -> None:
        """``room``: the cells that all columns have together; ``cells`` of a row, by its key."""
        columns = _fitting(columns, keys, cells) if cells is not None else columns
        self._room, self._seen = room, None
        self._fits, self._common = {}, {}
        naming = [(i, c.names) for i, c in enumerate(columns) if c.names is not None]
        self._texts = {i: [names(key) for key in keys] for i, names in naming}
        needed = _telling(self._texts) if 0 in self._texts else set()
        several = sum(c.width is None for c in columns) > 1
        laid = [
            column
            if not i or i not in self._texts
            else _laid(column, self._texts[i], room, first=False, needed=i in needed, several=several)
            for i, column in enumerate(columns)
        ]
        if 0 in self._texts:  # names get no room of what is never dropped
            left = room - sum(least(c) + GAP for c in laid[1:] if c.priority <= 0)
            most = min(left, room * 2 // 5)
            laid[0] = _laid(columns[0], self._texts[0], most, first=True, needed=True, several=several)
        self.columns = tuple(laid)

    @property
    def cuts(self) -> bool:
        """Whether a name in view is cut: then others may be cut otherwise when rows come into view."""
        return bool(self._shown)

    def fit(self, skip: int) -> Fit:
        if skip not in self._fits:
            self._fits[skip] = fit(self.columns, self._room, skip)
        return self._fits[skip]

    def short(self, in_view: Sequence[Any], skip: int) -> Callable[[Cells], Cells]:
        """Writes the names of a row among those in view so that they fit."""
        if self._seen is None or self._seen != (in_view, skip):
            self._seen, self._shown = (in_view, skip), []
            for index, width in self.fit(skip).placed:
                names = self.columns[index].names
                if names is not None:
                    texts = [names(key) for key in in_view]
                    if any(width_of(text) > width for text in texts):
                        self._shown.append(
                            (index, short_names(texts, width, self._common_start(index, width)))
                        )
        shown = self._shown
        return (lambda cells: _replaced(cells, shown)) if shown else lambda cells: cells

    def _common_start(self, index: int, width: int) -> int:
        at = (index, width)
        if at not in self._common:
            self._common[at] = common_start(self._texts[index], width)
        return self._common[at]


def _replaced(cells: Cells, shown: Sequence[tuple[int, Mapping[str, str]]]) -> Cells:
    written = list(cells)
    for index, texts in shown:
        if index < len(written):
            cell = written[index]
            text, token = (cell, "") if isinstance(cell, str) else cell
            if text in texts:
                written[index] = (texts[text], token) if token else texts[text]
    return written


def _fitting(
    columns: Sequence[Column], keys: Sequence[Any], cells: Callable[[Any], Cells]
) -> Sequence[Column]:
    """Those that ask for no more than their cells need, as the first rows have them."""
    mine = [i for i, c in enumerate(columns) if c.fits and c.width is None]
    if not mine or not keys:
        return columns
    needs = {i: width_of(columns[i].title) + 1 for i in mine}  # the sign of the order stands behind it
    for key in keys[:_MEASURED]:
        row = cells(key)
        for i in mine:
            if i < len(row):
                cell = row[i]
                needs[i] = max(needs[i], width_of(cell if isinstance(cell, str) else cell[0]))
    fitted = list(columns)
    for i, need in needs.items():
        most = columns[i].max
        most = need if most is None else min(most, need)
        fitted[i] = replace(columns[i], max=most)  # which columns there are does not follow from it
    return fitted


def _telling(texts: Mapping[int, Sequence[str]]) -> set[int]:
    """The columns without which two rows would be alike: the first, and each that tells more of them apart."""
    needed: set[int] = set()
    told: Sequence[Any] = ()
    count = 0
    for index, column in texts.items():
        pairs = list(zip(told, column, strict=True)) if needed else list(column)
        distinct = len(set(pairs))
        if distinct > count:
            told, count = pairs, distinct
            needed.add(index)
        if count == len(column):
            break
    return needed


def _laid(
    column: Column, texts: Sequence[str], room: int, *, first: bool, needed: bool, several: bool
) -> Column:
    """The column with the widths that its contents want."""
    wide = max(map(width_of, texts), default=0)
    if not first:
        head = width_of(column.title) + 1
        given = column.width if column.width is not None else column.min
        width = min(max(wide, head), _SIDE) if texts else given
        column = replace(column, priority=-1 if needed else column.priority)
        if texts and column.width is None and column.max is not None:  # it grows where there is room
            return replace(column, min=width, max=min(max(wide, head), column.max))
        return replace(column, width=width)
    width = max(column.min, min(wide, room, _WIDEST))
    return replace(column, min=width, max=max(wide, width) if several and texts else column.max)
