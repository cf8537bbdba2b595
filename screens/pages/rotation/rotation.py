""":rotation: how far the rotation of each authority is, what it lacks and what may not be done yet."""

from __future__ import annotations

from screens.frame.text_page import TextPage
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views.rotation import about, lines, rotations


class RotationPage(TextPage):
    """Of all authorities, or of the one that ``subject`` is, or that signed it."""

    def __init__(self, subject: Subject | None = None) -> None:
        super().__init__()
        self._subject = subject._replace(uid="") if subject is not None else None

    @property
    def crumb(self) -> str:
        return safe(f"Rotation {self._subject.name}") if self._subject is not None else "Rotation"

    def lines(self) -> list[str]:
        board = self.shell.board
        told = rotations(board.assessment, None if self._subject is not None else self.shell.namespaces)
        if self._subject is not None:
            told = about(told, self._subject)
        return lines(board.picture, told)

    def take(self, update: Update) -> None:
        self.catch_up()
