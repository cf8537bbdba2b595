"""The end of a recording as a file of its own: its frames as they are, from the last picture before it that is whole."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from tfdash.recording.bundle import BundlePiece
from tfdash.recording.frames import Frame, FrameWriter, RecordingHeader, framed_size
from tfdash.recording.places import rings
from tfdash.recording.reading import NoRecording, Recording


class Excerpt(NamedTuple):
    """``start`` and ``end`` in epoch seconds. ``frames``: as they are now; a terminal that lives writes on."""

    recording: Recording
    header: RecordingHeader
    start: float
    frames: list[Frame]

    @property
    def end(self) -> float:
        return self.recording.end

    @property
    def terminal(self) -> str:
        return self.recording.header.terminal

    def piece(self, name: str, what: str) -> BundlePiece:
        return BundlePiece(name, what, framed_size(self.header, self.frames), self.write, stored=True)

    def write(self, out: BinaryIO) -> None:
        writer = FrameWriter(out, self.header)
        for frame, packed in self.recording.packed_since(self.start):
            writer.add_packed(frame.kind, frame.first, frame.last, packed)


def excerpt(recording: Recording, since: float) -> Excerpt:
    frames = recording.frames_since(since)
    header = msgspec.structs.replace(recording.header, started=frames[0].first, follows="")
    return Excerpt(recording, header, frames[0].first, frames)


def newest(folder: Path, environment: str, last: float, most: int) -> list[Excerpt]:
    """Of the rings in ``folder`` that are of that environment the ``last`` seconds up to the end of the one that ends last; the one that holds
    most of it first, and at most ``most`` of them."""
    found: list[Recording] = []
    for path in rings(folder):
        try:
            recording = Recording.open(path)
        except NoRecording:  # of a terminal that has only begun
            continue
        if recording.header.environment == environment:
            found.append(recording)
        else:
            recording.close()
    since = max((one.end for one in found), default=0.0) - last
    held = [excerpt(one, since) for one in found if one.end > since]
    return sorted(held, key=lambda one: max(since, one.start) - one.end)[:most]
