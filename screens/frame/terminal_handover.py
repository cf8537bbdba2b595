"""The terminal, lent to a command until it ends: a shell, a forwarded port, a log-in."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from tfdash.text import safe


class Terminal(Protocol):
    """What is needed of the application."""

    def suspend(self) -> AbstractContextManager[None]: ...


def hand_over(app: Terminal, argv: Sequence[str], told: str) -> int:
    """Run ``argv`` on the terminal, under a line that says what it is; returns how it ended, negative by a signal.

    Raises textual's SuspendNotSupported where the terminal cannot be handed over, and OSError where it does not start.
    """
    with app.suspend(), _its_own_keys():
        print(f"tfdash: {safe(told)}", flush=True)
        return subprocess.run(argv, check=False).returncode


@contextmanager
def _its_own_keys() -> Iterator[None]:
    """ctrl-c and ctrl-\\ are meant for the command. We share its process group: without this both would end us, too.

    A handler that does nothing, not SIG_IGN: the command would inherit that one and could not be ended.
    """
    if sys.platform == "win32":
        yield
        return
    numbers = (signal.SIGINT, signal.SIGQUIT)
    before = [signal.signal(number, lambda *_: None) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
