"""Remembers what the board saw change, for ``gather`` to tell."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from tfdash.model.kube import Object, Provisional
from tfdash.model.picture import Objects, Picture
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.update import Update
from tfdash.views.changes import SEEN, SeenChange, differences


class ChangeHistory:
    """Remembers the changes of wishes that pass by on the board. ``seen_changes`` may be read from any thread.

    ``picture`` is the board's when it begins to follow: the first change after that has something before it.
    """

    def __init__(self, now: Any, picture: Picture | None = None, size: int = 1000) -> None:
        self._now = now
        self._size = size
        self.begin(picture)

    def begin(self, picture: Picture | None, known: Iterable[SeenChange] = ()) -> None:
        """From ``picture`` on, with what is ``known`` to have changed until then: a replay that jumped tells no difference between two times."""
        self._before: dict[tuple[ClusterRef, str], Objects] = {}
        self._followed: set[tuple[ClusterRef, str]] = set()
        for ref, cluster in picture.clusters.items() if picture is not None else ():
            for kind, seen in cluster.kinds.items():
                if kind in SEEN and seen.value is not None and seen.complete and not seen.provisional:
                    self._before[ref, kind] = seen.value
        self._seen_changes: deque[SeenChange] = deque(known, maxlen=self._size)

    @property
    def seen_changes(self) -> tuple[SeenChange, ...]:
        return tuple(self._seen_changes)

    def follow(self, update: Update) -> None:
        """A listener of the board; on its thread. Costs what changed, not what there is."""
        for ref, cluster in update.picture.clusters.items():
            for kind in SEEN:
                seen = cluster.kinds.get(kind)
                if seen is None or seen.value is None or not seen.complete or seen.provisional:
                    continue
                before = self._before.get((ref, kind))
                if before is seen.value:
                    continue
                self._before[ref, kind] = seen.value
                if before is not None:
                    # an update may have passed between the picture and the first that is followed
                    known = (ref, kind) in self._followed
                    keys = update.change.keys.get((ref, kind)) if known else None
                    self._followed.add((ref, kind))
                    self._note(ref, kind, before, seen.value, keys)

    def _note(
        self, ref: ClusterRef, kind: str, before: Objects, after: Objects, keys: frozenset[Key] | None
    ) -> None:
        for key in keys if keys else {*before, *after}:
            old, new = _real(before.get(key)), _real(after.get(key))
            if old is not new and differences(old, new):
                self._seen_changes.append(SeenChange(self._now(), Subject(ref, kind, *key), old, new))


def _real(obj: Object | None) -> Object | None:
    return None if isinstance(obj, Provisional) else obj
