"""The one subscription to the board: from its thread to the screen's loop, at most so many times a second."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable

from tfdash.board.board import Board
from tfdash.model.update import Update, merged


class UpdateRelay:
    """Updates that come while the screen is busy are merged, so that nothing is lost and nothing piles up.

    ``start`` must be called on the screen's loop; ``deliver`` is called there.
    """

    def __init__(self, board: Board, deliver: Callable[[Update], None], frames_per_second: int) -> None:
        self._board, self._take = board, deliver
        self._frame = 1.0 / max(frames_per_second, 1)
        self._lock = threading.Lock()
        self._pending: Update | None = None
        self._armed = False
        self._delivered = float("-inf")
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        # timers made on behalf of the board's thread would lack the active app in their context
        self._context = contextvars.copy_context()
        self._unsubscribe = self._board.subscribe(self._heard)

    def stop(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        with self._lock:
            self._pending = None

    def _heard(self, update: Update) -> None:
        """On the board's thread: keep it, and wake the screen."""
        with self._lock:
            self._pending = update if self._pending is None else merged(self._pending, update)
            if self._armed:
                return
            self._armed = True
        try:
            self._loop.call_soon_threadsafe(self._arm, context=self._context)
        except RuntimeError:  # the screen is closing
            return

    def _arm(self) -> None:
        wait = self._delivered + self._frame - time.monotonic()
        if wait > 0:
            self._loop.call_later(wait, self._deliver, context=self._context)
        else:
            self._deliver()

    def _deliver(self) -> None:
        with self._lock:
            update, self._pending, self._armed = self._pending, None, False
        if update is not None and self._unsubscribe is not None:
            self._take(update)
            self._delivered = time.monotonic()
