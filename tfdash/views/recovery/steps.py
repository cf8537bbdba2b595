"""The steps of a run as rows: where each stands, whose it is, since when, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import RunState, StepState, StepStatus
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.walk import steps_by_id
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.recovery.words import kind_word, short_status, span, status_of, who_text
from tfdash.views.table import Cell, Column

COLUMNS = (
    Column("state", "STATE", 13, sort="none"),
    Column("step", "STEP", min=40, max=80, flex=5, fits=True, sort="none"),
    Column("kind", "KIND", 9, priority=4, sort="none"),
    Column("who", "WHO", min=11, max=24, flex=1, fits=True, priority=2, sort="none"),
    Column("since", "SINCE", 5, align="right", priority=1, sort="none"),
    Column("took", "TOOK", 13, align="right", priority=3, sort="none"),
    Column("says", "WHAT CAME OF IT", min=16, flex=3, priority=5, sort="none"),
)
_DIM = frozenset({StepStatus.NOT_CHOSEN, StepStatus.LEFT, StepStatus.SKIPPED})


class StepRow(NamedTuple):
    """``number``: "3", of one in a group "3.2". ``next``: it can be worked on now."""

    number: str
    step: Step
    state: StepState
    next: bool

    @property
    def group(self) -> bool:
        return self.step.kind is StepKind.GROUP


def rows_of(run: RunState) -> dict[str, StepRow]:
    """By the step's id, in the order of the file."""
    steps = steps_by_id(run.procedure)
    open_now = frozenset(run.next)
    numbers: list[int] = []
    rows: dict[str, StepRow] = {}
    for state in run.steps:
        step = steps.get(state.id)
        if step is None:
            continue
        del numbers[state.depth + 1 :]
        numbers += [0] * (state.depth + 1 - len(numbers))
        numbers[state.depth] += 1
        rows[state.id] = StepRow(".".join(map(str, numbers)), step, state, state.id in open_now)
    return rows


def first_open(run: RunState, mine: str = "") -> str:
    """Where the cursor begins: what is in the air, what this person holds, else the first that can be worked on; "" of none."""
    by_id = {s.id: s for s in run.steps}
    wanted = [by_id[id] for id in run.next if id in by_id]

    def rank(state: StepState) -> int:
        if state.status is StepStatus.UNKNOWN:
            return 0
        if mine and state.holder == mine:
            return 1
        return {StepStatus.FAILED: 2, StepStatus.READY: 3}.get(state.status, 4)

    if wanted:
        return min(wanted, key=rank).id
    return next((s.id for s in run.steps if s.status not in OVER), "")


def title_of(row: StepRow) -> str:
    """``3.2 scale its healthy pods``, indented within its group; a point of no return that is still ahead says so."""
    indent = "  " * row.state.depth
    ahead = "▲ no return: " if row.step.no_return and row.state.status not in OVER else ""
    return f"{indent}{row.number} {ahead}{safe(row.step.title or row.step.id)}"


def time_of(row: StepRow, now: float) -> Cell:
    """``01:19/03:00``: how long it took or takes, against its share of the recovery time."""
    state, target = row.state, row.step.target
    of = f"/{span(target)}" if target else ""
    if state.began is None or row.group:
        return (of, "dim") if of and state.status not in OVER else ""
    took = (state.ended if state.ended is not None else now) - state.began
    if target and took > target:
        return (f"▲ {span(took, target)}{of}", "warn")
    return (f"{span(took, target)}{of}", "dim" if state.ended is not None else "")


def says_of(row: StepRow) -> Cell:
    """What came of it; of what is still to come what makes it grave."""
    state, step = row.state, row.step
    if state.sentence and state.status is not StepStatus.READY:
        token = "warn" if state.status is StepStatus.FAILED else "dim" if state.status in _DIM else ""
        return (safe(state.sentence), token)
    if step.no_return and state.status not in OVER:
        return ("▲ point of no return", "warn")
    if state.approvals or (step.kind is StepKind.APPROVAL and row.next):
        return "; ".join(_approving(row))
    if state.branch:
        return safe(next((b.title or b.id for b in step.branches if b.id == state.branch), state.branch))
    return ""


def _approving(row: StepRow) -> Iterator[str]:
    """How far an approval is, and whether anybody knows that it is wanted."""
    state, step = row.state, row.step
    if state.approvals:
        yield f"{len(state.approvals)} of {step.count} approved"
    if row.next:
        yield f"told {safe(', '.join(state.told))}" if state.told else "nobody is told"


def cells(row: StepRow, now: float, needs_gone: Mapping[str, str]) -> Sequence[Cell]:
    """One for each of ``COLUMNS``. ``needs_gone``: what a step needs and is not there, by the step's id."""
    state = row.state
    shown = status_of(state)
    gone = needs_gone.get(state.id, "")
    dim = state.status in _DIM or bool(gone)
    since = (
        short_age(now - state.since)
        if state.since is not None and state.status is not StepStatus.WAITING
        else ""
    )
    return (
        (short_status(state), "bright" if row.next and state.status is StepStatus.READY else shown.token),
        (
            title_of(row) + (f"  needs {gone}, which is away" if gone else ""),
            "dim" if dim else "bright" if row.next else "",
        ),
        (kind_word(row.step), "dim"),
        (who_text(state), "dim" if dim else ""),
        (since, "dim"),
        time_of(row, now),
        says_of(row),
    )


def marks(row: StepRow) -> tuple[object, ...]:
    """What brightens where it changes."""
    return (row.state.status, "", "", who_text(row.state), "", "", row.state.sentence)


def version(row: StepRow) -> object:
    return (row.number, row.step.id, row.state, row.next)
