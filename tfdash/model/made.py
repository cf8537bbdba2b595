"""The kinds that a source makes and no server has. Rules see them by the one door, with their freshness and their problem, as any other."""

from __future__ import annotations

from tfdash.model.autoscaling import ClusterAutoscaler
from tfdash.model.certificates import HeldCertificate, ServedCertificate, ToldCertificate
from tfdash.model.helm import StoredRelease
from tfdash.model.kube import Object
from tfdash.model.usage import INSTEAD, NodeMetrics, PodMetrics, Usage, UsageHistory, VolumeUsage

MADE: dict[str, type[Object]] = {
    **{
        kind.KIND: kind
        for kind in (
            Usage,
            UsageHistory,
            VolumeUsage,
            ClusterAutoscaler,
            ServedCertificate,
            HeldCertificate,
            StoredRelease,
            ToldCertificate,
        )
    },
    INSTEAD["PodMetrics"]: PodMetrics,
    INSTEAD["NodeMetrics"]: NodeMetrics,
}
"""By the name under which they stand in the picture."""
MADE_OF: frozenset[str] = frozenset({"PodMetrics", "NodeMetrics"})
"""Kinds that no rule looks at and that are kept current all the same: of them and of others the ``MADE`` are made."""
