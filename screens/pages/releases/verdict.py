"""Pages about one release: the whole verdict with its arithmetic, and the queries that it was made from."""

from __future__ import annotations

from screens.frame.text_page import TextPage
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.views import canary
from tfdash.views.canarywhy import query_lines, why_lines


class VerdictPage(TextPage):
    """``what`` is "why" or "queries"; follows the release while it is shown."""

    def __init__(self, subject: Subject, what: str) -> None:
        super().__init__()
        self.tab = "canary"
        self._subject, self._what = subject, what
        self.title_text = {"why": "Why", "queries": "Queries"}[what]
        self._kept: list[str] = []

    def lines(self) -> list[str]:
        board = self.shell.board
        release = board.assessment.releases.get(self._subject)
        if release is None:
            return self._kept or ["This release is not in flight any more."]
        said = canary.judgement_of(board.assessment, release)
        if self._what == "why":
            self._kept = why_lines(release, said, board.assessment.answer(release), self.shell.zone)
        else:
            self._kept = query_lines(release, said, board.picture, self.shell.zone)
        return self._kept

    def take(self, update: Update) -> None:
        self.catch_up()
