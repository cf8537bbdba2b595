"""What somebody with the files can do, one row each: found (1), not looked at (2), or said to be beyond what the last anchor
proves (0 with the words). Asked of the command, as a person asks."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.unit.store.helpers import NOW, Board, Clock, note, opened
from tests.unit.store.test_reading import problem, read_once
from tests.unit.store.test_verify import rewrite
from tests.waiting import soon
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.cli import main
from tfdash.store import store_source
from tfdash.store.log import data_dir
from tfdash.store.log.anchors import Head, line
from tfdash.store.log.local_file import LocalFile
from tfdash.store.opening import StoreOptions, open_store

pytestmark = pytest.mark.long
T = TypeVar("T")

Attack = Callable[[Path], object]


def sql(*statements: str, file: str = "terminal-0.db") -> Attack:
    def attack(store: Path) -> None:
        with sqlite3.connect(store / file) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    return attack


def remove(*names: str) -> Attack:
    def attack(store: Path) -> None:
        for name in names:
            (store / name).unlink()

    return attack


def put_back(*names: str, keep_inode: bool = True) -> Attack:
    """The copies of an earlier time, which lie in ``older``."""

    def attack(store: Path) -> None:
        for name in names:
            if keep_inode:
                shutil.copyfile(store.parent / "older" / name, store / name)
            else:
                shutil.copyfile(store.parent / "older" / name, store.parent / "new")
                (store.parent / "new").rename(store / name)

    return attack


def copy(source: str, target: str) -> Attack:
    return lambda store: shutil.copyfile(store / source, store / target)


def rename(source: str, target: str) -> Attack:
    return lambda store: (store / source).rename(store / target)


def swap(store: Path) -> None:
    for source, target in (("0", "x"), ("1", "0"), ("x", "1")):
        (store / f"terminal-{source}.db").rename(store / f"terminal-{target}.db")


def both(*attacks: Attack) -> Attack:
    return lambda store: [attack(store) for attack in attacks]


def write(name: str, text: bytes) -> Attack:
    return lambda store: (store / name).write_bytes(text)


def linked(store: Path) -> None:
    (store / "terminal-0.db").rename(store.parent / "elsewhere.db")
    (store / "terminal-0.db").symlink_to(store.parent / "elsewhere.db")


def pipe(name: str) -> Attack:
    def attack(store: Path) -> None:
        (store / name).unlink()
        os.mkfifo(store / name)

    return attack


def spliced(store: Path) -> None:
    """Entry 3 of another chain in the place of ours."""
    with sqlite3.connect(store / "terminal-0.db") as connection:
        connection.execute("ATTACH ? AS theirs", (str(store / "terminal-1.db"),))
        connection.execute(
            "UPDATE entries SET (bytes, hash) = (SELECT bytes, hash FROM theirs.entries WHERE sequence = 3)"
            " WHERE sequence = 3"
        )
    connection.close()


def forged_copy(store: Path) -> None:
    """Our own chain once more, as if another had it from the shared store."""
    with sqlite3.connect(store / "terminal-1.db") as connection:
        connection.execute("ATTACH ? AS ours", (str(store / "terminal-0.db"),))
        connection.execute("INSERT INTO others SELECT *, 'ann' FROM ours.entries")
    connection.close()


def rewritten(store: Path) -> None:
    rewrite(store, sidecar=True)


def cut_without_a_trace(store: Path) -> None:
    """The tail, and the head in the lock set back to what is left: 5 entries, of which the anchor holds 4."""
    with sqlite3.connect(store / "terminal-0.db") as connection:
        connection.execute("DELETE FROM entries WHERE sequence > 5")
        terminal, hash = connection.execute(
            "SELECT terminal, hash FROM entries WHERE sequence = 5"
        ).fetchone()
    connection.close()
    (store / "terminal-0.lock").write_text(f"{terminal} 5 {hash}\n")


ALL = ("terminal-0.db", "terminal-0.lock", "terminal-1.db", "terminal-1.lock")
BEYOND = "nobody else holds"

ATTACKS: dict[str, tuple[Attack, int, str]] = {
    "nothing": (lambda store: None, 0, "proven up to entry 4 by anchor file"),
    # deleted
    "the file": (remove("terminal-0.db"), 1, "the whole chain is gone: terminal-0.lock holds its head"),
    "the file and its lock": (remove("terminal-0.db", "terminal-0.lock"), 1, "the whole chain is gone: anchor"),
    "a file that no anchor knows, and its lock": (
        remove("terminal-1.db", "terminal-1.lock"),
        0,
        "proven up to entry 4",  # beyond: what nobody else ever heard of
    ),
    "the lock": (remove("terminal-0.lock"), 0, "terminal-0.lock, which holds the head of terminal-0.db, is not there"),
    "everything": (remove(*ALL), 1, "the whole chain is gone"),
    "everything and the anchors": (remove(*ALL, "../anchors"), 2, "there is no log in"),
    "the folder": (shutil.rmtree, 1, "is not there: nothing was recorded yet, or it was removed"),
    "the folder and the anchors": (both(remove("../anchors"), shutil.rmtree), 2, "or it was removed"),
    "the anchor file": (remove("../anchors"), 2, "anchor file"),
    "the lines of the anchor file": (write("../anchors", b""), 1, "the anchors were cut"),
    "the last line of the anchor file": (
        lambda store: (store.parent / "anchors").write_text(
            (store.parent / "anchors").read_text().splitlines()[0] + "\n"
        ),
        1,
        "took entry 4 and holds only entry 2",
    ),
    "what the file remembers of its anchors": (sql("DELETE FROM anchors"), 0, "proven up to entry 4"),
    "the table": (sql("DROP TABLE entries"), 1, "the whole chain is gone"),
    "a table beside it": (sql("DROP TABLE anchors"), 2, "it cannot be read"),
    # truncated
    "the file to nothing": (write("terminal-0.db", b""), 1, "the whole chain is gone"),
    "the file to its first pages": (
        lambda store: os.truncate(store / "terminal-0.db", 8192),
        1,
        "the whole chain is gone",
    ),
    "the lock to nothing": (write("terminal-0.lock", b""), 0, "terminal-0.lock does not tell the head"),
    "the tail": (sql("DELETE FROM entries WHERE sequence > 4"), 1, "the tail was cut"),
    "the tail, and the lock removed": (
        both(sql("DELETE FROM entries WHERE sequence > 4"), remove("terminal-0.lock")),
        0,
        "nothing shows whether its last entries were cut off",
    ),
    "the tail to after the last anchor, the lock set back": (cut_without_a_trace, 0, f"entry 5: {BEYOND}"),
    "the tail to before the last anchor, the lock removed": (
        both(sql("DELETE FROM entries WHERE sequence > 3"), remove("terminal-0.lock")),
        1,
        "the tail was cut: anchor file",
    ),
    # put into the schema
    "a trigger": (
        sql("CREATE TRIGGER keep BEFORE INSERT ON entries BEGIN SELECT RAISE(IGNORE); END"),
        1,
        "it holds a trigger, keep, which no terminal makes",
    ),
    "a trigger on a table beside it": (
        sql("CREATE TRIGGER t AFTER INSERT ON anchors BEGIN DELETE FROM anchors; END"),
        1,
        "it holds a trigger, t, which no terminal makes",
    ),
    "a view": (sql("CREATE VIEW v AS SELECT 1"), 1, "it holds a view, v, which no terminal makes"),
    "a table more": (sql("CREATE TABLE mine(a)"), 1, "it holds a table, mine, which no terminal makes"),
    "a column more": (sql("ALTER TABLE entries ADD COLUMN mine"), 1, "its table entries was changed"),
    "the table of used approvals": (sql("DROP TABLE consumed"), 1, "its table consumed is gone"),
    "the sealed templates": (sql("DROP TABLE bodies"), 1, "its table bodies is gone"),
    "an index": (sql("DROP INDEX entries_by_topic"), 1, "its index entries_by_topic is gone"),
    "an index that lets each be there once": (
        sql("CREATE UNIQUE INDEX once ON entries(hash)"),
        1,
        "it holds an index, once, which no terminal makes",
    ),
    # copied, renamed, swapped, put back
    "a copy as the next file": (copy("terminal-0.db", "terminal-2.db"), 1, "the chain stands twice"),
    "a copy over another file": (copy("terminal-0.db", "terminal-1.db"), 1, "the chain stands twice"),
    "a hard link": (
        lambda store: (store / "terminal-2.db").hardlink_to(store / "terminal-0.db"),
        1,
        "the chain stands twice",
    ),
    "an older copy as the next file": (
        lambda store: shutil.copyfile(store.parent / "older/terminal-0.db", store / "terminal-2.db"),
        1,
        "the chain stands twice",
    ),
    "a copy under another name": (copy("terminal-0.db", "notes.db"), 0, "also in"),
    "renamed to another place": (rename("terminal-0.db", "terminal-5.db"), 0, "terminal-5.lock"),
    "renamed to what is no place": (rename("terminal-0.db", "old.db"), 1, "the whole chain is gone"),
    "two files swapped": (swap, 0, "proven up to entry 4"),  # all entries are there
    "an older copy": (put_back("terminal-0.db"), 1, "the tail was cut"),
    "an older copy, another inode": (
        put_back("terminal-0.db", keep_inode=False),
        1,
        "it was copied, moved or put back",
    ),
    "an older copy with its lock": (put_back("terminal-0.db", "terminal-0.lock"), 1, "the tail was cut: anchor file"),
    "an older copy with its lock and anchors": (
        both(put_back("terminal-0.db", "terminal-0.lock"), write("../anchors", b""), sql("DELETE FROM anchors")),
        0,
        "if the whole chain was written anew, this cannot show it",
    ),
    "moved away and back": (
        both(copy("terminal-0.db", "../x"), remove("terminal-0.db"), rename("../x", "terminal-0.db")),
        0,
        "is not the file that its chain was written to",
    ),
    "a link": (linked, 2, "it is a symbolic link"),
    "a pipe": (pipe("terminal-0.db"), 2, "it is not a file"),
    "a pipe as the lock": (pipe("terminal-0.lock"), 0, "terminal-0.lock"),
    "a folder as the lock": (
        both(remove("terminal-0.lock"), lambda store: (store / "terminal-0.lock").mkdir()),
        0,
        "terminal-0.lock",
    ),
    "something else as the file": (write("terminal-0.db", b"x" * 4096), 1, "it cannot be read"),
    # written
    "an entry of another chain": (spliced, 1, "was moved"),
    "a text in the middle, its hash as it was": (
        sql("UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'entry 3', 'entry X') AS BLOB) WHERE sequence = 3"),
        1,
        "entry 3 was changed",
    ),
    "two entries' places": (
        sql(*(f"UPDATE entries SET sequence = {new} WHERE sequence = {old}" for old, new in ((3, 99), (5, 3), (99, 5)))),
        1,
        "moved",
    ),
    "a column beside an entry": (sql("UPDATE entries SET topic = 'x' WHERE sequence = 3"), 1, "entry 3 was hidden"),
    "a text as a sequence": (sql("UPDATE entries SET sequence = 'x' WHERE sequence = 6"), 1, "moved"),
    "a sequence beyond all": (
        sql("UPDATE entries SET bytes = replace(bytes, ' 6 ', ' ' || replace(hex(zeroblob(3000)), '0', '9') || ' ') WHERE sequence = 6"),
        1,
        "damaged",
    ),
    "json without end": (
        sql("UPDATE entries SET bytes = substr(bytes, 1, instr(bytes, char(10))) || replace(hex(zeroblob(99999)), '0', '[') WHERE sequence = 6"),
        1,
        "damaged",
    ),
    "the name of the chain": (sql("UPDATE meta SET value = 'another' WHERE key = 'terminal'"), 0, "proven up to entry 4"),
    "our own chain as a copy beside it": (forged_copy, 0, "proven up to entry 4 by anchor file"),
    "the whole chain anew": (rewritten, 1, "broken anchor"),
    "the whole chain anew, without anchors": (
        both(rewritten, write("../anchors", b""), sql("DELETE FROM anchors")),
        0,
        "if the whole chain was written anew, this cannot show it",
    ),
    "an anchor that says something else": (write("../anchors", b"nonsense\n"), 1, "1 of its lines are no anchors"),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logged") / "made"
    asyncio.run(_make(folder))
    return folder


@pytest.fixture
def logged(made: Path, tmp_path: Path) -> Path:
    """Two terminals' logs of six and three entries; entries 2 and 4 of the first are anchored, ``older`` is from before 3."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    store, anchors = tmp_path / "store", tmp_path / "anchors"
    for folder in (store, tmp_path / "older"):  # as if they had been written here
        for file in folder.glob("*.db"):
            own = data_dir.identity(store / file.name)
            sql(
                f"UPDATE anchors SET holder = 'file {anchors}'",
                f"UPDATE meta SET value = '{own}' WHERE key = 'identity'",
                file=file.name,
            )(folder)
    (tmp_path / "c.toml").write_text(f'[store]\npath = "{store}"\nanchor_file = "{anchors}"\n')
    return tmp_path


