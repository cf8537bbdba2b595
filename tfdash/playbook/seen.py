"""The one door of a rule to objects: what it looks for, or a named UNKNOWN, and never anything that was not read.

A rule asks by relation ("the pods whose owner is this ReplicaSet"), not by walking over a kind. So whoever answers knows
what the answer rests on: the judge notes it, and judges again when that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from tfdash.model.kube import Object, Provisional
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.subject import ClusterRef, Key, Subject
from tfdash.model.workload import WorkloadState
from tfdash.playbook.staleness import Unread, lacking, unread

K = TypeVar("K", bound=Object)

Seen: TypeAlias = tuple[K, ...] | Unread
"""Objects, or why they are not known. A type checker lets nobody use the one without having asked for the other."""
Index: TypeAlias = dict[Hashable, dict[Key, Object]]
"""The objects of one kind under the keys that a relation gives them."""


@dataclass(frozen=True, eq=False)
class Relation(Generic[K]):
    """How objects of one kind are found: ``keys`` gives the keys under which one of them is."""

    kind: type[K]
    keys: Callable[[K], Iterable[Hashable]]


class Look(Protocol):
    """What a rule may ask of one cluster."""

    @property
    def ref(self) -> ClusterRef: ...

    def seen(self, relation: Relation[K], key: Hashable) -> Seen[K]:
        """The objects that the relation has under ``key``, in the order of their names."""

    def some(self, relation: Relation[K], key: Hashable) -> tuple[K, ...]:
        """The same, none where they are not known: for what says less without them, and never that all is well."""

    def maybe(self, kind: type[K], key: Key) -> K | None:
        """The object of that name; None where there is none, or where it is not known: likewise."""

    def unread(self, kind: type[Object]) -> Unread | None:
        """Why the objects of a kind are not known (or absent); None where they are."""

    def whole(self, kind: type[Object]) -> bool:
        """Whether those of all namespaces are read, so that what they come to together is known."""

    def lacking(self, kind: type[Object]) -> str:
        """What of a kind that is known could not be read, "" nothing: for whom all of it must be known."""

    def workload(self, subject: Subject) -> WorkloadState | None:
        """What the rule of workloads said of it, where it was judged."""


class Groups:
    """The objects of one cluster by relation. An index is made when it is first asked for, and kept by ``replace``."""

    def __init__(self) -> None:
        self._made: dict[Relation[Any], Index] = {}
        self._of_kind: dict[str, list[Relation[Any]]] = {}

    def get(self, relation: Relation[K], key: Hashable, objects: Objects) -> tuple[K, ...]:
        """``objects``: all of that kind, of which the index is made."""
        index = self._made.get(relation)
        if index is None:
            index = self._made[relation] = _index_of(relation, objects)
            self._of_kind.setdefault(relation.kind.KIND, []).append(relation)
        return _group(index, key)

    def replace(
        self, kind: str, at: Key, before: Object | None, after: Object | None
    ) -> Iterable[tuple[Relation[Any], Hashable]]:
        """One object came, changed or went. Yields where it was found before or is found now."""
        for relation in self._of_kind.get(kind, ()):
            index = self._made[relation]
            if before is not None and not isinstance(before, Provisional):
                for key in relation.keys(before):
                    group = index.get(key)
                    if group is not None:
                        group.pop(at, None)
                        if not group:
                            del index[key]
                    yield relation, key
            if after is not None and not isinstance(after, Provisional):
                yield from ((relation, key) for key in _put(index, relation, at, after))


class Indexes:
    """The objects of clusters by relation, for who asks of picture after picture. An index is kept as long as the objects
    that it was made of are the ones asked of, so a change of one kind costs the indexes of that kind alone.

    Threads may share it, each with a picture of its own: an index is kept when it is whole, with what it was made of.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[ClusterRef, Relation[Any]], tuple[Objects, Index]] = {}

    def get(self, ref: ClusterRef, relation: Relation[K], key: Hashable, objects: Objects) -> tuple[K, ...]:
        """``objects``: all of that kind in that cluster, never changed in place."""
        kept = self._kept.get((ref, relation))
        if kept is None or kept[0] is not objects:
            kept = self._kept[ref, relation] = (objects, _index_of(relation, objects))
        return _group(kept[1], key)


def _index_of(relation: Relation[Any], objects: Objects) -> Index:
    index: Index = {}
    for at, obj in objects.items():
        if not isinstance(obj, Provisional):
            for key in relation.keys(obj):
                group = index.get(key)
                if group is None:
                    index[key] = {at: obj}
                else:
                    group[at] = obj
    return index


def _group(index: Index, key: Hashable) -> tuple[Any, ...]:
    group = index.get(key)
    if not group:
        return ()
    return tuple(group.values()) if len(group) == 1 else tuple([group[at] for at in sorted(group)])


def _put(index: Index, relation: Relation[Any], at: Key, obj: Object) -> list[Hashable]:
    keys = list(relation.keys(obj))
    for key in keys:
        index.setdefault(key, {})[at] = obj
    return keys


_NOBODY: Mapping[Subject, WorkloadState] = {}


class ClusterLook:
    """``Look`` over one picture of a cluster. ``indexes``: the ones to use and to leave to the next look, for who asks
    again; without them its own."""

    def __init__(
        self,
        cluster: ClusterPicture,
        workloads: Mapping[Subject, WorkloadState] = _NOBODY,
        indexes: Indexes | None = None,
    ) -> None:
        self._cluster, self._workloads = cluster, workloads
        self._indexes = Indexes() if indexes is None else indexes

    @property
    def ref(self) -> ClusterRef:
        return self._cluster.ref

    def seen(self, relation: Relation[K], key: Hashable) -> Seen[K]:
        why = self.unread(relation.kind)
        if why is not None and not why.absent:
            return why
        return self._indexes.get(self.ref, relation, key, self._cluster.objects(relation.kind.KIND))

    def some(self, relation: Relation[K], key: Hashable) -> tuple[K, ...]:
        seen = self.seen(relation, key)
        return () if isinstance(seen, Unread) else seen

    def maybe(self, kind: type[K], key: Key) -> K | None:
        why = self.unread(kind)
        obj = self._cluster.objects(kind.KIND).get(key) if why is None else None
        return obj if isinstance(obj, kind) else None

    def unread(self, kind: type[Object]) -> Unread | None:
        return unread(self._cluster.kinds.get(kind.KIND))

    def whole(self, kind: type[Object]) -> bool:
        seen = self._cluster.kinds.get(kind.KIND)
        return seen is not None and not seen.partial

    def lacking(self, kind: type[Object]) -> str:
        return lacking(self._cluster.kinds.get(kind.KIND))

    def workload(self, subject: Subject) -> WorkloadState | None:
        return self._workloads.get(subject)
