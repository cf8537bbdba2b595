"""What is to be told of a wall's own access and of what it keeps: whole on one page, in a few words on the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tfdash.model.verdict import Level
from tfdash.views import state as states
from tfdash.views.state import State

_GLYPH = 5  # cells of a sign before a text and of the gaps around both


class WallWarning(NamedTuple):
    """``at``: of what, ``PRODUCTION eu-1`` or an environment alone; ``short``: a few words, alike for all of a sort; ``detail``: the rest of the sentence.
    Texts are safe. ``level``: WARN, or UNKNOWN for what could not be found out."""

    at: str
    short: str
    detail: str = ""
    level: Level = Level.WARN

    @property
    def state(self) -> State:
        return states.of_level(self.level)

    @property
    def text(self) -> str:
        return f"{self.at}: {self.short}{self.detail}"


def in_short(warnings: Sequence[WallWarning], room: int) -> list[tuple[State, str]]:
    """One for each sort, gravest first, in so many cells in all: ``login can write: PRODUCTION eu-1`` and of how many more; the places
    give way first."""
    of: dict[tuple[Level, str], list[str]] = {}
    for one in sorted(warnings, key=lambda w: -w.level):
        of.setdefault((one.level, one.short), []).append(one.at)
    placed = [
        (states.of_level(level), f"{short}: {at}" + (f" and {len(more)} more" if more else ""))
        for (level, short), (at, *more) in of.items()
    ]
    if sum(cell_len(text) + _GLYPH for _, text in placed) <= room:
        return placed
    return [
        (states.of_level(level), short + (f" ({len(places)})" if len(places) > 1 else ""))
        for (level, short), places in of.items()
    ]
