"""What was told, kept: a toast is never the only copy. The troubles of the sources are noted here too."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from tfdash.model.observation import Observation
from tfdash.model.subject import ClusterRef
from tfdash.model.update import Update
from tfdash.text import safe
from tfdash.views.kinds import noun_of


class LoggedMessage(NamedTuple):
    at: float
    level: str
    text: str


class Messages:
    """The newest 500."""

    def __init__(self) -> None:
        self.all: deque[LoggedMessage] = deque(maxlen=500)
        self.count = 0
        self._troubles: dict[tuple[ClusterRef, str], str] = {}

    def add(self, at: float, level: str, text: str) -> LoggedMessage:
        told = LoggedMessage(at, level, safe(text))
        self.all.append(told)
        self.count += 1
        return told

    def follow(self, update: Update, now: float) -> None:
        """Note which sources began to fail, or came back. Only those whose freshness changed are looked at."""
        for ref, kind in update.change.freshness:
            cluster = update.picture.clusters[ref]
            seen: Observation[Any] | None = cluster.kinds.get(kind) if kind else cluster.info
            trouble = "" if seen is None or seen.problem is None else str(seen.problem)
            before = self._troubles.get((ref, kind), "")
            if trouble == before:
                continue
            name = f"{ref.cluster} {safe(noun_of(kind)) if kind else 'API server'}"
            if trouble:
                self._troubles[ref, kind] = trouble
                self.add(now, "warning", f"{name}: {trouble}")
            else:
                del self._troubles[ref, kind]
                self.add(now, "information", f"{name}: read again")
