"""The command line as a user meets it: in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("KUBECONFIG", "TFDASH_CONFIG")}
    home = env.pop("HOME", "/nonexistent-home")
    return subprocess.run(
        [sys.executable, "-m", "tfdash", *argv],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        env={
            **clean,
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_STATE_HOME": f"{home}/.state",
            **env,
        },
    )


def imported_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.split())


HEAVY = {"textual", "rich", "httpx", "kubernetes", "pydantic", "psycopg", "aiohttp", "yaml", "msgspec"}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(option: str) -> None:
    statement = f"import sys; sys.stdout = sys.stderr\ntry:\n import tfdash.cli; tfdash.cli.main(['{option}'])\nexcept SystemExit: pass\nsys.stdout = sys.__stdout__"
    assert imported_by(statement) & HEAVY == set()


def test_the_core_brings_no_textual() -> None:
    modules = "tfdash.board.board, tfdash.judging.judge, tfdash.report, tfdash.views.rows, tfdash.sources.kubernetes.source, tfdash.cli.compose"
    assert "textual" not in imported_by(f"import {modules}")


def test_the_first_list_needs_no_http_library() -> None:
    assert not {"httpx", "anyio"} & imported_by(
        "import tfdash.sources.kubernetes.table_prefetch, tfdash.sources.kubernetes.source"
    )


def test_version_and_exit_codes_in_the_help() -> None:
    assert run("--version").stdout.startswith("tfdash ")
    told = run("--help")
    assert told.returncode == 0
    assert "64 wrong usage" in told.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("reader", ["closed", "full", "gone"])
@pytest.mark.parametrize("argv", ["--help", "--version", "gate canary --help"])
def test_a_help_that_nobody_got_is_3(argv: str, reader: str, unbuffered: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    to = {"closed": ">&-", "full": ">/dev/full", "gone": f">&{write_end}"}[reader]
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tfdash {argv} {to} 2>/dev/null"],
        pass_fds=[write_end],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        cwd=ROOT,
    )
    os.close(write_end)
    assert done.returncode == 3


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_narrow_encoding_loses_nothing(encoding: str, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[environments."日本 ✔ 🚀 é"]\n', encoding="utf-8")
    shown = run("config", "schema", PYTHONIOENCODING=encoding)
    assert shown.returncode == 0 and json.loads(shown.stdout)
    done = run("config", "show", "--config", str(config), PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert r"\u65e5\u672c \u2714 \ud83d\ude80" in done.stdout
    wrong = run("run", "--config", str(config), "-e", "漢", PYTHONIOENCODING=encoding)
    assert wrong.returncode == 3 and "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"TERM": "dumb"}, "TERM=dumb says that this terminal cannot place text; set TERM"),
        (
            {"TERM": "xterm", "PYTHONIOENCODING": "latin-1"},
            "which has no signs for the screens; set LC_ALL=C.UTF-8",
        ),
        (
            {"TERM": "xterm", "PYTHONIOENCODING": "ascii"},
            "which has no signs for the screens; set LC_ALL=C.UTF-8",
        ),
    ],
)
def test_a_terminal_that_cannot_show_it_is_told_and_offered_text(env: dict[str, str], told: str) -> None:
    here, there = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "tfdash"],
        stdin=there,
        stdout=there,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HOME": "/nonexistent-home", **env},
    )
    os.close(there)
    os.close(here)
    assert done.returncode == 3
    assert told in done.stderr and "for text or JSON use: tfdash snapshot" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (["demo", "--speed", "0"], 64, "--speed 0: must be above 0 and at most 3600"),
        (["demo", "--scenario", "/nonexistent/x.toml"], 3, "the simulated platform did not start: "),
        (["audit", "tail"], 0, "no entry yet: there is no log in /nonexistent-home/"),
    ],
)
def test_what_a_newcomer_gets_wrong_is_one_sentence_and_no_internal_error(
    argv: list[str], code: int, told: str
) -> None:
    done = run(*argv)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr and "internal error" not in done.stderr
    begun = "tfdash: starting the simulated platform"  # which takes some seconds, and says so first
    assert len([line for line in done.stderr.splitlines() if not line.startswith(begun)]) == 1


def test_wrong_usage_is_64_and_one_line() -> None:
    done = run("nonsense")
    assert done.returncode == 64
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_a_terminal_it_names_the_way_out() -> None:
    done = run("run")
    assert done.returncode == 3
    assert done.stderr.strip() == "tfdash: this is no terminal; for text or JSON use: tfdash snapshot"


def test_without_a_cluster_it_says_what_to_do() -> None:
    done = run("snapshot")
    assert done.returncode == 3
    assert "no kubeconfig at" in done.stderr
    assert "tfdash demo" in done.stderr


def test_a_bad_configuration_is_64(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[ui]\nmouze = true\n")
    done = run("config", "check", "--config", str(file))
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == f'tfdash: {file}:2: ui.mouze: unknown key; did you mean "mouse"?\n'


def test_show_is_toml_that_is_read_back(tmp_path: Path) -> None:
    shown = run("config", "show").stdout
    file = tmp_path / "c.toml"
    file.write_text(shown)
    assert run("config", "check", "--config", str(file)).returncode == 0


def test_schema_is_json() -> None:
    assert "properties" in json.loads(run("config", "schema").stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str) -> None:
    text = run("completion", shell).stdout
    assert all(command in text for command in ("snapshot", "doctor", "demo", "config"))


def test_the_bash_completion_is_valid_bash() -> None:
    script = run("completion", "bash").stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_a_crash_is_3_and_its_report_is_private_and_without_values(tmp_path: Path) -> None:
    code = (
        "import tfdash.cli, tfdash.cli.parser\n"
        "def boom(argv):\n    secret = 'hunter2'\n    raise RuntimeError('hunter2')\n"
        "tfdash.cli.parser.parse = boom\nraise SystemExit(tfdash.cli.main([]))"
    )
    env = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=env)
    assert done.returncode == 3
    assert "hunter2" not in done.stderr
    [report] = tmp_path.rglob("crash-*.txt")
    assert "hunter2" not in report.read_text()
    assert "in boom" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
