"""What was measured of pods and nodes, of the source that is in use."""

from __future__ import annotations

from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.usage import INSTEAD


def measured_objects(cluster: ClusterPicture, kind: str) -> Objects:
    """Of ``PodMetrics`` and ``NodeMetrics`` those of Prometheus while it stands in; of another kind its own."""
    return cluster.objects(INSTEAD.get(kind, kind)) or cluster.objects(kind)
