"""Which columns fit, and how wide each is."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from tfdash.views.table import Column

GAP = 2  # blank cells between columns


class Placed(NamedTuple):
    """A column on the screen: at which place among all it stands, and its width in cells."""

    at: int
    width: int


class Fit(NamedTuple):
    """``left`` and ``right`` count the columns that are hidden before and after (by scrolling or for want of room)."""

    placed: tuple[Placed, ...]
    left: int
    right: int


def least(column: Column) -> int:
    return column.width if column.width is not None else column.min


def fit(columns: Sequence[Column], room: int, skip: int = 0) -> Fit:
    """Lay ``columns`` into ``room`` cells.

    The first column always stays. With ``skip`` 0 the columns of the highest priority are dropped until the rest fits;
    once the reader scrolls (``skip`` > 0) that many after the first are passed over, and what fits is shown in order, so
    that every column can be reached.
    """
    if not columns:
        return Fit((), 0, 0)
    chosen = _in_order(columns, room, skip) if skip else _by_priority(columns, room)
    return Fit(_widths(columns, chosen, room), skip, len(columns) - skip - len(chosen))


def furthest(columns: Sequence[Column], room: int) -> int:
    """The largest useful ``skip``: with it the last column is in view."""
    if len(_by_priority(columns, room)) == len(columns):
        return 0
    for skip in range(1, len(columns) - 1):
        if _in_order(columns, room, skip)[-1] == len(columns) - 1:
            return skip
    return max(len(columns) - 2, 0)


def _by_priority(columns: Sequence[Column], room: int) -> list[int]:
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _least_of(columns, chosen) > room:
        # Of equals the rightmost goes. The name column never does, nor one of priority 0 while another can.
        chosen.remove(max(chosen[1:], key=lambda i: (columns[i].priority, i)))
    gone = sorted(set(range(len(columns))) - set(chosen), key=lambda i: (columns[i].priority, i))
    back: list[int] = []
    for (
        index
    ) in gone:  # none is hidden beside empty cells, and none comes back at the cost of what another says
        wanted = [_wanted(columns[i]) for i in chosen] + [_narrowest(columns[i]) for i in (*back, index)]
        if sum(wanted) + GAP * (len(wanted) - 1) <= room:
            back.append(index)
    return sorted([*chosen, *back])


def _wanted(column: Column) -> float:
    """How wide it would be if it could; of names their width follows from all of them (``widgets.naming``)."""
    if column.width is not None:
        return column.width
    if column.max is not None:
        return max(column.max, column.min)
    return column.min if column.names is not None else inf


def _narrowest(column: Column) -> int:
    return column.squeezed if column.squeezed is not None else least(column)


def _in_order(columns: Sequence[Column], room: int, skip: int) -> list[int]:
    chosen = [0]
    for index in range(1 + skip, len(columns)):
        if _least_of(columns, [*chosen, index]) > room and len(chosen) > 1:
            break
        chosen.append(index)
    return chosen


def _least_of(columns: Sequence[Column], chosen: Sequence[int]) -> int:
    return sum(least(columns[i]) for i in chosen) + GAP * (len(chosen) - 1)


def _widths(columns: Sequence[Column], chosen: Sequence[int], room: int) -> tuple[Placed, ...]:
    widths = {i: min(least(c), c.max) if (c := columns[i]).max is not None else least(c) for i in chosen}
    spare = room - sum(widths.values()) - GAP * (len(chosen) - 1)
    for i in chosen:
        if spare < 0 and (squeezed := columns[i].squeezed) is not None:
            taken = min(-spare, widths[i] - squeezed)
            widths[i] -= taken
            spare += taken
    if spare < 0:  # even the first alone is too wide: all of the room is its
        widths[chosen[0]] = max(widths[chosen[0]] + spare, 1)
        spare = 0
    growing = [i for i in chosen if columns[i].width is None]
    while spare > 0 and growing:
        shares = sum(columns[i].flex for i in growing)
        full = [i for i in growing if _room_left(columns[i], widths[i]) <= spare * columns[i].flex // shares]
        if not full:
            for i in growing:
                widths[i] += spare * columns[i].flex // shares
            widths[growing[0]] += room - sum(widths.values()) - GAP * (len(chosen) - 1)
            break
        for i in full:  # those that reach their most leave the rest to the others
            spare -= _room_left(columns[i], widths[i])
            widths[i] += _room_left(columns[i], widths[i])
            growing.remove(i)
    return tuple(Placed(i, widths[i]) for i in chosen)


def _room_left(column: Column, width: int) -> int:
    return max(column.max - width, 0) if column.max is not None else 1 << 30
