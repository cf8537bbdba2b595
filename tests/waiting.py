"""How tests wait: for a condition, with a deadline that only a defect reaches.

Nothing else in the tests sleeps (``tests/unit/test_sleeps.py``): a sleep so that something may have happened is too short
on a busy machine and too long on one at rest. That something does not happen is shown with a stepped clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
LONGEST = 60.0  # seconds


def until(true: Callable[[], T], what: object = "", timeout: float = LONGEST, every: float = 0.05) -> T:
    """Look ``every`` so many seconds until it is true, and return what it was. ``what`` may be a function, asked at the end."""
    deadline = time.monotonic() + timeout
    while not (found := true()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what() if callable(what) else what}")
        time.sleep(every)
    return found


async def soon(
    true: Callable[[], T | Awaitable[T]], what: object = "", timeout: float = LONGEST, every: float = 0.01
) -> T:
    """``until`` on an event loop; ``true`` may be a coroutine function, which then does a step of the work as well."""
    deadline = time.monotonic() + timeout
    while True:
        found = true()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what() if callable(what) else what}")
        await asyncio.sleep(every)


def seconds_later(seconds: int = 1) -> None:
    """Until what a server stamps in whole seconds of its wall clock, which no test steps, is later than what it stamped."""
    began = int(time.time())
    until(lambda: int(time.time()) > began + seconds - 1, "the clock")
