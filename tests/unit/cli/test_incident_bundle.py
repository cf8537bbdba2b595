"""``tfdash incident-bundle``: it lists what it holds, asks, and makes what can be made where the platform does not answer."""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from tests.leaks import leaks_of, names_in
from tests.tui.recorded import REF
from tests.unit.cli.server import kubeconfig
from tests.unit.cli.test_report import config
from tests.unit.recording.worlds import Lived, in_file, opened
from tfdash.cli import main
from tfdash.cli.kept import ring_folder
from tfdash.config.load import load
from tfdash.recording.frames import RecordingHeader
from tfdash.recording.places import Ring
from tfdash.text import hold_secret

__all__ = ["config"]  # a fixture


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def silent(config: Path, tmp_path: Path) -> Path:
    """The same, of a cluster that does not answer."""
    kubeconfig(tmp_path, "http://127.0.0.1:9", "none").rename(tmp_path / "none")
    return config


def ring(config: Path) -> Lived:
    about = RecordingHeader(environment=REF.environment, terminal="wall-1/../x")
    lived = Lived(Ring(ring_folder(load(config)), about, 10_000.0, 10**9), whole_every=0.0)
    lived.world()
    lived.turn()
    lived.end()
    return lived


def asked(config: Path, *more: str) -> list[str]:
    return ["incident-bundle", "--config", str(config), "--wait", "1s", *more]


def test_it_holds_what_could_be_had_and_says_what_not(
    silent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lived = ring(silent)
    path = tmp_path / "b.zip"
    assert main(asked(silent, "--yes", "-o", str(path), "--last", "48h")) == 2
    said = capsys.readouterr()
    assert said.out == f"{path}\n" and "Traceback" not in said.err
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert "recordings/1-wall-1----x.tfrec" in held
    assert {"audit/entries.jsonl", "audit/verify.txt", "snapshot/all.html", "doctor.json"} <= held.keys()
    for name, data in held.items():
        assert name in said.err or name == "manifest.json", "it was not listed before it was written"
        assert name.endswith(".tfrec") or data.decode().isprintable() is False
    manifest = json.loads(held["manifest.json"])
    assert manifest["environment"] == "production" and manifest["lacking"]
    assert opened(path).picture_at(lived.clock.at).clusters == lived.fold.picture.clusters


def test_of_a_recording_no_source_is_asked(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lived = in_file(tmp_path / "a.tfrec")
    lived.world()
    lived.turn()
    lived.end()
    path = tmp_path / "b.zip"
    given = ["incident-bundle", "--config", str(config), "--yes", "-o", str(path), "--recording"]
    assert main([*given, str(tmp_path / "a.tfrec")]) in (0, 2)
    names = zipfile.ZipFile(path).namelist()
    assert "snapshot/all.txt" in names and "doctor.txt" not in names
    recording = opened(tmp_path / "a.tfrec")
    assert main([*given, str(tmp_path / "a.tfrec"), "--at", "start"]) in (0, 2)
    manifest = json.loads(zipfile.ZipFile(path).read("manifest.json"))
    assert (manifest["until"], manifest["made"]) == (recording.start, recording.start)
    capsys.readouterr()
    assert main([*given, str(tmp_path / "none")]) == 64
    assert "none" in capsys.readouterr().err and zipfile.ZipFile(path).testzip() is None


@pytest.mark.parametrize(("answer", "code"), [("y\n", 2), ("\n", 3), ("", 3), ("no\n", 3)])
def test_it_asks_where_somebody_is(
    silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    told = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", told)
    path = tmp_path / "b.zip"
    assert main(asked(silent, "-o", str(path))) == code
    assert path.exists() is (code == 2)
    listed, _, _ = told.getvalue().partition("Write it?")
    assert "snapshot/all.json" in listed and "no terminal on this machine keeps a recording" in listed


def test_without_a_login_there_is_the_rest(config: Path, tmp_path: Path) -> None:
    ring(config)
    assert main(asked(config, "--yes", "-o", str(tmp_path / "b.zip"))) == 2
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert "snapshot/all.txt" not in archive.namelist()
    assert any("snapshot and doctor" in told for told in manifest["lacking"]) and manifest["plays"]


def test_where_there_is_nobody_to_ask_nothing_is_made(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked(config, "-o", str(tmp_path / "b.zip"))) == 64
    assert "--yes" in capsys.readouterr().err and not (tmp_path / "b.zip").exists()


def test_where_no_temporary_file_can_be_written_it_says_so(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ring(config)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert main(asked(config, "--yes", "--anonymise", "-o", str(tmp_path / "b.zip"))) == 3
    told = capsys.readouterr().err
    assert "cannot be written to a temporary file" in told and "TMPDIR" in told and "Traceback" not in told
    assert not (tmp_path / "b.zip").exists()


def test_no_secret_that_the_program_holds_is_in_it(config: Path, tmp_path: Path) -> None:
    planted = "refused-something-of-mine"
    text = config.read_text().replace(f'"{tmp_path / "none"}"', f'"{tmp_path / planted}"')
    config.write_text(text)
    assert main(asked(config, "--yes", "-o", str(tmp_path / "before.zip"))) == 2
    hold_secret(planted)
    assert main(asked(config, "--yes", "-o", str(tmp_path / "b.zip"))) == 2
    found = {}
    for name in ("before.zip", "b.zip"):
        with zipfile.ZipFile(tmp_path / name) as archive:
            found[name] = b"".join(archive.read(one) for one in archive.namelist())
    assert planted.encode() in found["before.zip"] and planted.encode() not in found["b.zip"]


def test_by_aliases_no_part_has_a_name_and_the_file_has_none(
    silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lived = ring(silent)
    monkeypatch.chdir(tmp_path)
    assert main(asked(silent, "--yes", "--last", "48h", "--aliases", str(tmp_path / "table"))) == 2
    said = capsys.readouterr()
    [path] = tmp_path.glob("tfdash-*.zip")
    aliases = json.loads((tmp_path / "table").read_text())
    names = (names_in(lived.fold.picture) | {"wall-1", "x"}) - set(aliases) - {"x"}
    assert leaks_of(path, names) == {} and path.name in said.out
    assert (tmp_path / "table").stat().st_mode & 0o77 == 0
    found = re.match(r"tfdash-(environment-\d+)-2", path.name)
    assert found is not None and aliases[found[1]] == "production"
    [cluster] = opened(path).picture_at(lived.clock.at).clusters.values()
    assert len(cluster.objects("Pod")) == len(lived.fold.picture.clusters[REF].objects("Pod"))
    manifest = json.loads(zipfile.ZipFile(path).read("manifest.json"))
    assert manifest["anonymised"] and any("cannot be verified" in told for told in manifest["lacking"])
    assert (
        main(["snapshot", "--screen", "widgets.acme.example", "--anonymise", "--config", str(silent)]) == 64
    )
    assert "only the cluster knows" in capsys.readouterr().err
