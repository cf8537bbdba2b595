"""Who a thing is. The key of everything; no screen assumes one cluster."""

from __future__ import annotations

from typing import NamedTuple


class ClusterRef(NamedTuple):
    """One cluster of one environment, by the names that the configuration gives them."""

    environment: str
    cluster: str


class Key(NamedTuple):
    """An object inside one cluster and kind; ``namespace`` is "" for cluster-scoped kinds."""

    namespace: str
    name: str


class Subject(NamedTuple):
    """An object anywhere. ``uid`` is "" until it is known; equality by uid is the caller's choice."""

    cluster: ClusterRef
    kind: str
    namespace: str
    name: str
    uid: str = ""

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"
