"""A credential that cannot be had without a person, and commands that are run once for all who need what they print."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

_AGAIN = (30.0, 120.0, 480.0, 1800.0)  # seconds until a command that failed, or was no help, is run again
T = TypeVar("T")


class LoginNeeded(Exception):
    """The credential cannot be had without a person; ``command`` is what they run.

    ``retry_after``: seconds until it is tried again; until then all who ask get this failure, and nothing is run. ``attended``: whether
    somebody sits at this program who has a key that runs it: of a cluster's own credential, at the interactive terminal.
    """

    attended = False

    def __init__(
        self, cause: str, command: list[str] | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(cause)
        self.command, self.retry_after = command, retry_after

    @property
    def remedy(self) -> str:
        if self.command is None:
            return "renew the credential in the kubeconfig"
        return f"run: {shlex.join(self.command)}" + (" (ctrl+l runs it)" if self.attended else "")


class Take(Protocol):
    """Makes of a secret what is wanted of it. Raises ``LoginNeeded``, with the command that printed it."""

    def __call__(self, value: str, command: list[str] | None = None) -> str: ...


class WaitsForPerson(LoginNeeded):
    """It says that it needs a terminal, or may have waited for somebody: it is not run again before a person asks."""


class DidNotEnd(LoginNeeded):
    """It did not end in its time, and says that it waits for nobody: it is run again after the longest wait."""


class Attempts:
    """At one command, by all who need what it prints: one run at a time, and a failure is everybody's until the next.

    The next run waits, longer each time: a run may open a browser or ring somebody's phone. One that did not end by itself,
    and may ask, waited for a person: it is not run again before one asks. Where nobody sits there (``attended``) it is, after the longest
    wait, and one that waits for nobody after the usual ones. ``now`` is a monotonic clock in seconds. Thread-safe.
    """

    attended = True

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failed: LoginNeeded | None = None
        self._failures = 0
        self._run_at = 0.0

    def run(self, command: Callable[[], T]) -> T:
        """What ``command`` gives. Raises its ``LoginNeeded``, or that of the last run while the next is not due."""
        with self._lock:
            if self._failed is None or self._now() >= self._run_at:
                try:
                    found = command()
                except LoginNeeded as needed:
                    self._failures += 1
                    if isinstance(needed, DidNotEnd if self.attended else WaitsForPerson):
                        self._failures = len(_AGAIN)
                    forever = isinstance(needed, WaitsForPerson) and self.attended
                    self._run_at = float("inf") if forever else self._now() + wait_after(self._failures)
                    self._failed = needed
                else:
                    self._failed, self._failures = None, 0
                    return found
            # a copy for each: an exception that many threads raise would carry all their frames
            left = self._run_at - self._now()
            failed = self._failed
            raise type(failed)(str(failed), failed.command, left if left < float("inf") else None)

    def ask_again(self) -> None:
        """A person asked, or logged in: the next who needs it runs it at once. Never waits: a run may last a minute, and
        who asks during it gets what it brings."""
        self._failures, self._run_at = 0, 0.0


def wait_after(failures: int) -> float:
    """Seconds until the next try after so many failures."""
    return _AGAIN[min(failures, len(_AGAIN)) - 1]


def all_of(stderr: str) -> str:
    """What a command told before it failed, the cause and the advice, on one line."""
    return " / ".join(" ".join(line.split()) for line in stderr.splitlines() if line.strip())
