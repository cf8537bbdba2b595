"""The screens as one line: digit, name, and the worst of what each has to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.message import Message

from widgets.cells import literal, width_of
from widgets.oneline import LinePiece, OneLine

# Badges of a tab, whether with their counts, what stands behind it, and the cells of names (but the active one's): the first that fits.
_WHOLE = 99
_FORMS = (
    (2, True, " ", _WHOLE),
    (1, True, " ", _WHOLE),
    (1, True, "", _WHOLE),
    *((1, True, "", cells) for cells in (8, 7, 6, 5)),
    (1, False, "", 5),
)


class Tab(NamedTuple):
    """``badges`` are the worst first: ``("✖1", "breach"), ("▲3", "warn")``."""

    id: str
    name: str
    digit: str = ""
    badges: tuple[tuple[str, str], ...] = ()


class Tabs(OneLine):
    """``set_tabs`` with the active one's id. A click posts ``Chosen``."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--active", "tabs--digit"}
    DEFAULT_CSS = """
Tabs {
    & > .tabs--active { color: $tf-bright; background: $tf-cursor-background; text-style: bold; }
    & > .tabs--digit { color: $tf-key; }
    &:ansi > .tabs--active { text-style: bold reverse; }
    &:nocolor > .tabs--active { text-style: bold reverse; }
}
"""

    class Chosen(Message):
        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Sequence[Tab] = (), active: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tabs, self._active = tuple(tabs), active

    def set_tabs(self, tabs: Sequence[Tab], active: str) -> None:
        if (tuple(tabs), active) != (self._tabs, self._active):
            self._tabs, self._active = tuple(tabs), active
            self.refresh()

    def left(self, width: int) -> list[LinePiece]:
        groups: list[list[LinePiece]] = []
        for badges, counted, end, cells in _FORMS:
            groups = [self._pieces(tab, badges, counted, end, cells) for tab in self._tabs]
            if _width(groups) <= width:
                break
        return [piece for group in self._window(groups, width) for piece in group]

    def _pieces(self, tab: Tab, badges: int, counted: bool, end: str, cells: int) -> list[LinePiece]:
        name = tab.name if tab.id == self._active or len(tab.name) <= cells else f"{tab.name[: cells - 1]}."
        active = ("tabs--active",) if tab.id == self._active else ()
        pieces = [LinePiece(" ", active, target=tab.id)]
        if tab.digit:
            pieces.append(LinePiece(f"{tab.digit} ", (*active, "tabs--digit"), target=tab.id))
        pieces.append(LinePiece(name, active, target=tab.id))
        for text, token in tab.badges[:badges]:
            shown = text if counted else text[:1]
            pieces.append(LinePiece(f" {shown}", (*active, f"tok-{token}" if token else ""), target=tab.id))
        return [*pieces, LinePiece(end, active, target=tab.id)] if end else pieces

    def _window(self, groups: list[list[LinePiece]], width: int) -> list[list[LinePiece]]:
        """As many tabs as fit, the active one among them; an ellipsis stands for those before and after."""
        if _width(groups) <= width:
            return groups
        at = next((i for i, tab in enumerate(self._tabs) if tab.id == self._active), 0)
        first, last = 0, len(groups)
        more = [LinePiece("…", ("tok-dim",))]
        while last > at + 1 and _width(groups[first:last]) + (first > 0) + (last < len(groups)) > width:
            last -= 1
        while first < at and _width(groups[first:last]) + (first > 0) + (last < len(groups)) > width:
            first += 1
        shown = groups[first:last]
        return [*([more] if first else []), *shown, *([more] if last < len(groups) else [])]

    def on_click(self, event: events.Click) -> None:
        if target := self.target_at(event.x):
            self.post_message(self.Chosen(target))


def _width(groups: Sequence[Sequence[LinePiece]]) -> int:
    return sum(width_of(literal(piece.text)) for group in groups for piece in group)
