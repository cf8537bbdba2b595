"""A place of which this terminal knows what it would start there, and has no way to start it: who only reads, and rehearsals."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from tfdash.procedures.protocols import RunRefused, Work, WorkSeen, WorkState
from tfdash.text import safe


class OnlyShown:
    """``tfdash.procedures.protocols.Place``."""

    def __init__(self, name: str) -> None:
        self._why = f"this terminal starts nothing: it has no way to {safe(name)}"

    def shown(self, work: Work) -> str:
        """The words of the command; of what is started by values alone, these."""
        values = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in work.values.items())
        return safe(
            shlex.join(work.argv) if work.argv else f"start it with {', '.join(values) or 'no values'}"
        )

    async def mark(self, work: Work) -> Mapping[str, str]:
        raise RunRefused(self._why)

    async def start(self, work: Work) -> WorkSeen:
        raise RunRefused(self._why)

    async def look(self, work: Work) -> WorkSeen:
        return WorkSeen(state=WorkState.UNKNOWN, sentence=self._why)

    async def stop(self, work: Work) -> WorkSeen:
        return WorkSeen(state=WorkState.UNKNOWN, sentence=self._why)
