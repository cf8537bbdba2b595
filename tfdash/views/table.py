"""What a table is made of, without a table: columns, cells, and the source of its rows.

A table on the screen holds keys alone. It asks a ``RowSource`` for the cells of the rows in view and for nothing else,
so that ten thousand rows cost no more than fifty.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from tfdash.views.filter import Amount

TOKENS: tuple[str, ...] = (
    "ok",
    "warn",
    "breach",
    "unknown",
    "moving",
    "paused",
    "idle",
    "dim",
    "bright",
    "accent",
)
"""The names of the colours that the theme gives to a state or an emphasis."""

Cell: TypeAlias = str | tuple[str, str]
Line: TypeAlias = Sequence[Cell]  # of prose
"""Text that is safe to show (see ``tfdash.text.safe``), or such a text and one of ``TOKENS``, "" for plain text."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Widths in terminal cells.

    ``width`` fixes it; a column without one is flexible: at least ``min`` wide, it takes its share (``flex``) of what
    the fixed ones leave, up to ``max``. Where room is short the columns of the highest ``priority`` go first, 0 never.
    ``sort`` is the direction it is sorted in when first chosen, or "none". ``names`` says, of a row's key, what a column
    that tells rows apart would write: such texts are cut where they say least, and the column goes last where two rows
    would be alike without it. ``fits``: it asks for no more than its cells need, so that another gets the rest. ``squeezed``: so narrow it
    is still shown where it would else be gone beside empty cells.
    """

    key: str
    title: str
    width: int | None = None
    min: int = 8
    max: int | None = None
    flex: int = 1
    align: Literal["left", "right"] = "left"
    priority: int = 0
    sort: Literal["ascending", "descending", "none"] = "ascending"
    names: Callable[[Any], str] | None = None
    fits: bool = False
    squeezed: int | None = None


class RowSource(Protocol):
    """Where a table reads its rows. All methods are called on the screen's thread and must not block.

    Keys are hashable and comparable with each other. A key that is no longer there yields empty values, never an
    error: rows vanish between a change and its drawing.
    """

    def cells(self, key: Any) -> Sequence[Cell]:
        """One cell a column, in the order of the columns; shorter is filled up with blanks."""

    def marks(self, key: Any) -> Sequence[Hashable]:
        """One value a column; where it differs from before, the cell is shown bright for a moment.

        Leave out of it what time alone changes (ages). An empty sequence: nothing ever brightens.
        """

    def search_text(self, key: Any) -> str:
        """Lower case text that filters are tried on; the source keeps it."""

    def sort_value(self, key: Any, column: str) -> Any:
        """What the row is ordered by under a column (its key): a number or a string; None sorts first."""

    def labels(self, key: Any) -> Mapping[str, str]:
        """For ``-l`` filters."""

    def version(self, key: Any) -> Hashable:
        """Cheap: equal as long as nothing about the row changed, time apart."""

    def amount(self, key: Any, column: str) -> Amount | None:
        """For filters like ``restarts>3``; the column by its key or title, in lower case."""

    def trouble(self, key: Any) -> int:
        """How bad what the row says is; 0 for nothing wrong. See ``trouble_of``."""


WORST = "!"
"""The column by which the worst rows are first; no table shows it."""
_TROUBLE = {"breach": 3, "warn": 2, "unknown": 1}


def trouble_of(tokens: Iterable[str]) -> int:
    """The worst that the cells of a row say by their ``TOKENS``: a breach, a warning, something unknown, or nothing."""
    return max((_TROUBLE.get(token, 0) for token in tokens), default=0)
