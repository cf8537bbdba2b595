"""[recording]: the ring of the last minutes that every terminal keeps on its disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from tfdash.durations import parse_duration, write_duration
from tfdash.setting import Between, Note, SettingsTable, Spelled

OFF = "off"
LEAST = 1_000_000
"""Bytes of a ring or a file."""
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
_SIZE = re.compile(r"(\d{1,6})\s?(KB|MB|GB)")


def _span(value: Any) -> float:
    """Seconds; 0 for none."""
    seconds = 0.0 if value == OFF else parse_duration(value)
    if not seconds and value != OFF:
        raise ValueError(f'{value!r} is no time; write "off" for no ring')
    return seconds


def _write_span(seconds: float) -> str:
    return write_duration(seconds) if seconds else OFF


def parse_size(value: Any) -> int:
    """Bytes of ``64MB``. Raises ``ValueError``."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{value!r} is no size; write it as "64MB" or "1GB"')
    return int(found[1]) * _UNITS[found[2]]


def write_size(size: float) -> str:
    """The shortest spelling that ``parse_size`` reads back, of whole kilobytes."""
    unit = next((name for name in ("GB", "MB") if size % _UNITS[name] == 0), "KB")
    return f"{int(size) // _UNITS[unit]}{unit}"


@dataclass(frozen=True)
class RecordingSettings(SettingsTable):
    """The last minutes of what is seen and judged, on disk, without secrets, for a replay of what happened. See "tfdash replay --help"."""

    ring: Annotated[
        float,
        Spelled(_span, _write_span),
        Between(0, 86_400, _write_span),
        Note('for how long; "off": nothing is kept'),
    ] = 1800.0
    size: Annotated[
        int,
        Spelled(parse_size, write_size),
        Between(LEAST, 10_000_000_000, write_size),
        Note("of one terminal's ring, at most"),
    ] = 64_000_000
    file_size: Annotated[
        int,
        Spelled(parse_size, write_size),
        Between(LEAST, 1_000_000_000_000, write_size),
        Note("of a file of --record or tfdash record, at most: it ends there, and plays"),
    ] = 1_000_000_000
