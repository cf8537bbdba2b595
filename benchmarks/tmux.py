"""A program in tmux: keys in, screen out, and what its processes cost."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import time
from pathlib import Path

_NUMBER = itertools.count()
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Tmux:
    """One session of ``width`` x ``height`` running ``command``. Times are seconds of the monotonic clock."""

    def __init__(self, command: str, width: int = 180, height: int = 50) -> None:
        self._socket = (
            f"tfdash-bench-{os.getpid()}-{next(_NUMBER)}"  # a server that is ending may still listen
        )
        self.started = time.monotonic()
        self._tmux("new-session", "-d", "-s", "b", "-x", str(width), "-y", str(height), f"exec {command}")

    def _tmux(self, *argv: str) -> str:
        return subprocess.run(["tmux", "-L", self._socket, *argv], capture_output=True, text=True).stdout

    def keys(self, *keys: str, literal: bool = False) -> float:
        """Send keys; returns when they were sent."""
        at = time.monotonic()
        self._tmux("send-keys", "-t", "b", *(["-l"] if literal else []), *keys)
        return at

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "b")

    def until(self, pattern: str, timeout: float = 60.0, *, absent: bool = False) -> float:
        """When ``pattern`` stood on the screen (or with ``absent`` no longer). Raises TimeoutError with the screen."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout
        while True:
            text = self.screen()
            now = time.monotonic()
            if bool(wanted.search(text)) is not absent:
                return now
            if now > deadline:
                raise TimeoutError(f"waited {timeout:g} s for {pattern!r}; the screen says:\n{text}")

    @property
    def pid(self) -> int:
        return int(self._tmux("display-message", "-p", "-t", "b", "#{pane_pid}").strip() or 0)

    def alive(self) -> bool:
        """Whether the remembered process runs; one that ended and waits for tmux to notice (a second or so) does not."""
        try:
            state = Path(f"/proc/{self._pid_seen}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state != "Z"

    _pid_seen = 0

    def remember_pid(self) -> None:
        self._pid_seen = self.pid

    def processes(self) -> list[int]:
        """The program and its children."""
        found, queue = [], [self.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                queue += [int(c) for c in task.read_text().split()]
        return found

    def rss(self) -> float:
        """MiB resident, all processes."""
        total = 0
        for pid in self.processes():
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        return total / 2**20

    def cpu_seconds(self) -> float:
        total = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / _TICKS

    def close(self) -> None:
        self._tmux("kill-server")
