"""Where a recording is written: one file, or a ring of segments in a folder of this terminal's own. No disk is filled by either."""

from __future__ import annotations

import errno
import fcntl
import math
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tfdash import __version__
from tfdash.locked_file import is_locked
from tfdash.model.picture import Picture
from tfdash.recording.codec import schema
from tfdash.recording.frames import FrameWriter, RecordingHeader

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser

SUFFIX = ".tfrec"
LOCK = "lock"
_KEPT = 24 * 3600.0  # seconds for which what an ended terminal left stays, and how many of them
_MOST_ENDED = 8
_REMOVED = "its file was removed"
_TIDYING = 1.0  # seconds for letting such go, before the first picture is written and at each segment
_LEFT, _SHARE = 100e6, 0.05  # bytes of a disk that are left to others, of a small one a share


def check_room(place: int | Path) -> None:
    """Raises ``OSError`` where the disk of a file, open or not, is as good as full: what is left is for others."""
    seen = os.statvfs(place)
    left = min(_LEFT, _SHARE * seen.f_blocks * seen.f_frsize)
    if seen.f_bavail * seen.f_frsize < left:
        raise OSError(
            errno.ENOSPC,
            f"less than {round(left / 1e6, 1):g} MB of that disk are free, and these are left to others",
        )


def _removed(file: BinaryIO | None) -> bool:
    """It would take all, and nobody could read it."""
    return file is not None and not file.closed and not os.fstat(file.fileno()).st_nlink


def header_of(
    picture: Picture, at: float, about: RecordingHeader, anonymiser: Anonymiser | None = None
) -> RecordingHeader:
    """``about`` with what is only known when it begins."""
    if anonymiser is not None:
        about = anonymiser.value(msgspec.structs.replace(about, anonymised=True))
        picture = msgspec.structs.replace(picture, clusters=anonymiser.value(dict.fromkeys(picture.clusters)))
    clusters = tuple((ref.environment, ref.cluster) for ref in picture.clusters)
    return msgspec.structs.replace(about, program=__version__, started=at, clusters=clusters, schema=schema())


def _made(path: Path) -> BinaryIO:
    """For its user alone, whatever the umask, unbuffered; never through a link, and never over another file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_EXCL, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "wb", buffering=0)


class OneFile:
    """``--record FILE``, of at most so many bytes. Where the clock is set back a file beside it goes on, ``FILE-2``: times only grow in one."""

    piece = math.inf

    def __init__(
        self,
        path: Path,
        about: RecordingHeader,
        most: float = math.inf,
        anonymiser: Anonymiser | None = None,
    ) -> None:
        self.paths = [path]
        self._about, self.anonymiser, self.most = about, anonymiser, most
        self._file: BinaryIO | None = None
        self._frames: FrameWriter | None = None

    @property
    def path(self) -> Path:
        """The one that is written to."""
        return self.paths[-1]

    def make(self) -> None:
        """At once, so that what is wrong with it is said before anything begins. Raises ``OSError``: also where it is there already."""
        self._file = _made(self.path)

    def check(self) -> None:
        if _removed(self._file):
            self.close()
            self._file = self._frames = None
            raise OSError(errno.ENOENT, _REMOVED)
        check_room(self.path.parent if self._file is None else self._file.fileno())

    def bears(self, step: float) -> bool:
        return step > 0 or self._frames is None

    def anew(self) -> None:
        self.most -= self._frames.size if self._frames is not None else 0
        self.close()
        self._file = self._frames = None
        self.paths.append(next_path(self.paths[0]))

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
                about = header_of(picture, at, self._about, self.anonymiser)
                self._frames = FrameWriter(self._file, about, self.most)
        return self._frames

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def next_path(path: Path) -> Path:
    """What is free beside it: ``a.tfrec``, ``a-2.tfrec``, ..."""
    number = 2
    while os.path.lexists(found := path.with_name(f"{path.stem}-{number}{path.suffix}")):
        number += 1
    return found


class Ring:
    """The last ``span`` seconds of the platform's clock in at most ``size`` bytes: segments of which each begins with a picture that is
    whole. The folder is locked while the terminal lives, and stays when it ends. Where the clock is set another folder goes on: by its times
    all that there is would be too old, or never."""

    def __init__(
        self,
        folder: Path,
        about: RecordingHeader,
        span: float,
        size: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._about, self._span, self._size, self._now = folder, about, span, size, now
        self._before: Path | None = None  # where it was written until its clock was set
        self.piece = size / 4  # what the newest segment may grow to while the older ones lie beside it
        self._forsake()

    def _forsake(self) -> None:
        self.path: Path | None = None
        self._lock = -1
        self._file: BinaryIO | None = None
        self._frames: FrameWriter | None = None
        self._follows = ""  # the link of the segment before the newest
        self._segments: list[tuple[Path, float]] = []  # with the time at which each begins
        self._number = 0

    def check(self) -> None:
        if self.path is not None and (_removed(self._file) or not self.path.is_dir()):
            self.close()
            self._forsake()
            raise OSError(errno.ENOENT, _REMOVED)
        check_room(next(path for path in (self._folder, *self._folder.parents) if path.exists()))

    def bears(self, step: float) -> bool:
        return self.path is None

    def anew(self) -> None:
        self.close()
        self._before = self.path
        self._forsake()

    def begin(self, picture: Picture, at: float) -> FrameWriter:
        folder = self._own_folder()
        self._finish()
        self._number += 1
        path = folder / f"{self._number:06d}{SUFFIX}"
        self._file = _made(path)
        try:
            continues = self._before.name if self._before is not None else ""
            about = msgspec.structs.replace(self._about, follows=self._follows, continues=continues)
            self._frames = FrameWriter(self._file, header_of(picture, at, about))
        except OSError:
            self._file.close()
            self._file = None
            path.unlink(missing_ok=True)
            raise
        self._segments.append((path, at))
        self._forget(at)
        sweep(self._folder, self._now(), spared=self._before)
        return self._frames

    def _finish(self) -> None:
        """The newest segment ends where it is whole, so that what comes next follows it; without a whole picture it goes."""
        if self._file is not None and self._frames is not None:
            if not self._frames.shows:
                path, _ = self._segments.pop()
                path.unlink(missing_ok=True)
            else:
                if self._frames.broken:
                    self._frames.cut_back()
                self._follows = self._frames.link.hex()
        if self._file is not None:
            self._file.close()
        self._file = self._frames = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _own_folder(self) -> Path:
        if self.path is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            path = self._folder / f"{int(self._now())}-{os.getpid()}-{secrets.token_hex(3)}"
            path.mkdir(mode=0o700)
            path.chmod(0o700)
            self._lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            os.fchmod(self._lock, 0o600)
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


def sweep(folder: Path, now: float, patience: float = _TIDYING, spared: Path | None = None) -> None:
    """Remove what terminals left that ended long ago, and of many the oldest; what so many seconds do not suffice for, the next time. Never
    ``spared``, whatever its times say."""
    until = time.monotonic() + patience
    ended = [path for path in rings(folder) if path != spared and not alive(path)]
    for number, path in reversed(list(enumerate(ended))):
        if time.monotonic() > until:
            return
        try:
            if number >= _MOST_ENDED or now - _newest(path) > _KEPT:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue
