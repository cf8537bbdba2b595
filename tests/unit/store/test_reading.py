"""A command that judges once reads the store and leaves it as it was: whatever state terminals left it in."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.store.helpers import CHECKOUT, NOW, Board, Clock, RealBoard, note, opened
from tests.waiting import soon
from tfdash.model.observation import Problem
from tfdash.model.release import Carrier, Phase, ReleaseState
from tfdash.playbook.canary.lost_entries import lost_of
from tfdash.store.log import data_dir
from tfdash.store.log.reading import newest_in, read_file
from tfdash.store.opening import Opened, StoreOptions, open_store
from tfdash.store.store_source import StoreSource

Left = dict[str, tuple[int, int, int, bytes]]


def left_in(folder: Path) -> Left:
    """Every name under it and itself, with what writing would change. An index in memory is shared: its bytes are no file's."""
    found: Left = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        seen = path.stat()
        body = path.read_bytes() if path.is_file() and not path.name.endswith("-shm") else b""
        found[str(path)] = (seen.st_mtime_ns, seen.st_size, seen.st_ino, body)
    return found


async def recorded(folder: Path) -> Opened:
    """A terminal in which a person decided to roll back."""
    ann = opened(folder, terminal="ann")
    await ann.store.remember_manual(CHECKOUT, "ann", "customers call")
    return ann


def reading(folder: Path) -> StoreSource:
    return open_store(StoreOptions(path=str(folder)), Clock(), acting=False, reading=True).source


async def read_once(source: StoreSource) -> Board:
    board = Board()
    running = asyncio.create_task(source.run(board))
    try:
        await soon(lambda: not source.unsettled(board.picture, board.assessment), "the store")
        await soon(lambda: source.id in board.picture.sources, "its status")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return board


def problem(board: Board) -> Problem | None:
    return board.picture.sources["store"].problem


def as_killed(folder: Path) -> None:
    """What a terminal leaves that is killed: its file, the WAL, the index."""
    aside = folder.with_name("aside")
    shutil.copytree(folder, aside)
    shutil.rmtree(folder)
    aside.rename(folder)


def without_index(folder: Path) -> None:
    as_killed(folder)
    for index in folder.glob("*-shm"):
        index.unlink()


@pytest.mark.parametrize("state", ["alive", "ended", "killed", "a copy without its index"])
async def test_a_decision_is_read_and_nothing_is_left_behind(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "store"
    ann = await recorded(folder)
    if state == "ended":
        ann.store.close()
        assert not list(folder.glob("*-wal"))
    elif state == "killed":
        as_killed(folder)
        assert list(folder.glob("*-wal")) and list(folder.glob("*-shm"))
    elif state != "alive":
        without_index(folder)
    before = left_in(folder)
    board = await read_once(reading(folder))
    assert board.facts.manual == {CHECKOUT: "customers call"}
    assert problem(board) is None
    assert left_in(folder) == before
    ann.store.close()


async def test_beside_an_emptied_file_the_rest_stays(tmp_path: Path) -> None:
    """SQLite takes a WAL beside an empty file for a left one, and removes it: it is all that is left of what was recorded."""
    folder = tmp_path / "store"
    ann = await recorded(folder)
    as_killed(folder)
    for file in folder.glob("terminal-*.db"):
        file.write_bytes(b"")
    before = left_in(folder)
    assert any(name.endswith("-wal") and seen[1] for name, seen in before.items())
    await read_once(reading(folder))
    assert left_in(folder) == before
    ann.store.close()


def _sql(statement: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        with sqlite3.connect(folder / "terminal-0.db") as connection:
            connection.execute(statement)
        connection.close()

    return spoil


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _turned(path: Path) -> None:
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 3 // 5)


@pytest.mark.parametrize("lock", ["with its lock", "without"])
@pytest.mark.parametrize("spoil", [_emptied, _turned, _cut, Path.unlink, _pipe])
@pytest.mark.parametrize("name", ["terminal-0.db", "terminal-0.db-wal", "terminal-0.db-shm"])
async def test_a_decision_that_was_taken_away_is_not_none(
    tmp_path: Path, name: str, spoil: Callable[[Path], object], lock: str
) -> None:
    """Of a terminal that was killed: whatever is done to one of its files, the decision is read or the store is not known."""
    ann = await recorded(tmp_path / "alive")
    folder = tmp_path / "store"
    shutil.copytree(tmp_path / "alive", folder)
    ann.store.close()
    if lock == "without":
        if name == "terminal-0.db-wal" and spoil is not _turned:
            pytest.skip("nothing is left that tells of it: beyond what can be found")
        (folder / "terminal-0.lock").unlink()
    spoil(folder / name)
    board = await read_once(reading(folder))
    assert problem(board) or CHECKOUT in board.facts.manual


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries",
        "DROP TABLE entries",
        "DELETE FROM entries WHERE topic = 'manual'",
        "UPDATE entries SET topic = '' WHERE topic = 'manual'",
        "UPDATE entries SET kind = 'note', topic = '' WHERE topic = 'manual'",
        "UPDATE entries SET bytes = replace(bytes, 'customers', 'nobody') WHERE topic = 'manual'",
        "UPDATE entries SET hash = 'x' WHERE topic = 'manual'",
        "UPDATE entries SET terminal = 'x' WHERE topic = 'manual'",
        "UPDATE entries SET bytes = 'x' WHERE topic = 'manual'",
    ],
)
async def test_a_decision_that_was_cut_out_or_changed_is_not_none(tmp_path: Path, statement: str) -> None:
    ann = await recorded(tmp_path)
    await ann.store.record(note("after it"))
    ann.store.close()
    _sql(statement)(tmp_path)
    assert problem(await read_once(reading(tmp_path)))


