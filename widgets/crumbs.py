"""Where we are, and at the right what the screen says in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.message import Message

from tfdash.views.table import Cell
from widgets.oneline import LinePiece, OneLine


class Crumbs(OneLine):
    """``Deployments › tf-production › checkout``. A click on an earlier one posts ``Chosen`` with its number."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"crumbs--last"}
    DEFAULT_CSS = """
Crumbs {
    & > .crumbs--last { color: $tf-bright; text-style: bold; }
}
"""

    class Chosen(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, parts: Sequence[str] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: tuple[str, ...] = tuple(parts)
        self._says: tuple[Cell, ...] = ()
        self._note = ""

    def update(self, parts: Sequence[str], says: Sequence[Cell] = (), note: str = "") -> None:
        """``says`` stands at the right, each piece text or (text, token); the first goes last where room is short.
        ``note`` stands pale behind the crumbs and goes first."""
        told = (tuple(parts), tuple(says), note)
        if told != (self._parts, self._says, self._note):
            self._parts, self._says, self._note = told
            self.refresh()

    def left(self, width: int) -> list[LinePiece]:
        pieces = [LinePiece(" ")]
        for index, part in enumerate(self._parts):
            last = index == len(self._parts) - 1
            if index:
                pieces.append(LinePiece(" › ", ("tok-dim",), 0 if last else 9))
            name = "crumbs--last" if last else "tok-dim"
            pieces.append(LinePiece(part, (name,), 0 if last else 9, 0 if last else 4, str(index), True))
        if self._note:
            pieces.append(LinePiece(f"    {self._note}", ("tok-dim",), 20, 16))
        return pieces

    def right(self, width: int) -> list[LinePiece]:
        pieces = []
        for index, cell in enumerate(self._says):
            text, token = (cell, "dim") if isinstance(cell, str) else cell
            pieces.append(LinePiece(f"  {text}", (f"tok-{token}" if token else "",), index + 1, 12))
        return [*pieces, LinePiece(" ")] if pieces else []

    def on_click(self, event: events.Click) -> None:
        if (target := self.target_at(event.x)) and int(target) < len(self._parts) - 1:
            self.post_message(self.Chosen(int(target)))
