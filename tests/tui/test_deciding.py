"""``:decide`` and ``:sign``: a reason, a name, and what the action service is asked."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui import canaryworld as cw
from tests.tui.running import Run, running
from tests.tui.test_audit import go, told
from tests.tui.told_service import ToldService
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Risk
from tfdash.model.store_state import StoreState
from widgets.confirm import Dialog


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogs take keys from the start: what the first half second does is tested elsewhere."""
    monkeypatch.setattr(Dialog, "patience", 0.0)


FLYING = (cw.release(), cw.PASS)
OTHER = (cw.release(cw.AUTH), cw.PASS)


async def focused(run: Run, wanted: str) -> None:
    await run.until(lambda: bool(run.app.screen.query(wanted)), wanted)
    widget = run.app.screen.query_one(wanted)
    await run.until(lambda: run.app.focused is not None, "the dialog's own focus")
    widget.focus()
    await run.until(lambda: widget.has_focus, f"{wanted} focused")


async def typed(run: Run, field: str, text: str, button: str) -> None:
    await focused(run, f"#{field}")
    await run.press(*text)
    await focused(run, f"#{button}")
    await run.press("enter")


async def test_a_person_decides_to_roll_back() -> None:
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON, typed="")
    async with running(start="canary", judge=cw.Told(FLYING), prepare=cw.prepare, actions=actions) as run:
        await run.shows("checkout")
        await go(run, "decide")  # the only one in flight
        await run.shows("Decide to roll back Deployment tf-production/checkout")
        await focused(run, "#go")
        await run.press("enter")
        await run.shows("a reason is needed")
        await typed(run, "reason", "customers call", "go")
        await run.until(lambda: bool(actions.persons), "the decision")
        assert actions.persons == [("decide", "checkout", "customers call")]


async def test_a_decision_is_taken_back() -> None:
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON, typed="")
    facts = msgspec.structs.replace(cw.FACTS, manual={cw.release().subject: "ann: customers call"})

    async with running(
        start="canary", judge=cw.Told(FLYING), prepare=lambda b: cw.prepare(b, facts=facts), actions=actions
    ) as run:
        await run.shows("checkout")
        await go(run, "decide tf-production/checkout")
        await run.shows("Take the decision to roll back back")
        await focused(run, "#other-0")
        await run.press("enter")
        await run.until(lambda: actions.planned[-1][0] == "release.withdraw-rollback")
        await typed(run, "reason", "they are well", "go")
        await run.until(lambda: bool(actions.persons), "the decision")
        assert actions.persons == [("decide", "checkout", "")]


async def test_a_signature_asks_for_the_name_and_a_refusal_stands_where_the_plan_would() -> None:
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON)
    actions.trouble = PlanRefused("it is in flight: only a version that serves everything can be signed")
    async with running(start="canary", judge=cw.Told(FLYING), prepare=cw.prepare, actions=actions) as run:
        await run.shows("checkout")
        await go(run, "sign checkout")
        await run.shows("✖ refused: it is in flight", "Close")
        await run.press("escape")
        actions.trouble = None
        await go(run, "sign checkout")
        await run.shows("Sign Deployment tf-production/checkout as verified", "Type checkout")
        await focused(run, "#typed")
        await run.press(*"checkout")
        await typed(run, "reason", "held for a week", "go")
        await run.until(lambda: bool(actions.persons), "the signature")
        assert actions.persons == [("sign", "checkout", "held for a week")]


async def test_what_is_meant_must_be_one() -> None:
    actions = ToldService()
    async with running(
        start="canary", judge=cw.Told(FLYING, OTHER), prepare=cw.prepare, actions=actions
    ) as run:
        await run.shows("checkout")
        await go(run, "decide")
        await told(run, "means 2 releases")
        await go(run, "sign nothing-of-that-name")
        await told(run, "no release")
        command = next(c for c in run.app.commands() if c.id == "decide")
        assert command.complete is not None
        assert "tf-production/checkout" in command.complete("check")
    assert actions.persons == []


async def test_going_on_in_spite_of_a_breach_is_planned_as_any_action() -> None:
    actions = ToldService()
    async with running(start="canary", judge=cw.Told(FLYING), prepare=cw.prepare, actions=actions) as run:
        await run.shows("checkout")
        await go(run, "overrule checkout")
        await run.shows("Go on in spite of the BREACH of Deployment tf-production/checkout")


async def test_a_terminal_that_only_reads_decides_nothing() -> None:
    async with running(
        start="canary", judge=cw.Told(FLYING), prepare=lambda b: cw.prepare(b, facts=StoreState())
    ) as run:
        await go(run, "decide checkout")
        await told(run, "this terminal only reads")


async def test_elevate_asks_once_and_cancel_has_the_focus() -> None:
    async with running(start="overview", may_elevate=True) as run:
        await go(run, "elevate")
        await run.shows("Act in PRODUCTION", "Elevate")
        await run.press("enter")  # cancels
        await run.until(lambda: len(run.app.screen_stack) == 1)
        assert not run.app.elevate
        await go(run, "elevate")
        await focused(run, "#elevate")
        await run.press("enter")
        await run.until(lambda: run.app.elevate)
