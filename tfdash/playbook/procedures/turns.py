"""Whether what somebody is about to do is a step of an open run, and whose turn it is there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunJournal, RunState
from tfdash.model.subject import Subject
from tfdash.playbook.procedures.holding import same
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.state import RunStates
from tfdash.playbook.procedures.subject_text import acted_on
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.playbook.procedures.walk import leaves

_KEPT = 64  # runs whose state is remembered


class RunTurn(NamedTuple):
    """Of one action in one open run. ``step``: the one that is exactly that action, None where none is still to do; ``now``: it can be begun;
    ``under_way``: it was, and what became of it is not known yet. ``next``: what can be worked on now, None where nothing can."""

    run: RunState
    step: Step | None
    now: bool
    under_way: bool
    next: Step | None

    @property
    def words(self) -> str:
        """How the step stands there."""
        if self.now:
            return "whose turn it is"
        return "which is under way there" if self.under_way else "whose turn it is not yet"


def turn(run: RunState, action: str, about: Iterable[Subject], arguments: Mapping[str, str]) -> RunTurn:
    """``about``: the object, and what carries it; ``arguments``: those that were said, which the step must have just so. Undo lists are left
    to the run itself."""
    told, subjects = {state.id: state.status for state in run.steps}, tuple(about)
    steps = [step for step in leaves(run.procedure.steps) if told.get(step.id) not in OVER]
    found = [
        step
        for step in steps
        if step.kind is StepKind.ACTION
        and step.action == action
        and arguments.items() <= dict(step.arguments).items()
        and (at := acted_on(step, run.cluster)) is not None
        and any(same(at, one) for one in subjects)
    ]
    ready = [step for step in steps if step.id in run.next]
    now = next((step for step in found if step in ready and told[step.id] not in IN_AIR), None)
    begun = next((step for step in found if told[step.id] in IN_AIR), None)
    mine = now or begun or next(iter(found), None)
    under_way = mine is not None and mine is begun
    return RunTurn(run, mine, now is not None, under_way, next(iter(ready), None))


def first(turns: Iterable[RunTurn]) -> RunTurn | None:
    """Of several runs the one in which it can be begun, else in which it is still to come; recoveries first."""
    return min(
        turns,
        key=lambda one: (not one.now, one.step is None, not one.run.procedure.recovery, one.run.id),
        default=None,
    )


_STATES, _FOLDING = RunStates(), threading.Lock()


def state_kept(journal: RunJournal) -> RunState:
    """``state.run_state`` for who asks with each key of a screen, from any thread."""
    with _FOLDING:
        _STATES.keep_to(_KEPT)
        return _STATES.of(journal)
