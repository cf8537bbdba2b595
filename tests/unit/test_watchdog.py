"""A sign of life, as systemd and a watcher of files see it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfdash.watchdog import Watchdog


@pytest.fixture
def notified(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        path = str(tmp_path / "notify")
        server.bind(path)
        server.setblocking(False)
        yield path, server


def told(server: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(server.recv(4096).decode())
        except BlockingIOError:
            return found


def test_the_first_says_ready_and_a_third_of_the_limit_lies_between_two(
    notified: tuple[str, socket.socket],
) -> None:
    path, server = notified
    now = 0.0
    dog = Watchdog({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "6000000"}, now=lambda: now)
    dog.beat()
    assert told(server) == ["READY=1\nWATCHDOG=1"]
    now = 1.9
    dog.beat()
    assert told(server) == []
    now = 2.0
    dog.beat()
    assert told(server) == ["WATCHDOG=1"]
    dog.stopping()
    assert told(server) == ["STOPPING=1"]


def test_a_file_that_cannot_be_touched_is_told_at_once_and_passed_over_later(tmp_path: Path) -> None:
    dog = Watchdog({}, str(tmp_path / "away" / "beat"))
    with pytest.raises(FileNotFoundError):
        dog.try_file()
    dog.beat()
    Watchdog({}).try_file()


def test_an_abstract_socket_and_one_that_is_gone() -> None:
    name = f"tfdash-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(f"\0{name}")
        Watchdog({"NOTIFY_SOCKET": f"@{name}"}).beat()
        assert told(_nonblocking(server)) == ["READY=1\nWATCHDOG=1"]
    Watchdog({"NOTIFY_SOCKET": f"@{name}"}).beat()  # nobody hears it; that is no fault of ours


def _nonblocking(server: socket.socket) -> socket.socket:
    server.setblocking(False)
    return server


def test_a_file_is_touched_at_every_beat_and_one_that_cannot_be_is_passed_over(tmp_path: Path) -> None:
    now, file = 0.0, tmp_path / "alive"
    dog = Watchdog({}, str(file), now=lambda: now)
    dog.beat()
    os.utime(file, (1.0, 1.0))
    dog.beat()
    assert file.stat().st_mtime == 1.0
    now = 5.0
    dog.beat()
    assert file.stat().st_mtime > 1.0
    Watchdog({}, str(tmp_path / "no" / "folder")).beat()


@pytest.mark.parametrize("limit", ["", "x", "0", "-5"])
def test_a_limit_that_is_none_leaves_our_own(limit: str, tmp_path: Path) -> None:
    now, file = 0.0, tmp_path / "alive"
    dog = Watchdog({"WATCHDOG_USEC": limit}, str(file), now=lambda: now)
    dog.beat()
    os.utime(file, (1.0, 1.0))
    now = 4.9
    dog.beat()
    assert file.stat().st_mtime == 1.0
