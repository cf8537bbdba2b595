"""What is read from where, how old it is, and what is wrong with it."""

from __future__ import annotations

from screens.frame.text_page import TextPage
from tfdash.model.update import Update
from tfdash.views.layout import columns
from tfdash.views.sources import source_rows


class SourcesScreen(TextPage):
    """What is read from where, how old it is, and what is wrong with it."""

    title_text = "Data sources"

    def lines(self) -> list[str]:
        rows = source_rows(self.shell.board.picture, self.shell.now(), self.shell.board.assessment.stale)
        told = [
            (
                row.state.text,
                row.name,
                "" if row.objects is None else f"{row.objects:,}",
                row.age_text,
                row.detail,
            )
            for row in rows
        ]
        head = ("STATE", "SOURCE", "OBJECTS", "READ", "")
        return columns([head, *told], (False, False, True, True)) if told else ["No source is configured."]

    def take(self, update: Update) -> None:
        self.catch_up()
