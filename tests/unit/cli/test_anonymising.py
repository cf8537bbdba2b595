"""A table of aliases is of one file: where a terminal begins anew its next recording has a table beside the one before."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tests.unit.cli.test_terminal_gone import opened
from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.cli import main
from tfdash.cli.anonymising import anonymiser_of, keep_table, next_table
from tfdash.config.problems import ConfigError
from tfdash.config.quick import load_quick


def test_no_table_is_written_over_by_that_of_the_next_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = argparse.Namespace(anonymise=True, aliases=str(tmp_path / "t.json"), record="a.tfrec")
    tables = []
    for number in range(3):
        anonymiser = Anonymiser()
        anonymiser.table.alias(f"of-run-{number}", "name")
        assert keep_table(args, anonymiser)
        tables.append(args.aliases)
        recorded, args.record = args.record, f"a-{number + 2}.tfrec"
        next_table(args, recorded)
    kept = [list(json.loads(Path(path).read_text()).values()) for path in tables]
    assert kept == [["of-run-0"], ["of-run-1"], ["of-run-2"]]
    assert [Path(path).name for path in tables][:2] == ["t.json", "t-2.json"]
    told = capsys.readouterr().err
    assert "t.json has the aliases of a.tfrec; those of a-2.tfrec will be in" in told


def test_without_a_table_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    args = argparse.Namespace(anonymise=True, aliases="", record="a-2.tfrec")
    next_table(args, "a.tfrec")
    assert args.aliases == "" and capsys.readouterr().err == ""


@pytest.mark.parametrize("there", ["root:x:0:0:root:/root:/bin/sh\n", '{"namespace-1": "shop"}\n', None])
@pytest.mark.parametrize(
    "command",
    [("snapshot", "--screen", "overview"), ("record",), ("incident-bundle", "--yes")],
)
def test_no_file_that_is_there_is_replaced_and_nothing_is_written(
    command: tuple[str, ...],
    there: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A system file was overwritten with a table, since ``--aliases`` replaced whatever had its name. ``there`` None: a folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "table.json"
    table.mkdir() if there is None else table.write_text(there)
    (tmp_path / "config.toml").write_text('[environments.e]\nclusters = [{ name = "c", context = "c" }]\n')
    before = sorted(tmp_path.iterdir())
    assert main([*command, "--config", str(tmp_path / "config.toml"), "--aliases", str(table)]) == 64
    told = capsys.readouterr().err
    assert "it is there already, and a table of aliases replaces no file; name another file" in told
    assert len(told.splitlines()) == 1
    assert there is None or table.read_text() == there
    assert sorted(tmp_path.iterdir()) == before


def test_what_else_is_written_is_no_table(tmp_path: Path) -> None:
    (empty := tmp_path / "config.toml").touch()
    args = argparse.Namespace(anonymise=False, aliases=str(tmp_path / "x"), output=str(tmp_path / "y/../x"))
    config = load_quick(str(empty))
    with pytest.raises(ConfigError, match="written or read here"):
        anonymiser_of(args, config)
    args.aliases = str(empty / "t.json")
    with pytest.raises(ConfigError, match="Not a directory"):
        anonymiser_of(args, config)


def test_a_file_that_came_to_be_there_meanwhile_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.json"
    args = argparse.Namespace(anonymise=True, aliases=str(table))
    for text in ("", "of another terminal"):
        table.write_text(text)
        assert keep_table(args, Anonymiser())
    assert table.read_text() == "of another terminal" and (tmp_path / "t-2.json").read_text() == "{}\n"
    assert "the aliases are in" in capsys.readouterr().err


def test_a_terminal_whose_table_could_not_be_written_does_not_end_as_if_it_were(tmp_path: Path) -> None:
    """Without the table nobody can say which alias stood for what."""
    recorded, tables = tmp_path / "a.tfrec", tmp_path / "tables"
    terminal = opened(tmp_path, "--record", str(recorded), "--aliases", str(tables / "t.json"))
    terminal.until("refused")
    tables.touch()  # what was to be a folder
    terminal.type("\x03")
    assert terminal.ended() == 3
    assert "t.json: Not a directory" in terminal.seen and recorded.exists()
    terminal.close()
