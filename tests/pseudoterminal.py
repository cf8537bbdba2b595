"""A program on a pseudo-terminal that it controls: keys in, what it prints out, and how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

LONGEST = 120.0  # seconds for anything, on a machine that is busy


class PseudoTerminal:
    """``argv`` runs at once, 120x40, with the signals of a foreground program. ``seen`` is all that it printed."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            for number in (
                signal.SIGINT,
                signal.SIGQUIT,
                signal.SIGHUP,
            ):  # a runner in the background ignores them
                signal.signal(number, signal.SIG_DFL)
            # by itself, or it may have looked before its parent came to it: then it would be 80x24
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            given = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
            os.execvpe(argv[0], list(argv), {**given, "TERM": "xterm-256color", **(env or {})})
        self.seen = ""

    def until(self, pattern: str) -> re.Match[str]:
        """Read until it printed something like that."""
        deadline = time.monotonic() + LONGEST
        while (found := re.search(pattern, self.seen)) is None:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"never came: {pattern!r}; there is {self.seen[-2000:]!r}"
            try:
                self.seen += os.read(self.descriptor, 65536).decode(errors="replace")
            except OSError:  # the other end is gone
                raise AssertionError(f"it ended before {pattern!r}; there is {self.seen[-2000:]!r}") from None
        return found

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def close(self) -> None:
        """The terminal goes, as when a window is closed."""
        os.close(self.descriptor)

    def ended(self) -> int:
        """How it ended, negative by a signal; it must. What it still prints is read, so that it can."""
        deadline = time.monotonic() + LONGEST
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError("it lingers")
            try:
                if select.select([self.descriptor], [], [], 0.02)[0]:
                    self.seen += os.read(self.descriptor, 65536).decode(errors="replace")
            except (OSError, ValueError):  # closed, here or there
                time.sleep(0.02)
