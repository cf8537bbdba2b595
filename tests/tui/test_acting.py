"""Offers as keys, the dialog between a key and an action, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from textual import events

from screens.dialogs.approval_prompt import ApprovalPrompt
from screens.dialogs.confirm import ConfirmScreen
from screens.dialogs.progress import ProgressScreen
from tests.tui import canaryworld as cw
from tests.tui import world
from tests.tui.running import SIZES, Run, compare, running
from tests.tui.told_service import EVICT, HOLD, OFFERS, ROLL_BACK, SCALE, ToldService
from tests.tui.widgets.hostile import HOSTILE
from tfdash.actions.core.protocols import PlanRefused
from tfdash.clock import FixedClock
from tfdash.model.action import Check, Choice, Result, Risk
from tfdash.model.release import Fact
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Key
from widgets.confirm import Dialog, TypedInput


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialog, "patience", 0.0)


@asynccontextmanager
async def opened(
    actions: ToldService, key: str = "b", start: str = "canary", **over: Any
) -> AsyncIterator[Run]:
    given: dict[str, Any] = {"judge": cw.Told((cw.release(), cw.BREACH)), "prepare": cw.prepare}
    async with running(start=start, actions=actions, **(given | over)) as run:
        await run.shows("roll back")
        if key:
            await run.press(key)
            await run.until(lambda: isinstance(run.app.screen, ConfirmScreen), "the dialog")
            await run.lacks("making the plan")
        yield run


async def told(run: Run, text: str) -> None:
    """A notice, which the messages keep."""
    await run.until(lambda: any(text in m.text for m in run.app.messages.all), text)


async def typed(run: Run, text: str) -> None:
    run.app.screen.query_one("#typed", TypedInput).focus()
    await run.press(*text)


# -- keys -------------------------------------------------------------------------------------------------------------


async def test_offers_are_keys_and_a_refused_one_says_why_before_it_is_pressed() -> None:
    actions = ToldService()
    async with opened(actions, "") as run:
        await run.shows("b roll back", "o promote: refused, BREACH")
        hints = {h.key: h for h in run.app.screen.query_one("#footer").hints}
        assert hints["b"].enabled and not hints["o"].enabled and hints["o"].reason == "BREACH"
        assert "r" not in hints  # no offer, no key
        await run.press("o")
        await told(run, "rollout: promote is refused: BREACH; roll back first")
        assert not actions.planned


async def test_a_key_acts_on_the_object_under_the_cursor_with_its_uid() -> None:
    actions = ToldService()
    async with opened(actions, "", start="workloads") as run:
        await run.press("down")
        await run.shows("checkout · Deployment")
        await run.press("b")
        await run.until(lambda: bool(actions.planned))
        assert (
            actions.planned[0][1].name == "checkout"
            and actions.planned[0][1].uid == "uid-Deployment-checkout"
        )


async def test_what_slid_under_the_cursor_is_not_acted_upon() -> None:
    """The row goes, another takes its place, and the key was meant for the first."""
    actions = ToldService()
    async with opened(actions, "", start="deployments") as run:
        await run.press("down")
        await run.until(lambda: run.app.screen._painted[0].name == "checkout")
        screen: Any = run.app.screen
        run.table.move_to(next(k for k in screen.rows.keys() if k.key.name == "auth"))  # noqa: SIM118
        screen.action_act("b")  # before the next frame
        await told(run, "what is under the cursor changed just now")
        assert not actions.planned


async def test_an_object_made_anew_under_the_same_name_is_another() -> None:
    actions = ToldService()
    async with opened(actions, "", start="deployments") as run:
        screen: Any = run.app.screen
        await run.until(lambda: bool(screen._painted))
        old = run.source.objects["Deployment"][Key(world.NS, "auth")]
        run.source.put(msgspec.structs.replace(old, uid="uid-new"))
        await run.until(lambda: bool(screen._painted) and screen._painted[0].uid == "uid-new")
        await run.press("b")
        await run.until(lambda: bool(actions.planned))
        assert actions.planned[0][1].uid == "uid-new"


async def test_marked_rows_are_acted_upon_together_with_one_word_to_type_and_a_plan_each() -> None:
    actions = ToldService()
    async with opened(actions, "", start="deployments") as run:
        await run.press("space", "space")
        await run.until(lambda: len(run.app.screen._painted) == 2)
        await run.press("b")
        await run.shows("Roll back 2 objects in PRODUCTION", "Type roll back 2", "auth", "checkout")
        await typed(run, "roll back 2")
        await run.press("enter", "enter")
        await run.until(lambda: len(actions.executed) == 2)
        assert [c.typed for _, c in actions.executed] == [
            "roll back 2"
        ] * 2  # what was typed, and nothing else


async def test_all_actions_of_an_object_are_a_page_with_reasons_and_remedies() -> None:
    actions = ToldService((*OFFERS, EVICT))
    async with opened(actions, "") as run:
        await run.press("a")
        await run.shows("Actions on checkout", "pod: evict", "✖ refused", "5 actions")
        await run.press("down")
        await run.shows("what would help", "roll back first")
        await run.press("down", "enter")
        await run.until(lambda: isinstance(run.app.screen, ConfirmScreen))


async def test_a_list_says_in_its_crumbs_why_keys_are_refused() -> None:
    reason = "this terminal only reads"
    actions = ToldService([msgspec.structs.replace(o, refused=reason) for o in (ROLL_BACK, HOLD)])
    async with opened(actions, "", start="deployments", size=SIZES[2]) as run:
        await run.shows(f"b h refused: {reason}")


async def test_an_action_is_said_by_its_word_with_what_it_needs_for_the_object_that_was_seen() -> None:
    reason = "frozen until 10:00 by the calendar: a standard release happens on working days only"
    actions = ToldService([SCALE, msgspec.structs.replace(HOLD, refused=reason)])
    async with opened(actions, "", start="deployments", size=SIZES[0]) as run:
        await run.until(lambda: bool(run.app.screen._painted), "a row that is seen")
        await run.press("colon", *"scale 3")
        await run.shows("enter: workload: scale")
        await run.press("enter")
        await run.until(lambda: bool(actions.planned), "a plan")
        assert actions.planned[0][2] == {"replicas": "3"}
        await run.until(lambda: isinstance(run.app.screen, ConfirmScreen), "the dialog")
        assert run.app.screen.query_one("#argument-replicas", TypedInput).value == "3"
        await run.press("escape")
        await run.until(lambda: not isinstance(run.app.screen, ConfirmScreen), "the list")
        await run.press("colon", *"hold")
        await run.shows(
            "refused: frozen until 10:00 by the calendar:", "  working days only"
        )  # wrapped, whole
        await run.press("backspace", "backspace", "backspace", "backspace", *"evict", "enter")
        await run.shows("evict is not offered here, only on a Pod (:po)")
        assert len(actions.planned) == 1


async def test_without_an_action_service_nothing_is_offered() -> None:
    async with running(start="deployments") as run:
        await run.shows("5 workloads")
        await run.press("b", "r", "a")
        assert run.app.screen is run.app.screen_stack[0]


# -- the dialog -------------------------------------------------------------------------------------------------------


async def test_the_dialog_at_three_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with opened(ToldService(), size=SIZES[0]) as run:
        for size in SIZES:
            await run.resize(*size)
            compare(f"confirm-{size[0]}x{size[1]}", await run.still())


async def test_a_verdict_that_turns_makes_the_plan_anew_at_once_and_keeps_what_was_typed() -> None:
    actions, judge = ToldService(), cw.Told((cw.release(), cw.PASS))
    async with opened(actions, judge=judge) as run:
        await typed(run, "check")
        judge.pairs = ((cw.release(), cw.BREACH),)
        actions.refused = "BREACH: roll back"
        cw.prepare(run.app.board)  # new signals: it is judged anew
        await run.shows("✖ refused: BREACH: roll back")
        assert len(actions.refreshed) == 1, "once for the one change"
        actions.refused = ""
        judge.pairs = ((cw.release(), cw.PASS),)
        cw.prepare(run.app.board)
        await run.shows("plan 60 s left")
        assert run.app.screen.query_one("#typed", TypedInput).value == "check"


async def test_cancel_has_the_focus_and_escape_cancels() -> None:
    actions = ToldService()
    async with opened(actions) as run:
        assert run.app.focused is not None and run.app.focused.id == "cancel"
        await run.press("enter")
        await run.until(lambda: not isinstance(run.app.screen, ConfirmScreen))
        await run.press("b")
        await run.until(lambda: isinstance(run.app.screen, ConfirmScreen))
        await typed(run, "checkout")
        await run.press("escape")
        await run.until(lambda: not isinstance(run.app.screen, ConfirmScreen))
        assert not actions.executed


async def test_the_typed_name_must_be_the_name() -> None:
    actions = ToldService()
    async with opened(actions) as run:
        await typed(run, "check")
        await run.press("enter", "enter")
        await run.shows("type checkout to confirm")
        assert not actions.executed
        await run.press(*"out", "enter", "enter")
        await run.until(lambda: bool(actions.executed))
        assert actions.executed[0][1].typed == "checkout"


async def test_nothing_can_be_pasted() -> None:
    async with opened(ToldService()) as run:
        field = run.app.screen.query_one("#typed", TypedInput)
        field.focus()
        field.post_message(events.Paste("checkout"))
        await run.shows("nothing can be pasted here")
        assert field.value == ""
        run.app.copy_to_clipboard("checkout")
        await run.press("ctrl+v")
        assert field.value == ""


async def test_keys_of_the_first_half_second_are_not_for_the_dialog(monkeypatch: pytest.MonkeyPatch) -> None:
    actions = ToldService(risk=Risk.KEY)
    async with opened(actions, "h") as run:
        monkeypatch.setattr(Dialog, "patience", 3600.0)
        await run.press("h", "enter", "tab", "enter")
        assert isinstance(run.app.screen, ConfirmScreen) and not actions.executed
        await run.press("escape")
        await run.until(lambda: not isinstance(run.app.screen, ConfirmScreen))


async def test_a_key_that_is_held_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A held key comes again first after longer than any patience, then within moments."""
    monkeypatch.setattr(Dialog, "patience", 3600.0)
    async with opened(ToldService(risk=Risk.KEY), "") as run:
        await run.press("h")
        await run.until(lambda: isinstance(run.app.screen, ConfirmScreen))
        dialog, acted = run.app.screen.query_one(Dialog), list[str]()
        dialog._since -= 7200.0  # it has waited long enough
        dialog.once(lambda: acted.append("first"))  # when it begins to come again
        for _ in range(5):
            dialog.once(lambda: acted.append("again"))
        assert not acted and dialog._held is None and not dialog.ready
        dialog._since -= 7200.0
        dialog.once(lambda: acted.append("alone"))
        held = dialog._held
        assert held is not None and not acted  # until it is seen not to be held
        held._callback()
        await run.until(lambda: acted == ["alone"])


