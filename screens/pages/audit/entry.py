"""One entry of the audit log, whole."""

from __future__ import annotations

from screens.frame.text_page import TextPage
from tfdash.model.store_state import Entry
from tfdash.text import safe
from tfdash.views import audit


class EntryPage(TextPage):
    """One entry."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.title_text = f"Entry {safe(entry.terminal)}:{entry.sequence}"
        self._entry = entry

    def lines(self) -> list[str]:
        return audit.entry_lines(self._entry, self.shell.zone)

    def tick(self) -> None:
        """An entry never changes."""
