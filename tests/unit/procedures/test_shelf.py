"""The folder of procedures that is changed while a terminal is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.waiting import until
from tfdash.cli.recovering import recovery_policy
from tfdash.config.load import parse
from tfdash.procedures.shelf import LOOKED_AT, Shelf, library_of

OWN = 'title = "{}"\n[[steps]]\nid = "look"\ntitle = "look"\nkind = "manual"\ntext = "look"\n'


def test_what_changed_is_read_again_and_nobody_waits_for_it(tmp_path: Path) -> None:
    now = [100.0]
    (tmp_path / "own.toml").write_text(OWN.format("first"))
    shelf = Shelf(parse(f'[procedures]\nfolder = "{tmp_path}"\n', "c.toml"), lambda: now[0])
    assert shelf().procedures["own"].title == "first"
    (tmp_path / "own.toml").write_text(OWN.format("another"))
    assert shelf().procedures["own"].title == "first"  # not looked at yet
    now[0] += LOOKED_AT
    until(lambda: shelf().procedures["own"].title == "another")
    (tmp_path / "own.toml").write_text("title = 3\n")

    def gone() -> bool:
        now[0] += LOOKED_AT
        return "own" not in shelf().procedures

    until(gone)
    assert "own.toml: has no steps" in str(shelf().problems[0])


def test_without_a_folder_those_that_ship_are_there() -> None:
    shelf = Shelf(parse("", "c.toml"))
    assert "rollback" in shelf().procedures and shelf().problems == ()


def test_recoveries_are_judged_by_the_same_procedures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.toml").write_text(OWN.format("own"))
    told = '[[steps]]\nid = "tell"\ntitle = "tell"\nkind = "notify"\nmessage = "test"\nto = ["nobody"]\n'
    (tmp_path / "tells.toml").write_text(f'title = "tells"\n{told}')
    settings = parse('[procedures]\nfolder = "~"\n', "c.toml")
    policy, found = recovery_policy(settings), library_of(settings)
    assert policy.procedures == found.procedures and "own" in found.procedures
    assert policy.problems == tuple(map(str, found.problems)) and "nobody" in policy.problems[0]
