"""Styles of component classes, kept until the CSS changes. A mixin of widgets that draw their own lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.style import Style

if TYPE_CHECKING:
    from textual.widget import Widget as _Base
else:
    _Base = object


class Styled(_Base):
    """Gives ``style(...)``. Stands before the widget class among the bases."""

    _styles_by_name: dict[tuple[str, ...], Style]

    def __init__(self, *args: Any, **options: Any) -> None:
        self._styles_by_name = {}
        super().__init__(*args, **options)

    def notify_style_update(self) -> None:
        self._styles_by_name = {}
        super().notify_style_update()

    def style(self, *names: str) -> Style:
        """The widget's own style with the component classes of ``names`` on top, later ones winning; "" is nothing."""
        found = self._styles_by_name.get(names)
        if found is None:
            found = self.rich_style
            for name in names:
                if name:
                    found += self.get_component_rich_style(name, partial=True)
            self._styles_by_name[names] = found
        return found