async def _make(tmp_path: Path) -> None:
    store, anchors = tmp_path / "store", tmp_path / "anchors"
    one = opened(store, anchor_file=str(anchors))
    two = opened(store).store
    for number in range(6):
        await one.store.record(note(f"entry {number + 1}"))
        if number in (1, 3):
            head = await one.source.handing_on._head()
            assert head is not None
            await one.source.handing_on.anchor_now(head)
        if number == 1:
            one.store.close()
            shutil.copytree(store, tmp_path / "older")
            one = opened(store, anchor_file=str(anchors))
    for number in range(3):
        await two.record(note(f"of the other {number + 1}"))
    one.store.close()
    two.close()


@pytest.mark.parametrize("name", ATTACKS)
def test_what_somebody_with_the_files_can_do(
    logged: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    attack, code, said = ATTACKS[name]
    attack(logged / "store")
    found = main(["audit", "verify", "--config", str(logged / "c.toml")])
    told = capsys.readouterr().out
    assert said in told and found == code, told
    assert "copies in" not in told or "proven up to entry 4 by anchor file" in told
    assert "by " + str(logged / "store") not in told  # what lies in the same folder proves nothing


READ_OTHERWISE = {
    # nothing of what was recorded is lost by them, and nothing is added
    "a copy as the next file": "",
    "a hard link": "",
    "an older copy as the next file": "",
    "an older copy, another inode": "the last here is 2",
    # nothing tells a folder in which nothing was recorded yet from one that was emptied
    "everything and the anchors": "",
    "the folder and the anchors": "",
    # what a reader rests on is there; that nobody vouches for it any more is for ``audit verify``
    "the anchor file": "",
    "the lines of the anchor file": "",
    "the last line of the anchor file": "",
    "an anchor that says something else": "",
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_what_reads_once_knows_that_something_was_done(logged: Path, name: str) -> None:
    """``gate``, ``snapshot`` and ``doctor``: the store is not known to be whole where ``audit verify`` finds it not whole."""
    attack, code, _ = ATTACKS[name]
    attack(logged / "store")
    options = StoreOptions(path=str(logged / "store"), anchor_file=str(logged / "anchors"))
    source = open_store(options, Clock(), acting=False, reading=True).source
    found = problem(await read_once(source))
    said = READ_OTHERWISE.get(name, "see: tfdash audit verify" if code else "")
    assert (found is not None and said in found.cause) if said else found is None, found


def test_no_attack_ends_the_other_commands(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (
        "a text as a sequence",
        "a sequence beyond all",
        "json without end",
        "an entry of another chain",
    ):
        ATTACKS[name][0](logged / "store")
    for what in ("tail", "export"):
        assert main(["audit", what, "--config", str(logged / "c.toml")]) == 0
    assert "entry 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (put_back("terminal-0.db"), "entries up to 6 were recorded here"),
        (put_back("terminal-0.db", keep_inode=False), "entries up to 6 were recorded here"),
        (remove("terminal-0.db"), "6 entries up to"),
        (swap, "entries up to 6 were recorded here"),
    ],
)
async def test_a_terminal_that_goes_on_there_leaves_what_was_found(
    logged: Path, capsys: pytest.CaptureFixture[str], attack: Attack, said: str
) -> None:
    attack(logged / "store")
    (logged / "anchors").write_text("")
    store = opened(logged / "store").store
    await store.record(note("goes on"))
    store.close()
    assert main(["audit", "verify", "--config", str(logged / "c.toml")]) == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "an entry of another chain",
        "a column beside an entry",
        "two entries' places",
        "a trigger on a table beside it",
    ],
)
async def test_a_terminal_that_acts_says_it_of_its_own_file_and_goes_on(logged: Path, name: str) -> None:
    ATTACKS[name][0](logged / "store")
    one = opened(logged / "store", anchor_file=str(logged / "anchors"))
    found = problem(await read_once(one.source))
    assert (
        found is not None and "terminal-0.db: " in found.cause and "see: tfdash audit verify" in found.cause
    )
    await one.store.record(note("what is recorded is recorded all the same"))
    one.store.close()


