"""A recording by time: a file, the folder of a ring, or a bundle that holds one. What is in it is untrusted, and read within bounds.

A reader is for one thread; others read ``again``. Times are epoch seconds of the recorded platform's clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tfdash.board.fold import Entered
from tfdash.collector import quiet_collector
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef
from tfdash.recording.bounds import Odd, bounded
from tfdash.recording.bundle import is_bundle, recording_in
from tfdash.recording.changes import VerdictChange
from tfdash.recording.codec import decoder, schema
from tfdash.recording.entries import Entries, Gone, Written
from tfdash.recording.frames import (
    SET_BACK,
    Frame,
    FrameKind,
    NotWhole,
    RecordingHeader,
    begin_reading,
    frames,
    open_recording,
    payload,
)
from tfdash.recording.picked import Picked
from tfdash.recording.series import UNREADABLE

SEGMENT = "*.tfrec"
_MOST_SEGMENTS = 10_000


class NoRecording(ValueError):
    """It cannot be played at all, in one sentence."""


class _Place(NamedTuple):
    """A frame in its file."""

    file: BinaryIO
    frame: Frame


CALLED_NOW = {"Step": "ReleaseStep"}
"""Types by the names that they had in recordings of before; the old name may be another type's by now."""


class Recording:
    """``start`` and ``end``: the first and the last moment of it. ``cut``: why it plays no further, one sentence; "" where it is whole.
    ``foreign``: what of it another version knows and this one leaves out, one sentence, "" where that is nothing."""

    def __init__(self, files: list[tuple[BinaryIO, RecordingHeader, bytes]], name: str) -> None:
        self.header = files[0][1]
        self.clusters = tuple(ClusterRef(*pair) for pair in self.header.clusters)
        self.cut = self.foreign = ""
        self.closed = False
        self._files = [file for file, _, _ in files]  # of all who read them
        self._places: list[_Place] = []
        self._keys: list[int] = []  # the places at which what is whole begins
        self._read_all(files, name)
        self.start = self._places[self._keys[0]].frame.first if self._keys else self.header.started
        self.end = max((place.frame.last for place in self._places), default=self.start)
        self._firsts = [place.frame.first for place in self._places]
        self._key_times = [self._firsts[key] for key in self._keys]
        self._foreign(files)
        self._begin()

    def _begin(self) -> None:
        self._picked: Picked | None = None
        self._next = (0, 0)  # the frame and the entry in it that come next
        self._until = self.start
        self._numbers = 0
        self._gap = False  # something is lacking before the next whole picture

    def again(self) -> Recording:
        """Another reader of it, where it begins: without reading all of it once more, as opening does."""
        made = copy(self)
        made._places, made._firsts = self._places[:], self._firsts[:]
        made._keys, made._key_times = self._keys[:], self._key_times[:]
        made._begin()
        return made

    @classmethod
    def open(cls, path: Path | str) -> Recording:
        """Raises ``NoRecording``, whose sentence names the file."""
        path = Path(path)
        found: list[tuple[BinaryIO, RecordingHeader, bytes]] = []
        why = "holds no recording"
        try:
            names = [path]
            if path.is_dir():  # a ring, which has no links
                names = sorted(one for one in path.glob(SEGMENT) if not one.is_symlink())[:_MOST_SEGMENTS]
            for name in names:
                try:
                    bundled = not path.is_dir() and is_bundle(name)
                    found.append(begin_reading(recording_in(name)) if bundled else open_recording(name))
                except NotWhole as error:  # the newest segment of a ring may have no whole header yet
                    why = str(error)
                except FileNotFoundError:  # its terminal let the oldest go since we looked
                    if name == path:
                        raise
            if not found:
                raise NoRecording(f"{path} {why}")
            made = cls(found, path.name)
        except OSError as error:
            raise NoRecording(f"{path}: {error.strerror or error}") from None
        if not made._keys:
            raise NoRecording(
                f"{path} holds nothing that can be shown" + (f": it {made.cut}" if made.cut else "")
            )
        return made

    def frames_since(self, since: float) -> list[Frame]:
        """Where its frames are, from the last picture at or before ``since`` that is written whole."""
        return [place.frame for place in self._places[self._key_of(since) :]]

    def packed_since(self, since: float) -> Iterator[tuple[Frame, bytes]]:
        """The same frames, with what they hold as it lies in the file."""
        for file, frame in self._places[self._key_of(since) :]:
            file.seek(frame.offset)
            yield frame, file.read(frame.length)

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _read_all(self, files: list[tuple[BinaryIO, RecordingHeader, bytes]], name: str) -> None:
        """Where each frame is; up to the first that is not whole."""
        before = ""
        for number, (file, header, link) in enumerate(files):
            if header.environment != self.header.environment or (number and header.follows != before):
                self.cut = "a part of it is missing, or is of another recording"
                return
            begun: int | None = None
            try:
                for frame, newest in frames(file, link):
                    before = newest.hex()
                    self._places.append(_Place(file, frame))
                    if frame.kind == FrameKind.KEY and begun is None:
                        begun = len(self._places) - 1
                    elif frame.kind == FrameKind.WHOLE:
                        self._keys.append(len(self._places) - 1 if begun is None else begun)
                        begun = None
                    self.closed = frame.kind == FrameKind.END
            except NotWhole as error:
                self.cut = str(error)
                return

    def _foreign(self, files: list[tuple[BinaryIO, RecordingHeader, bytes]]) -> None:
        ours, told = schema(), []
        for name, fields in sorted(self.header.schema.items()):
            now = [ours[one] for one in (name, CALLED_NOW.get(name, "")) if one in ours]
            if not fields or any(set(fields) <= set(one) for one in now):
                continue
            more = [field for field in fields if field not in ours.get(name, ())]
            if more:
                told.append(f"{name} ({', '.join(more[:3])})" if name in ours else name)
        if told:
            rest = f" and {len(told) - 5} more" if len(told) > 5 else ""
            self.foreign = f"it was made by tfdash {self.header.program}, and this version leaves out: "
            self.foreign += ", ".join(name[:80] for name in told[:5]) + rest

    # -- by time ------------------------------------------------------------------------------------------------

    def picture_at(self, at: float) -> Picture:
        """As it was then."""
        self._numbers += 1
        with quiet_collector():  # half of the time went into its passes
            return self._to(at).picture(self._numbers)

    def judged_at(self, at: float) -> Assessment | None:
        """What was said then, by the policy of then; None where nothing was yet."""
        said = self._to(at).assessment()
        return said if said.number else None

    def puts(self, since: float, until: float) -> Iterator[Entered]:
        """What entered the board after ``since`` and until ``until``, in order."""
        yield from self._forward(self._to(since), until, tell=True, judged=False)

    def entries(self, since: float, until: float) -> Iterator[Entered]:
        """The same, and what was judged: ``what`` "judged", with the assessment."""
        yield from self._forward(self._to(since), until, tell=True)

    @cached_property
    def verdict_changes(self) -> tuple[VerdictChange, ...]:
        """All of them, oldest first."""
        found: list[VerdictChange] = []
        for place in self._places:
            if place.frame.kind == FrameKind.VERDICTS:
                try:
                    some: list[VerdictChange] = decoder(Gone[VerdictChange]).decode(
                        payload(place.file, place.frame)
                    )
                    bounded(some)
                    found += some
                except (*UNREADABLE, NotWhole):
                    continue
        return tuple(sorted(found, key=lambda change: change.at))

    def _key_of(self, at: float) -> int:
        return self._keys[max(0, bisect_right(self._key_times, at) - 1)]

    def _to(self, at: float) -> Picked:
        """The state at that time; forward from where we are, where that is shorter."""
        if not self._keys:  # not even the first picture could be read
            return Picked(self.clusters)
        at = max(at, self._key_times[0])
        key = self._key_of(at)
        if self._picked is None or at < self._until or key > self._next[0]:
            self._picked = Picked(self.clusters, self._picked)
            self._next, self._until = (key, 0), self._firsts[key]
        picked = self._picked
        for _ in self._forward(picked, at, tell=False):
            pass
        return picked

    def _forward(self, picked: Picked, until: float, tell: bool, judged: bool = True) -> Iterator[Entered]:
        number, skip = self._next
        while number < len(self._places) and self._places[number].frame.first <= until:
            file, frame = self._places[number]
            whole = frame.kind in (FrameKind.KEY, FrameKind.WHOLE)
            if frame.kind == FrameKind.GAP:
                self._gap = True
            elif whole or frame.kind == FrameKind.CHANGES:
                try:
                    entries: list[Written] = decoder(Entries).decode(payload(file, frame))
                    for place, one in enumerate(entries[skip:], skip):
                        if not frame.first - SET_BACK <= one.at <= frame.last + SET_BACK:
                            raise Odd("an entry of another time than its frame")
                        if one.at > until and not whole:
                            self._next, self._until = (number, place), until
                            return
                        # what is whole says nothing new, unless something before it is lacking
                        telling = tell and (self._gap or not whole) and (judged or one.what != "judged")
                        told = picked.absorb(one, telling, whole=whole)
                        if told is not None:
                            self._next, self._until = (number, place + 1), max(self._until, one.at)
                            yield told
                except (*UNREADABLE, NotWhole) as error:
                    self._stop(number, str(error))
                    return
                if frame.kind == FrameKind.WHOLE:
                    picked.is_whole()
                    self._gap = False
            number, skip = number + 1, 0
            self._next = number, 0
        self._until = max(until, self._until)

    def _stop(self, number: int, why: str) -> None:
        """It plays no further than the frame before."""
        self.cut = self.cut or f"holds what cannot be read: {why}"
        del self._places[number:]
        self._firsts = self._firsts[:number]
        self._keys = [key for key in self._keys if key < number]
        self._key_times = self._key_times[: len(self._keys)]
