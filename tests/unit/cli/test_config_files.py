"""``config check`` looks at the files by which is judged: each that cannot be used is told with its line, key and a remedy."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import pytest

from tfdash.cli import config
from tfdash.cli.config_files import unusable
from tfdash.config.load import parse
from tfdash.config.settings import Settings
from tfdash.model.subject import ClusterRef
from tfdash.setting import hints_of, table_in
from tfdash.sources.certificates.endpoint import configured

NAMED = {
    "versions.end_of_life": ("[versions]\nend_of_life = ", "end_of_life"),
    "versions.removals": ("[versions]\nremovals = ", "removals"),
    "certificates.endpoints.trust": ('[[certificates.endpoints]]\naddress = "a:1"\ntrust = ', "trust"),
    "reports.templates": ("[reports]\ntemplates = ", "templates"),
    "notify.templates": ("[notify]\ntemplates = ", "templates"),
    "calendar.feeds.file": ('[[calendar.feeds]]\nname = "a"\nfile = ', "file"),
}
ELSEWHERE = {"environments.", "journeys.", "metrics.", "store.", "actions."}
"""Of connections, credentials and commands: looked at by doctor."""


def _files(kind: type, at: str = "") -> set[str]:
    """Keys that are said to be a file, dotted."""
    found = set()
    for name, hint in hints_of(kind).items():
        if (table := table_in(hint)) is not None:
            found |= _files(table, f"{at}{name}.")
        elif name in ("file", "trust") or any(
            getattr(hint, "__origin__", hint) is str
            and re.search(r"\ba (file|folder)\b", getattr(mark, "text", ""))
            for mark in getattr(hint, "__metadata__", ())
        ):
            found.add(f"{at}{name}")
    return found


def test_every_key_that_names_a_file_to_judge_by_is_looked_at() -> None:
    judged_by = {key for key in _files(Settings) if not key.startswith(tuple(ELSEWHERE))}
    assert judged_by == set(NAMED)


@pytest.mark.parametrize("text", [None, "nonsense"])
@pytest.mark.parametrize("key", NAMED)
def test_a_file_that_cannot_be_used_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, text: str | None
) -> None:
    toml, last = NAMED[key]
    file, path = tmp_path / "named", tmp_path / "c.toml"
    if text is not None:
        file.write_text(text)
    path.write_text(f'{toml}"{file}"\n')
    assert config.command(argparse.Namespace(what="check", config=str(path))) == 0
    *told, end = capsys.readouterr().err.splitlines()
    if text is not None and last == "file":  # what a feed says is read in a child, and told by the calendar
        assert told == [] and end.endswith(": ok")
        return
    [line] = told
    assert f"c.toml:{toml.count(chr(10)) + 1}: {key.rpartition('.')[0].split('.')[0]}." in line
    assert str(file) in line and "; name" in line
    assert end.endswith("ok, but for what this machine lacks")


def test_a_table_that_is_not_there_is_told_with_those_that_are() -> None:
    text = '[versions.endings]\n"+a" = "eks"\n"+b" = "openshift"\n'
    [problem] = unusable(parse(text, "c.toml"), text, "c.toml")
    assert str(problem) == (
        'c.toml:3: versions.endings."+b": there is no table "openshift"; valid here: aks, eks, gke, upstream'
    )


@pytest.mark.parametrize("named", ["fifo", "/dev/zero", "~nobody-of-that-name/x", "folder"])
@pytest.mark.parametrize("key", NAMED)
def test_what_is_no_file_is_told_and_waited_for_by_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, named: str
) -> None:
    """As the parts read it that judge by it: a pipe in its place would hold up the start, or all sources."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    file = named if named[0] in "~/" else str(tmp_path / named)
    path = tmp_path / "c.toml"
    path.write_text(f'{NAMED[key][0]}"{file}"\n')
    assert config.command(argparse.Namespace(what="check", config=str(path))) == 0
    is_one = key.endswith(".templates") and named == "folder"
    assert (file in capsys.readouterr().err.replace(str(path), "")) is not is_one
    settings = parse(path.read_text(), "c.toml")
    for endpoint in configured(settings.certificates, [ClusterRef("production", "eu-1")]):
        with pytest.raises(ValueError, match="it is "):
            endpoint.anchors()
