"""Prometheus as a feeder of the board: raw samples of what is judged, alerts, probes.

``feeder_of`` puts it together from the raw configuration. Nothing here imports requests or prometheus-api-client before
the first round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.clock import Clock
from tfdash.model.subject import ClusterRef
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.prometheus.connecting import feeder_for
from tfdash.sources.prometheus.options import connection_of, options_of
from tfdash.sources.prometheus.source import PrometheusSource

__all__ = ["PrometheusSource", "feeder_of"]


def feeder_of(
    ref: ClusterRef,
    raw: Mapping[str, Any],
    table: Mapping[str, Any],
    credentials: Credentials | None,
    clock: Clock,
) -> PrometheusSource | None:
    """The feeder of one cluster; None where no Prometheus is named.

    ``raw`` is the whole configuration, ``table`` the cluster's own (or its environment's) ``prometheus`` table,
    ``credentials`` the cluster's (``KubernetesSource.credentials``), for the service proxy. Raises ``TemplateError``
    (a ``ValueError``) with one sentence where a template cannot be used.
    """
    connection = connection_of(table)
    if connection is None:
        return None
    return feeder_for(ref, connection, options_of(raw), credentials, clock)
