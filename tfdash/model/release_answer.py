"""What the section of the releases says of one of them: its row, badge, title, report and gate are readings of this."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tfdash.model.judgement import Outcome
from tfdash.model.release import Phase
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level


class Ground(StrEnum):
    """What an answer rests on, and is called by."""

    ROLL_BACK = "roll back"  # a BREACH that somebody has to act upon
    PHASE = "phase"
    OUTCOME = "outcome"  # of the triggers
    NOT_JUDGED = "not judged"
    STALE = "stale"  # what it rests on was not read lately


class ReleaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``go_on``: may it go on; None: not known, or not yet. ``listed``: whether it asks for a place among the releases: in
    flight, aborted and not put right, on its way to be verified, or in no phase that is known."""

    subject: Subject
    level: Level
    ground: Ground
    phase: Phase
    outcome: Outcome | None = None
    go_on: bool | None = None
    listed: bool = False

    @property
    def must_roll_back(self) -> bool:
        return self.ground is Ground.ROLL_BACK