@pytest.mark.parametrize("what", ["cut", "emptied", "gone"])
async def test_a_loss_that_the_next_terminal_noted_is_known_until_a_person_decides_anew(
    tmp_path: Path, what: str
) -> None:
    """The new chain is whole: what stood in the old one is not known all the same, of what was in flight then."""
    ann = await recorded(tmp_path)
    await ann.store.record(note("after it"))
    ann.store.close()
    if what == "gone":
        (tmp_path / "terminal-0.db").unlink()
    else:
        _sql("DELETE FROM entries" + " WHERE topic = 'manual' OR sequence > 1" * (what == "cut"))(tmp_path)
    bob = opened(tmp_path, terminal="ann")
    await bob.store.record(note("goes on"))
    bob.store.close()
    began = {"before": NOW - 60, "later": NOW + 60, "some time": None}
    released = {
        name: ReleaseState(
            subject=CHECKOUT, carrier=Carrier.DEPLOYMENT, phase=Phase.PROGRESSING, message="", started=at
        )
        for name, at in began.items()
    }
    board = await read_once(reading(tmp_path))
    untold = {name for name, release in released.items() if lost_of(board.facts, release)}
    assert untold == {"before", "some time"} and problem(board) is None
    status = board.picture.sources["store"].value
    assert status is not None and "entries were lost: tfdash audit verify" in status.about
    again = opened(tmp_path, terminal="ann")
    await again.source.load()
    assert again.store.state().losses == board.facts.losses, "the terminal itself knows it after a restart"
    again.store.clock.now = lambda: NOW + 1  # type: ignore[method-assign] # a person, later
    await again.store.remember_manual(CHECKOUT, "ann", "")
    again.store.close()
    board = await read_once(reading(tmp_path))
    assert board.facts.losses and not any(
        lost_of(board.facts, r) for r in released.values() if r.started != NOW + 60
    )


