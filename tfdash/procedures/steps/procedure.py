"""A step that is another procedure: its run is begun for it on what this one holds, and its good end is the end of the step."""

from __future__ import annotations

from tfdash.model.procedure import StepKind
from tfdash.model.run import RunEventKind, RunOutcome, RunState
from tfdash.playbook.procedures.progress import steps_over
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.playbook.procedures.within import ended_well
from tfdash.procedures.kind import Doing, KindOfStep, StepEnd, StepShown, Tell
from tfdash.procedures.protocols import Given, RunRefused

_NONE_YET = "no run of it is begun yet"


class ProcedureStep(KindOfStep):
    """``RunService.start`` says of the run that it begins which step it is; here it is waited for."""

    kind = StepKind.PROCEDURE
    goes_on = True
    repeats = True

    async def prepare(self, doing: Doing) -> StepShown:
        inner = _inner(doing)
        if inner is not None:
            return StepShown(lines=(how_it_stands(inner),))
        which = " or ".join(doing.step.begins)
        lines = (f"begins {which} as a run of its own, on {', '.join(doing.run.targets) or 'the same'}",)
        return StepShown(lines=lines, may=("do",) if doing.run.dry else ("begin",))

    async def do(self, doing: Doing, given: Given, tell: Tell) -> StepEnd | None:
        inner = _inner(doing)
        if inner is None:
            raise RunRefused(_NONE_YET, remedy=f"begin {' or '.join(doing.step.begins)} first")
        await doing.begin(f"waits for {_named(inner)}", {"inner": inner.id})
        return _end_of(inner)

    async def follow(self, doing: Doing) -> StepEnd | None:
        inner = doing.means.journals.state(doing.state.inner)
        return _end_of(inner) if inner is not None else None


def how_it_stands(run: RunState) -> str:
    """One line of a run: how far it is, and what comes next in it."""
    over, of = steps_over(run)
    if run.outcome is not RunOutcome.OPEN:
        return f"{_named(run)}: {run.outcome.value}"
    steps = steps_by_id(run.procedure)
    following = next((steps[id] for id in run.next if id in steps), None)
    told = f", next “{following.title or following.id}”" if following is not None else ", to be closed"
    return f"{_named(run)}: {over} of {of} steps over{told}"


def _inner(doing: Doing) -> RunState | None:
    """The run that is waited for; before that the one that was begun for this step and may still end well, or did."""
    journals = doing.means.journals
    if doing.run.dry:
        return None
    if doing.state.mark.get("inner"):
        return journals.state(doing.state.inner)
    at = doing.run.id, doing.step.id
    mine = [one for one in journals.states() if one.within == at and not one.dry and not one.unreadable]
    return next((one for one in mine if one.outcome is RunOutcome.OPEN or ended_well(one)), None)


def _end_of(inner: RunState) -> StepEnd | None:
    """None while it is open, or cannot be read here."""
    if inner.outcome is RunOutcome.OPEN or inner.unreadable:
        return None
    data = {"inner": inner.id, "outcome": inner.outcome.value}
    if ended_well(inner):
        return StepEnd(kind=RunEventKind.DONE, sentence=f"{_named(inner)} came to its end", data=data)
    how = "what it was for was given up in it" if inner.outcome is RunOutcome.DONE else inner.outcome.value
    return StepEnd(kind=RunEventKind.FAILED, sentence=f"{_named(inner)}: {how}", data=data)


def _named(run: RunState) -> str:
    return f"{run.procedure.title or run.procedure.id} (run {run.id})"
