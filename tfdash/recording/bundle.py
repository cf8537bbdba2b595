"""A bundle: a zip archive of what is known of an incident, that any unpacker opens. Its recordings lie in it as they are, so that one is
played out of it and nothing is unpacked.

What is read is untrusted: nothing of it is written anywhere, and no name in it is a path.
"""

from __future__ import annotations

import hashlib
import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import msgspec

from tfdash.finished_file import PRIVATE, finished
from tfdash.recording.frames import NotWhole

MANIFEST = "manifest.json"
BUNDLE_FORMAT = 1
_MAGIC = b"PK\x03\x04"
_PACKED_ANEW = "is an archive that was packed anew: unpack it, and replay the recording in it"
_MOST_MANIFEST = 1 << 20
_MOST_MEMBERS = 1000
_LOCAL = struct.Struct(
    "<4s22xHH"
)  # a member's own head: its magic, the lengths of its name and of what is beside it


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a bundle. ``bytes`` unpacked."""

    name: str
    bytes: int
    what: str = ""
    sha256: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``made``, ``since`` and ``until`` in epoch seconds of the platform's clock. ``plays``: the recording that a replay shows. ``lacking``:
    sentences of what could not be had."""

    format: int = BUNDLE_FORMAT
    program: str = ""
    environment: str = ""
    made: float = 0.0
    since: float = 0.0
    until: float = 0.0
    plays: str = ""
    anonymised: bool = False
    lacking: tuple[str, ...] = ()
    files: tuple[Member, ...] = ()


_MANIFEST = msgspec.json.Decoder(Manifest)


class BundlePiece(NamedTuple):
    """A file that a bundle will hold. ``write`` writes exactly ``size`` bytes. ``stored``: as it is, since it is packed already."""

    name: str
    what: str
    size: int
    write: Callable[[BinaryIO], None]
    stored: bool = False


def text_piece(name: str, what: str, text: str) -> BundlePiece:
    data = text.encode(errors="backslashreplace")

    def write(out: BinaryIO) -> None:
        out.write(data)

    return BundlePiece(name, what, len(data), write)


class _Hashed(io.RawIOBase):
    """What is written passes on, and is summed up."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self.sum, self.size = out, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._out.write(data)
        self.sum.update(data)
        self.size += len(data)
        return len(data)


def write_bundle(path: Path, manifest: Manifest, pieces: Sequence[BundlePiece]) -> int:
    """A finished file for its user alone, with the manifest as its last member; returns its size in bytes. Raises ``OSError``."""
    when = time.gmtime(max(manifest.made, 315_532_800.0))[:6]  # a zip begins with 1980
    files: list[Member] = []
    with finished(path, PRIVATE) as out, zipfile.ZipFile(out, "w") as archive:
        for piece in pieces:
            with _member(archive, piece.name, when, piece.stored, piece.size) as member:
                hashed = _Hashed(member)
                with io.BufferedWriter(hashed, 1 << 20) as buffered:
                    piece.write(buffered)
            digest = hashed.sum.hexdigest()
            files.append(Member(name=piece.name, bytes=hashed.size, what=piece.what, sha256=digest))
        told = msgspec.structs.replace(manifest, files=tuple(files))
        data = msgspec.json.format(msgspec.json.encode(told), indent=2)
        with _member(archive, MANIFEST, when, stored=False, size=len(data)) as member:
            member.write(data)
    return path.stat().st_size


@contextmanager
def _member(
    archive: zipfile.ZipFile, name: str, when: tuple[int, ...], stored: bool, size: int
) -> Iterator[IO[bytes]]:
    info = zipfile.ZipInfo(name, (when[0], when[1], when[2], when[3], when[4], when[5]))
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    with archive.open(info, "w", force_zip64=size >= 1 << 31) as member:
        yield member


# -- reading ----------------------------------------------------------------------------------------------------


def is_bundle(path: Path) -> bool:
    """Whether it begins as an archive does. Raises ``OSError``."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


class _Part(io.RawIOBase):
    """A stretch of a file: positions are the file's own, and it ends where the stretch does."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._at, self._end = file, start, start + size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._at)
        data = self._file.read(min(len(buffer), max(0, self._end - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def recording_in(path: Path) -> BinaryIO:
    """The recording that it plays, as a file of its own. Raises ``NotWhole`` and ``OSError``."""
    file = path.open("rb")
    try:
        start, size = _place(file)
        return io.BufferedReader(_Part(file, start, size), 1 << 16)
    except BaseException:
        file.close()
        raise


def _place(file: BinaryIO) -> tuple[int, int]:
    """Where that recording lies, and its size."""
    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.infolist()) > _MOST_MEMBERS:
                raise NotWhole("is an archive of too many files")
            manifest = _manifest(archive)
            if not manifest.plays:
                raise NotWhole("is a bundle without a recording")
            info = archive.getinfo(manifest.plays)
    except (
        zlib.error,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        EOFError,
        struct.error,
    ) as error:
        if isinstance(error, NotWhole):
            raise
        raise NotWhole("is an archive that cannot be read: it was cut, or changed") from None
    except KeyError:
        raise NotWhole("is an archive, and no bundle of tfdash with a recording") from None
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise NotWhole(_PACKED_ANEW)
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, info.header_offset))
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_MAGIC):
        raise NotWhole("is an archive that cannot be read: it was cut, or changed")
    _, name, beside = _LOCAL.unpack(head)
    start = info.header_offset + _LOCAL.size + name + beside
    return start, min(info.file_size, max(0, end - start))


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotWhole(_PACKED_ANEW)
    with archive.open(MANIFEST) as member:
        data = member.read(_MOST_MANIFEST + 1)
    if len(data) > _MOST_MANIFEST:
        raise NotWhole("has a list of its files that is too large")
    try:
        manifest = _MANIFEST.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise NotWhole("has a list of its files that cannot be read") from None
    if manifest.format > BUNDLE_FORMAT:
        raise NotWhole(
            f"is a bundle of format {manifest.format}, and this version reads up to {BUNDLE_FORMAT}"
        )
    return manifest
