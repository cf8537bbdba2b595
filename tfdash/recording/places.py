"""Where a recording is written: one file, or a ring of segments in a folder of this terminal's own."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from tfdash import __version__
from tfdash.locked_file import is_locked
from tfdash.model.picture import Picture
from tfdash.recording.codec import schema
from tfdash.recording.frames import FrameWriter, RecordingHeader

SUFFIX = ".tfrec"
LOCK = "lock"
_KEPT = 24 * 3600.0  # seconds for which what an ended terminal left stays, and how many of them
_MOST_ENDED = 8


def _header(picture: Picture, at: float, about: RecordingHeader) -> RecordingHeader:
    clusters = tuple((ref.environment, ref.cluster) for ref in picture.clusters)
    return msgspec.structs.replace(about, program=__version__, started=at, clusters=clusters, schema=schema())


def _made(path: Path, *, new: bool = True) -> BinaryIO:
    """For its user alone, unbuffered; never through a link, and never over another file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_EXCL if new else os.O_TRUNC)
    return os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)


class OneFile:
    """``--record FILE``."""

    piece = math.inf

    def __init__(self, path: Path, about: RecordingHeader) -> None:
        self.path, self._about = path, about
        self._file: BinaryIO | None = None
        self._frames: FrameWriter | None = None

    def make(self) -> None:
        """At once, so that what is wrong with it is said before anything begins. Raises ``OSError``: also where it is there already."""
        self._file = _made(self.path)

    def begin(self, picture: Picture, at: float) -> FrameWriter:
        if self._file is None:
            self.make()
        assert self._file is not None
        if self._frames is None or self._frames.broken:
            if self._frames is not None:  # what was written in part goes, so that the file stays whole
                self._frames.cut_back()
            else:
                self._file.seek(0)
                self._file.truncate()
                self._frames = FrameWriter(self._file, _header(picture, at, self._about))
        return self._frames

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class Ring:
    """The last ``span`` seconds of the platform's clock in at most ``size`` bytes: segments of which each begins with a picture that is
    whole. The folder is locked while the terminal lives, and stays when it ends."""

    def __init__(
        self,
        folder: Path,
        about: RecordingHeader,
        span: float,
        size: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._about, self._span, self._size, self._now = folder, about, span, size, now
        self.piece = size / 4  # what the newest segment may grow to while the older ones lie beside it
        self.path: Path | None = None
        self._lock = -1
        self._file: BinaryIO | None = None
        self._frames: FrameWriter | None = None
        self._segments: list[tuple[Path, float]] = []  # with the time at which each begins
        self._number = 0

    def begin(self, picture: Picture, at: float) -> FrameWriter:
        folder = self._own_folder()
        follows = self._frames.link.hex() if self._frames is not None and not self._frames.broken else ""
        if self._file is not None:
            self._file.close()
        self._number += 1
        path = folder / f"{self._number:06d}{SUFFIX}"
        self._file = _made(path)
        self._segments.append((path, at))
        header = _header(picture, at, msgspec.structs.replace(self._about, follows=follows))
        self._frames = FrameWriter(self._file, header)
        self._forget(at)
        return self._frames

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._lock >= 0:
            os.close(self._lock)

    def _own_folder(self) -> Path:
        if self.path is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            sweep(self._folder, self._now())
            path = self._folder / f"{int(self._now())}-{os.getpid()}"
            path.mkdir(mode=0o700)
            self._lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.path = path
        return self.path

    def _forget(self, now: float) -> None:
        """The oldest segments, while the next one begins before what is kept, or there is no room for one more piece; never the newest."""
        sizes = [_size(path) for path, _ in self._segments]
        while len(self._segments) > 1 and (
            self._segments[1][1] <= now - self._span or sum(sizes) + self.piece > self._size
        ):
            path, _ = self._segments.pop(0)
            sizes.pop(0)
            path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def rings(folder: Path) -> list[Path]:
    """Of all terminals of this user, the newest first."""
    try:
        found = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
        return sorted(found, key=_newest, reverse=True)
    except OSError:
        return []


def _newest(path: Path) -> float:
    """When it was written last."""
    # a living terminal lets some go meanwhile
    found = [_written(segment) for segment in path.glob(f"*{SUFFIX}")]
    return max(filter(None, found), default=_written(path))


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def alive(path: Path) -> bool:
    """Whether a terminal writes to it."""
    try:
        return is_locked(path / LOCK)
    except OSError:
        return False


def sweep(folder: Path, now: float) -> None:
    """Remove what terminals left that ended long ago, and of many the oldest."""
    ended = [path for path in rings(folder) if not alive(path)]
    for number, path in enumerate(ended):
        try:
            if number >= _MOST_ENDED or now - _newest(path) > _KEPT:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue
