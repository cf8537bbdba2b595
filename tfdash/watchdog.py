"""A sign of life for whoever watches from outside: systemd's notify socket, or a file whose time of change is looked at.

The protocol is sd_notify(3): datagrams of ``NAME=value`` lines to ``$NOTIFY_SOCKET``; "@" begins an abstract one.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_EVERY = 5.0
"""Seconds between two signs where nobody says how long may pass; of systemd's own limit a third."""


class Watchdog:
    """``beat`` is called by the very loop that is watched, as often as it likes; ``now`` is a monotonic clock in seconds."""

    def __init__(
        self,
        environ: Mapping[str, str],
        file: str = "",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._file = Path(file).expanduser() if file else None
        limit = environ.get("WATCHDOG_USEC", "")
        mine = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        asked = int(limit) / 3e6 if limit.isdecimal() and int(limit) and mine else _EVERY
        self._every = min(asked, _EVERY)
        self._now, self._last = now, float("-inf")
        self._ready = False

    def try_file(self) -> None:
        """Before anything begins: a file that can never be touched would have us ended for ever. Raises ``OSError``."""
        if self._file is not None:
            self._file.touch(mode=0o600)
            os.utime(self._file)

    def beat(self) -> None:
        """Say that we live; the first time that we are ready. What cannot be told is passed over: then we are started anew."""
        at = self._now()
        if at - self._last < self._every:
            return
        self._last = at
        self._tell("WATCHDOG=1" if self._ready else "READY=1\nWATCHDOG=1")
        self._ready = True
        if self._file is not None:
            with contextlib.suppress(OSError):
                self.try_file()

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto(text.encode(), address)
