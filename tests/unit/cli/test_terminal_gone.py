"""The terminal is closed, or the program stopped and continued: it ends, or goes on; it never lingers without a screen."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

ENDED = 20.0  # seconds, on a machine that is busy


class Opened:
    """``tfdash`` on a pseudo-terminal that it controls, with a server that refuses every connection."""

    def __init__(self, folder: Path) -> None:
        config = folder / "kubeconfig"
        config.write_text(
            json.dumps({
                "apiVersion": "v1", "kind": "Config", "current-context": "gone",
                "clusters": [{"name": "gone", "cluster": {"server": "http://127.0.0.1:9"}}],
                "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "gone"}}],
                "users": [{"name": "gone", "user": {"token": "t"}}],
            })
        )  # fmt: skip
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            for number in (
                signal.SIGINT,
                signal.SIGQUIT,
                signal.SIGHUP,
            ):  # a runner in the background ignores them
                signal.signal(number, signal.SIG_DFL)
            for name in ("STATE", "CACHE", "CONFIG"):
                os.environ[f"XDG_{name}_HOME"] = str(folder)
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, [sys.executable, "-m", "tfdash", "--kubeconfig", str(config)])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.seen = b""

    def until(self, text: bytes) -> None:
        deadline = time.monotonic() + 60
        while text not in self.seen:
            assert select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))[0], (
                self.seen[-500:]
            )
            self.seen += os.read(self.terminal, 65536)

    def ended(self) -> int:
        """How it ended; it must."""
        deadline = time.monotonic() + ENDED
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError("it lingers without a terminal")
            time.sleep(0.02)


@pytest.mark.parametrize("what", [b"\x1b[?1049h", b"Overview", b"refused"])
def test_a_terminal_that_is_closed_ends_it(tmp_path: Path, what: bytes) -> None:
    """In the alternate screen's first moment, at the first frame, and when the sources have spoken."""
    opened = Opened(tmp_path)
    opened.until(what)
    os.close(opened.terminal)  # the kernel sends SIGHUP and SIGCONT
    for _ in range(3):
        os.kill(opened.pid, signal.SIGCONT)
    assert opened.ended() in (0, -signal.SIGHUP)
    assert not list(tmp_path.rglob("crash-*"))


def test_stopped_and_continued_it_takes_the_screen_again_and_quits(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    opened.until(b"refused")
    for _ in range(3):
        os.kill(opened.pid, signal.SIGSTOP)
        os.waitpid(opened.pid, os.WUNTRACED)
        opened.seen = b""
        os.kill(opened.pid, signal.SIGCONT)
        opened.until(b"\x1b[?1049h")
        opened.until(b"Overview")
    os.write(opened.terminal, b"\x03")
    opened.seen = b""
    opened.until(b"\x1b[?1049l")
    assert opened.ended() == 0
    os.close(opened.terminal)
