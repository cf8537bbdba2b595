"""A table of aliases is of one file: where a terminal begins anew its next recording has a table beside the one before."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.cli.anonymising import keep_table, next_table


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
