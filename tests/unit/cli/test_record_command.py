"""``tfdash record`` as a process: how it ends, what it prints, what it exits with, and that what it wrote plays."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.server import api_server, kubeconfig
from tests.waiting import until
from tfdash.recording.reading import NoRecording, Recording

PROGRAM = [sys.executable, "-m", "tfdash", "record"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    with api_server(tmp_path) as found:
        yield found


def begun(folder: Path, *words: str, config: Path, **how: Any) -> subprocess.Popen[str]:
    homes = {f"XDG_{name}_HOME": str(folder / name) for name in ("STATE", "CACHE", "CONFIG")}
    return subprocess.Popen(
        [*PROGRAM, "--kubeconfig", str(config), *words],
        env={**os.environ, **homes, "HOME": str(folder)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str], list[str]]:
    """Its exit code, and the lines that it printed and told."""
    with process:
        out, told = process.communicate(timeout=120)
        return process.returncode, out.splitlines(), told.splitlines()


def playable(path: Path) -> Callable[[], bool]:
    def look() -> bool:
        try:
            Recording.open(path).close()
        except NoRecording:
            return False
        return True

    return look


def test_it_records_for_so_long(tmp_path: Path, server: Path) -> None:
    code, out, told = ended(begun(tmp_path, "--for", "2s", "a.tfrec", config=server))
    assert (code, out) == (0, ["a.tfrec"])
    assert told == ["tfdash: recording default to a.tfrec; it ends after 2s, at 1GB, or with ctrl+c"]
    recording = Recording.open(tmp_path / "a.tfrec")
    assert recording.closed and not recording.cut
    assert recording.picture_at(recording.end).clusters
    assert (tmp_path / "a.tfrec").stat().st_mode & 0o077 == 0


def test_a_name_is_made_where_none_is_given(tmp_path: Path, server: Path) -> None:
    code, [name], _ = ended(begun(tmp_path, "--for", "1s", config=server))
    assert code == 0 and re.fullmatch(r"tfdash-default-\d{8}-\d{4}\.tfrec", name)
    assert Recording.open(tmp_path / name).closed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_it_is_ended_from_outside(tmp_path: Path, server: Path, number: signal.Signals) -> None:
    process = begun(tmp_path, "a.tfrec", config=server)
    until(playable(tmp_path / "a.tfrec"), "a picture that is whole")
    process.send_signal(number)
    code, out, told = ended(process)
    recording = Recording.open(tmp_path / "a.tfrec")
    assert recording.picture_at(recording.end).clusters
    assert len(told) == 1 and "it ends at 1GB, or with ctrl+c" in told[0]
    if number is signal.SIGKILL:
        assert (code, out, recording.closed) == (-9, [], False)
    else:
        assert (code, out, recording.closed, recording.cut) == (0, ["a.tfrec"], True, "")


def test_it_records_that_nothing_answers(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrec"
    process = begun(tmp_path, "a.tfrec", config=kubeconfig(tmp_path, "http://127.0.0.1:9"))

    def told() -> bool:
        if not playable(path)():
            return False
        recording = Recording.open(path)
        try:
            return any(
                c.info.problem is not None for c in recording.picture_at(recording.end).clusters.values()
            )
        finally:
            recording.close()

    until(told, "the problem in a picture")
    process.send_signal(signal.SIGINT)
    code, out, _ = ended(process)
    assert (code, out) == (0, ["a.tfrec"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("there", "there is there already; name another file, or remove it"),
        ("link", "link is there already; name another file, or remove it"),
        ("there/a.tfrec", "there/a.tfrec: Not a directory"),
        ("away/a.tfrec", "away/a.tfrec: No such file or directory"),
        ("folder", "folder is there already; name another file, or remove it"),
        ("/dev/full", "/dev/full is there already; name another file, or remove it"),
    ],
)
def test_what_cannot_be_written_to_is_refused(tmp_path: Path, server: Path, name: str, told: str) -> None:
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    code, out, said = ended(begun(tmp_path, "--for", "1s", name, config=server))
    assert (code, out, said) == (3, [], [f"tfdash record: {told}"])
    assert (tmp_path / "there").read_text() == "mine" and not (tmp_path / "nowhere").exists()


def test_without_a_cluster_nothing_is_made(tmp_path: Path) -> None:
    code, out, told = ended(begun(tmp_path, "--for", "1s", "a.tfrec", config=tmp_path / "away"))
    assert (code, out) == (3, []) and "away: cannot be read: No such file or directory" in "\n".join(told)
    assert not (tmp_path / "a.tfrec").exists()


@pytest.mark.parametrize("room", [1000, 22_500])
def test_a_file_that_takes_no_more_is_told(tmp_path: Path, server: Path, room: int) -> None:
    """In its header, and in the picture: by a limit of the process, as a quota has it."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    code, out, told = ended(begun(tmp_path, "--for", "3s", "a.tfrec", config=server, preexec_fn=limited))
    assert (code, out) == (3, ["a.tfrec"])
    assert told[1:] == ["tfdash: nothing is recorded: File too large"] * len(told[1:]) and len(told) > 1


def test_an_odd_size_is_refused(tmp_path: Path, server: Path) -> None:
    for size, why in (("5", "'5' is no size"), ("1KB", "1KB holds no picture; write at least 1MB")):
        code, out, told = ended(begun(tmp_path, "--size", size, config=server))
        assert (code, out) == (64, []) and why in "\n".join(told)
