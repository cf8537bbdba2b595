"""What every part of the world shares: its cluster, a queue of things to look at, events told to people."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from tfdash.demo.apiserver.object_store import ObjectStore, StoreKey
from tfdash.demo.apiserver.objects import Obj, labels_of, name_of, namespace_of, stamp, with_meta
from tfdash.demo.apiserver.patch.ownership import after_update
from tfdash.demo.apiserver.resources import by_storage
from tfdash.demo.clock import Planned
from tfdash.demo.cluster import Cluster
from tfdash.demo.controllers.events import EventRecorder

if TYPE_CHECKING:
    from tfdash.demo.clock import Agenda

Look = Callable[[StoreKey], None]
SOON = 0.05  # simulated seconds between a change and its controller's look at it


class Kernel:
    """Handed to every part. A *look* is a level-triggered reconcile of one key; looks at one key are not doubled."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.store: ObjectStore = cluster.store
        self.agenda: Agenda = cluster.agenda
        self.behaviours = cluster.behaviours
        self.recorder = EventRecorder(cluster)
        self._waiting: dict[tuple[Look, StoreKey], tuple[float, Planned]] = {}

    def now(self) -> float:
        return self.agenda.now()

    def look(self, how: Look, key: StoreKey, delay: float = SOON) -> None:
        """Look at ``key`` after ``delay``, or sooner where that is planned already."""
        at = self.now() + delay
        planned = self._waiting.get((how, key))
        if planned is not None:
            if planned[0] <= at:
                return
            planned[1].cancel()
        self._waiting[how, key] = (at, self.agenda.at(at, self._run, how, key))

    def _run(self, how: Look, key: StoreKey) -> None:
        self._waiting.pop((how, key), None)
        how(key)

    def tell(
        self, storage: str, obj: Obj, kind: str, reason: str, message: str, source: str, **more: str
    ) -> None:
        """Record an Event about ``obj``; ``kind`` is Normal or Warning."""
        self.recorder.tell(by_storage()[storage], obj, kind, reason, message, source, **more)

    def luck_of(self, obj: Obj) -> random.Random:
        """That of its workload: what happens to others takes none of it."""
        kind = labels_of(obj).get("app") or name_of(obj)
        return self.cluster.luck.of("life", namespace_of(obj), kind)

    def update(self, storage: str, obj: Obj) -> Obj:
        return self.store.update(storage, obj)

    def update_as(self, manager: str, storage: str, before: Obj, after: Obj) -> Obj:
        """``update`` that keeps account in managedFields of who wrote what ``before`` did not have."""
        at = stamp(self.store.now())
        version = after.get("apiVersion", by_storage()[storage].api_version)
        fields = after_update(before, after, manager, "", version, at)
        return self.update(storage, with_meta(after, managedFields=fields))
