"""What a procedure says, as texts, numbers and lists that every format writes: each step with its number, and with the lines by which
its checks and actions are done without tfdash. All texts are safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfdash.durations import write_duration
from tfdash.model.procedure import Ask, Input, OnFailure, Procedure, Step, StepKind
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.inputs import INPUT_TYPES, SHOWN, Inputs
from tfdash.playbook.procedures.placeholders import OWN
from tfdash.playbook.procedures.probes import PROBES
from tfdash.playbook.procedures.probes.lines import in_cluster
from tfdash.text import safe, safe_lines
from tfdash.views.action_lines import action_line

SCHEMA_VERSION = 1
Plain = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FilledWith:
    """What is put into a runbook: inputs that are chosen, and what the run knows by itself. ``there``: of inputs what there is today,
    each with what is known of it. ``today``: how what was chosen stands, each with its facts. ``names``: (input, value) of what was not
    chosen and is there today, for whom each line is written."""

    inputs: Inputs = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    there: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    today: Sequence[tuple[str, Sequence[str]]] = ()
    names: Sequence[tuple[str, str]] = ()
    said: str = ""


NOTHING_FILLED = FilledWith()
_WHERE_IT_FAILS = {
    OnFailure.CONTINUE: "where it fails the run goes on",
    OnFailure.ASK: "where it fails what stands behind it waits for a person",
}


def document(procedure: Procedure, filled: FilledWith = NOTHING_FILLED) -> Plain:
    """``procedure`` for people and programs. An input that is not chosen stays ``{input}`` in the texts, and an example of its type
    in the lines."""
    own = {key: filled.own.get(key, f"{{{key}}}") for key in OWN}
    chosen = {one.id: filled.inputs.get(one.id) or (f"{{{one.id}}}",) for one in procedure.inputs}
    examples = {one.id: filled.inputs.get(one.id) or (_example(one),) for one in procedure.inputs}
    said = expanded(procedure, chosen, own)
    known = {key: filled.own.get(key, key.upper()) for key in OWN}
    lined = [
        expanded(procedure, given, known)
        for given in (examples, *({**examples, id: (value,)} for id, value in filled.names))
    ]
    scenario = procedure.scenario
    return {
        "schema_version": SCHEMA_VERSION,
        "id": procedure.id,
        "title": safe(said.title),
        "purpose": safe(said.purpose),
        "recovery": procedure.recovery,
        "file": safe(procedure.file) or None,
        "digest": procedure.digest,
        "replaces": procedure.replaces or None,
        "filled": safe(filled.said) or None,
        "today": [
            {"name": safe(name), "facts": [safe(one) for one in facts]} for name, facts in filled.today
        ],
        "holds": [safe(one) for one in said.holds],
        "targets": {
            key: write_duration(value)
            for key in ("rto", "rpo", "rehearse")
            if (value := getattr(procedure, key))
        },
        "roles": [{"name": safe(name), "what": safe(what)} for name, what in procedure.roles],
        "inputs": [_input(one, filled) for one in procedure.inputs],
        "scenario": {
            "title": safe(scenario.title),
            "signs": _asks(scenario.signs, [scenario.signs]),
            "against": _asks(scenario.against, [scenario.against]),
            "alike": [{"procedure": safe(id), "told_apart": safe(text)} for id, text in scenario.alike],
            "loses": [safe(one) for one in scenario.loses],
        }
        if scenario is not None
        else None,
        "ready": _asks(procedure.ready, [procedure.ready]),
        "steps": _numbered(list(_steps(said.steps, [one.steps for one in lined], "", 0))),
    }


def _numbered(steps: list[Plain]) -> list[Plain]:
    """The steps of a branch by their numbers, which a reader finds."""
    numbers = {step["id"]: step["number"] for step in steps}
    for step in steps:
        for branch in step["branches"]:
            branch["numbers"] = [numbers[id] for id in branch["steps"]]
    return steps


def _example(one: Input) -> str:
    if INPUT_TYPES[one.type].shown:
        return SHOWN
    return one.default or next(iter(one.choices), "") or INPUT_TYPES[one.type].example


def _input(one: Input, filled: FilledWith) -> Plain:
    return {
        "id": one.id,
        "title": safe(one.title),
        "type": one.type,
        "about": INPUT_TYPES[one.type].title,
        "choices": [safe(choice) for choice in one.choices],
        "default": safe(one.default) or None,
        "optional": one.optional,
        "many": one.many,
        "chosen": [safe(value) for value in filled.inputs.get(one.id, ())],
        "there": [
            {"value": safe(value), "known": safe(told)} for value, told in filled.there.get(one.id, ())
        ],
    }


def _asks(said: Sequence[Ask], lined: Sequence[Sequence[Ask]]) -> list[Plain]:
    """What is asked, in words, and the same by another tool ("" where there is no other); ``more``: for others of today's names."""
    found = []
    for one, *examples in zip(said, *lined, strict=True):
        line, *more = _named([_line(example) for example in examples])
        found.append({"sentence": safe(_sentence(one)), "line": line, "more": more})
    return found


