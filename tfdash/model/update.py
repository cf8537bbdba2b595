"""What the board tells those who listen."""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Subject
from tfdash.model.verdict import Assessment


class Update(NamedTuple):
    """What listeners get: a picture, what was said of it, and what differs from the update before.

    ``judged`` names the subjects whose verdicts or state changed; None means "any".
    """

    picture: Picture
    assessment: Assessment
    change: Change
    judged: frozenset[Subject] | None
