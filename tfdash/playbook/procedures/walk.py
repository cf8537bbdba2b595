"""The steps of a procedure, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfdash.model.procedure import Procedure, Step, StepKind


def all_steps(steps: Sequence[Step]) -> Iterator[Step]:
    """Each in the order of the file: groups before what is in them, and then what takes it back."""
    for step in steps:
        yield step
        yield from all_steps(step.steps)
        yield from all_steps(step.undo)


def leaves(steps: Sequence[Step]) -> Iterator[Step]:
    """What is done: groups themselves apart, and without what takes back."""
    for step in steps:
        if step.kind is StepKind.GROUP:
            yield from leaves(step.steps)
        else:
            yield step


KEEPS = frozenset({"workload.archive", "release.sign"})
"""Actions that change nothing of what is broken: evidence that is kept eases nobody's trouble."""
ACTS = frozenset({StepKind.ACTION, StepKind.COMMAND, StepKind.PROCEDURE})


def is_act(step: Step) -> bool:
    """Whether it changes something out there."""
    return step.kind in ACTS and step.action not in KEEPS


def steps_by_id(procedure: Procedure) -> dict[str, Step]:
    return {step.id: step for step in all_steps(procedure.steps)}
