"""The procedures of this configuration, kept current: a folder that changed is read again, beside whoever asks for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfdash.clock import boottime
from tfdash.config.problems import ConfigProblem
from tfdash.playbook.procedures.library import Library, library, of_folder
from tfdash.procedures.vocabulary import vocabulary_of
from tfdash.text import fault

if TYPE_CHECKING:
    from tfdash.config.settings import Settings

log = logging.getLogger(__name__)
LOOKED_AT = 5.0
"""Seconds between two looks at the folder, by whoever asks."""
PATIENCE = 2.0
"""Seconds for which who asks first waits."""
_Stamp = tuple[tuple[str, int, int], ...]


def library_of(settings: Settings) -> Library:
    """All that there are by this configuration, read now."""
    return library(of_folder(settings.procedures.folder), vocabulary_of(settings.procedures, settings.notify))


class Shelf:
    """Asked, it gives what it has; only before anything was read it waits, for a bounded time. Any thread may ask."""

    def __init__(self, settings: Settings, now: Callable[[], float] = boottime) -> None:
        self._settings, self._now = settings, now
        self._folder = of_folder(settings.procedures.folder)
        self._one = threading.Lock()  # look at a time
        self._read = threading.Event()
        self._stamp: _Stamp | None = None
        self._library = Library()
        self._begin()

    def __call__(self) -> Library:
        if self._folder is not None and self._now() >= self._next:
            self._begin()
        if not self._read.wait(PATIENCE):
            told = f"the folder was not read within {PATIENCE:g} s"
            return Library(problems=(ConfigProblem(str(self._folder), 0, "", told, "its disk may hang"),))
        return self._library

    def _begin(self) -> None:
        if self._one.acquire(blocking=False):
            self._next = self._now() + LOOKED_AT
            threading.Thread(target=self._look, name="tfdash procedures", daemon=True).start()

    def _look(self) -> None:
        try:
            stamp = self._stamped()
            if stamp != self._stamp:
                self._library = library_of(self._settings)
                self._stamp = stamp
        except Exception as error:
            log.error("the procedures could not be read", exc_info=error)
            self._library = Library(problems=(ConfigProblem(str(self._folder or ""), 0, "", fault(error)),))
        finally:
            self._read.set()
            self._one.release()

    def _stamped(self) -> _Stamp:
        """What tells that the folder is as it was; () where there is none, or it cannot be read."""
        if self._folder is None:
            return ()
        try:
            there = [(path, path.stat()) for path in sorted(self._folder.glob("*.toml"))]
        except OSError:
            return ()
        return tuple((path.name, stat.st_mtime_ns, stat.st_size) for path, stat in there)
