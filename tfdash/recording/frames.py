"""The file: one line of magic, one of header (JSON), then frames. Whole up to its last frame whatever ends the process: plain writes.

A frame is a head (kind, length, CRC-32, first and last time, link) and zlib. The link is the SHA-256, cut to 16 bytes, of the link
before and the frame: what was edited, cut out or spliced in is found at its place. It proves no more: who writes the whole
file anew writes new links.
"""

from __future__ import annotations

import hashlib
import math
import os
import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from tfdash.moments import NEVER

MAGIC = b"tfdash recording\n"
FILE_FORMAT = 1
MOST_HEADER = 1 << 20
MOST_PACKED = 32 << 20  # of one frame, and unpacked: who reads takes no more, whatever the file says
MOST_RAW = 64 << 20
SET_BACK = 3600.0  # seconds: a clock may be set back a little
_HEAD = struct.Struct("<4sBIIdd16s")
_SYNC = b"tfd>"
_THE_END = _HEAD.size + 16  # room that the last frame has in any case


class FrameKind(IntEnum):
    """``KEY``: of a picture as a whole, which several frames may hold, the last of them a ``WHOLE``. Others are left out by readers
    that do not know them."""

    CHANGES = 1
    KEY = 2
    WHOLE = 3
    VERDICTS = 4  # changes of verdicts alone, so that they are found without reading the rest
    END = 5
    GAP = 6


class RecordingHeader(msgspec.Struct, frozen=True, kw_only=True):
    """``started`` in epoch seconds of the platform's clock. ``schema``: the types of the version that wrote it, and their fields.
    ``parts``: what played, with its version, where whoever keeps it says so; no terminal writes that."""

    format: int = FILE_FORMAT
    program: str = ""
    started: float = 0.0
    environment: str = ""
    clusters: tuple[tuple[str, str], ...] = ()
    anonymised: bool = False
    terminal: str = ""
    speed: float = 1.0
    zone: str = "UTC"
    follows: str = ""  # the link of the segment before, of a ring
    continues: str = ""  # the folder before, of a ring whose clock was set
    schema: dict[str, list[str]] = {}
    parts: dict[str, str] = {}


_HEADER = msgspec.json.Decoder(RecordingHeader)


class Frame(NamedTuple):
    """Where one is. ``payload`` is read again when it is wanted."""

    kind: int
    first: float
    last: float
    offset: int
    length: int


class NotWhole(ValueError):
    """From here on the file is not what was written; the text says how, as the rest of a sentence."""


class RecordingFull(Exception):
    """It has all the bytes that it may have; what is written plays."""


class FrameWriter:
    """``out`` is unbuffered. ``most``: bytes of the whole file."""

    def __init__(self, out: BinaryIO, header: RecordingHeader, most: float = math.inf) -> None:
        line = msgspec.json.encode(header) + b"\n"
        self._out, self._most = out, most
        self.link = hashlib.sha256(line).digest()[:16]
        self.size = 0  # of what is whole
        self.broken = False  # a frame was written in part
        self.shows = False  # a picture is in it, whole
        self._write(MAGIC + line)

    def add(self, kind: FrameKind, first: float, last: float, raw: bytes) -> int:
        """How many bytes it takes in the file. Raises ``OSError`` and ``RecordingFull``."""
        return self.add_packed(kind, first, last, zlib.compress(raw, 1))

    def add_packed(self, kind: int, first: float, last: float, packed: bytes) -> int:
        """The same of a frame as another file has it."""
        link = _link(self.link, kind, first, last, packed)
        head = _HEAD.pack(_SYNC, kind, len(packed), zlib.crc32(packed), first, last, link)
        if kind != FrameKind.END and self.size + len(head) + len(packed) + _THE_END > self._most:
            raise RecordingFull
        self._write(head + packed)
        self.link = link
        self.shows = self.shows or kind == FrameKind.WHOLE
        return len(head) + len(packed)

    def cut_back(self) -> None:
        """To what is whole, after a write that failed: what comes next stands behind that. Raises ``OSError``."""
        self._out.truncate(self.size)
        self._out.seek(self.size)
        self.broken = False

    def _write(self, data: bytes) -> None:
        """All of it: a disk that is full takes a part first. Raises ``OSError``."""
        self.broken = True
        left = memoryview(data)
        while left:
            left = left[self._out.write(left) :]
        self.size += len(data)
        self.broken = False


def _link(before: bytes, kind: int, first: float, last: float, packed: bytes) -> bytes:
    digest = hashlib.sha256(before)
    digest.update(struct.pack("<Bdd", kind, first, last))
    digest.update(packed)
    return digest.digest()[:16]


def framed_size(header: RecordingHeader, frames: Sequence[Frame]) -> int:
    """Bytes of a file with that header and these frames."""
    line = len(MAGIC) + len(msgspec.json.encode(header)) + 1
    return line + sum(_HEAD.size + frame.length for frame in frames)


def open_recording(path: Path) -> tuple[BinaryIO, RecordingHeader, bytes]:
    """The file at its first frame, its header and first link. Raises ``NotWhole`` and ``OSError``."""
    descriptor = os.open(
        path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    )  # nothing waits for a pipe's other end
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotWhole("is no file")
    return begin_reading(os.fdopen(descriptor, "rb"))


def begin_reading(file: BinaryIO) -> tuple[BinaryIO, RecordingHeader, bytes]:
    """The same of a file that is open, which is closed where it raises."""
    try:
        if file.read(len(MAGIC)) != MAGIC:
            raise NotWhole("is no recording of tfdash")
        line = file.readline(MOST_HEADER)
        if not line.endswith(b"\n"):
            raise NotWhole("has no whole header")
        try:
            header = _HEADER.decode(line)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise NotWhole("has a header that cannot be read") from None
        if header.format > FILE_FORMAT:
            raise NotWhole(f"is of format {header.format}, and this version reads up to {FILE_FORMAT}")
    except BaseException:
        file.close()
        raise
    return file, header, hashlib.sha256(line).digest()[:16]


def frames(file: BinaryIO, link: bytes) -> Iterator[tuple[Frame, bytes]]:
    """From where the file stands, with the link of each; each held against its checksum and its link. Raises ``NotWhole`` where one is not whole."""
    last_seen = 0.0
    while True:
        head = file.read(_HEAD.size)
        if not head:
            return
        if len(head) < _HEAD.size:
            raise NotWhole("ends within a frame")
        sync, kind, length, crc, first, last, told = _HEAD.unpack(head)
        if sync != _SYNC or length > MOST_PACKED:
            raise NotWhole("goes on with what is no frame")
        offset = file.tell()
        packed = file.read(length)
        if len(packed) < length:
            raise NotWhole("ends within a frame")
        link = _link(link, kind, first, last, packed)
        if zlib.crc32(packed) != crc or link != told:
            raise NotWhole("goes on with what was changed, cut out or put in")
        if not max(0.0, last_seen - SET_BACK) <= first <= last < NEVER:
            raise NotWhole("goes on with a frame without a time")
        last_seen = last
        yield Frame(kind, first, last, offset, length), link


def payload(file: BinaryIO, frame: Frame) -> bytes:
    """Unpacked, within bounds; from any thread. Raises ``NotWhole`` and ``OSError``."""
    packed = os.pread(file.fileno(), frame.length, frame.offset)
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(packed, MOST_RAW)
    except zlib.error:
        raise NotWhole("has a frame that cannot be unpacked") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise NotWhole("has a frame that unpacks to more than one may hold")
    return raw
