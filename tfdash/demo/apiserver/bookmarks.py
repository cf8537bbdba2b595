"""When a watch's bookmarks are due, and which of them a real API server sends (apiserver storage/cacher: nextBookmarkTime, process).

One a minute, and one two seconds before the watch ends. What it knows of a kind moves by the changes of that kind, and by
notices of the progress of all others, about once a minute. One that is no newer than where the watch began is dropped, until
the first that is: so the first of a kind that nobody changes comes in its second minute, and none before a short end.
"""

from __future__ import annotations

_BEFORE_END = 2.0  # seconds


class Bookmarks:
    """Of one watch that begins at version ``start`` and ends at ``ends``, seconds of the clock of every ``now``. ``every``:
    seconds between two, above 0."""

    def __init__(self, start: int, now: float, ends: float) -> None:
        self._start, self._noticed = start, start
        self._marked = now
        self._last = ends - _BEFORE_END if ends - _BEFORE_END > now else None

    def due_at(self, every: float) -> float:
        regular = self._marked + every
        return regular if self._last is None else min(regular, self._last)

    def take(self, now: float, every: float, changed: int, version: int) -> int | None:
        """The version to tell, None for nothing. ``changed``: of the kind's last change, ``version``: of the last of all."""
        if now < self.due_at(every):
            return None
        if self._last is not None and now >= self._last:
            self._last = None
        self._marked = now
        known, self._noticed = max(self._noticed, changed), version
        return known if known > self._start else None
