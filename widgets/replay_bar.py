"""The line of a replay, on every screen of it: that it is one, where in it we are, by what it is judged, and its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tfdash.views.replay import ReplayWords
from widgets.cells import width_of
from widgets.oneline import LinePiece, OneLine


class ReplayBar(OneLine):
    """``update`` with other words; what did not change is not drawn. What it is and where never goes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"replay--word", "replay--key"}
    DEFAULT_CSS = """
ReplayBar {
    background: $tf-bar;
    & > .replay--word { color: $tf-match; background: $tf-match-background; text-style: bold; }
    & > .replay--key { color: $tf-key; text-style: bold; }
    &:ansi > .replay--word { text-style: bold reverse; }
    &:nocolor > .replay--word { text-style: bold reverse; }
}
"""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words: ReplayWords | None = None
        self._keys: tuple[tuple[str, str], ...] = ()

    def update(self, words: ReplayWords, keys: Sequence[tuple[str, str]]) -> None:
        """``keys``: (as on the keyboard, what it does), the most useful first."""
        if (words, tuple(keys)) != (self._words, self._keys):
            self._words, self._keys = words, tuple(keys)
            self.refresh()

    def takes(self, text: str) -> bool:
        """Whether that can be told here whole."""
        return width_of(f" REPLAY  {text}") <= self.size.width

    def left(self, width: int) -> list[LinePiece]:
        told = self._words
        if told is None:
            return []
        if told.told:
            return [
                LinePiece(" REPLAY ", ("replay--word",)),
                LinePiece(f" {told.told}", ("tok-bright",), 1, 20),
            ]
        return [
            LinePiece(" REPLAY ", ("replay--word",)),
            LinePiece(f" {told.state}"),
            LinePiece(f"  {told.day}", (), 7),
            LinePiece(f" {told.clock}" if told.day else f"  {told.clock}"),
            LinePiece(f"  {told.place}", ("tok-dim",), 6),
            LinePiece(f"  {told.names}" if told.names else "", ("tok-warn",), 1),
            LinePiece(f"  {told.judged}", (), 2),
            LinePiece(told.by, ("tok-dim",), 30),
            LinePiece(f"  {told.cut}" if told.cut else "", ("tok-warn",), 3, 20),
            LinePiece(f"  {told.walking}" if told.walking else "", ("tok-dim",), 8),
        ]

    def right(self, width: int) -> list[LinePiece]:
        if self._words is not None and self._words.told:
            return []
        pieces = []
        for index, (key, does) in enumerate(self._keys):
            pieces.append(LinePiece(f"  {key}", ("replay--key",), 10 + index, target=key))
            pieces.append(LinePiece(f" {does}", ("tok-dim",), 10 + index, target=key))
        return [*pieces, LinePiece(" ")]
