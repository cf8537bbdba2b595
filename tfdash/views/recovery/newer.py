"""What an open run's file says otherwise than the text that the run goes by: for the head of the run, its page, and the dialog before it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfdash.model.procedure import Procedure, StepKind
from tfdash.model.run import RunState, StepState
from tfdash.nouns import counted
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.text import safe
from tfdash.views.recovery.forms import REASON, Form, FormButton
from tfdash.views.recovery.words import run_title
from tfdash.views.table import Line

if TYPE_CHECKING:
    from tfdash.playbook.procedures.newer import Newer

KEY = "v"
"""Opens the page, where there is a difference."""
_TOLD = 12  # sentences in the dialog: all of them stand on the page behind it


def head_line(other: Procedure) -> Line:
    """For the head of a run whose file is ``other`` now."""
    return [
        (f"▲ its {_file(other)} is another one now; ", "warn"),
        (KEY, "accent"),
        (" shows the difference", ""),
    ]


def _file(one: Procedure) -> str:
    return "file" if one.file else "shipped text"


def lines(run: RunState, found: Newer | None) -> list[str]:
    """The page. ``found`` None: there is no difference."""
    if found is None:
        return [run_title(run), "", "The run goes by what its file says: there is no difference."]
    told = [run_title(run), ""]
    told.append(
        f"▲ Its {_file(found.file)} is another one now than the text that this run goes by, which the run keeps."
    )
    if found.why:
        told.append(f"✖ The run cannot go on by it: {safe(found.why)}")
    else:
        told += ["o: the run goes on by it, from where it stands. What is done already stays.", *_again(run)]
    sentences = changed(run, found)
    if sentences:
        told += ["", f"{counted(len(sentences), 'change')}:", *(f"  {one}" for one in sentences)]
    elif not found.why:
        told += ["", "No step of it is another one: what differs is how the file is written."]
    return [*told, "", *found.lines]


def changed(run: RunState, found: Newer) -> list[str]:
    """A sentence for each thing that is another one, with what that means for a step that is over or under way."""
    by_id = {state.id: state for state in run.steps}
    before, after = steps_by_id(run.procedure), steps_by_id(found.goes) if found.goes is not None else {}
    told = []
    for id, sentence in found.changed:
        sign = "~" if not id or (id in before and id in after) else "+" if id in after else "-"
        told.append(f"{sign} {sentence}{_stays(by_id.get(id))}")
    return told


def _stays(state: StepState | None) -> str:
    return f"; it is {state.status.value}, which stays" if state is not None and state.status in OVER else ""


def _again(run: RunState) -> list[str]:
    """Approvals are of the text that was there when they were given."""
    steps = steps_by_id(run.procedure)
    given = [
        safe(steps[s.id].title or s.id)
        for s in run.steps
        if s.id in steps and steps[s.id].kind is StepKind.APPROVAL and s.approvals
    ]
    return [f"Approved was the text before, so it is asked for again: {'; '.join(given)}"] if given else []


def form(run: RunState, found: Newer) -> Form:
    """Before it goes on by it."""
    sentences = changed(run, found)
    lines: list[Line] = [[one] for one in sentences[:_TOLD]]
    if len(sentences) > _TOLD:
        lines.append([(f"and {len(sentences) - _TOLD} more, behind this dialog", "dim")])
    lines += [[one] for one in _again(run)]
    lines.append([("What is done already stays; the journal keeps both texts.", "dim")])
    return Form(
        f"Go on by the {_file(found.file)} as it is now: {run_title(run)}",
        lines,
        (FormButton("go", "Go on by it", ("reason",)),),
        (REASON,),
    )