@pytest.mark.parametrize("alive", [True, False])
async def test_a_view_in_the_place_of_the_log_is_not_read(tmp_path: Path, alive: bool) -> None:
    """It may give rows without end, and whoever reads them waits for ever."""
    ann = await recorded(tmp_path)
    _sql("ALTER TABLE entries RENAME TO kept")(tmp_path)
    _sql("CREATE VIEW entries AS SELECT rowid, * FROM kept")(tmp_path)
    if not alive:
        ann.store.close()
    found = problem(await read_once(reading(tmp_path)))
    assert found is not None and "view" in found.cause
    assert "view" in read_file(tmp_path / "terminal-0.db")[0].problem
    assert not newest_in(tmp_path, 5)
    if alive:
        ann.store.close()


@pytest.mark.parametrize("alive", [True, False])
async def test_a_decision_that_is_taken_away_while_it_is_read_stays(tmp_path: Path, alive: bool) -> None:
    ann = await recorded(tmp_path)
    if not alive:
        ann.store.close()
    source, board = reading(tmp_path), Board()
    running = asyncio.create_task(source.run(board))
    await board.until(lambda facts: CHECKOUT in facts.manual)
    _sql("DELETE FROM entries")(tmp_path)
    await soon(lambda: problem(board) is not None, "the problem")
    assert CHECKOUT in board.facts.manual
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    ann.store.close()


async def test_where_nothing_was_recorded_yet_no_folder_is_made(tmp_path: Path) -> None:
    board = await read_once(reading(tmp_path / "store"))
    assert (problem(board), board.facts.manual, os.listdir(tmp_path)) == (None, {}, [])


async def test_what_is_recorded_while_it_is_read_is_seen(tmp_path: Path) -> None:
    """Also where the file lay still when it was opened, and no terminal lived."""
    ann = await recorded(tmp_path)
    ann.store.close()
    source, board = reading(tmp_path), Board()
    running = asyncio.create_task(source.run(board))
    await board.until(lambda facts: CHECKOUT in facts.manual)
    again = opened(tmp_path, terminal="ann")
    await again.store.remember_manual(CHECKOUT, "ann", "")
    await board.until(lambda facts: not facts.manual)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    again.store.close()


def _damaged(folder: Path) -> None:
    (folder / "terminal-0.db").write_bytes(b"no database at all " * 400)


def _a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


def _gone(folder: Path) -> None:
    shutil.rmtree(folder.parent)


def _file_gone(folder: Path) -> None:
    (folder / "terminal-0.db").unlink()


def _closed(folder: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("nothing is closed to root")
    folder.chmod(0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_damaged, "file is not a database"),
        (_a_file, "is not a folder"),
        (_gone, "is not there"),
        (_file_gone, "of which nothing is here any more; see: tfdash audit verify"),
        (_closed, "permission denied"),
    ],
)
async def test_a_store_that_cannot_be_read_says_so(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    folder = tmp_path / "state" / "store"
    (await recorded(folder)).store.close()
    spoil(folder)
    source = reading(folder)
    told = problem(await read_once(source))
    assert told is not None and words in told.cause
    assert not (await source.doctor(RealBoard([], None, Clock()))).reached


async def test_sessions_of_the_shared_store_refuse_to_write(tmp_path: Path, database: Any) -> None:
    from tfdash.store.shared.shared_store import SharedStore

    shared = SharedStore(database.url("ann"), deadline=10.0, reading=True)
    assert await shared.heads() == {}
    with pytest.raises(Exception, match="read-only transaction"):
        await shared.put_body("d", b"x")
    await shared.close()
    options = StoreOptions(path=str(tmp_path / "none"), url=database.url("ann"))
    board = await read_once(open_store(options, Clock(), acting=False, reading=True).source)
    assert problem(board) is None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("home", "folder", "told"),
    [
        ("there", "", ""),  # the default folder in a new home: nothing was recorded yet
        ("gone", "", "tfdash is not there"),  # a home that is not mounted
        ("there", "else/where/store", "where is not there"),  # a folder that somebody chose
        ("there", "store", ""),
    ],
)
def test_a_folder_that_nobody_made_yet_is_not_one_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str, folder: str, told: str
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / home))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    place = tmp_path / "there" / folder if folder else data_dir.default_folder()
    why = data_dir.why_unreadable(place)
    assert why.endswith(told) and bool(why) == bool(told)
