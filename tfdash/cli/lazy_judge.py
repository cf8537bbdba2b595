"""The judge, imported when it is first asked: its rules are not on the way to the first frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Subject

if TYPE_CHECKING:
    from tfdash.board.scheduler import Judging


class LazyJudge:
    """``tfdash.board.scheduler.Judging``; it is made on the board's thread, behind the first frame."""

    def __init__(self, make: Callable[[], Judging]) -> None:
        self._make = make
        self._judge: Judging | None = None

    def assess(
        self, picture: Picture, change: Change, now: float
    ) -> tuple[Assessment, frozenset[Subject] | None]:
        if self._judge is None:
            self._judge = self._make()
        return self._judge.assess(picture, change, now)

    def go_on(self, now: float) -> bool:
        return self._judge is not None and self._judge.go_on(now)

    def due_at(self) -> float | None:
        return None if self._judge is None else self._judge.due_at()