async def test_a_walk_that_the_disk_held_up_goes_on(logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ATTACKS["a column beside an entry"][0](logged / "store")
    one = opened(logged / "store", anchor_file=str(logged / "anchors"))
    recorder, board, held_up = one.store.recorder, Board(), []
    on_file = recorder.on_file

    async def slow(work: Callable[[LocalFile], T], what: str) -> T:
        if what == "walking its own log" and not held_up:
            held_up.append(what)
            raise LedgerUnavailable("the disk did not answer")
        return await on_file(work, what)

    monkeypatch.setattr(recorder, "on_file", slow)
    monkeypatch.setattr(store_source, "TICK", 0.01)
    running = asyncio.create_task(one.source.run(board))
    await soon(lambda: "was hidden" in str(one.source.status.problem), "the walk to go on")
    assert held_up
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    one.store.close()


_NO_UTF8 = "CAST(x'ff80' AS TEXT)"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        *((f"UPDATE entries SET {column} = {_NO_UTF8} WHERE sequence = 3", f"entry 3 was {what}")
          for column, what in (("terminal", "moved"), ("topic", "hidden"), ("kind", "hidden"))),
        ("UPDATE entries SET sequence = 'abc' WHERE sequence = 3", "was moved"),
        (f"UPDATE entries SET sequence = {2**63 - 1} WHERE sequence = 3", "was moved"),
        ("UPDATE entries SET topic = 'x', rowid = -1 WHERE sequence = 6", "entries 1 to 5 are missing"),
    ],
)  # fmt: skip
async def test_what_is_odd_in_its_own_file_stops_neither_reading_nor_recording(
    logged: Path, statement: str, told: str
) -> None:
    sql(statement)(logged / "store")
    one = opened(logged / "store", anchor_file=str(logged / "anchors"))
    found = problem(await read_once(one.source))
    assert found is not None and told in found.cause
    await one.store.record(note("what is recorded is recorded all the same"))
    one.store.close()


