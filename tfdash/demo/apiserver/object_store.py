"""The objects of one cluster: one resourceVersion counter, a bounded history for watches and old lists, watchers.

Stored objects are never changed in place. What a list at an older resourceVersion showed is found by undoing the
history from the present, so a page's continue token costs nothing to keep; once the history no longer reaches back,
such a list and such a watch are 410 Gone, as they are after etcd's compaction.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import msgspec

from tfdash.demo.apiserver.objects import (
    Obj,
    controller_of,
    labels_of,
    make_uid,
    name_of,
    namespace_of,
    stamp,
    with_meta,
)
from tfdash.demo.luck import Luck

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"
StoreKey = tuple[str, str]  # namespace, name
FIRST_VERSION = 1000
WATCH_BACKLOG = 10_000  # events a watcher may lie behind before it is cut off, as a slow client is
_encode = msgspec.json.Encoder().encode


class Stored:
    """One version of one object, with its JSON written once."""

    __slots__ = ("_json", "key", "obj", "version")

    def __init__(self, obj: Obj, version: int) -> None:
        self.obj = obj
        self.key: StoreKey = (namespace_of(obj), name_of(obj))
        self.version = version
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """The object without ``kind`` and ``apiVersion``."""
        if self._json is None:
            self._json = _encode(self.obj)
        return self._json


class Happened(NamedTuple):
    """One change: ``type`` is ADDED, MODIFIED or DELETED; ``now`` the object after it (its last state if deleted)."""

    version: int
    type: str
    now: Stored
    before: Stored | None


class Gone(Exception):
    """The history does not reach back to ``asked``; it begins after ``oldest``."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {asked} ({oldest})")
        self.asked = asked
        self.oldest = oldest


class Exists(Exception):
    """An object of that name is there already."""


class Stale(Exception):
    """The object is another one (``uid``) or another version than the writer thought."""


class Missing(Exception):
    """No such object."""


