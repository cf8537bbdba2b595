"""``tfdash audit``: exit codes, safe output, no secret, filters."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.unit.store.conftest import Database
from tests.unit.store.helpers import CHECKOUT, NOW, opened
from tfdash.cli import main
from tfdash.model.store_state import EntryKind
from tfdash.store.log.anchors import Head, line

HOSTILE = "\x1b]0;owned\x07\u202e\x9b31m\x7f\nline"


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    opened_ = opened(tmp_path / "store")
    store = opened_.store
    intent = await store.append(
        EntryKind.INTENT,
        actor=HOSTILE,
        subject=CHECKOUT._replace(name=HOSTILE),
        action="workload.rollback",
        sentence=HOSTILE,
        data={"env": [{"name": "X", "value": "planted-secret"}], HOSTILE: HOSTILE},
    )
    await store.append(
        EntryKind.OUTCOME, actor="ann", intent=intent.intent, sentence="=done", data={"result": "applied"}
    )
    store.close()
    path = tmp_path / "c.toml"
    path.write_text(f'[store]\npath = "{tmp_path / "store"}"\n')
    return path


def run(config: Path, *argv: str) -> int:
    return main(["audit", *argv, "--config", str(config)])


@pytest.mark.parametrize(
    "what",
    [("tail",), ("verify",), ("export",), ("export", "--format", "csv"), ("verify", "--format", "json")],
)
def test_nothing_hostile_and_no_secret_leaves(
    config: Path, capsys: pytest.CaptureFixture[str], what: tuple[str, ...]
) -> None:
    assert run(config, *what) == 0
    out = capsys.readouterr().out
    assert out and all(c == "\n" or (c.isprintable() and c not in "\x7f\x9b\u202e") for c in out)
    assert "planted-secret" not in out


def test_export_reads_back(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(config, "export")
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["actor"] == HOSTILE and first["data"][HOSTILE] == HOSTILE and len(first["audit_id"]) == 36
    assert second["previous"] == first["hash"] and second["intent"] == first["intent"]
    run(config, "export", "--format", "csv")
    table = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["kind"] for row in table] == ["intent", "outcome"] and table[1]["sentence"] == "'=done"


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ((), 2),
        (("--kind", "intent"), 1),
        (("--kind", "intent", "--kind", "outcome"), 2),
        (("--grep", "DONE"), 1),
        (("-e", "production"), 1),
        (("--since", "2020-01-01"), 2),
        (("--since", "2126-01-01"), 0),
        (("-l", "1"), 1),
        (("-l", "0"), 0),
    ],
)
def test_filters(
    config: Path, capsys: pytest.CaptureFixture[str], filters: tuple[str, ...], count: int
) -> None:
    assert run(config, "tail", *filters) == 0
    assert len(capsys.readouterr().out.splitlines()) == count


def test_wrong_since(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(config, "tail", "--since", "yesterdayish")
    assert left.value.code == 64 and "neither a time" in capsys.readouterr().err


def test_verify_exit_codes(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "verify") == 0
    assert run(config, "verify", "--anchor", str(tmp_path / "nowhere")) == 2
    assert "not looked at" in capsys.readouterr().out
    anchors = tmp_path / "anchors"
    anchors.write_text("nonsense\n" + line(Head(terminal="gone", sequence=7, hash="a" * 64, at=NOW)) + "\n")
    assert run(config, "verify", "--anchor", str(anchors)) == 1
    assert "the whole chain is gone" in capsys.readouterr().out


def test_a_user_without_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'[store]\npath = "{tmp_path / "nothing"}"\n')
    for what in ("verify", "tail", "export"):  # what is not there was not found whole
        assert run(config, what) == 2
        told = capsys.readouterr()
        assert "nothing is not there: nothing was recorded yet, or it was removed" in told.out + told.err
    assert not (tmp_path / "nothing").exists()


def test_the_shared_store_is_looked_at(
    config: Path,
    tmp_path: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STORE", database.url("ann"))
    config.write_text(config.read_text() + 'url = "env:STORE"\n')
    assert run(config, "verify") == 0
    monkeypatch.setenv("STORE", "postgresql://ann:planted-secret@/x?host=/nowhere")
    assert run(config, "verify") == 2 and run(config, "verify", "--local") == 0
    told = capsys.readouterr()
    assert "not looked at" in told.out and "planted-secret" not in told.out + told.err
    monkeypatch.delenv("STORE")
    assert run(config, "verify") == 64
    assert "store.url" in capsys.readouterr().err


def test_migrate(
    tmp_path: Path,
    empty_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[store]\nurl = "env:STORE"\n')
    monkeypatch.setenv("STORE", empty_database.url("ann"))
    assert run(config, "migrate") == 3 and "permission denied" in capsys.readouterr().err
    monkeypatch.setenv("STORE", empty_database.url("owner"))
    assert run(config, "migrate") == 0 and capsys.readouterr().out == "migrations 1, 2, 3 done\n"
    assert run(config, "migrate") == 0 and capsys.readouterr().out == "nothing to do\n"


@pytest.mark.parametrize("what", ["tail", "export"])
def test_an_environment_is_said_to_be_none_only_where_all_was_read(
    config: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    with pytest.raises(SystemExit) as left:
        run(config, what, "-e", "staging")
    assert left.value.code == 64 and 'there is no "staging"' in capsys.readouterr().err
    (config.parent / "store" / "terminal-0.db").write_bytes(b"x" * 4096)
    config.write_text(config.read_text() + '[environments.production]\nkubeconfig = "k"\n')
    assert run(config, what, "-e", "staging") == 2
    told = capsys.readouterr().err
    assert "terminal-0.db" in told and "there is no" not in told