async def test_a_plan_that_changed_takes_name_and_focus_away() -> None:
    actions = ToldService()
    async with opened(actions) as run:
        await typed(run, "checkout")
        screen: Any = run.app.screen
        actions.over = {"facts": (Fact(pointer="/spec/replicas", value="3"),)}
        actions.changed = ("spec.replicas: 2 → 3",)
        screen._make()
        await run.shows("changed meanwhile: spec.replicas: 2 → 3")
        assert screen.query_one("#typed", TypedInput).value == "" and screen.focused.id == "cancel"
        assert not actions.executed


async def test_of_several_plans_all_are_approved_or_none_is_carried_out() -> None:
    actions = ToldService(risk=Risk.SECOND_PERSON)
    actions.checks = (Check(id="approval", text="it needs a second person's approval", passed=None),)
    async with opened(actions, "", start="deployments") as run:
        await run.press("space", "space")
        await run.until(lambda: len(run.app.screen._painted) == 2)
        await run.press("b")
        await run.shows("Roll back 2 objects", "Ask a second person")
        screen: Any = run.app.screen
        second, plans = ApprovalPrompt(), screen._plans
        assert await second.ask(actions, plans, "bad") == "" and len(second.approvals) == 2
        assert second.waits(plans) and not second.holds(plans)
        first, last = second.approvals
        second.follow([msgspec.structs.replace(first, state="approved")])
        assert second.waits(plans) and not second.holds(plans)
        second.follow([msgspec.structs.replace(a, state="approved") for a in (first, last)])
        assert second.holds(plans)
        second.follow([msgspec.structs.replace(last, state="denied")])
        assert not second.holds(plans) and not second.waits(plans)


