"""Tampering trials: each is found, or named as beyond what the last anchor proves."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.unit.store.helpers import CHECKOUT, NOW, note, opened
from tfdash.model.store_state import EntryKind
from tfdash.store.log.anchors import Head, parse
from tfdash.store.log.canonical import GENESIS, seal
from tfdash.store.log.reading import read_folder
from tfdash.store.log.redact import Redactor
from tfdash.store.log.verify import Report, lines, verify


async def fill(folder: Path, count: int = 6) -> str:
    """A closed file with so many entries; returns its terminal."""
    store = opened(folder).store
    for number in range(count):
        await store.append(
            EntryKind.NOTE, actor="ann", subject=CHECKOUT, sentence=f"entry {number + 1}", data={"n": number}
        )
    store.close()
    return store.terminal


def change(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "terminal-0.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def head_of(folder: Path, terminal: str, sequence: int, holder: str = "the post") -> Head:
    with sqlite3.connect(folder / "terminal-0.db") as connection:
        (hash,) = connection.execute("SELECT hash FROM entries WHERE sequence = ?", (sequence,)).fetchone()
    return Head(terminal=terminal, sequence=sequence, hash=hash, holder=holder)


def rewrite(folder: Path, *, sidecar: bool) -> None:
    """The whole chain anew, every hash right: entry 3 tells another story."""
    with sqlite3.connect(folder / "terminal-0.db") as connection:
        found = connection.execute("SELECT terminal, sequence FROM entries ORDER BY sequence").fetchall()
        previous = GENESIS
        for terminal, sequence in found:
            sentence = "nothing happened" if sequence == 3 else f"entry {sequence}"
            entry, raw = seal(note(sentence).placed(terminal, sequence, previous, Redactor())[0])
            connection.execute(
                "UPDATE entries SET bytes = ?, hash = ? WHERE sequence = ?", (raw, entry.hash, sequence)
            )
            previous = entry.hash
    if sidecar:
        (folder / "terminal-0.lock").write_text(f"{terminal} {sequence} {previous}\n")


def report(folder: Path, *anchors: Head) -> Report:
    return verify(read_folder(folder), anchors)


async def test_a_whole_log(tmp_path: Path) -> None:
    terminal = await fill(tmp_path)
    told = report(tmp_path)
    assert told.code == 0
    assert lines(told)[0] == f"{terminal}: 6 entries, whole"
    assert "nobody else holds its head" in lines(told)[1]
    anchored = report(tmp_path, head_of(tmp_path, terminal, 4))
    assert anchored.code == 0 and lines(anchored)[1] == "  proven up to entry 4 by the post"
    assert "entries 5 to 6" in lines(anchored)[2]


@pytest.mark.parametrize(
    ("trial", "bad", "said"),
    [
        (
            ("UPDATE entries SET bytes = replace(bytes, 'entry 3', 'entry X') WHERE sequence = 3",),
            3,
            "changed",
        ),
        (
            ("UPDATE entries SET hash = substr(hash, 2) || substr(hash, 1, 1) WHERE sequence = 3",),
            3,
            "changed",
        ),
        (("DELETE FROM entries WHERE sequence = 3",), 3, "entry 3 is missing"),
        (("DELETE FROM entries WHERE sequence IN (2, 3)",), 2, "entries 2 to 3 are missing"),
        (("DELETE FROM entries WHERE sequence = 1",), 1, "entry 1 is missing"),
        (("DELETE FROM entries WHERE sequence > 4",), 5, "the tail was cut"),
        (("DELETE FROM entries",), 1, "the whole chain is gone"),
        (
            (
                "UPDATE entries SET sequence = 99 WHERE sequence = 3",
                "UPDATE entries SET sequence = 3 WHERE sequence = 4",
                "UPDATE entries SET sequence = 4 WHERE sequence = 99",
            ),
            3,
            "moved",
        ),
        (("UPDATE entries SET rowid = 99 WHERE sequence = 3",), 3, "entry 3 is missing"),
        (("UPDATE entries SET kind = 'heartbeat' WHERE sequence = 3",), 3, "hidden"),
        (("UPDATE entries SET bytes = x'00' WHERE sequence = 3",), 3, "damaged"),
    ],
)
async def test_a_change_in_the_middle_or_at_the_end(
    tmp_path: Path, trial: tuple[str, ...], bad: int, said: str
) -> None:
    terminal = await fill(tmp_path)
    change(tmp_path, *trial)
    told = report(tmp_path)
    (chain,) = told.chains
    assert told.code == 1 and chain.bad == bad and said in " ".join(chain.problems), lines(told)
    assert lines(told)[0].startswith(f"{terminal}: ") and f"the first bad entry is {bad}" in lines(told)[0]


async def test_entries_of_another_log_spliced_in(tmp_path: Path) -> None:
    terminal = await fill(tmp_path)
    entry, raw = seal(note("spliced in").placed(terminal, 4, "f" * 64, Redactor())[0])
    with sqlite3.connect(tmp_path / "terminal-0.db") as connection:
        connection.execute(
            "UPDATE entries SET bytes = ?, hash = ?, topic = '' WHERE sequence = 4", (raw, entry.hash)
        )
    told = report(tmp_path)
    assert told.chains[0].bad == 4 and "spliced" in told.chains[0].problems[0]


async def test_the_whole_chain_written_anew_is_found_by_whoever_holds_a_head(tmp_path: Path) -> None:
    terminal = await fill(tmp_path)
    early, late = head_of(tmp_path, terminal, 2), head_of(tmp_path, terminal, 5)
    rewrite(tmp_path, sidecar=False)
    assert report(tmp_path).code == 1  # the lock file's own head
    rewrite(tmp_path, sidecar=True)
    alone = report(tmp_path)
    assert alone.code == 0 and "if the whole chain was written anew, this cannot show it" in "\n".join(
        lines(alone)
    )
    told = report(tmp_path, late)
    assert told.code == 1 and "broken anchor: the post holds entry 5" in told.chains[0].problems[0]
    assert report(tmp_path, early).code == 1


async def test_what_comes_after_the_last_anchor_is_named_as_not_proven(tmp_path: Path) -> None:
    terminal = await fill(tmp_path)
    anchor = head_of(tmp_path, terminal, 2)
    with sqlite3.connect(tmp_path / "terminal-0.db") as connection:
        connection.execute("DELETE FROM entries WHERE sequence > 4")
        (head,) = connection.execute("SELECT hash FROM entries WHERE sequence = 4").fetchone()
    (tmp_path / "terminal-0.lock").write_text(f"{terminal} 4 {head}\n")
    told = report(tmp_path, anchor)
    assert (
        told.code == 0
        and "entries 3 to 4: nobody else holds them yet; nothing is proven of them" in "\n".join(lines(told))
    )


async def test_a_clone_run_beside_its_original(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    terminal = await fill(one, 3)
    shutil.copytree(one, two)
    with sqlite3.connect(
        two / "terminal-0.db"
    ) as connection:  # a cloned machine: device and inode are the same there
        from tfdash.store.log import data_dir

        connection.execute(
            "UPDATE meta SET value = ? WHERE key = 'identity'", (data_dir.identity(two / "terminal-0.db"),)
        )
    for folder, sentence in ((one, "of the one"), (two, "of the other")):
        store = opened(folder).store
        assert store.terminal == terminal
        await store.record(note(sentence))
        store.close()
    told = verify([*read_folder(one), *read_folder(two)])
    assert told.code == 1 and told.chains[0].bad == 4 and "forked" in told.chains[0].problems[0]


async def test_what_a_terminal_found_out_itself_is_told(tmp_path: Path) -> None:
    terminal = await fill(tmp_path)
    change(tmp_path, "DELETE FROM entries WHERE sequence > 4")
    store = opened(tmp_path).store
    await store.record(note("goes on"))
    store.close()
    told = report(tmp_path)
    by = {chain.terminal: chain for chain in told.chains}
    assert told.code == 1 and "found out: entries up to 6 were recorded here" in by[terminal].problems[0]
    assert by[store.terminal].problems == ()


async def test_a_file_that_cannot_be_read_is_not_called_whole(tmp_path: Path) -> None:
    await fill(tmp_path)
    (tmp_path / "terminal-7.db").write_bytes(b"x" * 4096)
    told = report(tmp_path)
    assert told.code == 2 and "not looked at" in lines(told)[-1]


async def test_newer_entries_are_checked_as_far_as_a_hash_goes(tmp_path: Path) -> None:
    from tfdash.store.log.canonical import digest

    terminal = await fill(tmp_path, 1)
    head = head_of(tmp_path, terminal, 1).hash
    raw = (
        f"tfdash-audit/2 {terminal} 2 {head} {round(NOW * 1e6)} sealed - extra\n".encode()
        + b'{"sentence":"of a newer one"}'
    )
    with sqlite3.connect(tmp_path / "terminal-0.db") as connection:
        connection.execute(
            "INSERT INTO entries VALUES (?, 2, 'sealed', '', '', ?, ?)", (terminal, digest(raw), raw)
        )
    told = report(tmp_path)
    assert told.code == 0 and "written by a newer tfdash" in "\n".join(lines(told))


async def test_anchors_are_written_to_a_file_and_a_command(tmp_path: Path) -> None:
    file, taken = tmp_path / "anchors", tmp_path / "taken"
    store = opened(tmp_path / "store", anchor_file=str(file), anchor_command=("sh", "-c", f"cat > {taken}"))
    await store.store.record(note())
    head = await store.source.handing_on._head()
    assert head is not None
    await store.source.handing_on.anchor_now(head)
    await store.source.look_at_health()
    assert store.source.handing_on.problem == "" and store.store.health.proven_to == 1
    assert parse(file.read_text(), "x") == parse(taken.read_text(), "x")
    store.store.close()
    assert verify(read_folder(tmp_path / "store"), parse(file.read_text(), "the file")).chains[
        0
    ].proven_by == ("the file",)
    broken = opened(tmp_path / "store", anchor_file="/nowhere/x", anchor_command=("false",))
    await broken.source.handing_on.anchor_now(head)
    assert (
        "/nowhere/x" in broken.source.handing_on.problem
        and "false ended with 1" in broken.source.handing_on.problem
    )
    problem = broken.source.status.problem
    assert problem is not None and problem.cause.startswith(
        "the head of the log was not handed on: /nowhere/x"
    )
    broken.store.close()
