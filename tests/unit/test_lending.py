"""The terminal lent to a command: its ctrl-c is its own, and we are still there afterwards. On a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time

import pytest

PROGRAM = """
import contextlib, sys
from screens.lending import lend
class App:
    suspend = staticmethod(contextlib.nullcontext)
code = lend(App(), sys.argv[1:], "staging: a trial \\x1b[31m")
print("AFTERWARDS", code, flush=True)
sys.stdin.readline()
try:
    print("STILL HERE", flush=True)
    sys.stdin.readline()
except KeyboardInterrupt:
    print("INTERRUPTED", flush=True)
"""


class Terminal:
    def __init__(self, *argv: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            for number in (
                signal.SIGINT,
                signal.SIGQUIT,
                signal.SIGHUP,
            ):  # a runner in the background ignores them
                signal.signal(number, signal.SIG_DFL)
            os.execv(sys.executable, [sys.executable, "-c", PROGRAM, *argv])
        self.seen = ""

    def until(self, text: str) -> None:
        deadline = time.monotonic() + 30
        while text not in self.seen:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"never came: {text!r}; there is {self.seen!r}"
            try:
                self.seen += os.read(self.descriptor, 4096).decode()
            except OSError:  # the other end is gone
                raise AssertionError(f"it ended before {text!r}; there is {self.seen!r}") from None

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def end(self) -> int:
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.parametrize(("key", "name"), [("\x03", "INT"), ("\x1c", "QUIT")])
def test_the_keys_that_end_a_program_end_the_command_alone(key: str, name: str) -> None:
    terminal = Terminal("sh", "-c", f"trap 'exit 7' {name}; echo READY; while :; do sleep 0.05; done")
    terminal.until("READY")
    terminal.type(key)
    terminal.until("AFTERWARDS 7")
    terminal.type("\n")
    terminal.until("STILL HERE")
    terminal.type("\x03")  # ours again
    terminal.until("INTERRUPTED")
    assert "tfdash: staging: a trial ␛[31m" in terminal.seen
    terminal.end()


def test_a_command_without_a_trap_is_ended_by_the_signal() -> None:
    terminal = Terminal("sh", "-c", "echo READY; exec sleep 100")
    terminal.until("READY")
    terminal.type("\x03")
    terminal.until("AFTERWARDS -2")
    terminal.type("\n")
    terminal.until("STILL HERE")
    terminal.end()
