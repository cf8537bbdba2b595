"""The terminal lent to a command: its ctrl-c is its own, and we are still there afterwards. On a real pseudo-terminal."""

from __future__ import annotations

import sys

import pytest

from tests.pseudoterminal import PseudoTerminal

PROGRAM = """
import contextlib, sys
from screens.frame.terminal_handover import hand_over
class App:
    suspend = staticmethod(contextlib.nullcontext)
code = hand_over(App(), sys.argv[1:], "staging: a trial \\x1b[31m")
print("AFTERWARDS", code, flush=True)
sys.stdin.readline()
try:
    print("STILL HERE", flush=True)
    sys.stdin.readline()
except KeyboardInterrupt:
    print("INTERRUPTED", flush=True)
"""


def lending(script: str) -> PseudoTerminal:
    return PseudoTerminal([sys.executable, "-c", PROGRAM, "sh", "-c", script])


@pytest.mark.parametrize(("key", "name"), [("\x03", "INT"), ("\x1c", "QUIT")])
def test_the_keys_that_end_a_program_end_the_command_alone(key: str, name: str) -> None:
    terminal = lending(f"trap 'exit 7' {name}; echo READY; while :; do sleep 0.05; done")
    terminal.until("READY")
    terminal.type(key)
    terminal.until("AFTERWARDS 7")
    terminal.type("\n")
    terminal.until("STILL HERE")
    terminal.type("\x03")  # ours again
    terminal.until("INTERRUPTED")
    assert "tfdash: staging: a trial ␛[31m" in terminal.seen
    assert terminal.ended() == 0
    terminal.close()


def test_a_command_without_a_trap_is_ended_by_the_signal() -> None:
    terminal = lending("echo READY; exec sleep 100")
    terminal.until("READY")
    terminal.type("\x03")
    terminal.until("AFTERWARDS -2")
    terminal.type("\n")
    terminal.until("STILL HERE")
    terminal.type("\n")
    assert terminal.ended() == 0
    terminal.close()
