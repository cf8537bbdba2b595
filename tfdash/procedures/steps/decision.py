"""A person chooses a branch; what the probes say for each stands beside it and decides nothing."""

from __future__ import annotations

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell, told_of
from tfdash.procedures.protocols import Given, RunRefused


class DecisionStep(KindOfStep):
    kind = StepKind.DECISION
    begins = False
    by_person = True

    async def prepare(self, doing: Doing) -> StepShown:
        lines = []
        for branch in doing.step.branches:
            titles = [step.title for step in doing.run.procedure.steps if step.id in branch.steps]
            lines.append(f"{branch.title}: {', then '.join(titles) or 'nothing more'}")
        return StepShown(lines=tuple(lines), may=("decide",))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd:
        branch = next((one for one in doing.step.branches if one.id == given.branch), None)
        if branch is None:
            there = ", ".join(one.id for one in doing.step.branches)
            raise RunRefused(
                f"there is no answer {given.branch!r}" if given.branch else "no answer was chosen",
                remedy=f"choose one of {there}",
            )
        if branch.id == doing.state.branch:
            raise RunRefused("that is what was decided")
        said = given.reason.strip() or given.note.strip()
        instead = {"instead_of": doing.state.branch} if doing.state.branch else {}
        return StepEnd(
            kind=RunEventKind.DECIDED,
            sentence=f"{branch.title}: {said}" if said else branch.title,
            data={**instead, "branch": branch.id, "reason": said, "probes": told_of(doing.ask(branch.when))},
        )
