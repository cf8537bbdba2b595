"""Log streams from the board's thread to one screen, merged by their times as far as they come together."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from tfdash.model.requests import LogLine, LogRequest, ReadFailed
from widgets.workers import begin

_FRAME = 0.1  # seconds between two handings over
_FIRST = 0.3  # the same at the beginning
_MOST_WAITING = 20_000  # lines kept for a screen that is busy; more are dropped and said


class Streams:
    """``open`` one after the other; ``close`` ends all. ``show`` gets (source, line) pairs on the screen's loop."""

    def __init__(self, app: Callable[[], Any], show: Callable[[list[tuple[str, LogLine]]], None]) -> None:
        self._app, self._show = app, show
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, LogLine]] = []
        self._dropped = self.open_now = 0
        self._armed = self._began = False
        self._generation = 0
        self._cancels: list[Callable[[], None]] = []

    def open(self, request: LogRequest, source: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        generation = self._generation

        def deliver(lines: list[LogLine]) -> None:
            """On the board's thread."""
            with self._lock:
                if generation != self._generation:
                    return
                room = _MOST_WAITING - len(self._waiting)
                self._waiting.extend((source, line) for line in lines[:room])
                self._dropped += max(0, len(lines) - room)
                if self._armed:
                    return
                self._armed = True
            try:
                self._loop.call_soon_threadsafe(self._arm, context=self._context)
            except RuntimeError:  # the screen is closing
                return

        try:
            ended, cancel = self._app().board.stream_logs(request, deliver)
        except RuntimeError:  # the board is starting: in a moment it is there
            self._loop.call_later(0.2, self._again, generation, request, source, context=self._context)
            return
        self._cancels.append(cancel)
        self.open_now += 1
        begin(
            self._app(), partial(self._until_end, ended, generation, request, source), "logs", exclusive=False
        )

    def _again(self, generation: int, request: LogRequest, source: str) -> None:
        if generation == self._generation:
            self.open(request, source)

    async def _until_end(
        self, ended: Awaitable[None], generation: int, request: LogRequest, source: str
    ) -> None:
        pod, container = request.pod.name, request.container
        try:
            await ended
            # what was asked for by its size ends where that does
            told = (
                "the log ends here" if request.limit_bytes is None else "its beginning ends here; 0: its end"
            )
        except ReadFailed as failed:
            told = f"the log cannot be read: {failed.problem}"
        except asyncio.CancelledError:
            return
        if generation == self._generation:
            self.open_now -= 1
            self._deliver()
            self._show([(source, LogLine(pod, container, None, told, note=True))])

    def _arm(self) -> None:
        # what the streams begin with comes within moments: together it can be put in order
        wait = _FRAME if self._began else _FIRST
        self._began = True
        self._loop.call_later(wait, self._deliver, context=self._context)

    def _deliver(self) -> None:
        with self._lock:
            lines, self._waiting, self._armed = self._waiting, [], False
            dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.append(
                ("", LogLine("", "", None, f"{dropped:,} lines came too fast to be shown", note=True))
            )
        if lines:
            self._show(by_time(lines))

    def close(self) -> None:
        """What still comes is dropped."""
        with self._lock:
            self._generation += 1
            self._waiting, self._dropped, self._began = [], 0, False
        self.open_now = 0
        for cancel in self._cancels:
            cancel()
        self._cancels = []


def by_time(lines: list[tuple[str, LogLine]]) -> list[tuple[str, LogLine]]:
    """In the order of the server's times; a line without one stays behind the line before it of the same source."""
    last: dict[str, float] = {}
    keyed = []
    for place, (source, line) in enumerate(lines):
        at = line.time if line.time is not None else last.get(source, 0.0)
        last[source] = max(at, last.get(source, 0.0))  # within one source the order of arrival holds
        keyed.append((last[source], place))
    return [lines[place] for _, place in sorted(keyed)]
