"""One line of the overview: a section of the playbook and how it stands."""

from __future__ import annotations

import msgspec


class SectionState(msgspec.Struct, frozen=True, kw_only=True):
    """``level`` is a ``tfdash.model.verdict.Level`` as a number; ``target`` names the screen that shows it."""

    id: str
    title: str
    level: int
    sentence: str
    detail: str = ""
    target: str = "overview"
    count: int = 0  # subjects at that level