async def test_where_a_key_is_enough_the_same_key_again_confirms() -> None:
    actions = ToldService(risk=Risk.KEY)
    async with opened(actions, "h") as run:
        await run.lacks("Type ")
        await run.press("h")
        await run.until(lambda: bool(actions.executed))


async def test_a_reason_is_asked_by_risk_and_must_be_there() -> None:
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON)
    async with opened(actions) as run:
        await typed(run, "checkout")
        await run.press("enter", "enter")
        await run.shows("a reason is needed")
        await run.press(*"errors", "enter")
        run.app.screen.query_one("#go").focus()
        await run.press("enter")
        await run.until(lambda: bool(actions.executed))
        assert actions.executed[0][1].reason == "errors"


async def test_a_choice_is_off_until_it_is_set_and_then_part_of_the_plan() -> None:
    actions = ToldService()
    async with opened(actions) as run:
        await run.shows("[ ] pause the Argo CD application shop first")
        run.app.screen.query_one("Tick").focus()
        await run.press("space")
        await run.until(lambda: actions.refreshed == [("suspend",)])
        await run.until(lambda: not run.app.screen._busy)
        await typed(run, "checkout")
        await run.press("enter", "enter")
        await run.until(lambda: bool(actions.executed))
        assert actions.executed[0][1].choices == ("suspend",)


