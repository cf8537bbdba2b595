"""Whom a run told what, folded from its events."""

from __future__ import annotations

from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunEvent, RunTold
from tfdash.playbook.procedures.stated import ENDED
from tfdash.playbook.procedures.told_in import text_in, texts_in

_MOST = 10_000  # of one run


class PeopleTold:
    """``told``: in the order of the events; ``words``: when stakeholders heard of it, ``over``: also that it ended."""

    def __init__(self) -> None:
        self.told: list[RunTold] = []
        self.words: list[float] = []
        self.over = False

    def by_step(self, step: Step, at: float) -> None:
        """A step that tells people is done."""
        if step.kind is StepKind.NOTIFY:
            self.words.append(at)
            self.over = self.over or step.message == ENDED

    def take(self, event: RunEvent) -> tuple[str, ...]:
        """The channels of a TOLD; () of one that says nothing."""
        channels, template = texts_in(event.data.get("channels")), text_in(event.data.get("template"))
        if event.data.get("word") is True and len(self.words) < _MOST:  # also one that was given another way
            self.words.append(event.at)
        if not channels or not template or len(self.told) >= _MOST:
            return ()
        self.told.append(RunTold(template=template, step=event.step, at=event.at, channels=channels))
        return channels
