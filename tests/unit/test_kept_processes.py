"""What the harness does with a part of the platform that ends by itself."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.harness import processes
from tests.platform.harness.processes import Kept
from tests.waiting import until

LIVES = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
DIES = [sys.executable, "-c", "import sys; print('no such flag', flush=True); sys.exit(3)"]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    told: list[str] = []
    monkeypatch.setattr(processes, "ENDED", told)
    return told


def test_what_crashes_is_started_again_and_told(tmp_path: Path, ended: list[str]) -> None:
    log = tmp_path / "controller.log"
    part = Kept(LIVES, tmp_path, log)
    try:
        first = part.pid
        until(lambda: log.read_text().count("up") == 1, "the first start")
        os.kill(first, signal.SIGKILL)
        until(lambda: log.read_text().count("up") == 2, "the second start")
        assert part.pid != first and part.poll() is None
        assert ended == ["controller ended with -9 by itself:\n  up"]
    finally:
        part.end()
    assert part.poll() is not None and len(ended) == 1  # our own end is no crash


def test_what_hangs_is_started_anew(tmp_path: Path, ended: list[str]) -> None:
    log = tmp_path / "controller.log"
    part = Kept(LIVES, tmp_path, log)
    try:
        until(lambda: log.read_text().count("up") == 1, "the first start")
        os.kill(part.pid, signal.SIGSTOP)
        part.again()
        until(lambda: log.read_text().count("up") == 2, "the second start")
    finally:
        part.end()


def test_what_never_starts_is_given_up(
    tmp_path: Path, ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_MOST_STARTS", 2)
    part = Kept(DIES, tmp_path, tmp_path / "controller.log")
    until(lambda: part.poll() is not None, "that it is given up")
    assert part.poll() == 3 and len(ended) == 2
    part.end()


def test_what_cannot_be_started_at_all_is_raised(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Kept([str(tmp_path / "nothing")], tmp_path, tmp_path / "log")