async def test_what_must_be_chosen_first_is_seen_without_scrolling_and_its_keys_are_said() -> None:
    choose = "choose first whether its reconciliation is stopped or left on"
    actions = ToldService(
        diff=tuple(f"- line {n} of what changes" for n in range(40)),
        choices=(
            Choice(id="suspend", text="pause the Argo CD application shop first"),
            Choice(id="leave", text="leave it on: it may undo this"),
        ),
    )
    actions.refused = choose
    actions.checks = (Check(id="sync", text=choose, passed=False),)
    async with opened(actions, size=SIZES[0]) as run:
        await run.shows(
            "[ ] pause the Argo CD application shop first",
            "[ ] leave it on: it may undo this",
            "choose first whether",
            "Tab goes to the choices, Space chooses",
            "Close",
        )
        await run.press("tab", "space")
        await run.until(lambda: actions.refreshed == [("suspend",)])
        await run.shows("[x] pause the Argo CD application shop first")


async def test_an_expired_plan_is_made_anew_keeps_what_was_typed_and_shows_what_changed() -> None:
    actions = ToldService()
    now = [world.NOW]

    class Moving(FixedClock):
        def now(self) -> float:
            return now[0]

    actions.clock = lambda: now[0]
    async with opened(actions, clock=Moving(world.NOW)) as run:
        await run.shows("plan 60 s left")
        await typed(run, "check")
        actions.changed = ("step 2 of 6 → step 3 of 6",)
        now[0] += 61
        await run.shows("changed meanwhile: step 2 of 6 → step 3 of 6", "plan 60 s left")
        assert run.app.screen.query_one("#typed", TypedInput).value == "check"


async def test_what_is_refused_shows_why_and_has_no_button() -> None:
    actions = ToldService()
    actions.refused = "no right to patch rollouts/status"
    actions.checks = (Check(id="right", text=actions.refused, passed=False),)
    async with opened(actions) as run:
        await run.shows("✖ refused: no right to patch rollouts/status", "Close")
        await run.lacks("Type checkout")
        assert not run.app.screen.query_one("#go").display


async def test_a_plan_that_cannot_be_made_says_so_with_its_remedy() -> None:
    actions = ToldService()
    actions.trouble = PlanRefused("its gate has no hook", remedy="add a webhook of type confirm-promotion")
    async with opened(actions) as run:
        await run.shows("its gate has no hook; add a webhook")
    actions.trouble = RuntimeError("[oops /foo]")
    async with opened(actions) as run:
        await run.shows("the plan could not be made: a fault of tfdash itself (RuntimeError)")


async def test_an_argument_is_asked_for_and_planned_with() -> None:
    actions = ToldService((ROLL_BACK, SCALE))
    async with opened(actions, "s") as run:
        await run.shows("give replicas, then Enter")
        await run.until(lambda: run.app.screen.focused is run.app.screen.query_one("#argument-replicas"))
        await run.press("5", "enter")
        await run.shows("Type checkout")
        await run.until(lambda: run.app.screen.focused is run.app.screen.query_one("#typed"))
        assert actions.planned[-1][2] == {"replicas": "5"}


async def test_a_promotion_without_pass_asks_once_more() -> None:
    actions = ToldService()
    actions.checks = (Check(id="canary", text="LOW TRAFFIC: needs a further confirmation", passed=None),)
    async with opened(actions) as run:
        await typed(run, "checkout")
        await run.press("enter", "enter")
        await run.shows("the triggers do not all pass: confirm that too")
        assert not actions.executed
        await run.press("space")
        run.app.screen.query_one("#go").focus()
        await run.press("enter")
        await run.until(lambda: bool(actions.executed))
        assert actions.executed[0][1].extra


