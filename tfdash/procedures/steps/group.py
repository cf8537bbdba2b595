"""A group is what its steps are: nothing is done with it itself."""

from __future__ import annotations

from tfdash.model.procedure import StepKind
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, RunRefused


class GroupStep(KindOfStep):
    kind = StepKind.GROUP
    begins = False

    async def prepare(self, doing: Doing) -> StepShown:
        how = (
            "at the same time, by as many people as there are"
            if doing.step.parallel
            else "one after the other"
        )
        return StepShown(lines=(f"its {len(doing.step.steps)} steps are done {how}",), may=())

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        raise RunRefused("it is its steps that are done")
