"""Makes pictures of what is put, one after the other, and notes what differs: the board does so of what its sources see, a
replay of what was recorded of that."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from tfdash.board.pending import PendingChange
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, ClusterPicture, Objects, Picture, ServerInfo, SourceInfo
from tfdash.model.store_state import StoreState
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.traffic import Published, with_signals


class Entered(NamedTuple):
    """One thing that entered the board at a time (epoch seconds): ``what`` names a method of ``Fold``, "put_objects" and so on,
    and ``arguments`` are what it takes behind the time."""

    at: float
    what: str
    arguments: tuple[Any, ...]


class Fold:
    """``picture`` is the newest, replaced and never mutated. Each put returns whether anything is to be told. Guarded by
    whoever holds it."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self._pending = PendingChange()

    def put(self, one: Entered) -> bool:
        told: bool = getattr(self, one.what)(one.at, *one.arguments)
        return told

    def put_objects(
        self,
        at: float,
        ref: ClusterRef,
        kind: str,
        observation: Observation[Objects],
        changed: frozenset[Key] | None,
    ) -> bool:
        cluster = self.picture.clusters[ref]
        self._replace(at, msgspec.structs.replace(cluster, kinds={**cluster.kinds, kind: observation}))
        self._pending.objects((ref, kind), changed)
        return True

    def drop_objects(self, at: float, ref: ClusterRef, kind: str) -> bool:
        cluster = self.picture.clusters[ref]
        if kind not in cluster.kinds:
            return False
        kinds = {k: seen for k, seen in cluster.kinds.items() if k != kind}
        self._replace(at, msgspec.structs.replace(cluster, kinds=kinds))
        self._pending.objects((ref, kind), None)
        return True

    def put_info(self, at: float, ref: ClusterRef, observation: Observation[ServerInfo]) -> bool:
        self._replace(at, msgspec.structs.replace(self.picture.clusters[ref], info=observation))
        self._pending.info(ref)
        return True

    def put_signals(self, at: float, published: Published) -> bool:
        signals, changed = with_signals(self.picture.signals, published)
        if changed:
            self._next(at, signals=signals)
            self._pending.signals(changed)
        return bool(changed)

    def put_store_state(self, at: float, state: StoreState) -> bool:
        self._pending.store(self.picture.store_state, state)
        self._next(at, store_state=state)
        return True

    def put_status(self, at: float, source: str, status: Observation[SourceInfo]) -> bool:
        self._next(at, sources={**self.picture.sources, source: status})
        self._pending.source(source)
        return True

    def show(self, picture: Picture) -> None:
        """Another picture in the place of this one: anything may differ."""
        before = self.picture
        self.picture = msgspec.structs.replace(picture, number=before.number + 1)
        for shown in (before, picture):
            self.mark(shown)
        self._pending.rest(*before.sources, *picture.sources)

    def mark(self, picture: Picture) -> None:
        """Each kind of it is to be looked at anew."""
        for ref, cluster in picture.clusters.items():
            self._pending.info(ref)
            for kind in cluster.kinds:
                self._pending.objects((ref, kind), None)

    def take(self) -> Change:
        """What differs since it was taken last."""
        return self._pending.take()

    def _replace(self, at: float, cluster: ClusterPicture) -> None:
        self._next(at, clusters={**self.picture.clusters, cluster.ref: cluster})

    def _next(self, at: float, **changes: Any) -> None:
        number = self.picture.number + 1
        self.picture = msgspec.structs.replace(self.picture, at=at, number=number, **changes)
