"""Amounts of resources in sentences."""

from __future__ import annotations

from tfdash.model.kube import Metric
from tfdash.quantities import NANO, rounded

_UNITS = (("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10))
_BYTES = ("memory", "storage", "hugepages-", "bytes")


def written(resource: str, nanos: int) -> str:
    """``1500m`` of CPU, ``1.5Gi`` of memory or storage, a count of anything else. Rounded up, so that what is asked for never
    looks smaller than it is."""
    name = resource.rpartition(".")[2] if resource.startswith(("requests.", "limits.")) else resource
    if name == "cpu":
        milli = rounded(nanos, NANO // 1000)
        return f"{milli}m" if milli % 1000 else str(milli // 1000)
    whole = rounded(nanos)
    if any(part in name for part in _BYTES):
        for unit, power in _UNITS:
            if abs(whole) >= 1 << power:
                tenths = rounded(whole * 10, 1 << power)
                return f"{tenths // 10}{unit}" if tenths % 10 == 0 else f"{tenths / 10:.1f}{unit}"
    return str(whole)


def metric_name(metric: Metric) -> str:
    """``cpu``, ``cpu of main``."""
    return f"{metric.name} of {metric.container}" if metric.container else metric.name


def metric_words(metric: Metric) -> str:
    """``cpu 71 % of 70 %``."""
    target = "" if metric.target is None else f" of {_value(metric, metric.target)}"
    return f"{metric_name(metric)} {_value(metric, metric.current)}{target}"


def _value(metric: Metric, value: float | None) -> str:
    if value is None:
        return "unknown"
    resource = {"cores": "cpu", "bytes": "memory"}.get(metric.unit)
    if resource is not None:
        return written(resource, round(value * NANO))
    return f"{value:.0f} %" if metric.unit == "%" else f"{value:.15g}"
