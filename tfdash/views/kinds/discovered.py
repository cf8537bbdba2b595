"""The list of a kind that the program's table does not have: the columns that the server prints, and nothing judged.

Columns of the server's ``priority`` above 0 stand there where the terminal has room for them, as under kubectl's ``-o wide``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from math import inf
from typing import Any, TypeAlias

from tfdash.model.kube import Object, PrintedRow, TableColumn
from tfdash.model.resources import ApiResource
from tfdash.text import safe
from tfdash.views.age import seconds_of, since
from tfdash.views.kinds.base import Context, Field, KindView, age_field, name_field, text_field
from tfdash.views.quantity import parse_quantity

_MEASURED = 500  # rows by which the widths go
_CELLS = 50_000  # by which they go at most, however many columns there are
_LONGEST = 32  # cells of a column that does not stretch
_STEP = 4  # widths grow by so much: a list is not laid out anew for each longer word
_NUMBERS = frozenset({"integer", "number"})
_TAKEN = frozenset({"name", "cluster", "namespace", "kind", "age"})  # ids of columns that every list may have
_BREAK = re.compile(r"[\n\r\f]")
_DIGITS = re.compile(r"\d+")


Layout: TypeAlias = tuple[TableColumn, ...]


class Layouts:
    """Numbers the layouts of rows. Rows share theirs, so it is known by being the same one: to hash thousands of columns for
    each cell took 10 s."""

    def __init__(self) -> None:
        self._numbers: dict[Layout, int] = {}
        self._known: dict[
            int, tuple[Layout, int]
        ] = {}  # by identity; the layout is held, so that no other gets its place

    def number(self, layout: Layout) -> int:
        found = self._known.get(id(layout))
        if found is None:
            found = self._known[id(layout)] = layout, self._numbers.setdefault(layout, len(self._numbers))
        return found[1]

    def __iter__(self) -> Iterator[Layout]:
        return iter(self._numbers)


_PRINTED_NAME = text_field(
    "printed_name", "NAME AS PRINTED", 24, lambda obj: obj.shown or obj.name, priority=3
)
"""``fast (default)``: some printers say more there than the name."""


def discovered_view(id: str, resource: ApiResource) -> KindView:
    """``id`` is that of the catalogue, under which the picture holds the objects."""
    bare = (name_field(), age_field())
    return KindView(id, (id,), resource.resource, bare, _search, resource.namespaced, columns_of=columns_of)


def columns_of(objects: Iterable[Object]) -> tuple[Field, ...]:
    """The fields for what the rows bring: the columns of each layout that is among them, as it names them."""
    layouts = Layouts()
    sample: list[PrintedRow] = []
    for obj in objects:
        if isinstance(obj, PrintedRow):
            layouts.number(obj.columns)
            if len(sample) < _MEASURED:
                sample.append(obj)
    widest = max((len(layout) for layout in layouts), default=0)
    sample = sample[: max(_CELLS // max(widest, 1), 1)]
    places: dict[
        tuple[str, int], dict[int, int]
    ] = {}  # (name, which of that name) -> by layout's number, the cell
    first: dict[tuple[str, int], TableColumn] = {}
    for number, layout in enumerate(layouts):
        seen: dict[str, int] = {}
        for index, column in enumerate(layout):
            nth = seen[column.name] = seen.get(column.name, -1) + 1
            places.setdefault((column.name, nth), {})[number] = index
            first.setdefault((column.name, nth), column)
    if not first:
        return (name_field(), age_field())
    fields: dict[str, Field] = {"name": name_field()}
    if any(row.shown for row in sample):
        fields["printed_name"] = _PRINTED_NAME
    for which, column in first.items():
        field = _field(column, _unused(column.name, fields), _reading(layouts, places[which]), sample)
        fields[field.id] = field
    return tuple(fields.values())


Read = Callable[[Any], str | int | float | None]


def _reading(layouts: Layouts, place: dict[int, int]) -> Read:
    """The cell of a row, wherever its own layout has it; None where it has none."""

    def read(obj: Any) -> str | int | float | None:
        index = place.get(layouts.number(obj.columns))
        found: str | int | float | None = None if index is None else obj.cells[index]
        return found

    return read


def _unused(name: str, fields: dict[str, Field]) -> str:
    plain = re.sub(r"\W+", "_", name.lower()).strip("_") or "column"
    id = f"printed_{plain}" if plain in _TAKEN and plain != "age" else plain
    while id in fields:
        id += "_"
    return id


def _field(column: TableColumn, id: str, read: Read, sample: list[PrintedRow]) -> Field:
    if column.ages:
        return _moment(column, id, read)
    title = safe(column.name).upper()
    texts = [_text(read(obj)) for obj in sample]
    longest = max(map(len, texts), default=0)
    width = min(max(len(title), -(-longest // _STEP) * _STEP, 5), _LONGEST)
    numeric = column.type in _NUMBERS
    told = [text for text in texts if text]
    lasting = not numeric and bool(told) and all(seconds_of(text) is not None for text in told)

    def sort(obj: Any, context: Context) -> float | str:
        value = read(obj)
        if lasting:
            seconds = seconds_of(_text(value))
            return -inf if seconds is None else seconds
        if not numeric:
            return sortable("" if value is None else str(value))
        return float(value) if isinstance(value, int | float) else -inf

    def typed(obj: Any, context: Context) -> Any:
        value = read(obj)
        return safe(value) if isinstance(value, str) else value

    return Field(
        id,
        title,
        width,
        lambda obj, context: safe(_text(read(obj))),
        sort,
        value=typed,
        right=numeric,
        flexible=longest > _LONGEST,
        priority=_priority(column),
    )


def _moment(column: TableColumn, id: str, read: Read) -> Field:
    """Held as a time, or as a text where there was none: ``<unknown>``."""

    def when(obj: Any) -> float | None:
        value = read(obj)
        if value is None and not obj.columns and column.name == "Age":
            return float(obj.created)  # an object that was made no row
        return float(value) if isinstance(value, float) else None

    def write(obj: Any, context: Context) -> str:
        at, value = when(obj), read(obj)
        return since(at, context.now) if at is not None else safe(_text(value))

    return Field(
        id,
        safe(column.name).upper(),
        max(len(column.name), 7),
        write,
        lambda obj, context: -(when(obj) or 0.0),
        value=lambda obj, context: when(obj),
        right=True,
        priority=1 if column.priority <= 0 else _priority(column),
        clock=True,
    )


def _priority(column: TableColumn) -> int:
    """The highest goes first where room is short: what kubectl shows under ``-o wide`` alone."""
    return 2 if column.priority <= 0 else 10 + column.priority


def _text(value: str | float | None) -> str:
    """As kubectl prints it: one line, no trailing ``.0``."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, int):
        return str(value)
    line = _BREAK.split(value, maxsplit=1)
    return line[0] + ("..." if len(line) > 1 else "")


@lru_cache(maxsize=1 << 14)  # a list is sorted anew for each change of it
def sortable(text: str) -> str:
    """A string that orders texts as people do: numbers and quantities by value (``9Gi`` before ``10Gi``), before all words, and
    numbers inside words likewise (``node-2`` before ``node-10``)."""
    value = parse_quantity(text) if text[:1].isdigit() else None
    if value is not None:
        return f"0{value:040.9f}"
    return "1" + _DIGITS.sub(lambda found: found[0].zfill(20), text) if text else ""


def _search(obj: Any, context: Context) -> str:
    cells = (str(cell) for cell in obj.cells if isinstance(cell, str))
    return " ".join((obj.namespace, obj.name, *cells))
