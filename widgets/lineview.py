"""The base of what is drawn line by line: a focusable scrolled view whose colours come from component classes."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.cells import fitted
from widgets.theme import TOKEN_CLASSES, token_css


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
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
    overflow-y: auto;
    scrollbar-size-vertical: 1;
    scrollbar-gutter: stable;
}
"""
    )

    _styles_by_name: dict[tuple[str, ...], Style]

    def notify_style_update(self) -> None:
        self._styles_by_name = {}
        super().notify_style_update()

    def style(self, *names: str) -> Style:
        """The widget's own style with the component classes of ``names`` on top, later ones winning; "" is nothing."""
        try:
            found = self._styles_by_name.get(names)
        except AttributeError:  # asked before the first style update
            self._styles_by_name, found = {}, None
        if found is None:
            found = self.rich_style
            for name in names:
                if name:
                    found += self.get_component_rich_style(name, partial=True)
            self._styles_by_name[names] = found
        return found

    def line(self, text: str, *names: str) -> Strip:
        """A whole line in one style."""
        width = self.size.width
        return Strip([Segment(fitted(text, width), self.style(*names))], width)

    def repaint_line(self, y: int) -> None:
        """Draw one line of the screen anew; ``y`` counts from the top of the widget."""
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def jump(self, y: int) -> None:
        """Scroll to a line at once."""
        self.scroll_to(y=y, animate=False)
