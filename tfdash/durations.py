"""Durations as text, without pydantic: the first frame needs them too."""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_LONGEST = 86400.0 * 365 * 10_000
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: Any) -> float:
    """``"10s"``, ``"1h30m"`` to seconds. A bare number is refused: its unit would be a guess."""
    if isinstance(value, str):
        text = value.strip()
        parts = _PART.findall(text)
        if parts and "".join(n + u for n, u in parts) == text:
            seconds = sum(float(n) * _SECONDS[u] for n, u in parts)
            if seconds < _LONGEST:
                return seconds
            raise ValueError(f"{value!r} is longer than any clock runs; write less than 10000 years")
    raise ValueError(f'{value!r} is not a duration; write it as "10s", "5m", "1h30m" or "14d"')


def write_duration(seconds: float) -> str:
    """The shortest spelling that ``parse_duration`` reads back."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    return f"{round(seconds * 1000)}ms"


def tell_duration(seconds: float) -> str:
    """How long something took, for people: ``41s``, ``17m33s``, ``1h2m``, ``3d4h``; to the second where it says minutes."""
    whole = max(round(seconds), 0)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    parts = (days, hours) if days else (hours, minutes) if hours else (minutes, whole % 60)
    units = "dh" if days else "hm" if hours else "ms"
    return "".join(f"{n}{u}" for n, u in zip(parts, units, strict=True) if n) or "0s"
