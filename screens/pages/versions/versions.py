""":versions: what runs, how long it is supported, how long it has soaked and when nobody watched."""

from __future__ import annotations

from screens.frame.text_page import TextPage
from tfdash.model.update import Update
from tfdash.views.versions import lines


class VersionsPage(TextPage):
    title_text = "Kubernetes"

    def lines(self) -> list[str]:
        board = self.shell.board
        calendar = board.assessment.calendar
        if board.assessment.versions is None or calendar is None:
            return ["? What runs has not been read yet."]
        return lines(board.assessment.versions, board.picture.store_state.versions, calendar.zone)

    def take(self, update: Update) -> None:
        self.catch_up()
