"""A board without sources, what is put into it, and a recorder beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tui import world
from tests.tui.recorded import INFO, REF
from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.board.fold import Entered, Fold
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import Key
from tfdash.model.update import Update
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.places import OneFile
from tfdash.recording.reading import Recording
from tfdash.recording.recorder import Recorder, WrittenTo


class MovableClock:
    def __init__(self) -> None:
        self.at = world.NOW
        self.set_by = 0.0

    def now(self) -> float:
        return self.at

    def set(self, seconds: float) -> None:
        """By somebody: the machine's own time goes on as before."""
        self.at += seconds
        self.set_by += seconds


class Lived:
    """A fold that a recorder hears, turn by turn and without a thread. ``pictures`` and ``said`` are what there was, with the time."""

    def __init__(
        self,
        place: WrittenTo,
        whole_every: float = 1e9,
        least: float = 0.0,
        anonymiser: Anonymiser | None = None,
    ) -> None:
        self.clock = MovableClock()
        none = ClusterPicture(ref=REF, info=Observation(source=REF.cluster), kinds={})
        self.fold = Fold(Picture(at=self.clock.at, number=0, clusters={REF: none}))
        self.assessment = EMPTY_ASSESSMENT
        self.problems: list[str] = []
        self.recorder = Recorder(
            place,
            self.clock,
            lambda: (self.fold.picture, self.assessment),
            self.problems.append,
            whole_every=whole_every,
            least=least,
            boot=lambda: self.clock.at - self.clock.set_by,
            anonymiser=anonymiser,
        )
        self.pictures: list[tuple[float, Picture]] = []
        self.said: list[tuple[float, Assessment]] = []

    def put(self, what: str, *arguments: Any, after: float = 1.0) -> None:
        self.clock.at += after
        entered = Entered(self.clock.at, what, arguments)
        if self.fold.put(entered):
            self.recorder.taken(entered)
            self.pictures.append((self.clock.at, self.fold.picture))

    def judge(self, assessment: Assessment, after: float = 0.5) -> None:
        self.clock.at += after
        self.assessment = assessment
        self.recorder.update(Update(self.fold.picture, assessment, self.fold.take(), None))
        self.said.append((self.clock.at, assessment))

    def turn(self) -> None:
        self.recorder.attempt(ending=False)

    def end(self) -> None:
        self.recorder.attempt(ending=True)

    def world(self) -> None:
        """A small platform, kind by kind, and the cluster's word on itself."""
        self.put("put_info", REF, Observation(value=INFO, source="eu-1", observed_at=self.clock.at))
        for kind, objects in world.objects().items():
            value = {Key(one.namespace, one.name): one for one in objects}
            seen = Observation(value=value, source="eu-1", observed_at=self.clock.at, complete=True)
            self.put("put_objects", REF, kind, seen, None)


def in_file(path: Path, **how: float) -> Lived:
    return Lived(OneFile(path, RecordingHeader(environment="production")), **how)


def opened(path: Path) -> Recording:
    return Recording.open(path)
