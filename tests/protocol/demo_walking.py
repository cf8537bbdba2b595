"""A terminal on a demo, and a procedure walked there from start to end by the engine, the gate, the pipelines and the channel that a person at the keys has."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import msgspec

from tests.unit.actions.acting import confirmed
from tests.waiting import soon
from tfdash.board.board import Board
from tfdash.cli.acting import ActingParts, compose, mode_of
from tfdash.cli.compose import clock_of, clusters_of, judge_of
from tfdash.cli.demo_colleague import colleague
from tfdash.cli.demo_past import leave_past
from tfdash.cli.source_registry import Needs, Wiring, made, not_measured
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.demo.options import SECOND, DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.kinds import JUDGED
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunOutcome, RunState, StepStatus
from tfdash.model.traffic import published
from tfdash.model.verdict import UnknownKind
from tfdash.playbook.procedures.within import inputs_for
from tfdash.procedures.kind import state_of, step_of
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.sources.base import ALL

PATIENCE = 300.0  # seconds for one step on a machine that others use too
ASKED = (StepKind.CHECK, StepKind.GATE)
"""What is asked again until it passes."""
GOES_ON = (StepStatus.RUNNING, StepStatus.CLAIMED)


class Seat(NamedTuple):
    board: Board
    parts: ActingParts
    demo: DemoProcess


@contextmanager
def seat(scenario: str, speed: float) -> Iterator[Seat]:
    """A demo, and a terminal on it."""
    with (
        start_process(DemoOptions(seed=7, scenario=scenario, speed=speed)) as demo,
        colleague(demo.config, scenario),
    ):
        leave_past(demo.config, scenario)
        with terminal(demo) as at:
            yield at


@contextmanager
def terminal(demo: DemoProcess, kubeconfig: str = "") -> Iterator[Seat]:
    """As the program puts it together."""
    config = load_quick(str(demo.config), kubeconfig=kubeconfig)
    settings, clock = load(config.path), clock_of(config)
    sources = clusters_of(config.environment, config, clock)
    board = Board(sources, judge_of(settings), clock)
    wiring = Wiring(config.environment.name, settings, sources, clock)
    for source in made(wiring, Needs.SETTINGS):
        board.add_source(source)
    board.put_signals(published(not_measured(wiring)))
    parts = compose(board, config, settings, sources, clock, mode_of(settings, False, True))
    board.want("a walk", dict.fromkeys(JUDGED, ALL))
    board.start()
    try:
        yield Seat(board, parts, demo)
    finally:
        board.stop(5.0)
        parts.ledger.close()


async def done(at: Seat, run: str, id: str, branches: Mapping[str, str]) -> None:
    """One step as a person does it: by what ``may`` says, nothing skipped but what is optional and has no plan."""
    runs = at.parts.runs

    async def tried() -> bool:
        state = runs.run(run)
        assert state is not None
        found, now = step_of(state, id), state_of(state, id)
        assert found is not None and now is not None
        if now.status is StepStatus.FAILED and found.kind not in ASKED:
            raise AssertionError(f"{id}: {now.sentence}")
        if id not in state.next:
            return now.status not in GOES_ON
        if found.kind is StepKind.APPROVAL and found.others:
            await approved(at, run, id)
            return False
        shown = await runs.prepare(run, id)
        if found.kind in ASKED and any(one.unknown is UnknownKind.LOADING for one in shown.asks):
            return False  # it is about to be known: nobody signs for that
        given = Given(reason="as the procedure has it")
        if found.kind is StepKind.DECISION:
            given = Given(branch=branches[id], reason="as it is")
        elif shown.guarded is not None and "do" in shown.may:
            given = Given(confirmation=confirmed(shown.guarded), reason="as the procedure has it")
        elif "pass" in shown.may:
            given = Given(reason="it is so already")
        elif not found.again and _signed(shown.may, now.status):
            given = Given(note="seen", link="https://example.com/seen", worked=True)
        elif "do" not in shown.may and "approve" not in shown.may:
            if found.optional:
                await runs.skip(run, id, Given(reason="not needed"))
            return False  # it is not yet to be had
        given = msgspec.structs.replace(given, no_return=bool(found.no_return))
        try:
            await runs.do(run, id, given)
        except RunRefused:
            return False
        return False

    await soon(tried, lambda: f"{id}: {runs.run(run)}", PATIENCE, every=0.1)


def _signed(may: tuple[str, ...], status: StepStatus) -> bool:
    """Whether a person signs it: nothing else is to be done, or what was asked is not known."""
    return "sign" in may and "approve" not in may and ("do" not in may or status is StepStatus.FAILED)


async def approved(at: Seat, run: str, id: str) -> None:
    """By a second person at a second terminal, who sees the run there as anybody on the same store."""
    with terminal(at.demo, str(at.demo.config.with_name(SECOND))) as second:
        runs = second.parts.runs

        async def may() -> bool:
            state = runs.run(run)
            if state is None or id not in state.next:
                return False
            return "approve" in (await runs.prepare(run, id)).may

        await soon(may, lambda: f"{id} at the second terminal: {runs.run(run)}", PATIENCE, every=0.5)
        await runs.do(run, id, Given(reason="seen"))

    def seen() -> bool:
        state = at.parts.runs.run(run)
        return state is not None and id not in state.next

    await soon(seen, f"{id} approved", PATIENCE, every=0.5)


async def walked(
    at: Seat,
    procedure: str,
    branches: Mapping[str, str],
    cluster: str = "",
    fix: tuple[str, str] = ("", ""),
    **inputs: str,
) -> RunState:
    """``cluster``: where it is begun; the first of all where it is not said. ``fix``: the procedure that is begun for a step that begins one, and the
    version that it brings out."""
    runs, board = at.parts.runs, at.board
    ref = next(one for one in board.clusters if cluster in ("", one.cluster))

    def known() -> bool:
        """Who we are, and what is so."""
        return board.picture.clusters[ref].info.value is not None and bool(board.assessment.number)

    await soon(known, "the first judgement", PATIENCE, every=0.1)
    chosen = {name: (value,) for name, value in inputs.items()}
    run = await runs.start(procedure, chosen, reason="a walk through the demo", cluster=ref)

    async def next_one() -> str:
        """What can be worked on, or "over"; while a step goes on by itself nothing may be."""
        state = runs.run(run.id)
        assert state is not None
        todo = [id for id in state.next if (now := state_of(state, id)) and now.status not in GOES_ON]
        if todo:
            return todo[0]
        return (
            ""
            if any(s.status in GOES_ON for s in state.steps) and state.outcome is RunOutcome.OPEN
            else "over"
        )

    while (
        id := await soon(next_one, lambda: f"what is next: {runs.run(run.id)}", PATIENCE, every=0.1)
    ) != "over":
        state = runs.run(run.id)
        assert state is not None
        found = step_of(state, id)
        if found is None or found.kind is not StepKind.PROCEDURE:
            await done(at, run.id, id, branches)
            continue
        inner, version = fix
        about = next(one for one in runs.procedures() if one.id == inner)
        of_it = await walked(at, inner, branches, ref.cluster, **inputs_for(state, about), version=version)
        assert of_it.within == (run.id, id) and of_it.outcome is RunOutcome.DONE, ends(of_it)
    return await runs.close(run.id, Given(reason="it is over"))


def switched(at: Seat, step: str) -> None:
    """A step of the scenario happens now."""
    trust = ssl.create_default_context(cafile=str(at.demo.ca))
    headers = {"Authorization": f"Bearer {at.demo.token_file.read_text('utf-8').strip()}"}
    answer = httpx.post(f"{at.demo.control_url}steps", json={"name": step}, headers=headers, verify=trust)
    assert answer.status_code == 200, answer.text


def ends(run: RunState) -> dict[str, str]:
    return {step.id: step.status.value for step in run.steps}


def told(at: Seat) -> str:
    return (at.demo.config.parent / "messages.txt").read_text("utf-8")
