"""A row source of plain dictionaries, for the tests of tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from tfdash.views.filter import Amount
from tfdash.views.table import Cell, Column

COLUMNS = (
    Column("name", "NAME", min=12),
    Column("status", "STATUS", 10, priority=1),
    Column("restarts", "RESTARTS", 8, align="right", priority=2, sort="descending"),
    Column("age", "AGE", 5, align="right", priority=3),
)


class Rows:
    """Rows by name: status, restarts, age. ``asked`` counts what the table asked for."""

    def __init__(self, count: int = 0) -> None:
        self.rows: dict[str, list[Any]] = {f"pod-{i:05d}": ["Running", i % 7, "1m"] for i in range(count)}
        self.asked = 0

    def cells(self, key: Any) -> Sequence[Cell]:
        self.asked += 1
        row = self.rows.get(key)
        return (
            () if row is None else (key, (row[0], "warn" if row[0] != "Running" else ""), str(row[1]), row[2])
        )

    def marks(self, key: Any) -> Sequence[Hashable]:
        row = self.rows.get(key)
        return () if row is None else (key, row[0], row[1], "")

    def search_text(self, key: Any) -> str:
        row = self.rows.get(key)
        return "" if row is None else f"{key} {row[0]}".lower()

    def sort_value(self, key: Any, column: str) -> Any:
        row = self.rows.get(key)
        return None if row is None else {"status": row[0], "restarts": row[1]}.get(column, key)

    def labels(self, key: Any) -> Mapping[str, str]:
        return {"app": key[:3]}

    def amount(self, key: Any, column: str) -> Amount | None:
        return None

    def trouble(self, key: Any) -> int:
        return 0

    def version(self, key: Any) -> Hashable:
        row = self.rows.get(key)
        return None if row is None else tuple(row)
