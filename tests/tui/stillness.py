"""When an application under test has come to rest, by its own message pumps instead of by guessing from the clock.

Textual's pilot sleeps 20 ms twice for each key and takes a process that computes little for one that is done, so it waits
too long on a machine at rest and not long enough on a busy one. At rest is something exact: every pump waits for its next
message, nothing is due to be called next, and what changed is painted. Uses ``MessagePump._message_queue`` and
``_next_callbacks``, what ``Screen._on_timer_update`` and ``App._check_resize`` are due to do; Textual is pinned exactly.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from textual._context import active_app
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen

TURNS = 6  # of the loop, without anything to do, are rest: a callback may make a task that posts a message
LONGEST = 2.0  # seconds; a handler that waits for something of its own is not waited for


def _waits(pump: MessagePump) -> bool:
    came = pump._message_queue.ready_event
    waits = not came.is_set() and bool(came._waiters) and not pump._next_callbacks
    return waits or not pump._running or pump._closed


def _painted(screen: Screen[Any]) -> bool:
    """Paint what is due now instead of at the next frame; True where nothing was."""
    due = (
        screen._layout_required
        or screen._repaint_required
        or bool(screen._dirty_widgets)
        or bool(screen._callbacks)
    )
    if due:
        screen._on_timer_update()
    return not due


def at_rest(app: App[Any]) -> bool:
    """Nothing to do at this moment. What was due to be painted is painted."""
    if not all(_waits(pump) for pump in (app, *app._registry)):
        return False
    if app._resize_event is not None:
        app._check_resize()
        return False
    return not app.screen_stack or _painted(app.screen)


async def rest(app: App[Any]) -> None:
    """Let ``app`` work until it has nothing to do: timers, threads and the network are not waited for."""
    quiet, turns, deadline = 0, 0, time.monotonic() + LONGEST
    while quiet < TURNS and app._running and not app._exit:
        await asyncio.sleep(0 if turns < 200 else 0.001)
        turns += 1
        quiet = quiet + 1 if at_rest(app) else 0
        if time.monotonic() > deadline:
            return


async def _rest_of_the_active(min_sleep: float = 0.0, max_sleep: float = LONGEST) -> None:
    await rest(active_app.get())


@contextmanager
def exact_pilot() -> Iterator[None]:
    """Textual's pilot waits by ``rest``."""
    with (
        patch("textual.pilot.wait_for_idle", _rest_of_the_active),
        patch("textual.app.wait_for_idle", _rest_of_the_active),
    ):
        yield
