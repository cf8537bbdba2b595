"""Tab 5: may a standard release happen now, why, and the next five slots."""

from __future__ import annotations

from screens.frame.text_page import TextPage
from tfdash.model.update import Update
from tfdash.views.calendar import lines


class CalendarPage(TextPage):
    title_text = "Release calendar"

    def lines(self) -> list[str]:
        state = self.shell.board.assessment.calendar
        if state is None:
            return ["? The release calendar has not been judged yet."]
        return lines(state)

    def take(self, update: Update) -> None:
        self.catch_up()
