"""The order of a table's rows: sorted, filtered, and kept so while rows come, go and change. No Textual in it.

Costs at 10,000 rows: ``reset`` of rows in order does nothing per row; a filter is one pass of substring tests, and one
over the previous result where it narrows that; clearing it is a change of reference; a change of k rows is k bisections.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from tfdash.views.filter import NO_FILTER, Filter
from tfdash.views.table import RowSource

Rank = tuple[int, Any, str, Any]
_BULK = 8  # above one change in eight rows, sorting anew is cheaper than moving rows one by one


class RowOrder:
    """Keys in order. ``at``, ``find`` and slices speak of what is shown: after filter and direction."""

    def __init__(self, source: RowSource, column: str = "", descending: bool = False) -> None:
        self.source = source
        self.column = column
        self.descending = descending
        self.filter: Filter = NO_FILTER
        self._order: list[Any] = []  # ascending, always; "descending" is only how it is read
        self._shown: list[Any] = self._order
        self._values: dict[Any, Any] | None = None  # key -> sort value; None until something needs it
        self._presorted = False
        self._some_unknown = False

    # -- reading ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._shown)

    @property
    def total(self) -> int:
        return len(self._order)

    def at(self, row: int) -> Hashable:
        """The key of a shown row. Raises IndexError."""
        if not 0 <= row < len(self._shown):
            raise IndexError(row)
        key: Hashable = self._shown[len(self._shown) - 1 - row if self.descending else row]
        return key

    def slice(self, start: int, stop: int) -> list[Any]:
        """The keys of shown rows."""
        if not self.descending:
            return self._shown[start:stop]
        count = len(self._shown)
        return self._shown[max(count - stop, 0) : max(count - start, 0)][::-1]

    def find(self, key: Hashable) -> int | None:
        """The shown row of a key, or None."""
        index = self._index(self._shown, key)
        if index is None:
            return None
        return len(self._shown) - 1 - index if self.descending else index

    def __contains__(self, key: object) -> bool:
        if self._values is not None:
            return key in self._values
        return key in self._order

    @property
    def every(self) -> Sequence[Any]:
        """All keys, filtered or not; not to be changed."""
        return self._order

    def keys(self) -> list[Any]:
        """All keys, filtered or not, in ascending order."""
        return list(self._order)

    # -- the rows -----------------------------------------------------------------------------------------------

    def reset(self, keys: Iterable[Hashable], presorted: bool = False) -> None:
        """Other rows. ``presorted``: they come in ascending order of the present column, and nothing is sorted."""
        self._values = None
        self._order = list(keys)
        self._presorted = presorted or not self.column
        if not self._presorted:
            self._sort()
        self._refilter(narrow=False)

    def apply(
        self, changed: Iterable[Hashable], removed: Iterable[Hashable], added: Iterable[Hashable]
    ) -> None:
        """Rows changed, went and came. Unknown ones are taken as added, missing ones ignored."""
        values = self._known_values()
        gone = {key for key in removed if key in values}
        here = {key for key in (*changed, *added) if key not in gone}
        if not gone and not here:
            return
        if (len(gone) + len(here)) * _BULK > len(self._order):
            self._apply_many(gone, here)
            return
        for key in gone:
            self._take(key)
            del values[key]
        for key in here:
            if self.column or key not in values:
                value = self._value(key)
                known = key in values
                if known and values[key] == value and type(values[key]) is type(value):
                    self._refilter_one(key)
                    continue
                if known:
                    self._take(key)
                values[key] = value
                self._put(key)
            else:
                self._refilter_one(key)

    def _apply_many(self, gone: set[Any], here: set[Any]) -> None:
        values = self._known_values()
        self._order = [key for key in self._order if key not in gone]
        self._order.extend(key for key in here if key not in values)
        for key in gone:
            del values[key]
        for key in here:
            values[key] = self._value(key)
        self._sort()
        self._refilter(narrow=False)

    # -- sorting ------------------------------------------------------------------------------------------------

    def sort(self, column: str, descending: bool) -> None:
        """Order by another column or in another direction; a mere reversal costs nothing where every value is known: what is not
        stands last either way."""
        turned, self.descending = descending is not self.descending, descending
        if column == self.column and not (turned and self._some_unknown):
            return
        self.column = column
        self._values, self._some_unknown = None, False
        self._sort()
        if self.filter.empty:
            self._shown = self._order
        else:
            kept = set(self._shown)
            self._shown = [key for key in self._order if key in kept]

    def _value(self, key: Any) -> Any:
        if not self.column:
            return ""
        value = self.source.sort_value(key, self.column)
        if value is None or value != value:  # None and NaN stand last
            self._some_unknown = True
            return -math.inf if self.descending else math.inf
        return value

    def _known_values(self) -> dict[Any, Any]:
        if self._values is None:
            self._values = {key: self._value(key) for key in self._order}
            if self._presorted:  # the promise is checked here, where sorting what is in order costs little
                self._sort()
                self._refilter(narrow=False)
        return self._values

    def _rank(self, key: Any) -> Rank:
        """Numbers before texts, what is not known at its end; equal values by key, whatever sorts of key there are (an object, a sentence of what is unread)."""
        value = (self._values or {}).get(key, "")
        if isinstance(value, str):
            return (1, value, *_among_keys(key))
        if value in (math.inf, -math.inf):
            return (2 if value > 0 else -1, 0, *_among_keys(key))
        return (0, value, *_among_keys(key))

    def _sort(self) -> None:
        self._presorted = False
        if self._values is None:
            self._values = {key: self._value(key) for key in self._order}
        values = self._values
        alike = len(set(map(type, self._order))) < 2
        by_key = sorted(self._order) if alike else sorted(self._order, key=_among_keys)
        if self.column:
            try:
                by_key.sort(key=values.__getitem__)
            except TypeError:  # numbers and texts mixed, as while objects replace server-printed rows
                by_key.sort(key=self._rank)
        self._order[:] = by_key  # in place: what is shown may be this very list

    def _index(self, within: Sequence[Any], key: Any) -> int | None:
        if self._values is None:
            try:
                return within.index(key)
            except ValueError:
                return None
        if key not in self._values:
            return None
        index = bisect_left(within, self._rank(key), key=self._rank)
        return index if index < len(within) and within[index] == key else None

    def _take(self, key: Any) -> None:
        index = self._index(self._order, key)
        shown = None if self._shown is self._order else self._index(self._shown, key)
        if index is not None:
            del self._order[index]
        if shown is not None:
            del self._shown[shown]

    def _put(self, key: Any) -> None:
        self._order.insert(bisect_left(self._order, self._rank(key), key=self._rank), key)
        if self._shown is not self._order and self.filter.matches(key, self.source):
            self._shown.insert(bisect_left(self._shown, self._rank(key), key=self._rank), key)

    # -- filtering ----------------------------------------------------------------------------------------------

    def set_filter(self, new: Filter) -> None:
        before, self.filter = self.filter, new
        if new.empty:
            self._shown = self._order
        else:
            self._refilter(narrow=new.narrows(before))

    def _refilter(self, narrow: bool) -> None:
        if self.filter.empty:
            self._shown = self._order
        else:
            self._shown = self.filter.select(self._shown if narrow else self._order, self.source)

    def _refilter_one(self, key: Any) -> None:
        """A row whose place stayed may pass now, or no more."""
        if self._shown is self._order:
            return
        there = self._index(self._shown, key)
        passes = self.filter.matches(key, self.source)
        if passes and there is None:
            self._shown.insert(bisect_left(self._shown, self._rank(key), key=self._rank), key)
        elif there is not None and not passes:
            del self._shown[there]


def _among_keys(key: Any) -> tuple[str, Any]:
    """Keys of one table may be of several types, which do not compare."""
    return (type(key).__name__, key)
