"""Recordings in memory, for what plays them: what entered a board, in order, from its first picture on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tfdash.board.board import Board
from tfdash.board.fold import Entered, Fold
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef
from tfdash.recording.changes import VerdictChange


@dataclass
class InMemory:
    """``tfdash.replay.recorded.Played``."""

    first: Picture
    start: float
    end: float
    entered: Sequence[Entered]
    cut: str = ""
    foreign: str = ""
    told: Sequence[Assessment] = ()  # what was said then, each at its time
    verdict_changes: Sequence[VerdictChange] = field(default=())

    @property
    def clusters(self) -> tuple[ClusterRef, ...]:
        return tuple(self.first.clusters)

    def puts(self, since: float, until: float) -> Iterator[Entered]:
        return (one for one in self.entered if since < one.at <= until)

    def picture_at(self, at: float) -> Picture:
        fold = Fold(self.first)
        for one in self.entered:
            if one.at <= at:
                fold.put(one)
        return fold.picture

    def judged_at(self, at: float) -> Assessment | None:
        return next((one for one in reversed(self.told) if one.at <= at), None)


class Tape:
    """Keeps what enters a board from now on."""

    def __init__(self, board: Board) -> None:
        self.first = board.picture
        self.entered: list[Entered] = []
        board.record(self.entered.append)

    def cut(self, start: float, end: float) -> InMemory:
        return InMemory(self.first, start, end, [one for one in self.entered if one.at <= end])
