"""A file that the configuration names, read within bounds: a pipe or a device may never end, and nothing waits for one."""

from __future__ import annotations

from pathlib import Path


def read_named(path: str, most: int) -> bytes:
    """What it holds. Raises ``OSError``, and ``ValueError`` in words for what is no file or has more than ``most`` bytes."""
    try:
        file = Path(path).expanduser()
    except RuntimeError:  # ~nobody/x
        raise ValueError("it is in the home of somebody who is not there") from None
    if file.exists() and not file.is_file():
        raise ValueError("it is no file")
    with file.open("rb") as opened:
        raw = opened.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return raw
