"""What users get: the wheel in an empty environment, with no extra, runs the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.platform
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_wheel_and_sdist_hold_what_they_should(built: Path) -> None:
    [wheel], [sdist] = built.glob("*.whl"), built.glob("*.tar.gz")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "screens/app.py",
        "screens/frame/board_screen.tcss",
        "widgets/table.py",
        "tfdash/playbook/defaults/workloads.toml",
        "tfdash/report/schema.json",
        "tfdash/cli/__init__.py",
    ):
        assert name in inside
    for source in (
        *ROOT.glob("screens/**/*.tcss"),
        *ROOT.glob("tfdash/**/*.toml"),
        *ROOT.glob("tfdash/**/*.json"),
    ):
        assert source.relative_to(ROOT).as_posix() in inside
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in inside)
    with tarfile.open(sdist) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}
    assert {"config.example.toml", "Makefile", "requirements.lock", "screens/app.py", "README.md"} <= shipped


@pytest.mark.timeout(600)
def test_the_installed_wheel_runs_the_demo(built: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    [wheel] = built.glob("*.whl")
    subprocess.run([*pip, "--constraint", str(_constraints(tmp_path)), str(wheel)], check=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KUBECONFIG", "TFDASH"))} | {
        "HOME": str(tmp_path)
    }
    for name in ("tfdash", "kubectl-tfdash"):
        program = str(tmp_path / "venv" / "bin" / name)
        assert subprocess.run(
            [program, "--version"], capture_output=True, text=True, env=env
        ).stdout.startswith("tfdash ")
    demo = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "tfdash"), "demo"],
        capture_output=True,
        text=True,
        env=env,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    assert demo.returncode == 0, demo.stderr
    assert "Serving" in demo.stdout


def _constraints(folder: Path) -> Path:
    """The lock's versions without its hashes: the wheel's own dependencies decide what is installed."""
    lines = [
        line.split(" \\")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line
    ]
    path = folder / "constraints.txt"
    path.write_text("\n".join(line for line in lines if not line.lstrip().startswith(("#", "--"))))
    return path
