"""Hands the head of the chain (terminal, sequence, hash) to somebody else, so that a rewrite of the whole log shows.

A file (on another disk, or one that is shipped away) gets a line; a command gets the line on its standard input and counts as
having taken it when it ends with 0. The shared store is an anchor by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tfdash.store.log.data_dir import why


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a chain that ``holder`` remembers."""

    terminal: str
    sequence: int
    hash: str
    at: float = 0.0
    holder: str = ""


def line(head: Head) -> str:
    return f"{head.terminal} {head.sequence} {head.hash} {datetime.fromtimestamp(head.at, UTC).isoformat(timespec='seconds')}"


def parse(text: str, holder: str) -> list[Head]:
    """The heads in an anchor file; lines that are none are left out."""
    heads = []
    for found in text.splitlines():
        parts = found.split()
        if len(parts) >= 3 and parts[1].isdigit() and len(parts[2]) == 64:
            heads.append(Head(terminal=parts[0], sequence=int(parts[1]), hash=parts[2], holder=holder))
    return heads


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
    return "" if process.returncode == 0 else f"{argv[0]} ended with {process.returncode}"
