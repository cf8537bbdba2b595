"""The end of a recording by other names. Its frames are packed and their series count on each other, so that it is played and recorded anew."""

from __future__ import annotations

import math
from typing import BinaryIO

import msgspec

from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.model.assessment import EMPTY_ASSESSMENT, Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.update import Update
from tfdash.recording.excerpt import Excerpt
from tfdash.recording.frames import FrameWriter
from tfdash.recording.places import header_of
from tfdash.recording.recorder import Recorder

_AT_ONCE = 500  # entries that wait
_NOTHING = Change(keys={}, freshness=frozenset())


class _Out:
    """``tfdash.recording.recorder.WrittenTo`` of one open file."""

    piece = math.inf

    def __init__(self, out: BinaryIO, one: Excerpt, anonymiser: Anonymiser) -> None:
        self._out, self._one, self._anonymiser = out, one, anonymiser
        self._frames: FrameWriter | None = None

    def begin(self, picture: Picture, at: float) -> FrameWriter:
        if self._frames is None:
            about = msgspec.structs.replace(self._one.header, schema={}, clusters=())
            self._frames = FrameWriter(self._out, header_of(picture, at, about, self._anonymiser))
        return self._frames

    def check(self) -> None:
        """Whoever reads it has made room."""

    def bears(self, step: float) -> bool:
        return True

    def anew(self) -> None:
        """Never: see ``bears``."""

    def close(self) -> None:
        self._out.flush()


class _Then:
    """``tfdash.clock.Clock``: when what is written was."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at


def write_anonymised(one: Excerpt, anonymiser: Anonymiser, out: BinaryIO) -> None:
    """``out`` is unbuffered. Raises ``OSError`` where not all of it could be written."""
    reader, clock = one.recording.again(), _Then(one.start)
    picture, assessment = reader.picture_at(one.start), reader.judged_at(one.start) or EMPTY_ASSESSMENT
    recorder = Recorder(
        _Out(out, one, anonymiser),
        clock,
        lambda: (picture, assessment),
        least=0.0,
        boot=clock.now,
        anonymiser=anonymiser,
    )
    recorder.attempt(ending=False)
    since, waiting = one.start, 0
    for entered in reader.entries(one.start, one.end):
        if waiting >= _AT_ONCE or entered.at - since > 1.0:
            recorder.attempt(ending=False)
            since, waiting = entered.at, 0
        clock.at, waiting = max(clock.at, entered.at), waiting + 1
        if entered.what == "judged":
            told: Assessment = entered.arguments[0]
            recorder.update(Update(picture, told, _NOTHING, None))
        else:
            recorder.taken(entered)
    recorder.attempt(ending=False)
    clock.at = max(clock.at, one.end)
    recorder.attempt(ending=True)
    if recorder.problem or recorder.lost:
        raise OSError(recorder.problem or "not all of it could be written")
