"""The header: where we are, as whom, in which mode, how fresh, what time. One line, on every screen."""

from __future__ import annotations

from typing import ClassVar

from tfdash.model.mode import Posture
from tfdash.views.header import HeaderState
from widgets.freshness import freshness_cell
from widgets.oneline import LinePiece, OneLine

_MODES = {Posture.ELEVATED: "header--elevated", Posture.BREAK_GLASS: "header--banner"}
_COLOURS = ("production", "staging", "development", "neutral")


class Header(OneLine):
    """``update`` with another state; what did not change is not drawn. At 80 columns the least important is gone."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"header--{colour}" for colour in _COLOURS),
        "header--demo",
        "header--banner",
        "header--elevated",
        "header--place",
    }
    DEFAULT_CSS = """
Header {
    background: $tf-bar;
    & > .header--production { color: $tf-env; background: $tf-env-production; text-style: bold; }
    & > .header--staging { color: $tf-env; background: $tf-env-staging; text-style: bold; }
    & > .header--development { color: $tf-env; background: $tf-env-development; text-style: bold; }
    & > .header--neutral { color: $tf-env; background: $tf-env-neutral; text-style: bold; }
    & > .header--demo { color: $tf-match; background: $tf-match-background; text-style: bold; }
    & > .header--banner { color: $tf-banner; background: $tf-banner-background; text-style: bold; }
    & > .header--elevated { color: $tf-warn; text-style: bold; }
    & > .header--place { color: $foreground; }
    &:ansi > .header--demo { text-style: bold reverse; }
    &:nocolor > .header--production { text-style: bold reverse; }
    &:nocolor > .header--staging { text-style: reverse; }
    &:nocolor > .header--development { text-style: reverse; }
    &:nocolor > .header--neutral { text-style: reverse; }
    &:nocolor > .header--demo { text-style: bold reverse; }
    &:nocolor > .header--banner { text-style: bold reverse; }
}
"""

    def __init__(self, state: HeaderState | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = state

    @property
    def state(self) -> HeaderState | None:
        return self._state

    def update(self, state: HeaderState) -> None:
        if state != self._state:
            self._state = state
            self.refresh()

    def left(self, width: int) -> list[LinePiece]:
        state = self._state
        if state is None:
            return []
        colour = state.colour if state.colour in _COLOURS else "neutral"
        pieces = [LinePiece(f" {state.environment} ", (f"header--{colour}",), shrinks=6)]
        if state.demo and "DEMO" not in state.environment.split():
            pieces.append(LinePiece(" DEMO ", ("header--demo",)))
        pieces.append(LinePiece(f" {state.mode.text} ", (_MODES.get(state.mode.posture, "tok-dim"),)))
        place = (
            LinePiece(state.cluster, ("header--place",), 4, 8),
            LinePiece(state.identity, ("tok-dim",), 6, 8),
            LinePiece(state.version, ("tok-dim",), 9),
        )
        separator = " "
        for part in place:
            if part.text:
                pieces.append(
                    part._replace(text=separator + part.text, shrinks=part.shrinks and part.shrinks + 3)
                )
                separator = " · "
        return pieces

    def right(self, width: int) -> list[LinePiece]:
        state = self._state
        if state is None:
            return []
        pieces = [LinePiece(f"  {note}", ("tok-warn",), 2, 10) for note in state.notes]
        if state.calendar:
            token = "tok-ok" if state.calendar_open else "tok-paused"
            word, rest = _calendar(state.calendar)
            pieces.append(LinePiece(f"  {word}", (token,), 3))
            pieces.append(LinePiece(rest, (token,), 7))
        text, token = freshness_cell(state.freshness)
        if text:
            pieces.append(LinePiece(f"  {text}", (f"tok-{token}",), 2, 14))
            if state.freshness.cause:
                pieces.append(LinePiece(f": {state.freshness.cause}", ("tok-dim",), 10))
        local, gap, utc = state.clocks.partition("  ")
        pieces.append(LinePiece(f"  {local}", (), 5))
        if gap:
            pieces.append(LinePiece(f"  {utc}", ("tok-dim",), 8))
        pieces.append(LinePiece(" "))
        return pieces


def _calendar(text: str) -> tuple[str, str]:
    """``release CLOSED`` and `` · opens Tue 8 Dec 10:00``: whole, or only the word; never half a date."""
    words = text.split(" ")
    return " ".join(words[:2]), "".join(f" {w}" for w in words[2:])
