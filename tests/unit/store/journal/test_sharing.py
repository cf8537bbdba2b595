"""Verdict journals in a real PostgreSQL: of two machines, with an hour without it, of another person's file, of a database not migrated."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.conftest import Database
from tests.unit.store.journal.journals import REF, subject
from tests.unit.store.journal.terminals import SetClock, Terminal
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.cli import main
from tfdash.clock import SystemClock
from tfdash.model.verdict import Level
from tfdash.store.journal.reading import read
from tfdash.store.journal.sharing import deliver, fetched
from tfdash.store.journal.times import verdict_times
from tfdash.store.journal.view import Ended
from tfdash.store.journal.watched import watched


def watching(folder: Path, clock: SetClock, name: str, seconds: int) -> Terminal:
    terminal = Terminal(folder, clock, name)
    terminal.shows({subject("a"): Level.BREACH})
    for _ in range(seconds // 5):
        terminal.look()
        clock.pass_by(5.0)
    return terminal


def test_machines_read_each_others_journals(database: Database, tmp_path: Path) -> None:
    here, there, clock = tmp_path / "here", tmp_path / "there", SetClock()
    begin = clock.at
    one = watching(here, clock, "wall-1", 60)
    one.ends()
    clock.pass_by(100.0)
    other = watching(there, clock, "ops-anna", 60)
    assert deliver(there, database.url("ann"), 5.0) == 1
    assert deliver(there, database.url("ann"), 5.0) == 0
    told = fetched(database.url("bob"), 5.0, begin)
    view = read(here, begin, clock.at, told)
    assert [(span.watcher, span.ended) for span in view.spans] == [
        ("wall-1", Ended.CLOSED),
        ("ops-anna", Ended.LIVING),
    ]
    assert len(watched(view).gaps) == 1 and not view.doubts
    other.ends()
    other.recorder.journal.sweep(clock.at)  # packed: the same, in other bytes
    assert deliver(there, database.url("ann"), 5.0) == 1
    again = read(here, begin, clock.at, fetched(database.url("bob"), 5.0, begin))
    assert [span.ended for span in again.spans] == [Ended.CLOSED, Ended.CLOSED]
    assert verdict_times(again)[0].seconds == {Level.BREACH: 120.0}
    both = read(there, begin, clock.at, fetched(database.url("bob"), 5.0, begin))
    assert len(both.spans) == 1  # what lies here is not read twice


def test_while_it_is_gone_nothing_is_lost_and_it_is_said(database: Database, tmp_path: Path) -> None:
    clock = SetClock()
    begin = clock.at
    for _ in range(3):
        watching(tmp_path, clock, "wall-1", 60).ends()
    gone = f"postgresql://ann@/gone?host={tmp_path}"
    with pytest.raises(LedgerUnavailable):
        deliver(tmp_path, gone, 2.0)
    view = read(tmp_path, begin, clock.at, fetched(gone, 2.0, begin))
    assert len(view.spans) == 3 and "of other machines are not read" in view.doubts[0]
    assert deliver(tmp_path, database.url("ann"), 5.0) == 3
    assert len(fetched(database.url("bob"), 5.0, begin).files) == 3


def test_nobody_replaces_what_another_person_delivered(database: Database, tmp_path: Path) -> None:
    watching(tmp_path, SetClock(), "wall-1", 30).ends()
    deliver(tmp_path, database.url("ann"), 5.0)
    next(tmp_path.glob("*.journal")).write_bytes(b"nothing\n")
    with pytest.raises(LedgerUnavailable, match="belongs to ann"):
        deliver(tmp_path, database.url("bob"), 5.0)


def test_a_database_of_before_has_no_journals_and_all_else_works(database: Database, tmp_path: Path) -> None:
    database.sql(
        "DROP TABLE tfdash.journals; DROP FUNCTION tfdash.put_journal; DELETE FROM tfdash.migrations WHERE number = 2",
        role="postgres",
    )
    watching(tmp_path, SetClock(), "wall-1", 30).ends()
    with pytest.raises(LedgerUnavailable, match="tfdash audit migrate"):
        deliver(tmp_path, database.url("ann"), 5.0)


def test_a_report_tells_of_who_watched_on_other_machines(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there, clock = tmp_path / "there", SetClock(SystemClock().now() - 600.0)
    watching(there, clock, "ops-anna", 60).ends()
    deliver(there, database.url("ann"), 5.0)
    path = tmp_path / "tfdash.toml"
    path.write_text(
        f'[store]\npath = "{tmp_path / "store"}"\nurl = "env:SHARED"\n'
        f'[environments.{REF.environment}]\nkubeconfig = "{tmp_path / "none"}"\n'
    )
    monkeypatch.setenv("SHARED", database.url("bob"))
    main(["report", "daily", "--config", str(path), "--wait", "1s", "--format", "json"])
    assert "ops-anna" in capsys.readouterr().out
