"""The rows of a view as a table reads them: ``BoardRows`` behind the ``RowSource`` protocol."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from tfdash.text import safe
from tfdash.views.filter import Amount
from tfdash.views.rows import BoardRows, RowKey
from tfdash.views.table import WORST, Cell, Column, trouble_of

_NAMES: dict[str, Callable[[RowKey], str]] = {
    "name": lambda key: safe(key.key.name),
    "cluster": lambda key: safe(key.cluster.cluster),
    "namespace": lambda key: safe(key.key.namespace),
    "kind": lambda key: key.kind,
}
"""What the columns that tell rows apart write, by the field's id."""


class TableRows:
    """See ``tfdash.views.table.RowSource``."""

    def __init__(self, rows: BoardRows) -> None:
        self.rows = rows

    def columns(self) -> tuple[Column, ...]:
        """The view's fields as columns of a table."""
        return tuple(
            Column(
                key=field.id,
                title=field.title,
                width=None if field.flexible else field.width,
                min=field.width,
                align="right" if field.right else "left",
                priority=field.priority,
                sort="descending" if field.right else "ascending",
                names=_NAMES.get(field.id) if not place or field.id != "name" else None,
            )
            for place, field in enumerate(self.rows.fields)
        )

    def cells(self, key: RowKey) -> Sequence[Cell]:
        obj = self.rows.object(key)
        if obj is None:
            return ()
        context = self.rows.context(key)
        cells: list[Cell] = []
        for field in self.rows.fields:
            text = field.text(obj, context)
            token = field.token(obj, context)
            cells.append((text, token) if token else text)
        return cells

    def marks(self, key: RowKey) -> Sequence[Hashable]:
        return self.rows.marks(key)

    def search_text(self, key: RowKey) -> str:
        return self.rows.search_text(key)

    def sort_value(self, key: RowKey, column: str) -> Any:
        if column == WORST:
            return -self.trouble(key)
        field = next((f for f in self.rows.fields if f.id == column), None)
        return None if field is None else self.rows.sort_value(key, field)

    def amount(self, key: RowKey, column: str) -> Amount | None:
        return self.rows.amount(key, column)

    def trouble(self, key: RowKey) -> int:
        return trouble_of(self.rows.tokens(key))

    def labels(self, key: RowKey) -> Mapping[str, str]:
        return self.rows.labels(key)

    def version(self, key: RowKey) -> Hashable:
        """What was said of it belongs to it: a row is drawn anew when it is judged anew."""
        obj = self.rows.object(key)
        if obj is None:
            return None
        said = self.rows.assessment
        told = (
            (
                said.workloads.get(key.subject)
                or said.releases.get(key.subject)
                or said.verdicts.get(key.subject)
                or said.verdicts.get(key.subject._replace(uid=obj.uid))
            )
            if self.rows.view.judged
            else None
        )
        return (obj.resource_version, id(obj), id(told))
