"""What each terminal reaches, as it said last. It is said only while somebody does not reach a cluster: a second point of view for whoever
is to decide whether the cluster is gone, or the way to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tfdash.model.store_state import TerminalView
from tfdash.model.subject import ClusterRef

TOPIC = "reach"
_MOST = 64  # clusters that one entry may speak of


class ViewFacts:
    """``apply`` takes the ``data`` of one entry of the topic ``TOPIC``, in any order."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, ClusterRef], TerminalView] = {}
        self._told: tuple[TerminalView, ...] | None = ()

    def apply(self, at: float, data: Mapping[str, Any], terminal: str) -> None:
        """What cannot be read says nothing."""
        rows = data.get("views")
        for row in rows[:_MOST] if isinstance(rows, list) else ():
            if not isinstance(row, Mapping) or not isinstance(row.get("reaches"), bool):
                continue
            ref = ClusterRef(str(row.get("environment", "")), str(row.get("cluster", "")))
            before = self._newest.get((terminal, ref))
            if ref.cluster and (before is None or before.at <= at):
                self._newest[terminal, ref] = TerminalView(
                    terminal=terminal,
                    machine=str(data.get("machine", "")),
                    cluster=ref,
                    at=at,
                    reaches=row["reaches"],
                )
                self._told = None

    def told(self) -> tuple[TerminalView, ...]:
        """The newest of each terminal and cluster. The same object while nothing is new."""
        if self._told is None:
            self._told = tuple(self._newest[key] for key in sorted(self._newest))
        return self._told


def data_of_views(machine: str, views: Iterable[tuple[ClusterRef, bool]]) -> dict[str, Any]:
    """An entry's ``data``: which clusters are reached from ``machine``."""
    return {
        "topic": TOPIC,
        "machine": machine,
        "views": [
            {"environment": ref.environment, "cluster": ref.cluster, "reaches": reaches}
            for ref, reaches in views
        ],
    }
