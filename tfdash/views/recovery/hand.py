"""The step in hand: what it will do before it does it, what its probes say, what can hurt first. Every text is safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from tfdash.durations import write_duration
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import Probed, RunState, StepState, StepStatus
from tfdash.moments import near
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.tree import by_whom
from tfdash.procedures.protocols import Prepared, Told, taken
from tfdash.text import safe, safe_lines
from tfdash.views.age import short_age
from tfdash.views.plan import hurt_lines, plan_lines
from tfdash.views.recovery.words import kind_word, probed_cells, status_of
from tfdash.views.table import Cell, Line

_BY_LINES = frozenset({StepKind.ACTION})
_FREE = frozenset({StepStatus.READY, StepStatus.FAILED, StepStatus.CLAIMED})


def title(run: RunState, number: str, step: Step) -> str:
    """``2 scale its healthy pods · action``."""
    return f"{number} {safe(step.title or step.id)} · {kind_word(step)}"


def state_line(step: Step, state: StepState, now: float) -> Line:
    """How it stands, whose it is, since when, and what came of it."""
    shown = status_of(state)
    line: list[Cell] = [(shown.text, shown.token)]
    if state.holder:
        at = f" at {safe(state.terminal)}" if state.terminal else ""
        line.append(f"  {safe(state.holder)}{at}")
    elif state.by:
        line.append(f"  {safe(state.by)}")
    if state.since is not None and state.status is not StepStatus.WAITING:
        age = short_age(now - state.since)
        line.append((f", {age} ago" if state.status in OVER else f", since {age}", "dim"))
    if state.attempt > 1:
        line.append((f", attempt {state.attempt}", "dim"))
    if state.sentence:
        line.append(f"  {safe(state.sentence)}")
    return line


def hurt(step: Step, state: StepState, prepared: Prepared | None) -> list[Line]:
    """What must be read before a key is pressed: it stands first and is never scrolled away."""
    lines: list[Line] = []
    if state.status is StepStatus.UNKNOWN:
        lines.append(
            [
                ("It was begun, and nothing tells whether it was done. ", "bright"),
                "It is not done again by itself: look, then say what became of it.",
            ]
        )
    if step.no_return and state.status not in OVER:
        lines.append([("▲ Point of no return: ", "warn"), safe(step.no_return)])
    if prepared is None:
        return lines
    if prepared.refused and state.status in _FREE:
        lines.append([("▲ not now: ", "warn"), safe(prepared.refused)])
    elif prepared.claimed is not None and state.status in _FREE:
        lines.append([("▲ as was met last: ", "warn"), safe(str(taken(prepared.claimed)))])
    told = prepared.refused if state.status in _FREE else ""
    if prepared.opens and state.status in _FREE:
        lines.append([("◐ not alone yet: ", "moving"), safe(prepared.opens)])
    for word, group in (("needs", prepared.needs), ("before", prepared.before)):
        lines += [[*_named(word, p)] for p in group if p.passed is not True and p.sentence not in told]
    if prepared.guarded is not None:
        lines += hurt_lines([prepared.guarded], prepared.refused)
    return lines


def lines(
    step: Step,
    state: StepState,
    prepared: Prepared | None,
    probes: tuple[Probed, ...],
    now: float,
    zone: ZoneInfo,
    looks: bool = True,
) -> list[Line]:
    """All else of it: words, plan, probes by the newest picture, copyable lines, evidence. ``looks``: what it would do is still asked."""
    found: list[Line] = [[(line, "")] for text in (step.text,) if text for line in safe_lines(text.strip())]
    if prepared is None and looks and state.status not in OVER:
        found.append([("◐ looks what it would do …", "moving")])
    if prepared is not None and state.status not in OVER:
        found += _already(prepared.already, state, now, zone)
        if prepared.guarded is not None:
            found += plan_lines(prepared.guarded.plan)
        mark = "$ " if step.kind in _BY_LINES else ""
        told = () if step.branches else prepared.lines  # the branches say the same, with what tells for each
        found += [_copyable(f"{mark}{line}") for text in told for line in safe_lines(text)]
        found += told_lines(prepared.told)
    found += branch_lines(step, prepared)
    found += _probes(step, prepared, probes, state)
    if step.kind is StepKind.APPROVAL:
        found += approval_lines(step, state, told=prepared is not None and state.status not in OVER)
    elif step.role:
        found.append([("signed by role ", "dim"), safe(step.role)])
    if state.inner and (prepared is None or state.status in OVER):
        found.append([("run ", "dim"), safe(state.inner)])
    found += evidence_lines(state)
    if about := _about(step):
        found.append([(about, "dim")])
    return found


def copy_lines(prepared: Prepared | None, probes: tuple[Probed, ...]) -> list[str]:
    """What can be copied: the step itself and its probes in kubectl, psql or the like; each once."""
    found: list[str] = []
    if prepared is not None:
        whole = prepared.step.kind in _BY_LINES  # its lines are how it is done without this program
        found += [line.removeprefix("$ ") for line in prepared.lines if whole or line.startswith("$ ")]
        for group in (prepared.needs, prepared.before, prepared.asks, prepared.already, *prepared.branches):
            found += [p.line for p in group if p.line]
    found += [p.line for p in probes if p.line]
    return list(dict.fromkeys(found))


def branch_lines(step: Step, prepared: Prepared | None) -> list[Line]:
    """Each branch with what tells for it: a person decides in any case."""
    found: list[Line] = []
    said_of = prepared.lines if prepared is not None and len(prepared.lines) == len(step.branches) else ()
    for number, branch in enumerate(step.branches):
        title = safe(branch.title or branch.id)
        more = safe(said_of[number]).removeprefix(title).removeprefix(": ") if said_of else ""
        found.append([(f"{number + 1} ", "accent"), (title, "bright")])
        if more:
            found.append([("    → ", "dim"), (more, "dim")])
        said = prepared.branches[number] if prepared is not None and number < len(prepared.branches) else ()
        found += [[("    ", ""), *probed_cells(one)] for one in said]
        if branch.when and not said and prepared is not None:
            found.append([("    ? nothing was seen that tells for it or against it", "unknown")])
    return found


def approval_lines(step: Step, state: StepState, *, told: bool = False) -> list[Line]:
    """Whose word it needs, who gave it, and the way alone; ``told``: what it needs is said already."""
    have = ", ".join(map(safe, state.approvals)) or "nobody yet"
    if told:
        return [[("approved by ", "dim"), have]]
    need = f"{step.count} of role {safe(step.role)}" if step.role else f"{step.count}"
    found: list[Line] = [[("needs ", "dim"), need, ("   approved by ", "dim"), have]]
    if step.alone:
        found.append([("alone: ", "dim"), safe(step.alone)])
    return found


def told_lines(told: Sequence[Told]) -> list[Line]:
    """A message as each channel would get it, or got it."""
    found: list[Line] = []
    for one in told:
        token = {"delivered": "ok", "refused": "warn", "unknown": "unknown"}.get(one.state, "dim")
        glyph = {"delivered": "✔", "refused": "▲", "unknown": "?", "queued": "◐"}.get(one.state, "·")
        head: list[Cell] = [
            (f"{glyph} {safe(one.state)} ", token),
            ("to ", "dim"),
            safe(one.channel) or "nobody",
        ]
        if one.sentence:
            head.append((f"  {safe(one.sentence)}", "dim"))
        found.append(head)
        if one.subject:
            found.append([("  ", ""), (safe(one.subject), "bright")])
        found += [[("  ", ""), line] for line in safe_lines(one.body.strip()) if one.body.strip()]
    return found


_BY_ITSELF = {
    "approval": "when an approval is wanted",
    "no-return": "when a point of no return is next",
    "waits": "when it waited long for somebody",
}
"""Messages that a run tells by itself, in words."""


def told_by_itself(told: Mapping[str, Sequence[Told]]) -> list[Line]:
    """By their templates, before a run is begun that will tell them."""
    found: list[Line] = []
    for template, shown in told.items():
        found.append(
            [("told by itself, once, ", "dim"), (_BY_ITSELF.get(template, safe(template)), "bright"), ":"]
        )
        found += told_lines(shown)
    return found


def evidence_lines(state: StepState) -> list[Line]:
    """What signatures carry."""
    return [
        [("evidence ", "dim"), *_pairs(pairs)] for pairs in state.evidence if any(value for _, value in pairs)
    ]


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[Cell]:
    cells: list[Cell] = []
    for name, value in pairs:
        if value:
            cells += [(f"{safe(name)} ", "dim"), f"{safe(value)}  "]
    return cells


def _named(word: str, probed: Probed) -> list[Cell]:
    glyph, text = probed_cells(probed)
    return [glyph, (f"{word}: ", "dim"), text]


def _already(already: tuple[Probed, ...], state: StepState, now: float, zone: ZoneInfo) -> list[Line]:
    """Its postconditions hold before anything is done, or done again."""
    if not already or not all(p.passed for p in already):
        return []
    seen = [p.seen_at for p in already if p.seen_at is not None]
    when = f", seen {near(min(seen), now, zone)}" if seen else ""
    return [
        [
            ("✔ already so", "ok"),
            f"{when}, {by_whom(state)}: ",
            (safe("; ".join(p.sentence for p in already)), "dim"),
        ]
    ]


def _probes(
    step: Step, prepared: Prepared | None, probes: tuple[Probed, ...], state: StepState
) -> list[Line]:
    """By the newest picture where it says anything, else as it was prepared: its asks, then its postconditions."""
    newest = probes or (() if prepared is None else (*prepared.asks, *prepared.already))
    found: list[Line] = []
    for number, one in enumerate(newest):
        word = "asks" if number < len(step.asks) else "after"
        found.append(_named(word, one))
        if one.line:
            found.append(_copyable(f"$ {one.line}"))
    if prepared is not None and state.status not in OVER:
        for word, group in (("needs", prepared.needs), ("before", prepared.before)):
            found += [_named(word, one) for one in group if one.passed is True]
    return found


def _copyable(line: str) -> Line:
    text = safe(line)
    return [("    ", ""), (text, "accent")] if line.startswith("$ ") else [text]


def _about(step: Step) -> str:
    """What holds of it by its file."""
    told = []
    if step.timeout:
        told.append(f"at most {write_duration(step.timeout)}")
    if step.lasts:
        told.append(
            f"for {write_duration(step.lasts)} without a break"
            if step.asks
            else f"for {write_duration(step.lasts)}"
        )
    if step.until:
        told.append(f"until {safe(step.until)}")
    if step.retries:
        told.append(f"tried again {step.retries} times, {write_duration(step.retry_after)} apart")
    if step.idempotent:
        told.append("may be done again by itself")
    if step.again:
        told.append("done once for each time, until what is asked after it is so")
    if step.undo:
        told.append("undone by: " + "; ".join(safe(one.title or one.id) for one in step.undo))
    if step.optional:
        told.append("may be skipped without a reason")
    return " · ".join(told)
