"""Whom a run told what, folded from its events."""

from __future__ import annotations

from tfdash.model.run import RunEvent, RunTold
from tfdash.playbook.procedures.told_in import text_in, texts_in

_MOST = 10_000  # of one run


class PeopleTold:
    """``told``: in the order of the events."""

    def __init__(self) -> None:
        self.told: list[RunTold] = []

    def take(self, event: RunEvent) -> tuple[str, ...]:
        """The channels of a TOLD; () of one that says nothing."""
        channels, template = texts_in(event.data.get("channels")), text_in(event.data.get("template"))
        if not channels or not template or len(self.told) >= _MOST:
            return ()
        self.told.append(RunTold(template=template, step=event.step, at=event.at, channels=channels))
        return channels
