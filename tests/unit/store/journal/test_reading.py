"""What lies in a folder of journals is read as it lies: cut, damaged, newer, of a terminal that lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.journal.journals import ALL, word
from tfdash.model.verdict import Level
from tfdash.store.journal.lines import BEAT, BEGIN, END, SAY, JournalLine, covers_told, encode, told
from tfdash.store.journal.reading import read, spans_of
from tfdash.store.journal.view import Ended


def lines() -> list[bytes]:
    """A span of ten beats: it begins with one breach, another comes and goes."""
    first, came, went = word(0, "a", Level.BREACH, first=True), word(20, "b", Level.WARN), word(40, "b", None)
    said = [
        JournalLine(1, BEGIN, 0.0, "wall-1", "1.0", 1, seen=covers_told(ALL), told=(told(first, 0.0),)),
        JournalLine(2, BEAT, 15.0),
        JournalLine(3, SAY, 21.0, told=(told(came, 21.0),)),
        JournalLine(4, SAY, 41.0, told=(told(went, 41.0),)),
        JournalLine(5, BEAT, 55.0),
        JournalLine(6, END, 60.0, why=Ended.CLOSED.value),
    ]
    return [encode(line)[:-1] for line in said]


def test_what_is_written_is_read() -> None:
    (span,), doubt = spans_of(lines())
    assert not doubt
    assert (span.watcher, span.begin, span.end, span.ended) == ("wall-1", 0.0, 60.0, Ended.CLOSED)
    assert span.covers == ((0.0, ALL),)
    assert [(w.at, w.subject.name, w.level) for w in span.words] == [
        (0.0, "a", Level.BREACH),
        (20.0, "b", Level.WARN),
        (40.0, "b", None),
    ]


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_terminal_that_was_killed_watched_until_its_last_whole_line(cut: int) -> None:
    raw = lines()[:5]
    (span,), doubt = spans_of([*raw[:-1], raw[-1][:-cut]])
    assert not doubt and (span.end, span.ended) == (41.0, Ended.SILENT)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_after_a_line_that_cannot_be_read_nothing_is_known_until_a_span_begins(damage: str) -> None:
    raw = lines()
    again = [
        encode(JournalLine(7, BEGIN, 70.0, "wall-1", seen=covers_told(ALL)))[:-1],
        encode(JournalLine(8, BEAT, 80.0))[:-1],
    ]
    broken = [raw[3].replace(b"say", b"sag")] if damage == "changed" else []
    (one, other), doubt = spans_of([*raw[:3], *broken, *raw[4:], *again])
    assert (one.end, one.ended) == (21.0, Ended.DAMAGED)
    assert (other.begin, other.end, other.ended) == (70.0, 80.0, Ended.SILENT)
    assert doubt.startswith("line 4 ")


def test_a_newer_version_is_read_up_to_what_is_not_understood() -> None:
    newer = encode(JournalLine(7, BEGIN, 70.0, "wall-1", format=99))[:-1]
    (span,), doubt = spans_of([*lines(), newer])
    assert span.end == 60.0 and "newer version" in doubt


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    view = read(tmp_path / "none", 0.0, 10.0)
    assert not view.spans and not view.doubts
