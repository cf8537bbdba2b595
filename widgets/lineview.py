"""The base of what is drawn line by line: a focusable scrolled view whose colours come from component classes."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.cells import fitted
from widgets.styled import Styled
from widgets.theme import TOKEN_CLASSES, token_css


class LineView(Styled, ScrollView, can_focus=True, inherit_bindings=False):
    """Subclasses draw ``render_line`` from ``style(...)`` and scroll without animation."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TOKEN_CLASSES)
    ALLOW_SELECT = False
    DEFAULT_CSS = (
        token_css("LineView")
        + """
LineView {
    height: 1fr;
    background: $background;
    color: $foreground;
    overflow-x: hidden;
    overflow-y: scroll;
    scrollbar-size-vertical: 1;
}
"""
    )

    def line(self, text: str, *names: str) -> Strip:
        """A whole line in one style."""
        room, width = self.line_width, self.size.width
        return Strip([Segment(fitted(text, room) + " " * (width - room), self.style(*names))], width)

    @property
    def line_width(self) -> int:
        """The cells of a line that are seen: a scrollbar stands over the last of ``size.width``."""
        return max(self.size.width - self.scrollbar_size_vertical, 0)

    def repaint_lines(self, *ys: int) -> None:
        """Draw lines of the screen anew; ``y`` counts from the top of the widget.

        Many lines in one call: Textual forgets the sizes at every refresh, and asking for them again is dear.
        """
        width, height = self.size
        regions = [Region(0, y, width, 1) for y in ys if 0 <= y < height]
        if regions:  # without a region all would be drawn
            self.refresh(*regions)

    def jump(self, y: int) -> None:
        """Scroll to a line at once."""
        self.scroll_to(y=y, animate=False, force=True)  # forced: it counts before the first layout too
