"""Runs of any procedure with any events of several terminals, honest ones and others: the fold says what a slow oracle says, nothing that
nobody may do is done, and a run never traps a person."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.playbook.procedures.oracle import OVER, Oracle
from tests.unit.playbook.procedures.running import Run
from tests.unit.store.test_run_facts import applied, entry
from tfdash.model.procedure import Procedure, StepKind
from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunOutcome, RunState
from tfdash.playbook.procedures.state import RunStates, run_state
from tfdash.store.log.run_facts import RunFacts

TERMINALS = ("ann", "bob", "eve")
_OF_STEPS = [
    kind.value
    for kind in RunEventKind
    if kind.value
    not in ("started", "note", "impact", "acknowledged", "looked", "handed over", "resumed", "changed")
]
ODD: st.SearchStrategy[Any] = st.sampled_from([None, -1, True, 1.5, "x", [], {}, 2**60])


def _kind(draw: st.DrawFn, id: str, kind: str) -> list[str]:
    """The lines that a step of a kind needs, some of its others."""
    lines = {
        "check": ['asks = [{ probe = "time.past", at = "2026-01-01T00:00:00Z" }]'],
        "gate": ['asks = [{ probe = "time.past", at = "2026-01-01T00:00:00Z" }]'],
        "wait": ['lasts = "5m"'],
        "action": ['action = "workload.restart"', 'subject = "Deployment shop/web"'],
        "command": ['command = "c"'],
        "manual": ['text = "by hand"'],
        "approval": ['role = "managers"', 'alone = "break-glass"', f"count = {draw(st.integers(1, 2))}"],
        "notify": ['message = "m"'],
        "procedure": ['begins = ["p"]'],
    }[kind]
    if draw(st.booleans()):
        lines.append('on_failure = "continue"')
    if kind in ("action", "command") and draw(st.booleans()):
        lines += ["idempotent = true"] if draw(st.booleans()) else ['by_hand = "so"']
        lines.append('after = [{ probe = "time.past", at = "2026-01-01T00:00:00Z" }]')
        if kind == "action" and "idempotent = true" not in lines and draw(st.booleans()):
            lines.append("again = true")
    if kind == "manual" and draw(st.booleans()):
        lines.append('evidence = ["note"]')
    if draw(st.integers(0, 4)) == 0 and kind not in ("approval", "gate"):
        lines.append("optional = true")
    return lines


KINDS = (
    "check",
    "gate",
    "wait",
    "action",
    "command",
    "manual",
    "approval",
    "notify",
    "procedure",
    "decision",
    "group",
)


@st.composite
def procedures(draw: st.DrawFn) -> str:
    """TOML of 2 to 9 steps: groups in groups, decisions between them, some with an undo."""
    out = ['title = "t"', 'purpose = "p"', "recovery = true", "[roles]", 'managers = "m"']
    count = 0

    def steps(table: str, depth: int, most: int) -> list[str]:
        nonlocal count
        ids: list[str] = []
        for _ in range(draw(st.integers(1, most))):
            kind = draw(st.sampled_from(KINDS if depth < 2 else KINDS[:-2]))
            id = f"s{count}"
            count += 1
            if kind == "decision":  # of the steps that come right behind it
                inside = [f"s{count}", f"s{count + 1}"]
                out.extend([f"[[{table}]]", f'id = "{id}"', 'title = "t"', 'kind = "decision"'])
                for name, of in zip("ab", inside, strict=True):
                    out.extend(
                        [f"[[{table}.branches]]", f'id = "{name}"', 'title = "t"', f'steps = ["{of}"]']
                    )
                for _ in inside:
                    one(table, f"s{count}", draw(st.sampled_from(("manual", "action"))))
                    count += 1
            elif kind == "group":
                out.extend([f"[[{table}]]", f'id = "{id}"', 'title = "t"', 'kind = "group"'])
                out.append(f"parallel = {'true' if draw(st.booleans()) else 'false'}")
                steps(f"{table}.steps", depth + 1, 3)
            else:
                one(table, id, kind)
            ids.append(id)
        return ids

    def one(table: str, id: str, kind: str) -> None:
        out.extend([f"[[{table}]]", f'id = "{id}"', 'title = "t"', f'kind = "{kind}"'])
        out.extend(_kind(draw, id, kind))
        if kind in ("action", "command", "manual") and draw(st.booleans()):
            out.extend(
                [f"[[{table}.undo]]", f'id = "{id}-u"', 'title = "t"', 'kind = "manual"', 'text = "back"']
            )

    steps("steps", 0, 4)
    return "\n".join(out) + "\n"


def _data(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """What an event of a kind says, mostly so that it means something."""
    data: dict[str, Any] = {"fence": draw(st.integers(0, 4))}
    if kind == "settled":
        data["result"] = draw(st.sampled_from(["done", "failed", "not done", "again", "odd"]))
    if kind == "decided":
        data["branch"] = draw(st.sampled_from(["a", "b", "*", "c"]))
        if draw(st.booleans()):
            data["instead_of"] = draw(st.sampled_from(["a", "b"]))
    if kind in ("approved", "denied"):
        data["role"] = draw(st.sampled_from(["managers", "managers", "others"]))
        data["vouched"] = draw(st.sampled_from(["postgresql", ""]))
        data["alone"] = draw(st.booleans())
    if kind == "signed":
        data["note"] = draw(st.sampled_from(["seen", ""]))
        data["worked"] = draw(st.booleans())
    if draw(st.integers(0, 5)) == 0:
        data["dry"] = True
    return data


@st.composite
def histories(draw: st.DrawFn) -> tuple[Run, Procedure]:
    """A run, and events of three terminals that know what they do (they take what is next) or say whatever they like."""
    run = Run(draw(procedures()), dry=draw(st.integers(0, 4)) == 0)
    assert not run.state.unreadable, run.state.unreadable
    ids = [one.id for one in run.state.steps]
    ids += [undo.id for step in _all(run.state.procedure) for undo in step.undo]
    fences: dict[str, int] = {}
    states = RunStates()
    for _ in range(draw(st.integers(0, 40))):
        terminal = draw(st.sampled_from(TERMINALS))
        now = states.of(run.journal)
        if now.next and draw(st.integers(0, 3)):
            step = draw(st.sampled_from(now.next))
            _work(draw, run, now, step, terminal, fences)
            continue
        kind = draw(st.sampled_from(_OF_STEPS))
        rare = kind in ("aborted", "closed") and draw(st.integers(0, 3))
        number = draw(st.sampled_from([0, 0, 0, max(2, len(run.events) // 2)]))
        run.add(
            "note" if rare else kind,
            draw(st.sampled_from([*ids, "none"])),
            terminal=terminal,
            attempt=draw(st.integers(0, 3)),
            number=number,
            sentence=draw(st.sampled_from(["", "because"])),
            **_data(draw, kind),
        )
    unique = {(one.number, one.terminal): one for one in reversed(run.events)}
    run.events = list(unique.values())
    return run, run.state.procedure


def _all(procedure: Procedure) -> list[Any]:
    found, left = [], list(procedure.steps)
    while left:
        step = left.pop()
        found.append(step)
        left += step.steps
    return found


def _work(draw: st.DrawFn, run: Run, now: RunState, step: str, terminal: str, fences: dict[str, int]) -> None:
    """What an honest terminal does with a step that is next."""
    state = next(one for one in now.steps if one.id == step)
    way = draw(
        st.sampled_from(["act", "act", "act", "begin", "word", "sign", "decide", "approve", "skip", "settle"])
    )
    fences[step] = max(fences.get(step, 0), state.fence) + 1
    if way in ("act", "begin", "settle"):
        run.add("claimed", step, terminal=terminal, fence=fences[step])
    if way in ("act", "begin"):
        attempt = state.attempt + 1
        run.add("begun", step, terminal=terminal, attempt=attempt, fence=fences[step], mark={"uid": step})
    if way == "act":
        end = draw(st.sampled_from(["done", "done", "failed", "unknown outcome", "settled"]))
        run.add(
            end, step, terminal=terminal, attempt=attempt, **({"result": "again"} if end == "settled" else {})
        )
    elif way == "word":
        run.add(draw(st.sampled_from(["done", "failed", "already so"])), step, terminal=terminal)
    elif way == "sign":
        run.add("signed", step, terminal=terminal, note="seen")
    elif way == "decide":
        run.add("decided", step, terminal=terminal, branch=draw(st.sampled_from(["a", "b"])))
    elif way == "approve":
        run.add("approved", step, terminal=terminal, role="managers", vouched="postgresql")
    elif way == "skip":
        run.add("skipped", step, terminal=terminal, sentence="because")
    elif way == "settle":
        run.add("settled", step, terminal=terminal, result=draw(st.sampled_from(["done", "not done"])))


def leaves_of(state: RunState) -> dict[str, str]:
    groups = {step.id for step in _all(state.procedure) if step.kind is StepKind.GROUP}
    return {one.id: one.status.value for one in state.steps if one.id not in groups}


@given(histories())
def test_the_fold_says_what_the_oracle_says(made: tuple[Run, Procedure]) -> None:
    run, procedure = made
    state, events = run.state, run.journal.events
    oracle = Oracle(procedure, events[1:], dry=state.dry)
    assert leaves_of(state) == oracle.statuses()
    assert state.next == oracle.next()
    ended = RunOutcome.ABORTED if oracle.given_up else RunOutcome.OPEN
    if oracle.closed and not oracle.given_up:
        ended = RunOutcome.DONE if oracle.whole else RunOutcome.ABORTED
    assert state.outcome is ended
    for one in state.steps:
        if one.id in oracle.said:
            told = oracle.said[one.id]
            air = {attempt for terminal, attempt in set(told.began) - told.known}
            shown = set(one.in_air) | (
                {one.attempt} if one.status.value in ("running", "unknown outcome") else set()
            )
            assert air <= shown


@given(histories(), st.integers(0, 2**32), st.integers(1, 7))
def test_it_is_the_same_in_whatever_order_it_comes(
    made: tuple[Run, Procedure], seed: int, pieces: int
) -> None:
    """Of the entries of the terminals, shuffled and some twice; and folded piece by piece as they come."""
    run, _ = made
    entries = [entry(event) for event in run.events]
    shuffled = entries + entries[: len(entries) // 2]
    chance = random.Random(seed)
    chance.shuffle(shuffled)
    facts, states = RunFacts(), RunStates()
    for place, one in enumerate(shuffled):
        applied(facts, one)
        if place % pieces == 0:
            journal = facts.told()[run.id]
            assert states.of(journal) == run_state(journal)
    found = facts.told()[run.id]
    assert states.of(found) == run_state(found)
    assert found == run.journal and run_state(found) == run.state


@given(histories())
def test_nothing_is_done_that_nobody_may(made: tuple[Run, Procedure]) -> None:
    run, procedure = made
    state, steps = run.state, {step.id: step for step in _all(procedure)}
    for one in state.steps:
        step = steps.get(one.id)
        if step is None or one.status.value != "done" or step.kind is StepKind.GROUP:
            continue
        mine = [event for event in run.events if event.step == one.id]
        kinds = {event.kind for event in mine}
        dry = state.dry and any(event.data.get("dry") is True for event in mine)
        if step.kind in (StepKind.ACTION, StepKind.COMMAND):
            begun = {event.attempt for event in mine if event.kind is RunEventKind.BEGUN}
            by_hand = step.by_hand and RunEventKind.SIGNED in kinds
            assert begun or by_hand or dry
        elif step.kind is StepKind.APPROVAL and not dry:
            good = [e for e in mine if e.kind is RunEventKind.APPROVED and e.data.get("role") == "managers"]
            alone = any(event.data.get("alone") is True for event in good)
            assert alone or len({e.by for e in good if e.data.get("vouched")}) >= step.count
        elif step.kind is StepKind.MANUAL and not dry:
            signed = [e for e in mine if e.kind is RunEventKind.SIGNED and e.data.get("worked") is not False]
            assert any(not step.evidence or event.data.get("note") for event in signed)
        elif step.kind is StepKind.DECISION and not dry:
            assert RunEventKind.DECIDED in kinds


@given(histories())
def test_a_run_never_traps_a_person(made: tuple[Run, Procedure]) -> None:
    """Where it is open something can be done, each of it can be skipped with a reason, and so the run comes to its end."""
    run, _ = made
    state = run.state
    assert not set(state.next) & {one.id for one in state.steps if one.status.value in OVER}
    assume(not any(event.kind is RunEventKind.CLOSED for event in run.events))
    for _ in range(60):
        left = run.state.next
        if not left:
            break
        for id in left:
            run.add("skipped", id, terminal="zoe", sentence="to come to an end")
    assert run.state.next == ()
    run.add("closed", terminal="zoe")
    given_up = any(event.kind is RunEventKind.ABORTED for event in run.events)
    ended = (RunOutcome.ABORTED,) if given_up else (RunOutcome.DONE, RunOutcome.SKIPPED)
    assert run.state.outcome in ended


@given(histories(), st.lists(st.tuples(st.sampled_from(list(RunEventKind)), ODD, ODD), max_size=8))
def test_odd_events_never_break_it(made: tuple[Run, Procedure], odd: list[tuple[Any, Any, Any]]) -> None:
    run, _ = made
    ids = [one.id for one in run.state.steps]
    names = (
        "fence",
        "result",
        "branch",
        "role",
        "vouched",
        "worked",
        "text",
        "at",
        "number",
        "mark",
        "inputs",
    )
    for place, (kind, one, other) in enumerate(odd):
        event = run.add("note", ids[place % len(ids)], terminal="mallory", attempt=place)
        data = dict.fromkeys(names, one) | {"procedure": other, "digest": other, "targets": other}
        run.events[-1] = msgspec.structs.replace(event, kind=kind, data=data)
    state = run.state
    assert state.id == run.id and not state.unreadable


def test_an_empty_journal_and_one_without_its_start_are_told_as_such() -> None:
    lone = RunEvent(run="r", number=7, at=1.0, kind=RunEventKind.DONE, by="ann", terminal="ann", step="x")
    for events in ((), (lone,)):
        state = run_state(RunJournal(id="r", events=events))
        assert state.unreadable and state.next == () and state.steps == ()
