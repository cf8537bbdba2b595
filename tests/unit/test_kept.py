"""What a terminal writes for later (verdict journal, ring, recording) and cannot write is told wherever sources are, and told again once it can."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tfdash.board.board import Board
from tfdash.cli.journal import keep_journal
from tfdash.cli.kept import kept_journal, kept_recording, kept_ring, ring_folder
from tfdash.cli.recording import keep_recording
from tfdash.clock import SystemClock
from tfdash.config.load import parse
from tfdash.config.quick import load_quick
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import NO_PAGE, Picture, SourceInfo
from tfdash.model.verdict import Level
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.places import OneFile
from tfdash.recording.recorder import Recorder
from tfdash.sources.base import ALL
from tfdash.sources.kept import KeptRecord, KeptSource, why_unwritable
from tfdash.store.opening import StoreOptions
from tfdash.views.sources import SourceRow, doubts, source_rows
from tfdash.views.wall.kept import not_written, of_kept

CLOCK = SystemClock()
NOBODY = "postgresql://127.0.0.1:1/x"
NAMES = ("verdict journal", "ring")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks every few seconds does so all the time."""
    monkeypatch.setattr("tfdash.sources.kept._LOOK", 0.05)
    monkeypatch.setattr("tfdash.store.journal.recorder.TICK", 0.05)
    monkeypatch.setattr("tfdash.store.journal.recorder._AGAIN", 0.0)
    monkeypatch.setattr("tfdash.store.journal.recorder.BEAT", 0.1)
    monkeypatch.setattr("tfdash.recording.recorder._RETRY", 0.0)


def keeping(folder: Path) -> tuple[Board, Callable[[], None]]:
    """A board whose journal and ring lie in a folder; and how it ends."""
    made = folder.parent / "tfdash.toml"
    made.write_text(f'[store]\npath = "{folder}"\n')
    board = Board([], Judge(), CLOCK)
    settings = parse(made.read_text(), "tfdash.toml")
    recorders = keep_recording(board, load_quick(str(made)), settings, CLOCK)
    keep_journal(board, "production", StoreOptions(path=str(folder)), CLOCK, ALL)

    def end() -> None:
        board.stop()
        for recorder in recorders:
            recorder.stop()

    return board, end


def row(board: Board, name: str) -> SourceRow:
    [found] = [r for r in source_rows(board.picture, CLOCK.now()) if r.source == name]
    return found


def heard(board: Board, true: Callable[[], bool]) -> None:
    """Look at each update until it is true."""
    came = threading.Event()
    unsubscribe = board.subscribe(lambda update: came.set())
    try:
        for _ in range(120):
            if true():
                return
            came.wait(1.0)
            came.clear()
        raise AssertionError([row(board, name) for name in NAMES])
    finally:
        unsubscribe()


