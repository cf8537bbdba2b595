"""``tfdash calendar export``: where it writes, what it refuses, and its exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from icalendar import Calendar

from tfdash.cli import main
from tfdash.cli.calendar_export import _file_name


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "c.toml"
    path.write_text(f"""
[environments.production]
kubeconfig = "{tmp_path / "none"}"
[store]
path = "{tmp_path / "store"}"
[maintenance.items.own]
title = "Own"
when = "each week"
owner = {json.dumps("../Évil owner/..")}
""")
    return path


def export(config: Path, *argv: str) -> int:
    return main(["calendar", "export", *argv, "--config", str(config)])


def summaries(path: Path) -> list[str]:
    found = Calendar.from_ical(path.read_bytes())
    assert isinstance(found, Calendar)
    return [str(e["SUMMARY"]) for e in found.events]


def test_stdout_is_the_calendar_and_nothing_else(
    config: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert export(config) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"BEGIN:VCALENDAR\r\n") and out.endswith(b"END:VCALENDAR\r\n")
    told = "nothing that was done is on record in this store: the dates are those of the plan alone"
    assert err.decode().splitlines() == [f"tfdash: {told}"]


def test_a_file_is_written_over_and_never_one_that_is_not_ours(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "deep" / "all.ics"
    assert export(config, "-o", str(path)) == 0
    first = path.read_bytes()
    assert export(config, "-o", str(path)) == 0
    assert path.read_bytes() == first
    assert {"Release window", "Own · production"} <= set(summaries(path))
    notes = tmp_path / "notes.ics"
    notes.write_text("my notes")
    assert export(config, "-o", str(notes)) == 64
    assert notes.read_text() == "my notes"
    assert "it stays as it is" in capsys.readouterr().err
    assert [p.name for p in path.parent.iterdir()] == ["all.ics"]
    assert export(config, "-o", str(tmp_path)) == 3


def test_one_owner_alone(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dba.ics"
    assert export(config, "--owner", "dba", "-o", str(path)) == 0
    assert "Index optimisation · production" in summaries(path)
    assert not {"Release window", "Own · production"} & set(summaries(path))
    assert export(config, "--owner", "dbaa") == 64
    assert 'did you mean "dba"?' in capsys.readouterr().err


def test_a_file_for_each_owner_stays_in_its_folder(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "owners"
    assert export(config, "--per-owner", str(folder)) == 0
    names = {p.stem for p in folder.iterdir()}
    assert {"dba", "platform", "security", "operations", "release-calendar"} < names
    (own,) = (n for n in names if n.startswith("vil-owner-"))
    config.write_text(config.read_text() + "enabled = false\n")
    assert export(config, "--per-owner", str(folder)) == 0
    assert b"STATUS:CANCELLED" in (folder / f"{own}.ics").read_bytes()


def test_another_calendar_is_neither_withdrawn_nor_written_over(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever follows it would lose every date."""
    folder = tmp_path / "cal"
    for name, argv in (("all", ()), ("mine", ("--owner", "dba"))):
        assert export(config, *argv, "-o", str(folder / f"{name}.ics")) == 0
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert export(config, "--per-owner", str(folder)) == 0
    assert {path: path.read_bytes() for path in before} == before
    assert export(config, "--owner", "dba", "-o", str(folder / "all.ics")) == 64
    assert 'is the calendar "tfdash" and not "tfdash: dba"' in capsys.readouterr().err
    assert export(config, "--owner", "dba", "--previous", str(folder / "all.ics")) == 64
    assert {path: path.read_bytes() for path in before} == before
    # whoever owns nothing any more is told so, under the name of before
    own = config.read_text()
    config.write_text(own.replace("vil owner", "new"))
    assert export(config, "--per-owner", str(folder)) == 0
    (gone,) = [path for path in folder.glob("*.ics") if "vil" in path.name]
    for _ in range(2):
        found = Calendar.from_ical(gone.read_bytes())
        assert isinstance(found, Calendar) and found["NAME"] == "tfdash: ../Évil owner/.."
        assert [str(e["STATUS"]) for e in found.events] == ["CANCELLED"]
        assert export(config, "--per-owner", str(folder)) == 0


def test_a_pipe_and_a_device_are_no_files_and_a_link_stays_one(config: Path, tmp_path: Path) -> None:
    """To read a pipe is to wait for ever, and /dev/null would be a calendar afterwards."""
    folder = tmp_path / "cal"
    folder.mkdir()
    os.mkfifo(folder / "pipe.ics")
    (folder / "null.ics").symlink_to("/dev/null")
    for name in ("pipe", "null"):
        assert export(config, "-o", str(folder / f"{name}.ics")) == 3
        assert export(config, "--previous", str(folder / f"{name}.ics")) == 3
    assert export(config, "--per-owner", str(folder)) == 0
    assert (folder / "pipe.ics").is_fifo() and Path("/dev/null").is_char_device()
    (folder / "link.ics").symlink_to(tmp_path / "real.ics")
    for _ in range(2):
        assert export(config, "-o", str(folder / "link.ics")) == 0
    assert (folder / "link.ics").is_symlink() and summaries(tmp_path / "real.ics")


def test_what_was_written_before_may_be_given_for_stdout(
    config: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "x.ics"
    assert export(config, "-o", str(path)) == 0
    assert export(config, "--previous", str(path)) == 0
    assert capfdbinary.readouterr().out == path.read_bytes()
    assert export(config, "--previous", str(tmp_path / "none.ics")) == 64


def test_owners_that_differ_have_files_that_differ() -> None:
    owners = (
        "",
        "a",
        "A",
        "a b",
        "a-b",
        "a/b",
        "release-calendar",
        "without-owner",
        "é",
        "ü",
        "..",
        "x" * 300,
    )
    assert len({_file_name(o).lower() for o in owners}) == len(owners)
    assert all(
        len(_file_name(o)) < 80 and "/" not in _file_name(o) and "." not in _file_name(o) for o in owners
    )


@pytest.mark.parametrize("years", ["0", "21", "x", "-1", "²"])
def test_years_have_bounds(config: Path, years: str) -> None:
    with pytest.raises(SystemExit) as ended:
        export(config, "--years", years)
    assert ended.value.code == 64


def test_a_calendar_of_which_nobody_knows_what_closes_it_is_not_written(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, feed = tmp_path / "all.ics", tmp_path / "feed.ics"
    config.write_text(f'{config.read_text()}[[calendar.feeds]]\nname = "corp"\nfile = "{feed}"\n')
    assert export(config, "-o", str(path)) == 2
    assert not path.exists() and "freeze feed corp was never read" in capsys.readouterr().err
    feed.write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20270105\nSUMMARY:Audit\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    assert export(config, "-o", str(path)) == 0
    assert "Freeze: Audit (freeze feed corp)" in summaries(path)


@pytest.mark.parametrize("option", ["-o", "--per-owner"])
@pytest.mark.parametrize("below", ["", "x.ics", "a/b/x.ics"])
def test_what_is_no_folder_is_told_by_name(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, below: str
) -> None:
    file = tmp_path / "dates.csv"
    file.write_text("item,place,done")
    assert export(config, option, str(file / below)) in (3, 64)
    said = capsys.readouterr()
    assert said.out == "" and str(file) in said.err
    assert file.read_text() == "item,place,done"
    if below or option == "--per-owner":
        assert "is no folder; give another name" in said.err
