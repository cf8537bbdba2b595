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
from tfdash.playbook.staleness import Unread, unread

K = TypeVar("K", bound=Object)

Seen: TypeAlias = tuple[K, ...] | Unread
"""Objects, or why they are not known. A type checker lets nobody use the one without having asked for the other."""


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

    def workload(self, subject: Subject) -> WorkloadState | None:
        """What the rule of workloads said of it, where it was judged."""


class Groups:
    """The objects of one cluster by relation. An index is made when it is first asked for, and kept by ``replace``."""

    def __init__(self) -> None:
        self._made: dict[Relation[Any], dict[Hashable, dict[Key, Object]]] = {}
        self._of_kind: dict[str, list[Relation[Any]]] = {}

    def get(self, relation: Relation[K], key: Hashable, objects: Objects) -> tuple[K, ...]:
        """``objects``: all of that kind, of which the index is made."""
        index = self._made.get(relation)
        if index is None:
            index = self._made[relation] = {}
            self._of_kind.setdefault(relation.kind.KIND, []).append(relation)
            for at, obj in objects.items():
                if not isinstance(obj, Provisional):
                    _put(index, relation, at, obj)
        group = index.get(key)
        return tuple(group[at] for at in sorted(group)) if group else ()  # type: ignore[misc]  # all of that kind

    def replace(
        self, kind: str, at: Key, before: Object | None, after: Object | None
    ) -> Iterable[tuple[Relation[Any], Hashable]]:
        """One object came, changed or went. Yields where it was found before or is found now."""
        for relation in self._of_kind.get(kind, ()):
            index = self._made[relation]
            if before is not None:
                for key in relation.keys(before):
                    group = index.get(key)
                    if group is not None:
                        group.pop(at, None)
                        if not group:
                            del index[key]
                    yield relation, key
            if after is not None:
                yield from ((relation, key) for key in _put(index, relation, at, after))


def _put(
    index: dict[Hashable, dict[Key, Object]], relation: Relation[Any], at: Key, obj: Object
) -> list[Hashable]:
    keys = list(relation.keys(obj))
    for key in keys:
        index.setdefault(key, {})[at] = obj
    return keys


_NOBODY: Mapping[Subject, WorkloadState] = {}


class ClusterLook:
    """``Look`` over one picture of a cluster, for who asks once."""

    def __init__(self, cluster: ClusterPicture, workloads: Mapping[Subject, WorkloadState] = _NOBODY) -> None:
        self._cluster, self._workloads = cluster, workloads
        self._groups = Groups()

    @property
    def ref(self) -> ClusterRef:
        return self._cluster.ref

    def seen(self, relation: Relation[K], key: Hashable) -> Seen[K]:
        why = self.unread(relation.kind)
        if why is not None and not why.absent:
            return why
        return self._groups.get(relation, key, self._cluster.objects(relation.kind.KIND))

    def some(self, relation: Relation[K], key: Hashable) -> tuple[K, ...]:
        seen = self.seen(relation, key)
        return () if isinstance(seen, Unread) else seen

    def maybe(self, kind: type[K], key: Key) -> K | None:
        why = self.unread(kind)
        obj = self._cluster.objects(kind.KIND).get(key) if why is None else None
        return obj if isinstance(obj, kind) else None

    def unread(self, kind: type[Object]) -> Unread | None:
        return unread(self._cluster.kinds.get(kind.KIND))

    def workload(self, subject: Subject) -> WorkloadState | None:
        return self._workloads.get(subject)
