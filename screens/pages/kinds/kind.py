"""The objects of a kind that is not in the program's table, as the server prints them: read only, and judged by nothing."""

from __future__ import annotations

from screens.lists.list_screen import ListScreen
from tfdash.text import safe


class KindScreen(ListScreen):
    """Above what was shown; follows the chosen namespace like the lists of a tab."""

    @property
    def crumb(self) -> str:
        return safe(self.view.id)
