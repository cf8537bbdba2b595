"""What a dialog of a run asks, as data: what is said first, the fields, the answers and what each of them needs. Every text is safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.procedure import Input, Procedure, Step, StepKind
from tfdash.model.run import Probed, RunOutcome, RunState, StepState, StepStatus
from tfdash.nouns import counted
from tfdash.playbook.procedures.placeholders import OWN, filled
from tfdash.playbook.procedures.progress import OVER
from tfdash.playbook.procedures.tree import IN_AIR
from tfdash.playbook.procedures.walk import leaves, steps_by_id
from tfdash.procedures.protocols import Claim, Prepared, Told, taken
from tfdash.text import safe, safe_lines
from tfdash.views.age import short_age
from tfdash.views.recovery import hand
from tfdash.views.recovery.words import began_text, probed_cells, run_title
from tfdash.views.table import Line


class FormChoice(NamedTuple):
    """One thing to choose, and what is known of it."""

    value: str
    sentence: str = ""


class FormField(NamedTuple):
    """``choices``: what there is now, narrowed by what is typed; a text that is none of them may still be given. ``many``: several, with
    commas between them. ``chosen_late``: what there is follows from other fields."""

    id: str
    label: str
    placeholder: str = ""
    value: str = ""
    choices: tuple[FormChoice, ...] = ()
    many: bool = False
    chosen_late: bool = False


class FormButton(NamedTuple):
    """``needs``: the fields without which it is no answer."""

    id: str
    text: str
    needs: tuple[str, ...] = ()


class Form(NamedTuple):
    """``hurts`` stands first and is never scrolled away; ``typed``: a word that must be typed, "" for none; ``either``: buttons that
    contradict each other; ``place``: the end of the heading that says where it acts."""

    heading: str
    lines: Sequence[Line]
    buttons: tuple[FormButton, ...]
    fields: tuple[FormField, ...] = ()
    hurts: Sequence[Line] = ()
    typed: str = ""
    either: bool = False
    place: str = ""


REASON = FormField("reason", "Reason")


def start(
    procedure: Procedure,
    choices: Mapping[str, Sequence[FormChoice]],
    given: Mapping[str, str],
    place: str,
    told: Mapping[str, Sequence[Told]] = {},
) -> Form:
    """The inputs, chosen among what exists now, and a reason. ``given``: what is chosen already, by where it was begun; ``told``: by their
    templates the messages that its run would tell by itself."""
    lines: list[Line] = []
    if procedure.purpose:
        lines.append([safe(procedure.purpose)])
    steps = [s for s in steps_by_id(procedure).values() if s.kind is not StepKind.GROUP]
    most = f"{counted(sum(1 for _ in leaves(procedure.steps)), 'step')} at most"
    lines.append([(f"{most}, each shown before it is done; nothing is done by this dialog", "dim")])
    known = {one.id: given.get(one.id) or one.title or one.id for one in procedure.inputs}
    known |= {one: f"this {one}" for one in OWN}
    hurts: list[Line] = [
        [("▲ Point of no return: ", "warn"), safe(filled(f"{s.title}: {s.no_return}", known))]
        for s in steps
        if s.no_return
    ]
    lines += [[(f"{safe(name)}: ", "dim"), safe(does)] for name, does in procedure.roles]
    lines += hand.told_by_itself(told)
    fields = tuple(_field_of(one, choices.get(one.id, ()), given.get(one.id, "")) for one in procedure.inputs)
    needs = tuple(one.id for one in procedure.inputs if not one.optional)
    return Form(
        f"Start {safe(procedure.title)} in {place}",
        lines,
        (FormButton("dry", "Dry run", needs), FormButton("start", "Start", (*needs, "reason"))),
        (*fields, REASON),
        hurts,
        place=f"in {place}",
    )


def _field_of(one: Input, choices: Sequence[FormChoice], given: str) -> FormField:
    hints = ["several, with commas between them"] if one.many else []
    hint = "; ".join([*hints, "may be left out"] if one.optional else hints)
    only = choices[0].value if len(choices) == 1 and not one.optional else ""  # there is nothing to choose
    value = given or safe(one.default) or only
    return FormField(one.id, safe(one.title or one.id), hint, value, tuple(choices), one.many, True)


def sign(step: Step, state: StepState, prepared: Prepared | None, *, dry: bool = False) -> Form:
    """What a person did by hand, with what proves it; at a point of no return its name is typed."""
    text = step.text if step.kind is StepKind.MANUAL else step.by_hand or step.text
    lines: list[Line] = [[line] for line in safe_lines(text.strip()) if text.strip()]
    if step.role:
        lines.append([("signed by role ", "dim"), safe(step.role)])
    asked = step.evidence or ("note",)
    labels = {
        "note": ("Note", "what was done, and what was seen"),
        "link": ("Link", "https://…"),
        "file": ("File", "a path: its digest is kept"),
    }
    fields = tuple(FormField(one, *labels[one]) for one in labels if one in asked)
    if "note" not in asked:  # what it is signed with stands first: what is typed at once goes there
        fields = (*fields, FormField("note", "Note", "may be left out where it worked"))
    return Form(
        f"Sign: {safe(step.title)}",
        lines,
        (
            FormButton("failed", "It did not work", ("note", *step.evidence)),
            FormButton("worked", "Sign: it is done", tuple(step.evidence)),
        ),
        fields,
        hand.hurt(step, state, prepared),
        safe(step.id) if step.no_return and not dry else "",
    )


def decide(step: Step, state: StepState, prepared: Prepared | None) -> Form:
    """A branch for each answer, with what tells for it."""
    lines: list[Line] = [[line] for line in safe_lines(step.text.strip()) if step.text.strip()]
    lines += hand.branch_lines(step, prepared)
    buttons = tuple(
        FormButton(f"branch-{number}", f"{number + 1} {safe(branch.id)}")
        for number, branch in enumerate(step.branches)
    )
    return Form(
        f"Decide: {safe(step.title)}",
        lines,
        buttons,
        (REASON._replace(placeholder="what told for it"),),
        hand.hurt(step, state, prepared),
        either=True,
    )


def approve(step: Step, state: StepState, prepared: Prepared | None) -> Form:
    """The word of a role; where nobody else is there the stated way alone, reviewed later."""
    lines: list[Line] = [[line] for line in safe_lines(step.text.strip()) if step.text.strip()]
    lines += hand.approval_lines(step, state)
    open_now = bool(step.alone) and (prepared is None or not prepared.opens)
    alone = [FormButton("alone", "Alone, reviewed later", ("reason",))] if open_now else []
    own = prepared is not None and "approve" not in prepared.may  # who started it may only go on alone
    buttons = [FormButton("deny", "Deny", ("reason",)), *alone, FormButton("approve", "Approve")]
    return Form(
        f"{'Alone' if own else 'Approve'}: {safe(step.title)}",
        lines,
        tuple(alone if own else buttons),
        (REASON,),
        hand.hurt(step, state, prepared),
        either=not own,
    )


def skip(step: Step, run: RunState) -> Form:
    """Any step can be skipped; what rests on it is said."""
    inside = [one for one in steps_by_id(run.procedure).values() if one in step.steps]
    lines: list[Line] = [
        ["The run goes on as if it were done; the journal says that it was not, by whom and why."]
    ]
    if inside:
        lines.append([("with it: ", "dim"), safe("; ".join(one.title for one in inside))])
    hurts: list[Line] = []
    if step.kind is StepKind.GATE:
        hurts.append(
            [("▲ it is a gate: ", "warn"), "what stands behind it begins although its probes do not all pass"]
        )
    if step.kind is StepKind.APPROVAL:
        hurts.append([("▲ it is an approval: ", "warn"), "nobody will have approved"])
    needs = () if step.optional else ("reason",)
    reason = REASON._replace(placeholder="may be left out") if step.optional else REASON
    return Form(f"Skip: {safe(step.title)}", lines, (FormButton("skip", "Skip", needs),), (reason,), hurts)


def settle(step: Step, state: StepState, prepared: Prepared | None, probes: tuple[Probed, ...]) -> Form:
    """What was in the air when the program or the machine ended, or the line broke."""
    lines: list[Line] = [[("began: ", "dim"), safe(state.sentence) or "its intent stands in the journal"]]
    lines += [[(f"{safe(name)} ", "dim"), safe(str(value))] for name, value in state.mark.items()]
    lines += [[*probed_cells(one)] for one in probes]
    lines += [[("    ", ""), (f"$ {safe(line)}", "accent")] for line in hand.copy_lines(prepared, probes)]
    return Form(
        f"What became of: {safe(step.title)}",
        lines,
        (
            FormButton("look", "Look again"),
            FormButton("failed", "It was not done", ("reason",)),
            FormButton("worked", "It was done", ("reason",)),
        ),
        (REASON._replace(placeholder="what you saw"),),
        hand.hurt(step, state, None),
        either=True,
    )


def take_over(step: Step, state: StepState, run: RunState, now: float, claimed: Claim | None = None) -> Form:
    """A silent holder is taken over without asking; what they did last is said. ``claimed``: as in ``Prepared``."""
    if claimed is not None:
        return _take_unseen(step, claimed)
    last = run.people.get(state.holder)
    alive = f", heard of {short_age(now - last)} ago" if last is not None else ""
    lines: list[Line] = [
        [
            safe(state.holder or "somebody"),
            f" at {safe(state.terminal)}" if state.terminal else "",
            f" has it since {short_age(now - (state.since or now))}{alive}",
        ],
        ["From now on it is yours: what they would still send is stopped by the number of your claim."],
    ]
    hurts: list[Line] = []
    if state.status is StepStatus.RUNNING:
        hurts.append([("▲ it runs: ", "warn"), "what they sent already is not taken back"])
    return Form(
        f"Take over: {safe(step.title)}",
        lines,
        (FormButton("take", "Take over"),),
        (REASON._replace(placeholder="may be left out"),),
        hurts,
    )


def _take_unseen(step: Step, claimed: Claim) -> Form:
    """Of who has it, or had it, by what keeps claims alone: it may be done already, or be in the air."""
    lines: list[Line] = [
        [f"{safe(str(taken(claimed)))}."],
        [
            "Their journal has not come here. Ask them, or look at what the step is about: then say how you know."
        ],
    ]
    return Form(
        f"Take over: {safe(step.title)}",
        lines,
        (FormButton("take", "Take over", ("reason",)),),
        (REASON._replace(placeholder="how you know what came of it"),),
        [[("▲ it may have been done: ", "warn"), "once it is yours, it can be done again"]],
    )


def do(step: Step, state: StepState, prepared: Prepared, now: float, zone: ZoneInfo, run: RunState) -> Form:
    """A command or a message, whole, before it is started or sent; at a point of no return its name is typed, whatever the step is."""
    words = {StepKind.COMMAND: "Start it", StepKind.NOTIFY: "Send it"}
    word = words.get(step.kind, "Do it")
    if prepared.guarded is not None and not run.dry:
        word = "Confirm its plan"
    dry = "Dry run: " if run.dry else ""
    return Form(
        f"{dry}{safe(step.title)}",
        hand.lines(step, state, prepared, (), now, zone),
        (FormButton("do", word),),
        (),
        hand.hurt(step, state, prepared),
        safe(step.id) if step.no_return and not run.dry else "",
    )


def note(step: Step | None) -> Form:
    """An annotation, which may become a change of the runbook."""
    about = f" on {safe(step.title)}" if step is not None else ""
    return Form(
        f"Note{about}",
        [["It stands in the journal of the run, for who takes over and for the report."]],
        (FormButton("note", "Keep it", ("text",)),),
        (
            FormField("text", "Note"),
            FormField("proposes", "The runbook should", "what it should say; may be left out"),
        ),
    )


def impact(run: RunState, now: float, zone: ZoneInfo) -> Form:
    """A person moves the beginning earlier, with a reason."""
    lines: list[Line] = [
        ["The clocks run from the earliest proof. You may move the beginning earlier, with what proves it."]
    ]
    if began := began_text(run, now, zone):
        lines.append([("now: ", "dim"), began])
    return Form(
        "When did the impact begin?",
        lines,
        (FormButton("impact", "It began then", ("at", "reason")),),
        (FormField("at", "Began", "like 2026-11-26 10:30, or -25m"), REASON),
    )


def left_undone(run: RunState) -> list[str]:
    """The titles of what nobody did, groups apart."""
    steps = steps_by_id(run.procedure)
    return [
        safe(steps[s.id].title or s.id)
        for s in run.steps
        if s.id in steps and s.status not in OVER and steps[s.id].kind is not StepKind.GROUP
    ]


def undoable(run: RunState) -> list[tuple[str, str]]:
    """What was done and has an undo: its title, and what takes it back."""
    steps = steps_by_id(run.procedure)
    return [
        (safe(steps[s.id].title or s.id), "; ".join(safe(one.title or one.id) for one in steps[s.id].undo))
        for s in run.steps
        if s.status is StepStatus.DONE and s.id in steps and steps[s.id].undo
    ]


def passed_no_return(run: RunState) -> list[str]:
    """The points of no return that the run is behind."""
    steps = steps_by_id(run.procedure)
    return [
        f"{safe(steps[s.id].title)}: {safe(steps[s.id].no_return)}"
        for s in run.steps
        if s.id in steps
        and steps[s.id].no_return
        and s.status in (StepStatus.DONE, StepStatus.ALREADY, StepStatus.UNKNOWN)
    ]


def abort(run: RunState) -> Form:
    """What was done is kept; what is left undone and what can be undone is said."""
    lines: list[Line] = [["What was done stays done. Left undone:"]]
    left = left_undone(run)
    lines += [[("  · ", "dim"), text] for text in left] or [[("  nothing", "dim")]]
    undo = undoable(run)
    if undo:
        lines.append(["Can be undone, step by step, once it is aborted:"])
        lines += [[("  ↶ ", "accent"), f"{title}: ", (how, "dim")] for title, how in undo]
    else:
        lines.append([("Nothing of what was done has an undo in this procedure.", "dim")])
    hurts: list[Line] = [
        [("▲ behind its point of no return: ", "warn"), text] for text in passed_no_return(run)
    ]
    flying = [s for s in run.steps if s.status in IN_AIR]
    inner = [s.inner for s in flying if s.inner]
    flying = [s for s in flying if not s.inner]
    hurts += [
        [("▲ goes on by itself, until somebody ends it: ", "warn"), f"the run {safe(one)}"] for one in inner
    ]
    if flying:
        hurts.append([("▲ still in the air: ", "warn"), safe(", ".join(s.id for s in flying))])
    return Form(
        f"Abort {run_title(run)}",
        lines,
        (FormButton("abort", "Abort the run", ("reason",)),),
        (REASON,),
        hurts,
    )


def close(run: RunState) -> Form:
    """All is done, or what was aborted is cleaned up."""
    left = left_undone(run)
    lines: list[Line] = [
        [
            f"The run is over: its clocks stop, and its journal stays. `tfdash procedures export --run {safe(run.id)}` writes what was done."
        ]
    ]
    hurts: list[Line] = (
        [[("▲ left undone: ", "warn"), "; ".join(left)]] if left and run.outcome is RunOutcome.OPEN else []
    )
    return Form(
        f"Close {run_title(run)}",
        lines,
        (FormButton("close", "Close the run", ("reason",) if left else ()),),
        (REASON if left else REASON._replace(placeholder="may be left out"),),
        hurts,
    )


def hand_over(run: str) -> Form:
    """Into a file, for another terminal that sees neither our store nor our cluster."""
    lines: list[Line] = [
        [
            "The run, with all of its events, into one file: another terminal goes on with `tfdash procedures resume FILE`."
        ]
    ]
    field = FormField("path", "File", value=f"{safe(run)}.json")
    return Form("Hand the run over as a file", lines, (FormButton("write", "Write it", ("path",)),), (field,))
