"""The judge, imported when it is first asked: its rules are not on the way to the first frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Assessment

if TYPE_CHECKING:
    from tfdash.judge import Judge
    from tfdash.playbook.policy import WorkloadPolicy


class LateJudge:
    """``tfdash.board.Judging``; the policy is asked for on the board's thread, behind the first frame."""

    def __init__(self, policy: Callable[[], WorkloadPolicy]) -> None:
        self._policy = policy
        self._judge: Judge | None = None

    def assess(
        self, picture: Picture, change: Change, now: float
    ) -> tuple[Assessment, frozenset[Subject] | None]:
        if self._judge is None:
            from tfdash.judge import Judge

            self._judge = Judge(self._policy())
        return self._judge.assess(picture, change, now)

    def due_at(self) -> float | None:
        return None if self._judge is None else self._judge.due_at()
