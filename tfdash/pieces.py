"""Long work on a loop that others wait for, in pieces: the work says where it may be interrupted, and how long a piece is, is
said here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
PIECE = 0.01  # seconds after which the loop has its turn


async def in_pieces(work: Generator[None, None, T], hold: float = PIECE) -> T:
    """What ``work`` returns. It yields where it may be left for a while; whatever it raises is raised."""
    until = time.perf_counter() + hold
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + hold


def at_once(work: Generator[None, None, T]) -> T:
    """The same without a pause."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found
