"""A check and a gate: probes are asked. Failed is failed, and what is not known does not pass either."""

from __future__ import annotations

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell, not_passed, told_of
from tfdash.procedures.protocols import Given


class CheckStep(KindOfStep):
    kind = StepKind.CHECK
    begins = False
    repeats = True

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        probed = doing.ask(doing.step.asks)
        why = not_passed(probed)
        known = all(one.passed is not None for one in probed)
        return StepEnd(
            kind=RunEventKind.FAILED if why else RunEventKind.DONE,
            sentence=why or "; ".join(one.sentence for one in probed),
            data={"probes": told_of(probed), "known": known},
        )


class GateStep(CheckStep):
    """Nothing behind it begins before all of it passes; otherwise only a person lets it pass, with a reason: that is to skip it."""

    kind = StepKind.GATE

    async def prepare(self, doing: Doing) -> StepShown:
        why = not_passed(doing.ask(doing.step.asks))
        return StepShown(lines=("nothing behind it begins before this passes",) if why else ())
