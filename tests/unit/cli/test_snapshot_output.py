"""``tfdash snapshot --output FILE`` and ``--screen all``, by a server that serves nothing but its version, an old one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.server import api_server
from tfdash.cli import main
from tfdash.report.formats import FORMATS
from tfdash.report.screens import EVERY


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("STATE", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    config = tmp_path / "tfdash.toml"
    config.touch()
    return ["snapshot", "--config", str(config), "--wait", "2s"]


@pytest.mark.parametrize("format", [name for name, one in FORMATS.items() if not one.binary])
def test_a_file_has_what_stdout_has_not(
    ask: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str], format: str
) -> None:
    path = tmp_path / "report"
    path.write_text("what was")
    with api_server(tmp_path) as kubeconfig:
        ask += ["--kubeconfig", str(kubeconfig), "--format", format, "--screen", "all"]
        assert main([*ask, "--output", str(path)]) == 1
        assert capfd.readouterr().out == ""
    written = path.read_text()
    assert written.endswith("\n") and "what was" not in written
    if format == "json":
        assert list(json.loads(written)["screens"]) == list(EVERY)
    if format == "prometheus":
        assert re.search(r"^tfdash_up\{.*\} 0$", written, re.M)
        assert re.search(r"^tfdash_exit_code\{.*\} 1$", written, re.M)


def test_what_cannot_be_written_is_told_and_the_code_stays(
    ask: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with api_server(tmp_path) as kubeconfig:
        assert main([*ask, "--kubeconfig", str(kubeconfig), "--output", str(tmp_path)]) == 1
    out, err = capfd.readouterr()
    assert out == "" and f"{tmp_path} cannot be written: it is a folder" in err


def test_bytes_go_out_as_they_are_whatever_the_encoding(ask: list[str], tmp_path: Path) -> None:
    with api_server(tmp_path) as kubeconfig:
        done = subprocess.run(
            [sys.executable, "-m", "tfdash", *ask, "--kubeconfig", str(kubeconfig), "--format", "csv"],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
            check=False,
        )
    assert done.returncode == 1 and done.stdout.count(b"\n") == done.stdout.count(b"\r\n") > 3
    assert b"\\u" not in done.stdout
