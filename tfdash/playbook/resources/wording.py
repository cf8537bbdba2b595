"""Amounts of resources in sentences."""

from __future__ import annotations

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
