"""Many entries in one write: all of them or none, one chain, and what the file does not hold was not recorded."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.unit.store.helpers import NOW, note
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.log import data_dir
from tfdash.store.log.local_file import Abandoned, LocalFile
from tfdash.store.log.reading import read_folder
from tfdash.store.log.redact import Redactor
from tfdash.store.log.verify import verify


@pytest.fixture
def file(tmp_path: Path) -> LocalFile:
    data_dir.prepare(tmp_path)
    return LocalFile(data_dir.take_slot(tmp_path), Redactor(), name="t", now=NOW)


def test_many_are_one_chain_that_goes_on(file: LocalFile, tmp_path: Path) -> None:
    first = file.append(note("first"))
    many = file.append_all([note(f"number {n}") for n in range(50)])
    last = file.append(note("last"))
    assert [e.sequence for e in (first, *many, last)] == list(range(1, 53))
    assert [e.previous for e in (*many, last)] == [e.hash for e in (first, *many)]
    assert file.append_all([]) == []
    file.close()
    assert verify(read_folder(tmp_path)).code == 0


def test_whoever_gave_up_finds_none_of_them(file: LocalFile) -> None:
    with pytest.raises(Abandoned):
        file.append_all([note("a"), note("b")], lambda: True)
    assert file.append(note("c")).sequence == 1


def test_one_that_the_file_does_not_take_takes_the_others_with_it(file: LocalFile) -> None:
    file._connection.execute(
        "CREATE TRIGGER t AFTER INSERT ON entries WHEN NEW.sequence = 2 BEGIN DELETE FROM entries WHERE sequence = 2; END"
    )
    with pytest.raises((LedgerUnavailable, sqlite3.Error)):
        file.append_all([note("a"), note("b"), note("c")])
    assert file._connection.execute("SELECT count(*) FROM entries").fetchone() == (0,)
    assert (file.sequence, file.append(note("alone")).sequence) == (0, 1)
