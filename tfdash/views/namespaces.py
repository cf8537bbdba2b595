"""Whether namespaces that a person named are there: asked of the clusters, once, where nothing in them was seen."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from tfdash.model.picture import Picture
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef
from tfdash.views import says


class NamespaceReader(Protocol):
    """What is asked of the board."""

    picture: Picture

    def read_labelled(
        self, ref: ClusterRef, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> Awaitable[tuple[Mapping[str, Any], ...]]: ...


async def unknown_namespace(board: NamespaceReader, names: tuple[str, ...]) -> str:
    """A sentence on the first of ``names`` that no cluster has, with the nearest one; "" where all are there, or where a cluster
    does not say which it has."""
    clusters = board.picture.clusters
    known = says.namespaces_of(clusters.values())
    missing = [name for name in names if name not in known]
    for ref in clusters if missing else ():
        try:
            listed = await board.read_labelled(ref, "Namespace", None, "", metadata=True)
        except (ReadFailed, RuntimeError):  # the board is not up, or is gone
            return ""
        known |= {str(item.get("metadata", {}).get("name", "")) for item in listed}
    missing = [name for name in missing if name not in known]
    return says.no_namespace(missing[0], known, whole=True) if missing else ""
