"""Hands the head of the chain (terminal, sequence, hash) to somebody else, so that a rewrite of the whole log shows.

A file (on another disk, or one that is shipped away) gets a line; a command gets the line on its standard input and counts as
having taken it when it ends with 0. The shared store is an anchor by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tfdash.process import how_ended
from tfdash.store.log.data_dir import why

SHARED = "shared store"  # what terminals call it where they note that it took their head


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a chain that ``holder`` remembers. ``taken_by``: whom a terminal noted as having taken it."""

    terminal: str
    sequence: int
    hash: str
    at: float = 0.0
    holder: str = ""
    taken_by: str = ""


def line(head: Head) -> str:
    return f"{head.terminal} {head.sequence} {head.hash} {datetime.fromtimestamp(head.at, UTC).isoformat(timespec='seconds')}"


_LINE = re.compile(r"\s*(\S+)\s+([0-9]{1,18})\s+([0-9a-f]{64})(?:\s.*)?\Z")


def parse(text: str, holder: str) -> list[Head]:
    """The heads in an anchor file; lines that are none are left out (``not_anchors`` counts them)."""
    found = map(_LINE.match, text.splitlines())
    return [Head(terminal=m[1], sequence=int(m[2]), hash=m[3], holder=holder) for m in found if m]


def not_anchors(text: str) -> int:
    """How many lines of an anchor file say something else."""
    return sum(1 for found in text.splitlines() if found.strip() and not _LINE.match(found))


def to_file(path: Path, head: Head) -> str:
    """Append a line, durably. Returns why it could not, "" where it could."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, (line(head) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"{path}: {why(error)}"
    return ""


async def to_command(argv: tuple[str, ...], head: Head, timeout: float = 10.0) -> str:
    """Run it with the line on its standard input. Returns why it did not take it, "" where it did."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"{argv[0]}: {why(error)}"
    try:
        async with asyncio.timeout(timeout):
            await process.communicate((line(head) + "\n").encode())
    except TimeoutError:
        return f"{argv[0]} did not end within {timeout:g} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    return "" if process.returncode == 0 else f"{argv[0]} {how_ended(process.returncode or 0)}"
