"""Prometheus as a source of the board: raw samples of what is judged, alerts, probes.

Nothing here imports requests or prometheus-api-client before the first round.
"""

from tfdash.sources.prometheus.connecting import (
    certificate_metrics_for,
    present_usage_for,
    source_for,
    usage_history_for,
    volume_usage_for,
)
from tfdash.sources.prometheus.options import Connection, Options, options_of
from tfdash.sources.prometheus.source import PrometheusSource
from tfdash.sources.prometheus.usage.source import Windows

__all__ = [
    "Connection",
    "Options",
    "PrometheusSource",
    "Windows",
    "certificate_metrics_for",
    "options_of",
    "present_usage_for",
    "source_for",
    "usage_history_for",
    "volume_usage_for",
]