def test_what_cannot_be_written_is_told_and_that_it_is_again(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    for name in ("journal", "ring"):
        (folder / name).write_text("in its place")
    board, end = keeping(folder)
    assert row(board, "verdict journal").state.word == "loading"
    board.start()
    try:
        heard(board, lambda: len(not_written(board.picture)) == 2)
        rows = source_rows(board.picture, CLOCK.now())
        assert {r.state.word for r in rows} == {"not written"}
        assert all(r.state.level is Level.UNKNOWN for r in rows)
        assert "it is tried again" in row(board, "ring").detail
        assert "reports name this time as not watched" in row(board, "verdict journal").detail
        warned = {one.text for one in of_kept("PRODUCTION", board.picture)}
        assert any("PRODUCTION: ring is not written: nothing is recorded: " in one for one in warned)
        for page in ("overview", "pods", "calendar"):
            assert doubts(rows, page) == [], "what is shown is as good without it"
        assert doubts(rows, "sources")
        for name in ("journal", "ring"):
            (folder / name).unlink()
        heard(board, lambda: not not_written(board.picture))
        heard(board, lambda: all(row(board, name).state.word == "ok" for name in NAMES))
        assert str(folder / "journal") in row(board, "verdict journal").detail
        assert str(folder / "ring") in row(board, "ring").detail
    finally:
        end()
    assert list((folder / "journal").glob("*.journal")) and list((folder / "ring").glob("*/*.tfrec"))


@pytest.mark.parametrize("name", ["journal", "ring"])
def test_what_is_taken_away_while_it_is_written_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfdash.recording.recorder.WHOLE_EVERY", 0.0)
    monkeypatch.setattr("tfdash.cli.recording._SEGMENT", 0.0)
    folder = tmp_path / "store"
    board, end = keeping(folder)
    board.start()
    try:
        heard(board, lambda: all(row(board, one).state.word == "ok" for one in NAMES))
        shutil.rmtree(folder / name)
        (folder / name).write_text("in its place")
        told = {"journal": "verdict journal", "ring": "ring"}[name]
        heard(board, lambda: any(one == told for one, _ in not_written(board.picture)))
    finally:
        end()


@pytest.mark.parametrize(
    ("url", "spoilt", "expected"),
    [
        ("", False, "✔ verdict journal"),
        ("", True, "is not a folder"),
        (NOBODY, False, "others cannot see it"),
        (NOBODY, True, "others cannot see it"),
    ],
)
def test_doctor_looks_without_writing(tmp_path: Path, url: str, spoilt: bool, expected: str) -> None:
    settings = parse(f'[store]\npath = "{tmp_path}"\n', "tfdash.toml")
    if spoilt:
        (tmp_path / "journal").write_text("in its place")
        ring_folder(settings).write_text("in its place")
    options = StoreOptions(path=str(tmp_path), url=url, deadline=2.0)
    journal, ring = (KeptSource(kept, CLOCK) for kept in (kept_journal(options), kept_ring(settings)))
    before = sorted(tmp_path.rglob("*"))
    board = Board([], Judge(), CLOCK, sources=[journal, ring])
    found = asyncio.run(journal.doctor(board))
    assert expected in found.lines[0] and found.reached is not (spoilt or bool(url))
    found = asyncio.run(ring.doctor(board))
    assert ("is not a folder" in found.lines[0]) is spoilt is not found.reached
    assert sorted(tmp_path.rglob("*")) == before


def test_where_a_folder_could_be_made(tmp_path: Path) -> None:
    assert why_unwritable(tmp_path / "a" / "b") == ""
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    assert "is not a folder" in why_unwritable(tmp_path / "a" / "b")


async def test_it_is_told_since_when() -> None:
    said: list[str | None] = [None]
    source = KeptSource(KeptRecord("ring", lambda: said[0], lambda: "here", lambda: "", "mend it"), CLOCK)
    first: Observation[SourceInfo] = source.status
    assert first.observed_at is None and first.problem is None
    said[0] = "the disk is full"
    began = source.status.problem
    again = source.status.problem
    assert began is not None and again is not None and began.since == again.since > 0
    assert began.kind is ProblemKind.NOT_WRITTEN
    said[0] = ""
    assert source.status.problem is None and source.status.observed_at is not None


def test_a_fault_of_the_program_is_told_as_one(tmp_path: Path) -> None:
    def now() -> tuple[Picture, Assessment]:
        raise LookupError

    recorder = Recorder(OneFile(tmp_path / "a.tfrec", RecordingHeader()), CLOCK, now)
    source = KeptSource(kept_recording("recording", recorder, lambda: "here"), CLOCK)
    recorder.attempt(ending=False)
    problem = source.status.problem
    assert problem is not None and problem.kind is ProblemKind.INTERNAL


def test_a_wall_says_of_nothing_but_what_is_kept_that_it_is_not_written() -> None:
    gone = Problem(kind=ProblemKind.UNREACHABLE, cause="refused", since=1.0)
    of = {"prometheus": (), "ring": NO_PAGE}
    sources = {n: Observation(value=SourceInfo(name=n, only_for=p), problem=gone) for n, p in of.items()}
    picture = Picture(at=1.0, number=1, clusters={}, sources=sources)
    assert [name for name, _ in not_written(picture)] == ["ring"]
