"""Keys on an object that an open run is about: what is its step opens there, what it refuses says what comes next, and one key leads to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from screens import procedures
from screens.dialogs.confirm import ConfirmScreen
from screens.dialogs.form import FormScreen
from screens.dialogs.step_confirm import StepConfirmScreen
from screens.pages.recovery.run import RunPage
from tests.tui import canaryworld as cw
from tests.tui import recoveryworld as rw
from tests.tui import world
from tests.tui.running import SIZES, Run, compare, running
from tests.tui.told_service import HOLD, ROLL_BACK, SCALE, ToldService, plan_of
from tests.unit.playbook.procedures.running import Run as RunEvents
from tfdash.board.board import Board
from tfdash.model.action import Guarded, Offer
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject
from tfdash.playbook.procedures.subject_text import subject_in
from widgets.confirm import Dialog, TypedInput

HELD = "a recovery holds it: single service failure (run r, of ana@corp)"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(Dialog, "patience", 0.0)


def refused(offer: Offer) -> Offer:
    """As the gate has it where an open run is why."""
    return msgspec.structs.replace(offer, refused=HELD, refused_by="run")


def guarded() -> Guarded:
    about = subject_in(rw.CHECKOUT, rw.REF)
    assert about is not None
    return Guarded(plan=plan_of("workload.rollback", about, world.NOW), checks=())


def due() -> RunEvents:
    """It is decided, and rolled back next."""
    made = rw.at_decision(rw.failure())
    rw.said(made, "decided", "how", ago=560, branch="back", reason="2.14.0 leaks")
    return made


@asynccontextmanager
async def beside(
    made: RunEvents, *offers: Offer, **over: Any
) -> AsyncIterator[tuple[Run, rw.ToldRuns, ToldService]]:
    """On the row of checkout, which the run holds."""
    actions, service = ToldService(offers), rw.ToldRuns(made)
    service.over = {"guarded": guarded()}

    def prepare(board: Board) -> None:
        board.put_store_state(StoreState(runs={made.id: made.journal}))

    given = {"start": "workloads", "actions": actions, "runs": service, "prepare": prepare}
    async with running(size=SIZES[1], **(given | over)) as run:
        await run.press("down")
        await run.shows("checkout · Deployment", "before it revision 87", "changed  image")
        yield run, service, actions


async def told(run: Run, text: str) -> None:
    await run.until(lambda: any(text in m.text for m in run.app.messages.all), text)


@pytest.mark.parametrize("offer", [ROLL_BACK, refused(ROLL_BACK)], ids=["told", "refused beside the run"])
async def test_a_key_that_is_the_next_step_of_the_run_opens_that_step(offer: Offer) -> None:
    async with beside(due(), offer) as (run, service, actions):
        hints = {h.key: h for h in run.app.screen.query_one("#footer").hints}
        assert hints["b"].enabled
        await run.press("b")
        await run.until(lambda: isinstance(run.app.screen, StepConfirmScreen), "the step's own dialog")
        await run.shows("step of the run: roll it back, of single service failure")
        run.app.screen.query_one("#typed", TypedInput).focus()
        await run.press(*"checkout", "enter", "enter")
        await run.until(lambda: bool(service.called), "done by the run")
        what, step, given = service.called[0]
        assert (what, step) == ("do", "rollback") and given.confirmation.plan_digest == guarded().plan.digest
        assert not actions.planned and not actions.executed


async def test_golden_of_a_key_that_is_a_step() -> None:
    async with beside(due(), ROLL_BACK) as (run, _, _):
        await run.press("b")
        await run.until(lambda: isinstance(run.app.screen, StepConfirmScreen), "the step's own dialog")
        for size in SIZES[:2]:
            await run.resize(*size)
            compare(f"run-step-by-key-{size[0]}x{size[1]}", await run.still())


async def test_what_the_run_refuses_names_what_comes_next_and_the_key_that_leads_there() -> None:
    made = rw.at_decision(rw.failure())
    async with beside(made, refused(ROLL_BACK), refused(HOLD)) as (run, service, actions):
        for key, title in (("b", "roll back"), ("h", "hold")):  # not its turn; no step of it at all
            await run.press(key)
            way = "its next step is “how is it mended?”; f leads to the run"
            await told(run, f"workload: {title} is refused: {HELD}; {way}")
        assert not service.called and not actions.planned
        await run.press("f")
        await run.shows("to the run: single service failure", "standard release")
        await run.press("enter")
        await run.until(lambda: isinstance(run.app.screen, RunPage), "the run")


async def test_what_is_no_step_and_is_not_refused_goes_its_own_way() -> None:
    async with beside(due(), ROLL_BACK, HOLD) as (run, service, actions):
        await run.press("h")
        await run.until(lambda: isinstance(run.app.screen, ConfirmScreen), "its own dialog")
        assert not isinstance(run.app.screen, StepConfirmScreen)
        await run.until(lambda: bool(actions.planned), "planned")
        assert not service.called


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"may": ("skip",), "refused": "it is under way, by ben"}, "it is under way, by ben"),
        ({"may": ("pass", "do", "skip")}, "it is so already"),
    ],
)
async def test_a_step_that_cannot_be_begun_says_why(over: dict[str, Any], why: str) -> None:
    async with beside(due(), ROLL_BACK) as (run, service, actions):
        service.over = {"guarded": guarded(), **over}
        await run.press("b")
        await told(run, f"{why}; f leads to the run")
        assert not isinstance(run.app.screen, ConfirmScreen) and not service.called and not actions.planned


async def test_the_actions_of_an_object_open_its_step_as_well() -> None:
    async with beside(due(), refused(ROLL_BACK), refused(SCALE)) as (run, _, _):
        await run.press("a")
        await run.shows("✔ allowed", "✖ refused", HELD[:20])
        await run.press("f")
        await run.shows("to the run: single service failure")
        await run.press("escape")
        await run.press("enter")
        await run.until(lambda: isinstance(run.app.screen, StepConfirmScreen), "the step's own dialog")


async def test_a_release_starts_its_procedure_with_its_workload_and_version() -> None:
    """On a Canary of Flagger: what is released is the Deployment that it is about."""
    about = Subject(rw.REF, "Canary", "tf-production", "checkout")
    release = cw.release(about, partner=about._replace(kind="Deployment"))
    async with running(runs=rw.ToldRuns(), judge=cw.Told((release, cw.BREACH)), prepare=cw.prepare) as run:
        procedures.begin_on(run.app, about)
        await run.shows("standard release", "rollback")
        await run.press("s", "enter")
        await run.until(lambda: isinstance(run.app.screen, FormScreen), "what it asks")
        fields = {field.id: field.value for field in run.app.screen.query(TypedInput)}
        assert {"Deployment tf-production/checkout", "2.14.0"} <= set(fields.values())
