"""Reads the journals of all terminals as they lie; nothing is made or written to find out."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.locked_file import is_locked
from tfdash.moments import NEVER, moment
from tfdash.named_file import read_named
from tfdash.store.journal.lines import (
    BEGIN,
    COVER,
    END,
    DamagedLine,
    JournalLine,
    NewerFormat,
    covers_of,
    decode,
    word_of,
)
from tfdash.store.journal.view import Covers, Ended, JournalView, JournalWord, WatchSpan
from tfdash.text import safe

BEAT = 15.0
"""Seconds between two lines at most: a terminal that was killed is known to have watched until the last."""
SUFFIX, PACKED = ".journal", ".journal.z"
LATELY = 150.0
"""Seconds: terminals deliver once a minute."""
LET_GO = "let-go"
"""A file that says until when journals were let go because there was no room for them."""
MOST = 64 << 20  # bytes of one file, unpacked: more is none of ours
_ASTRAY = 86400.0  # seconds by which a file's own time may be wrong without its being overlooked


def journal_folder(store: Path) -> Path:
    """Where the journals lie, beside the files of the audit log in ``store``."""
    return store / "journal"


class SharedJournals(NamedTuple):
    """What the shared store holds: (name of the file, packed lines) of each terminal. ``problem``: why it could not be read."""

    files: Sequence[tuple[str, bytes]] = ()
    problem: str = ""


def read(folder: Path, since: float, until: float, shared: SharedJournals | None = None) -> JournalView:
    """What is on record of ``[since, until)`` in the journals of ``folder`` (``journal_folder``), and in those that ``shared`` holds
    (``sharing.fetched``). Never raises for what lies there."""
    spans: list[WatchSpan] = []
    doubts: list[str] = []
    try:
        files = sorted(path for path in folder.iterdir() if path.name.endswith((SUFFIX, PACKED)))
    except FileNotFoundError:
        files = []
    except OSError as error:
        files = []
        doubts.append(f"the verdict journal in {folder} cannot be read: {error.strerror}")
    if (gone := let_go_until(folder)) > since:
        doubts.append(
            f"the verdict journal was let go until {moment(gone, ZoneInfo('UTC'))}: there was no room for more"
        )
    packed = {path.name for path in files if path.name.endswith(PACKED)}
    for path in files:
        if path.name + PACKED.removeprefix(SUFFIX) in packed:
            continue  # packed, and not let go yet
        try:
            if path.stat().st_mtime + _ASTRAY < since:
                continue
            found, doubt = spans_of(lines_in(path), living=is_living(path))
        except FileNotFoundError:  # packed, or let go, since we listed it
            continue
        except OSError as error:
            found, doubt = [], error.strerror or str(error)
        spans += found
        if doubt:
            doubts.append(f"the verdict journal {path.name}: {doubt}")
    if shared is not None:
        here = {_stem(path.name) for path in files}
        for name, body in shared.files:
            if _stem(name) in here:
                continue  # as it lies here it is newer
            found, doubt = spans_of(unpacked(body))
            spans += [_heard_lately(span, until) for span in found]
            if doubt:
                doubts.append(f"the verdict journal {safe(name)} of the shared store: {doubt}")
        if shared.problem:
            doubts.append(f"verdict journals of other machines are not read: {shared.problem}")
    return view_of(spans, since, until, doubts)


def _stem(name: str) -> str:
    return name.removesuffix(PACKED).removesuffix(SUFFIX)


def _heard_lately(span: WatchSpan, until: float) -> WatchSpan:
    """One of another machine that delivered lately is not called dead, nor has it watched longer than it said."""
    if span.ended is Ended.SILENT and until - span.end <= LATELY:
        return span_until(span, span.end, Ended.LIVING)
    return span


def let_go_until(folder: Path) -> float:
    """Until when journals were let go for want of room; 0 where none were."""
    try:
        until = float(read_named(str(folder / LET_GO), 40))
    except (OSError, ValueError):
        return 0.0
    return until if 0 <= until < NEVER else 0.0


def view_of(
    spans: Iterable[WatchSpan], since: float, until: float, doubts: Sequence[str] = ()
) -> JournalView:
    """The spans that touch the time asked about. Whoever lives still has watched for one beat more than was written, at most."""
    kept = []
    for span in spans:
        if span.ended is Ended.LIVING and until - span.end <= BEAT:
            span = span_until(span, max(span.end, min(until, span.end + BEAT)))
        if span.begin < until and span.end > since:
            kept.append(span)
    kept.sort(key=lambda span: (span.begin, span.end, span.watcher))
    return JournalView(since=since, until=until, spans=tuple(kept), doubts=tuple(doubts))


def span_until(span: WatchSpan, end: float, ended: Ended | None = None) -> WatchSpan:
    return WatchSpan(
        watcher=span.watcher,
        begin=span.begin,
        end=end,
        ended=ended or span.ended,
        covers=span.covers,
        words=span.words,
        version=span.version,
    )


def lines_in(path: Path) -> list[bytes]:
    """The lines of one file, the last perhaps cut. Raises ``OSError``."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        raw = file.read(MOST)
    if path.name.endswith(PACKED):
        return unpacked(raw)
    return raw.split(b"\n") if raw else []