@pytest.mark.parametrize(
    "trigger",
    [
        "BEFORE INSERT ON entries BEGIN SELECT RAISE(IGNORE); END",
        "AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE sequence = new.sequence; END",
        "AFTER INSERT ON entries BEGIN UPDATE entries SET topic = 'x' WHERE sequence = new.sequence; END",
    ],
)
async def test_what_the_file_does_not_hold_is_not_recorded(logged: Path, trigger: str) -> None:
    sql(f"CREATE TRIGGER t {trigger}")(logged / "store")
    one = opened(logged / "store", anchor_file=str(logged / "anchors"))
    with pytest.raises(LedgerUnavailable, match="it took an entry and does not hold it"):
        await one.store.record(note("nothing is begun upon this"))
    one.store.close()


async def test_a_view_in_the_place_of_the_log_is_told(logged: Path) -> None:
    sql("ALTER TABLE entries RENAME TO e", "CREATE VIEW entries AS SELECT * FROM e WHERE sequence <> 3")(
        logged / "store"
    )
    one = opened(logged / "store", anchor_file=str(logged / "anchors"))
    found = problem(await read_once(one.source))
    one.store.close()
    assert found is not None and "entries 1 to " in found.cause


def test_an_anchor_beside_the_log_proves_nothing(logged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beside = logged / "store" / "anchors"
    shutil.copyfile(logged / "anchors", beside)
    (logged / "c.toml").write_text(f'[store]\npath = "{logged / "store"}"\nanchor_file = "{beside}"\n')
    assert main(["audit", "verify", "--config", str(logged / "c.toml")]) == 2
    told = capsys.readouterr().out
    assert "it lies beside the log, in the same hands, and proves nothing" in told and "proven" not in told


def test_a_line_of_an_anchor_file_reads_back() -> None:
    from tfdash.store.log.anchors import not_anchors, parse

    head = Head(terminal="a-1", sequence=7, hash="a" * 64, at=NOW)
    assert [h.sequence for h in parse(line(head), "x")] == [7] and not_anchors(line(head) + "\n\n") == 0
    for strange in ("a-1 ² " + "a" * 64, "a-1 " + "9" * 5000 + " " + "a" * 64, "a-1 7 short", "\x00"):
        assert parse(strange, "x") == [] and not_anchors(strange) == 1
