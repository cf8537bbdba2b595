"""What a person can do next with a run and with the step under the cursor: keys with their words, the most useful first."""

from __future__ import annotations

from typing import NamedTuple

from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunOutcome, RunState, StepState, StepStatus
from tfdash.playbook.procedures.progress import OVER
from tfdash.views.recovery.newer import KEY
from tfdash.views.table import Line


class RunKey(NamedTuple):
    """``id`` is what is done; ``key`` as it stands on the keyboard. ``refused``: why it cannot be now."""

    id: str
    key: str
    word: str
    refused: str = ""


_DO: dict[StepKind, str] = {
    StepKind.CHECK: "ask it now",
    StepKind.GATE: "ask it now",
    StepKind.WAIT: "begin to wait",
    StepKind.ACTION: "plan it and confirm",
    StepKind.COMMAND: "start it",
    StepKind.NOTIFY: "send it",
    StepKind.PROCEDURE: "wait for it",
    StepKind.MANUAL: "sign it",
    StepKind.APPROVAL: "approve",
    StepKind.DECISION: "decide",
    StepKind.GROUP: "begin",
}
_STEP_KEYS: tuple[tuple[str, str, str], ...] = (  # what ``Prepared.may`` may hold, its key, its word
    ("settle", "enter", "say what became of it"),
    ("pass", "enter", "pass it: already so"),
    ("do", "enter", ""),
    ("begin", "enter", "begin it"),
    ("sign", "enter", "sign it"),
    ("decide", "enter", "decide"),
    ("approve", "enter", "approve or deny"),
    ("alone", "enter", "go on alone, reviewed later"),
    ("take over", "t", "take it over"),
    ("claim", "t", "claim it"),
    ("skip", "x", "skip it"),
)
_SECOND = {"do": ("anyway", "o", "do it all the same"), "sign": ("sign", "s", "done by hand: sign it")}
"""Where another stands under enter already."""


def step_keys(step: Step | None, state: StepState | None, may: tuple[str, ...], refused: str) -> list[RunKey]:
    """Those of one step, by what the engine says can be done with it."""
    if step is None or state is None:
        return []
    found: list[RunKey] = []
    taken: set[str] = set()
    for id, key, word in _STEP_KEYS:
        if id not in may:
            continue
        again = "try again: " if state.status is StepStatus.FAILED else ""
        told = (id, key, word or f"{again}{_DO[step.kind]}")
        if key in taken:
            if id not in _SECOND:
                continue
            told = _SECOND[id]
        elif id == "sign" and step.kind is not StepKind.MANUAL:
            told = (id, key, _SECOND["sign"][2])
        taken.add(told[1])
        found.append(RunKey(*told, refused if id == "do" else ""))
    if state.inner and "enter" not in taken:
        found.insert(0, RunKey("inner", "enter", "to the run that was begun for it"))
    return found


def run_keys(
    run: RunState, *, copies: bool = False, differs: bool = False, word: RunKey | None = None
) -> list[RunKey]:
    """Those of the run itself. ``differs``: its file is another one now; ``word``: stakeholders are owed one."""
    found: list[RunKey] = []
    is_open = run.outcome is RunOutcome.OPEN
    if is_open and not run.next and all(s.status in OVER for s in run.steps):
        found.append(RunKey("close", "enter", "close the run"))  # no step is left that it could do
    if differs:
        found.append(RunKey("difference", KEY, "what its file says now"))
    found += [word] if word is not None else []
    if is_open:
        found.append(RunKey("note", "n", "note"))
        if any(c.id == "acknowledge" and c.end is None for c in run.clocks):
            found.append(RunKey("acknowledge", "a", "acknowledge"))
    if run.within[0]:
        found.append(RunKey("outer", "u", "to the run of which it is a step"))
    found.append(RunKey("hand over", "h", "hand-over"))
    if copies:
        found.append(RunKey("copy", "c", "copy its lines"))
    found += [RunKey("describe", "d", "all of the step"), RunKey("journal", "e", "journal")]
    if is_open:
        if run.procedure.recovery:
            found.append(RunKey("impact", "i", "impact began earlier"))
        found.append(RunKey("abort", "b", "abort"))
    return found


def key_lines(keys: list[RunKey]) -> list[Line]:
    """``enter plan it and confirm``, a line each: they stand side by side, none of them is cut."""
    lines: list[Line] = []
    for number, one in enumerate(keys):
        word = f" {one.word}" + (f": {one.refused}" if one.refused else "")
        first = number == 0 and not one.refused
        lines.append([(one.key, "dim" if one.refused else "accent"), (word, "bright" if first else "dim")])
    return lines
