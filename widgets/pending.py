"""What came, went and changed since a table was last drawn. No Textual in it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any


class PendingRows:
    """Gathered for the next frame. What went and came back has come; what came and went has gone."""

    def __init__(self) -> None:
        self.changed: set[Any] = set()
        self.removed: set[Any] = set()
        self.added: set[Any] = set()

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.added)

    def gather(
        self, changed: Iterable[Hashable], removed: Iterable[Hashable], added: Iterable[Hashable]
    ) -> None:
        for key in removed:
            self.changed.discard(key)
            self.added.discard(key)
            self.removed.add(key)
        for key in added:
            self.removed.discard(key)
            self.added.add(key)
        self.changed.update(changed)
