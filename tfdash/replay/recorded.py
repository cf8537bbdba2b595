"""What a replay needs of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from tfdash.board.fold import Entered
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef
from tfdash.recording.changes import VerdictChange


class Played(Protocol):
    """``tfdash.recording.reading.Recording`` is one. For one thread. ``start`` and ``end``: epoch seconds of the first and the last
    moment that it holds. ``cut`` and ``foreign``: one sentence each on what is lacking at its end, and on what this version leaves
    out; "" where it is nothing."""

    start: float
    end: float
    clusters: tuple[ClusterRef, ...]
    cut: str
    foreign: str

    def puts(self, since: float, until: float) -> Iterable[Entered]:
        """What entered the board after ``since`` until ``until``, that moment included, in order."""

    def picture_at(self, at: float) -> Picture:
        """All that had entered by then, that moment included."""

    def judged_at(self, at: float) -> Assessment | None:
        """What was said then; None where nothing of it was recorded."""

    @property
    def verdict_changes(self) -> Sequence[VerdictChange]:
        """What was said then, as it changed; oldest first."""
