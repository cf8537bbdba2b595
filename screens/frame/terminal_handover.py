"""The terminal, lent to a command until it ends: a shell, a forwarded port, a log-in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from tfdash.process import how_ended
from tfdash.text import safe

MOST = 1 << 20
"""Bytes that are kept of what a command prints."""


class Terminal(Protocol):
    """What is needed of the application."""

    def suspend(self) -> AbstractContextManager[None]: ...


def hand_over(
    app: Terminal,
    argv: Sequence[str],
    told: str,
    environment: Mapping[str, str] | None = None,
    printed: bytearray | None = None,
    well: Container[int] = (0,),
) -> int:
    """Run ``argv`` on the terminal, under a line that says what it is; returns how it ended, negative by a signal.

    ``printed`` gets what it prints on stdout, which is then not shown; where it failed (ended with none of ``well``), its words on the
    terminal stand until somebody has read them. Raises textual's SuspendNotSupported where the terminal cannot be handed over, and OSError where it
    does not start.
    """
    with app.suspend():
        with _its_own_keys():
            print(f"tfdash: {safe(told)}", flush=True)
            if printed is None:
                return subprocess.run(argv, check=False, env=environment).returncode
            code = _run_keeping(argv, environment, printed)
        if code not in well:
            print(f"tfdash: it {how_ended(code)}; Enter goes back", flush=True)
            with suppress(OSError, ValueError, KeyboardInterrupt):
                sys.stdin.readline()
        return code


def _run_keeping(argv: Sequence[str], environment: Mapping[str, str] | None, printed: bytearray) -> int:
    """What it leaves running may hold its stdout for ever: that is not waited for."""
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()

        def read() -> None:
            while len(printed) < MOST and (data := os.read(descriptor, 65536)):
                printed.extend(data)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        code = process.wait()
        reader.join(1.0)
        return code


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
