"""Cores, bytes and shares as text: kubectl's canonical quantities, and figures of one precision down a column."""

from __future__ import annotations

_BINARY = (("Ei", 2**60), ("Pi", 2**50), ("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))
_DECIMAL = (("P", 10**15), ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3))


def parse_quantity(text: str) -> float | None:
    """``500m``, ``64Mi``, ``2k``, ``3`` as a number, in whatever case; None for what is none."""
    low = text.lower()
    units = {unit.lower(): factor for unit, factor in (*_BINARY, *_DECIMAL)} | {"": 1}
    end = len(low.rstrip("abcdefghijklmnopqrstuvwxyz"))
    number, unit = low[:end], low[end:]
    if unit == "m" and number.replace(".", "", 1).isdecimal():
        return float(number) / 1000
    if unit not in units or not number.replace(".", "", 1).isdecimal():
        return None
    return float(number) * units[unit]


def canonical_cores(cores: float) -> str:
    """As the API writes a CPU quantity: whole cores, or millicores (``250m``)."""
    milli = round(cores * 1000)
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def canonical_bytes(size: float) -> str:
    """As the API writes a memory quantity: the largest binary unit that divides it (``256Mi``), else plain bytes."""
    whole = round(size)
    for unit, factor in _BINARY:
        if whole and whole % factor == 0:
            return f"{whole // factor}{unit}"
    return str(whole)


def canonical_number(value: float) -> str:
    """As the API writes a plain decimal quantity: ``12``, ``12k``, ``500m``."""
    milli = round(value * 1000)
    if milli % 1000:
        return f"{milli}m"
    whole = milli // 1000
    for unit, factor in _DECIMAL:
        if whole and whole % factor == 0:
            return f"{whole // factor}{unit}"
    return str(whole)


def quantity(value: float | None, unit: str) -> str:
    """A metric's value in its ``unit`` ("%", "cores", "bytes" or ""), canonical; ``<unknown>`` for None."""
    if value is None:
        return "<unknown>"
    if unit == "%":
        return f"{round(value)}%"
    if unit == "cores":
        return canonical_cores(value)
    return canonical_bytes(value) if unit == "bytes" else canonical_number(value)


def cores(value: float | None) -> str:
    """For a column in cores: always two decimals, so that points stand under each other."""
    return "-" if value is None else f"{value:.2f}"


def size(value: float | None, unit: str = "Gi") -> str:
    """For a column in ``unit`` (named in its head): one decimal."""
    factor = dict(_BINARY)[unit]
    return "-" if value is None else f"{value / factor:.1f}"


def percent(part: float, whole: float) -> str:
    """``78 %``; ``-`` where there is no whole to take a share of."""
    return f"{100 * part / whole:.0f} %" if whole > 0 else "-"
