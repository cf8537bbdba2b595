"""A run that is carried out as a step of another one: a fix by the release procedure while a runbook is open. Which run that is, and whether it
still counts as that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tfdash.model.procedure import Procedure, Step, StepKind
from tfdash.model.run import RunJournal, RunOutcome, RunState, StepState, StepStatus
from tfdash.playbook.procedures.holding import holdings
from tfdash.playbook.procedures.starts import is_over, start_of
from tfdash.playbook.procedures.turns import state_kept
from tfdash.playbook.procedures.walk import steps_by_id

_DEEPEST = 8  # runs within one another


class StepToBegin(NamedTuple):
    """A step whose turn it is and that begins procedures, in its run."""

    run: RunState
    step: Step

    @property
    def at(self) -> tuple[str, str]:
        return self.run.id, self.step.id


def to_begin(run: RunState, procedure: str) -> StepToBegin | None:
    """The first step of ``run`` that begins that procedure and whose turn it is, None where there is none."""
    steps = steps_by_id(run.procedure)
    found = (steps[id] for id in run.next if id in steps)
    return next((StepToBegin(run, step) for step in found if procedure in step.begins), None)


def inner_open(journals: Mapping[str, RunJournal], run: str, step: str) -> str:
    """The run that is carried out as that step, "" where none is open: the one for which it waits; of several that began unseen by each other the same
    one, whoever asks."""
    found = sorted(one.run for one in holdings(journals) if one.within == (run, step))
    if len(found) > 1 and (state := _step_of(journals, run, step)) is not None and state.inner in found:
        return state.inner
    return found[0] if found else ""


def family(journals: Mapping[str, RunJournal], run: str) -> tuple[str, ...]:
    """It, and the runs as whose step it is carried out now, the nearest first. A start says of which run it is a step; that counts while that run is
    open, has a step that begins this procedure, and that step is still to do."""
    found = [run]
    while len(found) < _DEEPEST and (outer := _outer(journals, found[-1])) and outer not in found:
        found.append(outer)
    return tuple(found)


def relatives(journals: Mapping[str, RunJournal], run: str) -> frozenset[str]:
    """``family``, and the open runs that are carried out as its steps."""
    below = (one.run for one in holdings(journals) if run in family(journals, one.run))
    return frozenset((*family(journals, run), *below))


def _outer(journals: Mapping[str, RunJournal], run: str) -> str:
    journal = journals.get(run)
    start = start_of(journal) if journal is not None else None
    outer, step = start.within if start is not None else ("", "")
    above = journals.get(outer)
    if start is None or above is None or is_over(above):
        return ""
    state = state_kept(above)
    to_do = step in state.next and not state.dry
    named = steps_by_id(state.procedure).get(step)
    if not to_do or named is None or named.kind is not StepKind.PROCEDURE or start.id not in named.begins:
        return ""
    return outer if start.dry or inner_open(journals, outer, step) == run else ""


def _step_of(journals: Mapping[str, RunJournal], run: str, step: str) -> StepState | None:
    journal = journals.get(run)
    told = state_kept(journal).steps if journal is not None else ()
    return next((one for one in told if one.id == step and one.status is StepStatus.RUNNING), None)


def ended_well(run: RunState) -> bool:
    """Whether it came to the end for which it was begun: done, and nothing was decided by which that was given up."""
    steps = steps_by_id(run.procedure)
    decided = ((steps[state.id], state.branch) for state in run.steps if state.branch and state.id in steps)
    failed = (branch.fails for step, chosen in decided for branch in step.branches if branch.id == chosen)
    return run.outcome is RunOutcome.DONE and not any(failed)


def inputs_for(run: RunState, procedure: Procedure) -> dict[str, str]:
    """What the outer run has chosen already, by the inputs of the procedure that is begun for it: of the same type, the first of each."""
    had: dict[str, str] = {}
    for one in run.procedure.inputs:
        given = run.inputs.get(one.id, ())
        if given and not one.many:
            had.setdefault(one.type, given[0])
    return dict(_first_of_each(procedure, had))


def _first_of_each(procedure: Procedure, had: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    taken: set[str] = set()
    for one in procedure.inputs:
        if one.type in had and one.type not in taken:
            taken.add(one.type)
            yield one.id, had[one.type]


def within_said(runs: Iterable[RunState], run: RunState, *, short: bool = False) -> str:
    """As which step of which run it is carried out, in words; "" of what stands by itself. ``short``: without the id of that run."""
    outer, step = run.within
    if not outer:
        return ""
    found = next((one for one in runs if one.id == outer), None)
    if found is None:
        return f"as the step {step} of the run {outer}, which is not known here"
    named = steps_by_id(found.procedure).get(step)
    title = (named.title or named.id) if named is not None else step
    told = f"as the step “{title}” of {found.procedure.title}" + ("" if short else f" (run {outer})")
    if found.outcome is not RunOutcome.OPEN:
        return f"{told}, which is {found.outcome.value}: this one goes on by itself"
    if step not in found.next and run.outcome is RunOutcome.OPEN:
        return f"{told}, which goes on without it"
    return told
