"""Writes one terminal's journal: a file of its own, appended to with plain writes, so that it is whole to the last line after a kill.

Files are short; those that are closed are packed, and let go by age and by the size of the folder.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from tfdash.store.journal.lines import (
    BEAT,
    BEGIN,
    COVER,
    END,
    FORMAT,
    SAY,
    DamagedLine,
    JournalLine,
    NewerFormat,
    covers_told,
    decode,
    encode,
    told,
)
from tfdash.store.journal.reading import LET_GO, PACKED, SUFFIX, is_living, lines_in
from tfdash.store.journal.view import Covers, Ended, JournalWord

KEEP = 90 * 86400.0  # seconds
SIZE = 64 << 20  # bytes of the whole folder
_LONG = 6 * 3600.0  # seconds after which a file is closed and packed
_LARGE = 1 << 20  # bytes, besides its first line, likewise
_FRESH = 120.0  # seconds within which a temporary file may still be somebody's


class JournalFile:
    """See the module. All methods raise ``OSError``; after one, begin a span anew."""

    def __init__(self, folder: Path, watcher: str, version: str) -> None:
        self._folder, self._watcher, self._version = folder, watcher, version
        self._file = -1
        self._number = self._grown = 0
        self._opened = 0.0

    def begin(self, at: float, covers: Covers, words: Iterable[JournalWord]) -> None:
        """A span, in a file of its own, with all that is so at its beginning."""
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{self._watcher}.{int(at):010d}.{secrets.token_hex(3)}{SUFFIX}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        line = JournalLine(
            0,
            BEGIN,
            at,
            self._watcher,
            self._version,
            FORMAT,
            seen=covers_told(covers),
            told=tuple(told(word, at) for word in words),
        )
        path = self._folder / name
        self._file = os.open(path, flags, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._number, self._opened = 0, at
            self._write(line)
        except OSError:  # a full disk must not be filled with beginnings
            path.unlink(missing_ok=True)
            raise
        self._grown = 0

    def add(self, at: float, seen: Sequence[tuple[float, Covers]], words: Iterable[JournalWord]) -> None:
        """What changed until ``at``: what is seen, from each time on, and the words; a beat where nothing did."""
        said = tuple(told(word, at) for word in words)
        for since, covers in seen:
            self._write(JournalLine(0, COVER, since, seen=covers_told(covers)))
        self._write(JournalLine(0, SAY, at, told=said) if said else JournalLine(0, BEAT, at))

    def end(self, at: float, why: Ended) -> None:
        """The span ended then; nothing where none is open."""
        if self._file >= 0:
            self._write(JournalLine(0, END, at, why=why.value))
            self.close()

    def full(self, at: float) -> bool:
        """Whether another file is to be begun."""
        return self._grown >= _LARGE or at - self._opened >= _LONG

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _write(self, line: JournalLine) -> None:
        raw = encode(msgspec.structs.replace(line, n=self._number + 1))
        if self._file < 0:
            raise OSError(errno.EBADF, "no span was begun")
        if not os.fstat(self._file).st_nlink:  # it would take all, and nobody could read it
            raise OSError(errno.ENOENT, "its file was removed")
        if os.write(self._file, raw) != len(raw):
            raise OSError(errno.ENOSPC, "the disk took only a part of a line")
        os.utime(self._file, (line.at, line.at))  # by our clock: readers and sweepers ask it how old it is
        self._number += 1
        self._grown += len(raw)

    # -- what lies in the folder --------------------------------------------------------------------------------

    def sweep(self, now: float, keep: float = KEEP, size: int = SIZE) -> None:
        """Pack what is closed and let go what is too old or too much, the oldest first; one terminal at a time does."""
        with _turn(self._folder) as ours:
            if not ours:
                return
            kept: list[tuple[float, int, Path]] = []
            for path in sorted(self._folder.iterdir()):
                with contextlib.suppress(FileNotFoundError):
                    if path.name.endswith(SUFFIX) and not is_living(path):
                        path = pack(path)
                    seen = path.stat()
                    if path.name.endswith((SUFFIX, PACKED)):
                        kept.append((seen.st_mtime, seen.st_size, path))
                    elif path.name.endswith(".new") and seen.st_mtime < now - _FRESH:
                        path.unlink()
            room, gone = size, 0.0
            for at, length, path in sorted(kept, reverse=True):
                room -= length
                if (at < now - keep or room < 0) and not is_living(path):
                    path.unlink(missing_ok=True)
                    gone = max(gone, at) if room < 0 and at >= now - keep else gone
            if gone:
                _replace(self._folder / LET_GO, b"%.3f\n" % gone)


def pack(path: Path) -> Path:
    """The journal of a terminal that is done with it, packed, without beats that another line follows. Raises ``OSError``."""
    raw = lines_in(path)
    packed = path.with_name(path.name.removesuffix(SUFFIX) + PACKED)
    seen = path.stat()
    _replace(packed, zlib.compress(b"\n".join(_without_beats(raw)), 6))
    os.utime(packed, (seen.st_atime, seen.st_mtime))
    path.unlink()
    return packed


def _without_beats(raw: list[bytes]) -> list[bytes]:
    """The same lines, numbered anew; as they are where one of them cannot be read."""
    try:
        lines = [decode(one) for one in raw if one]
    except (DamagedLine, NewerFormat):
        return raw
    if [line.n for line in lines] != list(range(1, len(lines) + 1)):
        return raw
    kept = [
        line
        for line, after in zip(lines, [*lines[1:], None], strict=True)
        if line.what != BEAT or after is None or after.what == BEGIN
    ]
    return [encode(msgspec.structs.replace(line, n=n))[:-1] for n, line in enumerate(kept, 1)] + [b""]


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.{secrets.token_hex(3)}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(new, path)


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[bool]:
    """Whether nobody else tidies up the folder."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
