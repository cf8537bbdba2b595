"""The last copy of each feed that could be read, as it came, beside the store's files. Blocking."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from tfdash.sources.feeds.fetching import MOST


class Copy(NamedTuple):
    """``read_at``: epoch seconds."""

    data: bytes
    read_at: float


def _path(folder: Path, name: str, place: str) -> Path:
    """Of a name and where it comes from: another address is another feed."""
    return folder / f"{sha256(json.dumps([name, place]).encode()).hexdigest()[:32]}.ics"


def recall(folder: Path | None, name: str, place: str) -> Copy | None:
    """None where there is none, or it cannot be read."""
    if folder is None:
        return None
    with suppress(OSError, ValueError):
        head, _, data = _path(folder, name, place).read_bytes()[: MOST + 100].partition(b"\n")
        return Copy(data, float(head))
    return None


def keep(folder: Path | None, name: str, place: str, copy: Copy) -> None:
    """Whole or not at all; where that fails the copy lives as long as we do."""
    if folder is None:
        return
    with suppress(OSError):
        path = _path(folder, name, place)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(f"{copy.read_at}\n".encode() + copy.data)
        os.replace(beside, path)