async def test_a_second_person_is_asked_waited_for_and_named() -> None:
    actions = ToldService(risk=Risk.SECOND_PERSON)
    actions.checks = (Check(id="approval", text="it needs a second person's approval", passed=None),)
    async with opened(actions) as run:
        await run.shows("Ask a second person")
        run.app.screen.query_one("#reason", TypedInput).focus()
        await run.press(*"bad errors")
        await typed(run, "checkout")
        await run.press("enter", "enter")
        await run.shows("waits for a second person", "request apr-41", "15:00 left", ":approvals")
        await run.press("enter")
        assert actions.asked == ["bad errors"] and not actions.executed
        asked = run.app.screen._second.approvals[0]
        given = msgspec.structs.replace(
            asked, state="approved", approver="second@corp", stamped_by="postgresql"
        )
        run.app.board.put_store_state(StoreState(approvals=(given,)))
        await run.shows("approved by second@corp, stamped by postgresql")
        run.app.screen.query_one("#go").focus()
        await run.press("enter")
        await run.until(lambda: bool(actions.executed))
        assert actions.executed[0][1].approval == "apr-41"


# -- what comes of it -------------------------------------------------------------------------------------------------


async def confirmed(run: Run) -> None:
    await typed(run, "checkout")
    await run.press("enter", "enter")
    await run.until(lambda: isinstance(run.app.screen, ProgressScreen), "the progress")


async def test_progress_and_outcome_stand_in_the_same_dialog_and_in_the_messages() -> None:
    async with opened(ToldService()) as run:
        await confirmed(run)
        await run.shows(
            "✔ applied",
            "accepted by the API server",
            "✔ the canary's pods are gone",
            "audit entry ops-7:1207",
        )
        await run.press("enter")
        await run.until(lambda: not isinstance(run.app.screen, ProgressScreen))
        await run.press("m")
        await run.shows("workload: roll back checkout: applied: accepted")


async def test_an_action_goes_on_in_the_background() -> None:
    import asyncio

    actions = ToldService()
    actions.gate = asyncio.Event()
    async with opened(actions) as run:
        await confirmed(run)
        await run.shows("verifying …", "· the release is aborted", "To the background")
        await run.press("escape")
        await run.until(lambda: not isinstance(run.app.screen, ProgressScreen))
        run.app.do("progress")
        await run.shows("verifying …")
        await run.press("escape")
        await run.until(lambda: not isinstance(run.app.screen, ProgressScreen))
        await run.press("b")  # the key that began it shows it, and begins nothing
        await run.until(lambda: isinstance(run.app.screen, ProgressScreen))
        assert len(run.app.action_runs) == 1
        await run.press("escape")
        actions.gate.set()
        await run.until(lambda: run.app.action_runs[-1].done)
        assert any("applied" in m.text for m in run.app.messages.all)


async def test_an_unknown_outcome_says_that_nothing_is_repeated_and_unrecorded_is_loud() -> None:
    actions = ToldService()
    actions.result, actions.entry = Result.UNKNOWN, ""
    async with opened(actions) as run:
        await confirmed(run)
        await run.shows(
            "? UNKNOWN OUTCOME", "never sent again", "✖ UNRECORDED  no store acknowledged this action"
        )


async def test_hostile_text_goes_literally_through_the_dialog_and_the_progress() -> None:
    text = "|".join(HOSTILE)
    actions = ToldService(
        [
            msgspec.structs.replace(ROLL_BACK, title=f"workload: {text}"),
            msgspec.structs.replace(HOLD, refused=text),
        ],
        effect=text,
        before=text,
        diff=(f"- {text}",),
        not_reverted=(text,),
        notes=(text,),
        skips=(text,),
        risk=Risk.KEY,
    )
    actions.checks, actions.changed = (Check(id="x", text=text, passed=None),), (text,)
    release = cw.release(message=text, problem=text)
    async with running(
        start="canary",
        size=(120, 120),
        actions=actions,
        judge=cw.Told((release, cw.BREACH)),
        prepare=cw.prepare,
    ) as run:

        def clean() -> None:
            for character in ("\x1b", "\u202e", "\u200b", "\x9b", "\t", "\r"):
                assert character not in run.text

        await run.until(lambda: run.app.screen._painted != ())
        await run.press("b")
        await run.until(lambda: isinstance(run.app.screen, ConfirmScreen))
        await run.lacks("making the plan")
        await run.shows("[@click=app.quit]ok[/]")
        clean()
        await run.press("b")
        await run.shows("✔ applied")
        clean()
        await run.press("escape", "a")
        await run.shows("Actions on checkout")
        clean()


async def test_letters_typed_at_once_are_the_name_that_is_asked_for() -> None:
    actions = ToldService()
    async with opened(actions, "b") as run:
        await run.until(lambda: run.app.screen.query_one(Dialog).ready, "half a second")
        await run.press(*"led")
        field = run.app.screen.query_one("#typed", TypedInput)
        await run.until(lambda: field.value == "led" and field.has_focus, "the letters in the field")