def _named(lines: Sequence[str]) -> list[str]:
    """The first is by an example of what was not chosen: it stands where no name of today makes another of it."""
    plain, *others = lines
    return list(dict.fromkeys(line for line in others if line != plain)) or [plain]


def _sentence(ask: Ask) -> str:
    probe = PROBES.get(ask.probe)
    if probe is None:
        return f"{ask.probe} ({', '.join(f'{key} {text}' for key, text in ask.arguments)})"
    text, given = probe.title, dict(ask.arguments)
    for key in [key for key in given if f"{{{key}}}" in text]:
        text = text.replace(f"{{{key}}}", given.pop(key))
    for one in probe.arguments:  # what was left out may be any
        text = text.replace(f"{{{one.id}}}", f"any {one.id}") if one.id not in dict(ask.arguments) else text
    rest = ", ".join(f"{key} {value}" for key, value in given.items())
    return f"{text} ({rest})" if rest else text


def _line(ask: Ask) -> str:
    probe, given = PROBES.get(ask.probe), dict(ask.arguments)
    try:
        return in_cluster(safe(probe.line(given)), given.get("cluster", "")) if probe is not None else ""
    except (KeyError, ValueError):  # an argument that was left out
        return ""


def _action(step: Step) -> str:
    return in_cluster(action_line(step.action, step.subject, dict(step.arguments)), step.cluster)


def _steps(said: Sequence[Step], lined: Sequence[Sequence[Step]], above: str, depth: int) -> Iterator[Plain]:
    for number, (one, *examples) in enumerate(zip(said, *lined, strict=True), 1):
        yield _step(one, examples, f"{above}{number}", depth)
        inside = [example.steps for example in examples]
        yield from _steps(one.steps, inside, f"{above}{number}.", depth + 1)


def _step(one: Step, examples: Sequence[Step], number: str, depth: int) -> Plain:
    def asks(key: str) -> list[Plain]:
        return _asks(getattr(one, key), [getattr(example, key) for example in examples])

    whens = zip(*([branch.when for branch in example.branches] for example in examples), strict=True)
    return {
        "number": number,
        "depth": depth,
        "id": one.id,
        "kind": one.kind.value,
        "title": safe(one.title),
        "text": safe_lines(one.text) if one.text else [],
        "how": [safe(told) for told in _how(one)],
        "asks": asks("asks"),
        "before": asks("before"),
        "after": asks("after"),
        "lines": _named([_action(each) for each in examples]) if one.kind is StepKind.ACTION else [],
        "by_hand": safe_lines(one.by_hand) if one.by_hand else [],
        "branches": [
            {
                "id": branch.id,
                "title": safe(branch.title),
                "steps": list(branch.steps),
                "when": _asks(branch.when, when),
            }
            for branch, when in zip(one.branches, whens, strict=True)
        ],
        "needs": [safe(need) for need in one.needs],
        "no_return": safe(one.no_return) or None,
        "alone": safe(one.alone + _opens(one)) or None,
        "tier": one.tier or None,
        "undo": list(_steps(one.undo, [example.undo for example in examples], f"{number} undo ", 0)),
    }


def _opens(one: Step) -> str:
    return f" (it opens {write_duration(one.alone_after)} after it was asked)" if one.alone_after else ""


def _how(one: Step) -> Iterator[str]:
    """What else the file says of the step, each in a few words."""
    if one.kind is StepKind.GROUP:
        yield "all at once" if one.parallel else "one after the other"
    if one.action:
        given = "".join(f", {key} {text}" for key, text in one.arguments)
        yield f"action {one.action} on {one.subject}{f' in {one.cluster}' if one.cluster else ''}{given}"
    if one.command:
        yield f"command {' '.join((one.command, *one.words))}, {one.place}"
    if one.begins:
        yield f"begins {' or '.join(one.begins)} as a run of its own, and waits for its good end"
    if one.message:
        yield f"message {one.message}" + (f" to {', '.join(one.to)}" if one.to else "")
    if one.role:
        people = f"{one.count} of " if one.count > 1 else ""
        yield f"{'signed' if one.kind is StepKind.MANUAL else 'approved'} by {people}{one.role}"
    if one.evidence:
        yield f"signed with {' and '.join(one.evidence)}"
    if one.until:
        yield "until the release window is open" if one.until == "window release" else f"until {one.until}"
    if one.lasts or one.lasts_as:
        yield f"for {one.lasts_as or write_duration(one.lasts)}" + (" without a break" if one.asks else "")
    if one.timeout:
        yield f"at most {write_duration(one.timeout)}"
    if one.target:
        yield f"target {write_duration(one.target)}"
    if one.retries:
        yield f"tried {one.retries} times more, {write_duration(one.retry_after)} apart"
    if one.idempotent:
        yield "may be done twice"
    if one.on_failure in _WHERE_IT_FAILS:
        yield _WHERE_IT_FAILS[one.on_failure]
    if one.given:
        yield f"only where it is given: {', '.join(one.given)}"
    if one.optional:
        yield "may be left out"
