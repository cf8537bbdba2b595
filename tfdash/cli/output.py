"""How a command speaks: its answer on stdout in one write, its narration on stderr. What was not delivered is no yes."""

from __future__ import annotations

import contextlib
import sys

from tfdash.cli.parser import ERROR


def deliver(text: str, code: int) -> int:
    """Write ``text`` and a line end to stdout at once; returns the exit code: ``code``, or ERROR in place of 0 where the
    reader went away, the disk is full or stdout is closed."""
    try:
        if sys.stdout is not None:
            sys.stdout.write(f"{text}\n")
    except OSError:
        return code or ERROR
    return delivered(code)


def delivered(code: int) -> int:
    """The exit code of what was printed so far, as ``deliver``."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
            return code
    except (OSError, ValueError):  # ValueError: it was closed
        pass
    return code or ERROR


def narrate(*lines: str) -> None:
    """Lines on stderr. Where nobody reads them, the answer and its code stand all the same."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write("".join(f"{line}\n" for line in lines))
            sys.stderr.flush()


def on_terminal() -> bool:
    """Whether keys come from a terminal and frames go to one."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
