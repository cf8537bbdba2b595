"""The one widget of a wall: paints the lines that it is given, and of those only what became another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tfdash.views.wall.face import OWN
from tfdash.views.wall.lines import WallPiece
from widgets.styled import Styled
from widgets.theme import TOKEN_CLASSES, token_css


class WallFace(Styled, Widget, inherit_bindings=False):
    """``show`` lines of its own size. It takes no focus, no key and no mouse."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TOKEN_CLASSES, *(f"tok-{name}" for name in OWN)}
    ALLOW_SELECT = False
    DEFAULT_CSS = (
        token_css("WallFace")
        + "WallFace { width: 100%; height: 100%; background: $background; color: $foreground; }\n"
        + "WallFace > .tok-banner { color: $tf-banner; background: $tf-banner-background; text-style: bold; }\n"
        + "WallFace > .tok-old { color: $background; background: $tf-unknown; text-style: bold; }\n"
        + "".join(
            f"WallFace > .tok-{name} {{ color: $tf-env; background: $tf-{name}; text-style: bold; }}\n"
            for name in OWN
            if name.startswith("env-")
        )
        + "WallFace:ansi > .tok-old { text-style: bold reverse; }\n"
    )

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Sequence[WallPiece]] = ()

    def show(self, lines: Sequence[Sequence[WallPiece]]) -> None:
        before, self._lines = self._lines, lines
        width = self.size.width
        changed = [
            Region(0, y, width, 1)
            for y, line in enumerate(lines)
            if y >= len(before) or list(before[y]) != list(line)
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        pieces = [Segment(text, self.style(f"tok-{t}" if t else "")) for text, t in self._lines[y] if text]
        return Strip(pieces).adjust_cell_length(width, self.rich_style)
