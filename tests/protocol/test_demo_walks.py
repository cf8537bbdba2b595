"""Procedures walked from start to end in the demo, by the engine, the gate, the pipelines and the channel that a person at the keys has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from tests.unit.actions.acting import confirmed
from tests.waiting import soon
from tfdash.board.board import Board
from tfdash.cli.acting import ActingParts, compose, mode_of
from tfdash.cli.compose import clock_of, clusters_of, judge_of
from tfdash.cli.source_registry import Needs, Wiring, made, not_measured
from tfdash.config.load import load
from tfdash.config.quick import load_quick
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.kinds import JUDGED
from tfdash.model.procedure import StepKind
from tfdash.model.run import RunOutcome, RunState, StepStatus
from tfdash.model.traffic import published
from tfdash.procedures.kind import state_of, step_of
from tfdash.procedures.protocols import Given, RunRefused
from tfdash.sources.base import ALL

PATIENCE = 300.0  # seconds for one step on a machine that others use too
GOES_ON = (StepStatus.RUNNING, StepStatus.CLAIMED)


class Seat(NamedTuple):
    board: Board
    parts: ActingParts
    demo: DemoProcess


@contextmanager
def seat(scenario: str, speed: float) -> Iterator[Seat]:
    """A terminal on a demo, as the program puts it together."""
    with start_process(DemoOptions(seed=7, scenario=scenario, speed=speed)) as demo:
        config = load_quick(str(demo.config))
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
        if now.status is StepStatus.FAILED and found.kind is not StepKind.CHECK:
            raise AssertionError(f"{id}: {now.sentence}")
        if id not in state.next:
            return now.status not in GOES_ON
        shown = await runs.prepare(run, id)
        given = Given(reason="as the procedure has it")
        if found.kind is StepKind.DECISION:
            given = Given(branch=branches[id], reason="as it is")
        elif shown.guarded is not None and "do" in shown.may:
            given = Given(confirmation=confirmed(shown.guarded), reason="as the procedure has it")
        elif _signed(shown.may, now.status):
            given = Given(note="seen", link="https://example.com/seen", worked=True)
        elif "do" not in shown.may and "approve" not in shown.may:
            if found.optional:
                await runs.skip(run, id, Given(reason="not needed"))
            return False  # it is not yet to be had
        try:
            await runs.do(run, id, given)
        except RunRefused:
            return False
        return False

    await soon(tried, lambda: f"{id}: {runs.run(run)}", PATIENCE, every=0.5)


def _signed(may: tuple[str, ...], status: StepStatus) -> bool:
    """Whether a person signs it: nothing else is to be done, or what was asked is not known."""
    return "sign" in may and "approve" not in may and ("do" not in may or status is StepStatus.FAILED)


async def walked(at: Seat, procedure: str, branches: Mapping[str, str], **inputs: str) -> RunState:
    runs, board = at.parts.runs, at.board
    ref = board.clusters[0]

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
        id := await soon(next_one, lambda: f"what is next: {runs.run(run.id)}", PATIENCE, every=0.5)
    ) != "over":
        await done(at, run.id, id, branches)
    return await runs.close(run.id, Given(reason="it is over"))


def ends(run: RunState) -> dict[str, str]:
    return {step.id: step.status.value for step in run.steps}


def told(at: Seat) -> str:
    return (at.demo.config.parent / "messages.txt").read_text("utf-8")


@pytest.mark.long
def test_a_service_from_failure_to_a_closed_runbook() -> None:
    with seat("service-failure", 20.0) as at:
        run = asyncio.run(
            walked(at, "service-failure", {"fixed": "rollback"}, service="Deployment tf-production/search")
        )
        assert run.outcome is RunOutcome.DONE, ends(run)
        by = ends(run)
        assert [by[id] for id in ("seen", "told", "gathered", "rollback", "serves", "journeys", "ended")] == [
            "done"
        ] * 7
        assert {by[id] for id in ("release", "restart", "outside")} == {"not chosen"}
        assert "started: single service failure" in told(at)
        impact = next(clock for clock in run.clocks if clock.id == "impact")
        fell = datetime(2026, 11, 24, 15, 1, tzinfo=UTC).timestamp()  # as the scenario has it
        assert impact.start is not None and -60.0 <= impact.start - fell <= 30.0, impact
        assert impact.by in ("Prometheus", "journeys", "Kubernetes") and not impact.at_least and impact.source
