"""The procedures that are there, as rows, and one of them whole as text."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.durations import write_duration
from tfdash.model.procedure import Ask, Procedure, Step, StepKind
from tfdash.playbook.procedures.walk import leaves
from tfdash.text import safe, safe_lines
from tfdash.views.recovery.words import kind_word
from tfdash.views.table import Cell, Column

COLUMNS = (
    Column("procedure", "PROCEDURE", min=18, max=36, flex=2, fits=True, sort="none"),
    Column("sort", "SORT", 9, priority=2, sort="none"),
    Column("steps", "STEPS", 5, align="right", priority=3, sort="none"),
    Column("open", "OPEN", 6, align="right", sort="none"),
    Column("inputs", "ASKS FOR", min=12, max=40, flex=2, fits=True, priority=3, sort="none"),
    Column("file", "FROM", min=8, max=30, flex=1, fits=True, priority=1, sort="none"),
    Column("purpose", "WHAT IT IS FOR", min=16, flex=4, priority=2, sort="none"),
)


def cells(procedure: Procedure, open_runs: int) -> Sequence[Cell]:
    """One for each of ``COLUMNS``."""
    source = safe(procedure.file) if procedure.file else "ships"
    if procedure.replaces:
        source += ", in place of the shipped one"
    return (
        (safe(procedure.title or procedure.id), "bright"),
        ("runbook" if procedure.recovery else "procedure", "dim"),
        str(sum(1 for _ in leaves(procedure.steps))),
        (f"◐ {open_runs}", "moving") if open_runs else "",
        safe(", ".join(one.title or one.id for one in procedure.inputs)),
        (source, "dim"),
        (safe(procedure.purpose), "dim"),
    )


def search_text(procedure: Procedure) -> str:
    return f"{procedure.id} {procedure.title} {procedure.purpose}"


def whole(procedure: Procedure) -> list[str]:
    """All that its file says, in the order in which it is carried out."""
    p = procedure
    lines = [f"Procedure:  {safe(p.title or p.id)} ({safe(p.id)})"]
    about = (
        ("Purpose:", safe(p.purpose)),
        ("From:", safe(p.file) if p.file else "ships with tfdash"),
        ("Digest:", p.digest),
        ("In place of:", p.replaces),
        ("Holds:", safe(", ".join(p.holds))),
        ("RTO:", write_duration(p.rto) if p.rto else ""),
        ("RPO:", write_duration(p.rpo) if p.rpo else ""),
        ("Rehearsed:", f"is to be every {write_duration(p.rehearse)}" if p.rehearse else ""),
    )
    lines += [f"{name:<12}{text}" for name, text in about if text]
    if p.roles:
        lines += ["", "Roles:", *(f"  {safe(name)}: {safe(does)}" for name, does in p.roles)]
    if p.inputs:
        lines += ["", "Inputs:"]
        lines += [
            f"  {safe(one.id)}: {safe(one.title)} ({safe(one.type)}{', several' if one.many else ''}{', may be left out' if one.optional else ''})"
            for one in p.inputs
        ]
    if p.scenario is not None:
        lines += ["", f"Scenario: {safe(p.scenario.title)}"]
        lines += [f"  for: {_ask(one)}" for one in p.scenario.signs]
        lines += [f"  against: {_ask(one)}" for one in p.scenario.against]
        lines += [f"  alike: {safe(id)}: {safe(how)}" for id, how in p.scenario.alike]
        if p.scenario.loses:
            lines.append(f"  takes away: {safe(', '.join(p.scenario.loses))}")
    lines += ["", "Steps:", *_steps(p.steps, "")]
    return lines


def _steps(steps: Sequence[Step], before: str) -> list[str]:
    lines: list[str] = []
    for number, step in enumerate(steps, 1):
        name = f"{before}{number}"
        indent = "  " * (name.count(".") + 1)
        lines.append(f"{indent}{name} {safe(step.title or step.id)} · {kind_word(step)}")
        lines += [f"{indent}    {text}" for text in _about(step)]
        lines += _steps(step.steps, f"{name}.")
    return lines


def _about(step: Step) -> list[str]:
    lines = []
    if step.no_return:
        lines.append(f"▲ point of no return: {safe(step.no_return)}")
    if step.text.strip():
        lines += safe_lines(step.text.strip())
    if step.action:
        lines.append(f"action {safe(step.action)} on {safe(step.subject)}")
    if step.command:
        lines.append(f"command {safe(' '.join((step.command, *step.words)))} at {safe(step.place)}")
    if step.message:
        lines.append(
            f"message {safe(step.message)} to {safe(', '.join(step.to)) or 'the channels of its template'}"
        )
    for word, asks in (("before", step.before), ("asks", step.asks), ("after", step.after)):
        lines += [f"{word}: {_ask(one)}" for one in asks]
    if step.role or step.kind is StepKind.APPROVAL:
        lines.append(f"{step.count} of role {safe(step.role) or 'anybody'}")
    if step.alone:
        lines.append(f"alone: {safe(step.alone)}")
    lines += [
        f"{n}: {safe(b.title or b.id)} → {safe(', '.join(b.steps))}" for n, b in enumerate(step.branches, 1)
    ]
    if step.needs:
        lines.append(f"needs {safe(', '.join(step.needs))}")
    if step.undo:
        lines.append(f"undone by: {'; '.join(safe(one.title or one.id) for one in step.undo)}")
    return lines


def _ask(ask: Ask) -> str:
    given = ", ".join(f"{name} {value}" for name, value in ask.arguments)
    return safe(f"{ask.probe} ({given})" if given else ask.probe)
