"""What rows say of other objects than their own: what the pods of a node ask for, and what each pod and node uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tfdash.model.picture import Objects
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.update import Update
from tfdash.views.kinds.base import KindView, NodeUse
from tfdash.views.kinds.nodes import adjust_use, use_of
from tfdash.views.measured_objects import measured_objects

_NOTHING: Objects = {}
_NO_USE: Mapping[str, NodeUse] = {}


class Beside:
    """Of the rows of one view, kept current from the same updates."""

    def __init__(self, view: KindView) -> None:
        self._view = view
        self._use: dict[ClusterRef, dict[str, NodeUse]] = {}
        self._pods: dict[ClusterRef, Objects] = {}
        self._measured: dict[ClusterRef, Objects] = {}

    def use(self, ref: ClusterRef) -> Mapping[str, NodeUse]:
        """By node name."""
        return self._use.get(ref, _NO_USE)

    def measured(self, ref: ClusterRef) -> Objects:
        """By the key of the row."""
        return self._measured.get(ref, _NOTHING)

    def follow_pods(self, update: Update, ref: ClusterRef, nodes: Objects) -> Iterable[str]:
        """What the pods of each node ask for, pod by pod; returns the names of the nodes for which it changed."""
        if "Pod" not in self._view.needs:
            return ()
        pods = update.picture.clusters[ref].objects("Pod")
        before = self._pods.get(ref, _NOTHING)
        if pods is before:
            return ()
        keys = update.change.keys.get((ref, "Pod"))
        self._pods[ref] = pods
        if keys is None:
            self._use[ref] = use_of(pods.values())
            return [key.name for key in nodes]
        use = self._use.setdefault(ref, {})
        return {name for key in keys for name in adjust_use(use, before.get(key), pods.get(key))}

    def follow_measured(self, update: Update, ref: ClusterRef) -> Iterable[Key]:
        """Of whom something else was measured than before."""
        if not self._view.measured_by:
            return ()
        after = measured_objects(update.picture.clusters[ref], self._view.measured_by)
        before = self._measured.get(ref, _NOTHING)
        if after is before:
            return ()
        self._measured[ref] = after
        gone = [key for key in before if key not in after]
        return [*(key for key, found in after.items() if before.get(key) is not found), *gone]
