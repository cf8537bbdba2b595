"""What a family of causes yields."""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.kube import Object
from tfdash.model.workload import CauseCode


class Finding(NamedTuple):
    code: CauseCode
    sentence: str
    objects: tuple[Object, ...]
    node: str = ""  # the one node in which it lies


def shorten(text: str, length: int = 160) -> str:
    """One line, cut at ``length``."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
