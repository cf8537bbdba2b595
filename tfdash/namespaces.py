"""What a Kubernetes namespace can be called, and which are not there. An API server lists one that cannot be, or is not, as if
it were empty."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfdash.model.picture import AbsentNamespace, ClusterPicture

LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def check_namespace(name: str) -> str:
    """``name``. Raises ``ValueError`` in words."""
    if not LABEL.fullmatch(name):
        raise ValueError(
            f'"{name}" cannot be a namespace: its name is of a-z, 0-9 and "-", at most 63; see: kubectl get namespaces'
        )
    return name


def absent(clusters: Iterable[ClusterPicture]) -> list[AbsentNamespace]:
    """The namespaces to which what is read is restricted and which are not there: in no cluster, or not in the one for which
    they are configured. Of a cluster that did not answer nothing is known."""
    said = [c.info.value.missing if c.info.value is not None else () for c in clusters]
    everywhere = set.intersection(*({one.name for one in missing} for missing in said)) if said else set()
    found: dict[str, AbsentNamespace] = {}
    for one in (one for missing in said for one in missing if one.configured or one.name in everywhere):
        if not found.get(one.name, one._replace(nearest="")).nearest:
            found[one.name] = one
    return [found[name] for name in sorted(found)]
