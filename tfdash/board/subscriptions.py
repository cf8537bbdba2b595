"""Which kinds are to be kept current, and for whom: each screen says its own, and a source gets the sum."""

from __future__ import annotations

from collections.abc import Mapping

from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef
from tfdash.sources.base import Scope


class Subscriptions:
    """Guarded by whoever holds it."""

    def __init__(self) -> None:
        self._owned: dict[str, tuple[Mapping[str, Scope], ClusterRef | None]] = {}

    def replace(self, owner: str, kinds: Mapping[str, Scope], cluster: ClusterRef | None) -> None:
        """What ``owner`` wants from now on, in ``cluster`` or everywhere; {}: nothing more."""
        if kinds:
            self._owned[owner] = (dict(kinds), cluster)
        else:
            self._owned.pop(owner, None)

    def of(self, ref: ClusterRef) -> dict[str, Scope]:
        """The sum for one cluster."""
        total: dict[str, Scope] = {}
        for wanted, only in self._owned.values():
            if only is None or only == ref:
                for kind, scope in wanted.items():
                    total[kind] = total[kind].union(scope) if kind in total else scope
        return total

    def unsettled(self, picture: Picture) -> tuple[tuple[ClusterRef, str], ...]:
        """What has neither come whole nor failed yet; kind "" stands for the cluster itself."""
        waiting: list[tuple[ClusterRef, str]] = []
        for ref, cluster in picture.clusters.items():
            if cluster.info.value is None and cluster.info.problem is None:
                waiting.append((ref, ""))
            for kind in self.of(ref):
                seen = cluster.kinds.get(kind)
                if seen is None or not (seen.complete or seen.problem is not None):
                    waiting.append((ref, kind))
        return tuple(waiting)
