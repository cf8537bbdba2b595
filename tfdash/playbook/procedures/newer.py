"""Whether the file of an open run is another one now, and whether the run can go on by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from tfdash.model.procedure import Procedure, StepKind
from tfdash.model.run import RunOutcome, RunState
from tfdash.playbook.procedures.difference import changes, difference
from tfdash.playbook.procedures.inputs import unfit_inputs
from tfdash.playbook.procedures.starts import read_for
from tfdash.playbook.procedures.tree import IN_AIR, lost_by
from tfdash.playbook.procedures.walk import all_steps


class Newer(NamedTuple):
    """``goes``: ``file`` for this run, None where it is none; ``changed``: the id of a step ("" of what is about the whole) and a sentence, safe to
    show; ``lines``: the two files as a unified difference; ``why``: it cannot go on by it, "" where it can."""

    file: Procedure
    goes: Procedure | None
    changed: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    why: str = ""


def other_file(run: RunState, known: Iterable[Procedure]) -> Procedure | None:
    """The one of that id among ``known`` whose text is not the one that the open ``run`` goes by; None where it is that very one, or gone."""
    if run.outcome is not RunOutcome.OPEN or run.unreadable:
        return None
    return next((p for p in known if p.id == run.procedure.id and p.digest != run.procedure.digest), None)


def newer(run: RunState, file: Procedure) -> Newer:
    """What is different in ``file`` for ``run``, its inputs put in."""
    goes, why = read_for(run, file.text)
    lines = difference(msgspec.structs.replace(run.procedure, file="the text of the run"), file)
    if goes is not None and (unfit := unfit_inputs(file, run.inputs)):
        goes, why = None, "its inputs are others now: " + "; ".join(told for _, told in unfit)
    if goes is None:
        return Newer(file, None, (), lines, f"it cannot be carried out for this run: {why}")
    placed = {state.id: state.status for state in run.steps}
    under_way = [
        step
        for step in all_steps(run.procedure.steps)
        if placed.get(step.id) in IN_AIR and step.kind is not StepKind.GROUP
    ]
    lost = next(lost_by(under_way, goes), None)
    if lost is not None:
        why = f"{lost.title} is under way, and is none of its steps, or another one: that is ended, settled or skipped first"
    return Newer(file, goes, changes(run.procedure, goes), lines, why)