class Watcher:
    """What one watch has not sent yet. ``cut`` is set when it fell too far behind, or its server drops it."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.pending: deque[Happened] = deque()
        self.ready = asyncio.Event()
        self.cut = False

    def offer(self, event: Happened) -> None:
        if self.namespace and event.now.key[0] != self.namespace:
            return
        if len(self.pending) >= WATCH_BACKLOG:
            self.cut = True
        else:
            self.pending.append(event)
        self.ready.set()


class Shelf:
    """All objects of one kind."""

    def __init__(self, history: int) -> None:
        self.items: dict[StoreKey, Stored] = {}
        self.order: list[StoreKey] = []
        self.owned: dict[str, set[StoreKey]] = {}  # by the uid of the controller
        self.history: deque[Happened] = deque()
        self.oldest = 0  # everything after this resourceVersion is in the history
        self.capacity = history
        self.watchers: set[Watcher] = set()

    @property
    def newest(self) -> int:
        """The version of its last change; of the last that was forgotten where none is kept."""
        return self.history[-1].version if self.history else self.oldest

    def put(self, stored: Stored) -> None:
        if stored.key not in self.items:
            insort(self.order, stored.key)
            owner = controller_of(stored.obj)
            if owner is not None:
                self.owned.setdefault(owner["uid"], set()).add(stored.key)
        else:
            before, after = controller_of(self.items[stored.key].obj), controller_of(stored.obj)
            if (before or {}).get("uid") != (after or {}).get("uid"):
                self._disown(stored.key, before)
                if after is not None:
                    self.owned.setdefault(after["uid"], set()).add(stored.key)
        self.items[stored.key] = stored

    def drop(self, key: StoreKey) -> None:
        stored = self.items.pop(key)
        del self.order[bisect_left(self.order, key)]
        self._disown(key, controller_of(stored.obj))

    def _disown(self, key: StoreKey, owner: Obj | None) -> None:
        if owner is None:
            return
        keys = self.owned.get(owner["uid"])
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self.owned[owner["uid"]]

    def keys(self, namespace: str) -> list[StoreKey]:
        if not namespace:
            return self.order
        return self.order[
            bisect_left(self.order, (namespace, "")) : bisect_left(self.order, (namespace + "\0", ""))
        ]

    def record(self, event: Happened) -> None:
        self.history.append(event)
        self.trim()
        for watcher in tuple(self.watchers):
            watcher.offer(event)

    def trim(self) -> None:
        while len(self.history) > self.capacity:
            self.oldest = self.history.popleft().version


class Listener(Protocol):
    """Told of each change of the stored kind it listens to, after it happened."""

    def __call__(self, storage: str, event: Happened) -> None: ...


class ObjectStore:
    """See the module. ``now`` gives the time for creation stamps; ``luck`` the uids."""

    def __init__(self, now: Callable[[], float], luck: Luck, history: int = 20_000) -> None:
        self.now = now
        self.luck = luck
        self.version = FIRST_VERSION
        self._history = history
        self._shelves: dict[str, Shelf] = {}
        self._listeners: dict[str, list[Listener]] = {}

    def shelf(self, storage: str) -> Shelf:
        found = self._shelves.get(storage)
        if found is None:
            found = self._shelves[storage] = Shelf(self._history)
        return found

    def listen(self, storage: str, listener: Listener) -> None:
        self._listeners.setdefault(storage, []).append(listener)

    # -- reading ------------------------------------------------------------------------------------------------

    def get(self, storage: str, namespace: str, name: str) -> Stored | None:
        return self.shelf(storage).items.get((namespace, name))

    def find(self, storage: str, namespace: str, name: str) -> Obj | None:
        stored = self.get(storage, namespace, name)
        return stored.obj if stored is not None else None

    def all(self, storage: str, namespace: str = "") -> Iterator[Obj]:
        """The present objects in key order. The caller may write while it reads."""
        shelf = self.shelf(storage)
        for key in list(shelf.keys(namespace)):
            stored = shelf.items.get(key)
            if stored is not None:
                yield stored.obj

    def owned(self, storage: str, owner: Obj) -> list[Obj]:
        """What ``owner`` controls, in name order."""
        shelf = self.shelf(storage)
        return [shelf.items[key].obj for key in sorted(shelf.owned.get(owner["metadata"]["uid"], ()))]

    def listed(self, storage: str, namespace: str, at: int | None = None) -> list[Stored]:
        """All versions current at resourceVersion ``at`` (None: now), in key order. Raises ``Gone``."""
        shelf = self.shelf(storage)
        if at is None or at >= self.version:
            return [shelf.items[key] for key in shelf.keys(namespace)]
        if at < shelf.oldest:
            raise Gone(at, shelf.oldest)
        items = {key: shelf.items[key] for key in shelf.keys(namespace)}
        for event in reversed(shelf.history):
            if event.version <= at:
                break
            if namespace and event.now.key[0] != namespace:
                continue
            if event.type == ADDED:
                items.pop(event.now.key, None)
            elif event.before is not None:
                items[event.now.key] = event.before
        return [items[key] for key in sorted(items)]

    def since(self, storage: str, namespace: str, version: int) -> list[Happened]:
        """What happened after ``version``. Raises ``Gone``."""
        shelf = self.shelf(storage)
        if version < shelf.oldest:
            raise Gone(version, shelf.oldest)
        found = []
        for event in reversed(shelf.history):
            if event.version <= version:
                break
            if not namespace or event.now.key[0] == namespace:
                found.append(event)
        found.reverse()
        return found

    def watch(self, storage: str, namespace: str) -> Watcher:
        watcher = Watcher(namespace)
        self.shelf(storage).watchers.add(watcher)
        return watcher

    def unwatch(self, storage: str, watcher: Watcher) -> None:
        self.shelf(storage).watchers.discard(watcher)

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, storage: str, obj: Obj, at: float | None = None) -> Obj:
        """Store a new object with uid, creation time (``at``, default now) and resourceVersion. Raises ``Exists``."""
        key = (namespace_of(obj), name_of(obj))
        if key in self.shelf(storage).items:
            raise Exists
        given = obj["metadata"]
        meta: Obj = {"name": key[1]}
        if given.get("generateName"):
            meta["generateName"] = given["generateName"]
        if key[0]:
            meta["namespace"] = key[0]
        meta["uid"] = given.get("uid") or make_uid(
            self.luck.of("uid", storage, key[0], labels_of(obj).get("app", ""))
        )
        meta["resourceVersion"] = ""
        if "generation" in given:
            meta["generation"] = given["generation"]
        meta["creationTimestamp"] = stamp(self.now() if at is None else at)
        meta |= {k: v for k, v in given.items() if k not in meta and v not in (None, {}, [])}
        return self._commit(storage, ADDED, {**obj, "metadata": meta}, None)

    def update(self, storage: str, obj: Obj, expect: str | None = None) -> Obj:
        """Replace an object; ``expect`` is the resourceVersion it must have. Nothing happens when nothing differs."""
        before = self.get(storage, namespace_of(obj), name_of(obj))
        if before is None:
            raise Missing
        if expect and expect != before.obj["metadata"]["resourceVersion"]:
            raise Stale
        same = with_meta(obj, resourceVersion=before.obj["metadata"]["resourceVersion"])
        if same == before.obj:
            return before.obj
        return self._commit(storage, MODIFIED, obj, before)

    def delete(self, storage: str, namespace: str, name: str) -> Obj:
        """Remove an object at once; returns its last state. Raises ``Missing``."""
        before = self.get(storage, namespace, name)
        if before is None:
            raise Missing
        return self._commit(storage, DELETED, before.obj, before)

    def _commit(self, storage: str, kind: str, obj: Obj, before: Stored | None) -> Obj:
        self.version += 1
        stored = Stored(
            {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}, self.version
        )
        shelf = self.shelf(storage)
        if kind == DELETED:
            shelf.drop(stored.key)
        else:
            shelf.put(stored)
        event = Happened(self.version, kind, stored, before)
        shelf.record(event)
        for listener in self._listeners.get(storage, ()):
            listener(storage, event)
        return stored.obj

    # -- drills -------------------------------------------------------------------------------------------------

    def forget(self, keep: int = 0, capacity: int | None = None) -> None:
        """Shorten the history to ``keep`` events a kind, as a compaction does; ``capacity`` also bounds it from now."""
        for shelf in self._shelves.values():
            while len(shelf.history) > keep:
                shelf.history.popleft()
            shelf.oldest = max(shelf.oldest, shelf.history[0].version - 1 if shelf.history else self.version)
            if capacity is not None:
                shelf.capacity = capacity
                shelf.trim()
        if capacity is not None:
            self._history = capacity

    def drop_watches(self) -> None:
        """End every open watch, as a restart of the server does."""
        for shelf in self._shelves.values():
            for watcher in tuple(shelf.watchers):
                watcher.cut = True
                watcher.ready.set()
