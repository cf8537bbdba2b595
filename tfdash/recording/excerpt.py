"""The end of a recording as a file of its own: its frames as they are, from the last picture before it that is whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from tfdash.recording.bundle import BundlePiece
from tfdash.recording.frames import Frame, FrameWriter, RecordingHeader, framed_size
from tfdash.recording.places import alive, rings
from tfdash.recording.reading import NoRecording, Recording


class Excerpt(NamedTuple):
    """``start`` and ``end`` in epoch seconds. ``frames``: as they are now; a terminal that lives writes on. ``since``, ``until``: what was asked
    for. ``stepped``: its clock was set behind it, and another goes on."""

    recording: Recording
    header: RecordingHeader
    start: float
    frames: list[Frame]
    since: float
    until: float = math.inf
    stepped: bool = False

    @property
    def end(self) -> float:
        return min(self.recording.end, self.until)

    @property
    def terminal(self) -> str:
        return self.recording.header.terminal

    def piece(self, name: str, what: str) -> BundlePiece:
        return BundlePiece(name, what, framed_size(self.header, self.frames), self.write, stored=True)

    def write(self, out: BinaryIO) -> None:
        writer = FrameWriter(out, self.header)
        for frame, packed in self.recording.packed_since(self.start):
            if frame.first <= self.until:
                writer.add_packed(frame.kind, frame.first, frame.last, packed)


def excerpt(recording: Recording, since: float, until: float = math.inf, *, stepped: bool = False) -> Excerpt:
    """To the frame that holds ``until``."""
    frames = [frame for frame in recording.frames_since(since) if frame.first <= until]
    header = msgspec.structs.replace(recording.header, started=frames[0].first, follows="", continues="")
    return Excerpt(recording, header, frames[0].first, frames, since, until, stepped)


def newest(folder: Path, environment: str, last: float, most: int) -> list[Excerpt]:
    """Of the rings in ``folder`` that are of that environment the ``last`` seconds up to the end of the one that ends last; the one that holds
    most of it first, and at most ``most`` of them. Where the clock of one was set meanwhile, what lies before that stands behind it."""
    found: dict[str, Recording] = {}
    for path in rings(folder):
        try:
            recording = Recording.open(path)
        except NoRecording:  # of a terminal that has only begun
            continue
        if recording.header.environment == environment:
            found[path.name] = recording
        else:
            recording.close()
    before = {one.header.continues for name, one in found.items() if one.header.continues != name}
    heads = [name for name in found if name not in before]
    # where the clock was set back those that ended before that seem to end last
    living = [name for name in heads if alive(folder / name)]
    since = max((found[name].end for name in living or heads), default=0.0) - last
    held = [list(_chain(found, name, since)) for name in heads if found[name].end > since]
    held.sort(key=lambda chain: sum(max(one.since, one.start) - one.end for one in chain))
    return [one for chain in held for one in chain][:most]


def _chain(found: Mapping[str, Recording], name: str, since: float) -> Iterator[Excerpt]:
    """What that ring has since then, and what is lacking at its beginning from the end of the one before; the newest first."""
    passed: set[str] = set()
    while True:
        passed.add(name)
        one, before = found[name], found[name].header.continues
        lacking, on = one.start - since, before in found and before not in passed
        yield excerpt(one, max(since, one.start) if on else since, stepped=len(passed) > 1)
        if lacking <= 0.0 or not on:
            return
        name, since = before, found[before].end - lacking
