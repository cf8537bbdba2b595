"""One dated promise at one place: its rule, its periods and all evidence."""

from __future__ import annotations

from screens.frame.acting_screen import ActingScreen
from screens.frame.text_page import TextPage
from tfdash.item_place import place_of
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views.calendar.item import item_lines
from tfdash.views.times import local


class PromisePage(ActingScreen, TextPage):
    """Opened with the promise's subject; what a person may say of it is under the keys that it has in the agenda."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.tab = "calendar"
        self._subject = subject._replace(uid="")

    @property
    def crumb(self) -> str:
        state = (self.shell.board.assessment.maintenance or {}).get(self._subject)
        title = state.title if state is not None else self._subject.name
        return safe(f"{title} · {place_of(self._subject)}")

    def lines(self) -> list[str]:
        board, policies, now = self.shell.board, self.shell.context.policies, self.shell.now()
        states = board.assessment.maintenance
        if policies is None or states is None:
            return ["? What is on record of the dated promises is not read yet."]
        from tfdash.playbook.maintenance.days import dates_of  # nothing was judged before the first frame

        today = local(now, policies.calendar.tz).date()
        mine = {at: state for at, state in states.items() if at == self._subject}
        record, fed = board.picture.store_state.maintenance, policies.fed(board.picture.signals.feeds)
        return item_lines(self._subject, dates_of(fed, mine, record, today, today, now), record)

    def take(self, update: Update) -> None:
        self.catch_up()

    def acting_on(self) -> list[Subject]:
        """A promise is what it is called."""
        return [self._subject._replace(uid=self._subject.name)]
