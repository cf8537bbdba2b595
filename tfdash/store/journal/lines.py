"""The lines of a journal: a CRC, a space, JSON. A line that was cut, or does not follow on the one before it, is told apart by that.

Levels are written by name, and fields that a newer version adds are left out, so that older programs read on.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.moments import NEVER
from tfdash.store.journal.view import Cover, Covers, JournalWord

FORMAT = 1
BEGIN, SAY, COVER, BEAT, END = "begin", "say", "cover", "beat", "end"


class DamagedLine(ValueError):
    """A line is not what was written."""


class NewerFormat(ValueError):
    """A line is of a version that this program does not know."""


class WordLine(msgspec.Struct, array_like=True, frozen=True):
    """A word as it is written; its time is its line's unless ``ago`` (seconds) is more than 0."""

    environment: str
    cluster: str
    kind: str
    namespace: str
    name: str
    rule: str
    level: str
    before: str = ""
    sentence: str = ""
    cause: str = ""
    waived: bool = False
    flapped: int = 0
    ago: float = 0.0
    first: bool = False


class CoverLine(msgspec.Struct, array_like=True, frozen=True):
    """What is seen of one cluster, as it is written."""

    environment: str
    cluster: str
    rules: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    without: tuple[tuple[str, str], ...] = ()


class JournalLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """``n`` counts the lines of a file; ``at`` in epoch seconds."""

    n: int
    what: str
    at: float
    watcher: str = ""
    version: str = ""
    format: int = 0
    why: str = ""
    seen: tuple[CoverLine, ...] = ()
    told: tuple[WordLine, ...] = ()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(JournalLine)


def encode(line: JournalLine) -> bytes:
    body = _encoder.encode(line)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode(raw: bytes) -> JournalLine:
    """One line, without its end. Raises ``DamagedLine`` and ``NewerFormat``."""
    crc, _, body = raw.partition(b" ")
    if crc != b"%08x" % zlib.crc32(body):
        raise DamagedLine("its sum is wrong")
    try:
        line = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise NewerFormat(str(error)) from None
    except (RecursionError, UnicodeDecodeError):
        raise DamagedLine("it is nothing that a terminal writes") from None
    if not 0 <= line.at < NEVER or any(not 0 <= one.ago < NEVER for one in line.told):
        raise DamagedLine("it is of no time")
    if line.format > FORMAT:
        raise NewerFormat(f"format {line.format}")
    return line


def covers_told(covers: Covers) -> tuple[CoverLine, ...]:
    return tuple(
        CoverLine(ref.environment, ref.cluster, tuple(sorted(c.rules)), c.namespaces, c.hidden, c.without)
        for ref, c in sorted(covers.items())
    )


def covers_of(seen: Iterable[CoverLine]) -> dict[ClusterRef, Cover]:
    return {
        ClusterRef(one.environment, one.cluster): Cover(
            frozenset(one.rules), one.namespaces, one.hidden, one.without
        )
        for one in seen
    }


def told(word: JournalWord, at: float) -> WordLine:
    subject = word.subject
    return WordLine(
        *subject.cluster,
        subject.kind,
        subject.namespace,
        subject.name,
        word.rule,
        word.level.name if word.level is not None else "",
        word.before.name if word.before is not None else "",
        word.sentence,
        word.cause,
        word.waived,
        word.flapped,
        max(0.0, round(at - word.at, 3)),
        word.first,
    )


def word_of(one: WordLine, line: JournalLine) -> JournalWord:
    subject = Subject(ClusterRef(one.environment, one.cluster), one.kind, one.namespace, one.name)
    return JournalWord(
        at=line.at - one.ago,
        subject=subject,
        rule=one.rule,
        level=_level(one.level),
        before=_level(one.before),
        first=one.first or line.what == BEGIN,
        sentence=one.sentence,
        cause=one.cause,
        waived=one.waived,
        flapped=one.flapped,
    )


def _level(name: str) -> Level | None:
    """A level that a newer version has is none that we know."""
    return Level.__members__.get(name, Level.UNKNOWN) if name else None
