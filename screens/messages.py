"""What was told, kept: a toast is never the only copy."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from tfdash.text import safe


class Told(NamedTuple):
    at: float
    level: str
    text: str


class Messages:
    """The newest 500."""

    def __init__(self) -> None:
        self.all: deque[Told] = deque(maxlen=500)

    def add(self, at: float, level: str, text: str) -> None:
        self.all.append(Told(at, level, safe(text)))