def unpacked(body: bytes) -> list[bytes]:
    """The lines of a packed file."""
    try:
        raw = zlib.decompressobj().decompress(body, MOST)
    except zlib.error:
        return [b"not packed", b""]
    return raw.split(b"\n") if raw else []


def is_living(path: Path) -> bool:
    """Whether a process holds that file to write on."""
    try:
        return is_locked(path)
    except OSError:
        return False


def spans_of(raw: Sequence[bytes], living: bool = False) -> tuple[list[WatchSpan], str]:
    """The spans that lines tell, and what is wrong with them, "" for nothing. What follows on a line that cannot be read says nothing
    until the next span begins, since a change may be lost. A last line that was cut is the end of a terminal, and no damage."""
    spans: list[WatchSpan] = []
    current: _Growing | None = None
    doubt, number = "", 0
    for index, one in enumerate(raw):
        if not one:
            continue
        try:
            line = decode(one)
        except NewerFormat as error:
            return [*spans, *_closed(current, Ended.DAMAGED)], f"written by a newer version ({error})"
        except DamagedLine as error:
            if index == len(raw) - 1:
                break
            doubt = doubt or f"line {index + 1} cannot be read: {error}"
            spans += _closed(current, Ended.DAMAGED)
            current = None
            continue
        if line.n != number + 1 and current is not None:
            doubt = doubt or f"line {number + 1} is missing"
            spans += _closed(current, Ended.DAMAGED)
            current = None
        number = line.n
        if line.what == BEGIN:
            spans += _closed(current, Ended.SILENT)
            current = _Growing(line)
        elif current is not None:
            current.take(line)
            if line.what == END:
                spans += _closed(current, _ended(line.why))
                current = None
    return [*spans, *_closed(current, Ended.LIVING if living else Ended.SILENT)], doubt


class _Growing:
    """A span as its lines come."""

    def __init__(self, line: JournalLine) -> None:
        self.begin = self.end = line.at
        self.watcher, self.version = line.watcher, line.version
        self.covers: list[tuple[float, Covers]] = [(line.at, covers_of(line.seen))]
        self.words: list[JournalWord] = [word_of(one, line) for one in line.told]

    def take(self, line: JournalLine) -> None:
        self.end = max(self.end, line.at)
        self.words += [word_of(one, line) for one in line.told]
        if line.seen or line.what == COVER:
            self.covers.append((line.at, covers_of(line.seen)))


def _closed(span: _Growing | None, ended: Ended) -> list[WatchSpan]:
    if span is None or (span.end <= span.begin and ended is not Ended.LIVING):
        return []
    span.words.sort(key=lambda word: word.at)
    return [
        WatchSpan(
            watcher=span.watcher,
            begin=span.begin,
            end=span.end,
            ended=ended,
            covers=tuple(span.covers),
            words=tuple(span.words),
            version=span.version,
        )
    ]


def _ended(why: str) -> Ended:
    return Ended(why) if why in {one.value for one in Ended} else Ended.CLOSED
