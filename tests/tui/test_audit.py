"""The audit log, approvals, what was left unsettled, the calendar's page and break-glass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from screens.pages.audit.approvals import none_shown
from tests.tui import canaryworld as cw
from tests.tui import world
from tests.tui.running import SIZES, Run, compare, running
from tests.tui.told_service import ToldService, plan_of
from tests.tui.widgets.hostile import HOSTILE
from tfdash.actions.core.plan_digest import digest_of
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Risk
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.store_state import ApprovalRequest, BreakGlass, Entry, EntryKind, StoreHealth, StoreState
from widgets.confirm import Dialog


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialog, "patience", 0.0)


def entry(number: int, kind: EntryKind, sentence: str, **over: Any) -> Entry:
    given: dict[str, Any] = {
        "version": 1,
        "terminal": "ops-7",
        "sequence": number,
        "at": world.NOW - 60 * (1210 - number),
        "kind": kind,
        "actor": "oncall@corp",
        "environment": "production",
        "cluster": "eu-1",
        "action": "workload.rollback",
        "target": "Rollout tf-production/checkout",
        "intent": "i-1",
        "sentence": sentence,
        "data": '{"risk":1}',
        "hash": "ab" * 32,
        "previous": "cd" * 32,
    }
    return Entry(**(given | over))


ENTRIES = [
    entry(
        1203,
        EntryKind.REFUSAL,
        "rollout: promote is refused: BREACH",
        action="rollout.promote",
        actor="dev@corp",
    ),
    entry(1204, EntryKind.INTENT, "from 2.14.0 to 2.13.4: the release is aborted"),
    entry(1205, EntryKind.CONFIRMATION, "confirmed"),
    entry(1206, EntryKind.OUTCOME, "applied: accepted by the API server"),
    entry(1207, EntryKind.VERIFICATION, "seen: the canary's pods are gone"),
    entry(1208, EntryKind.HEARTBEAT, "alive", action="", target="", actor="tfdash"),
]


async def log(limit: int) -> Sequence[Entry]:
    return ENTRIES[-limit:]


async def go(run: Run, command: str) -> None:
    run.app.do(*command.split(" ", 1))


async def told(run: Run, text: str) -> None:
    await run.until(lambda: any(text in m.text for m in run.app.messages.all), text)


async def test_the_log_at_three_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with running(size=SIZES[0], start="canary", judge=cw.Told(), prepare=cw.prepare, audit=log) as run:
        await go(run, "audit")
        await run.shows("6 entries", "proven to entry 1,204 by the shared store, 3 entries behind")
        for size in SIZES:
            await run.resize(*size)
            compare(f"audit-{size[0]}x{size[1]}", await run.still())


async def test_the_newest_stands_first_a_filter_narrows_and_enter_shows_an_entry_whole() -> None:
    async with running(start="canary", judge=cw.Told(), prepare=cw.prepare, audit=log) as run:
        await go(run, "audit")
        await run.shows("6 entries")
        assert run.text.index("heartbeat") < run.text.index("refusal")
        await run.press("slash", *"refusal", "enter")
        await run.shows("1 of 6 entries", "dev@corp")
        await run.press("enter")
        await run.shows("Entry ops-7:1203", "rollout.promote", '"risk": 1', "abababab")


async def test_a_log_that_cannot_be_read_says_so_and_one_that_is_not_there_too() -> None:
    async def broken(limit: int) -> Sequence[Entry]:
        raise OSError("disk [I/O] error")

    async with running(start="overview", audit=broken) as run:
        await go(run, "audit")
        await run.shows("? the log cannot be read: disk [I/O] error")
    async with running(start="overview") as run:
        await go(run, "audit")
        await run.shows("has no audit log", "held by nobody else")


async def test_hostile_entries_are_text() -> None:
    text = "|".join(HOSTILE)
    bad = [entry(1, EntryKind.NOTE, text, actor=text, target=text, action=text, data=text, terminal=text)]

    async def hostile(limit: int) -> Sequence[Entry]:
        return bad

    def clean() -> None:
        for character in ("\x1b", "\u202e", "\u200b", "\x9b", "\t", "\r"):
            assert character not in run.text

    facts = StoreState(unsettled=tuple(bad), health=StoreHealth(local=text, shared=text, terminal=text))
    async with running(
        start="overview",
        audit=hostile,
        actions=ToldService(),
        ledger=object(),
        prepare=lambda b: cw.prepare(b, None, facts),
    ) as run:
        await run.shows("Unsettled")
        clean()
        await run.press("enter")
        await run.shows("What became of")
        clean()
        await run.press("escape", "escape")
        await go(run, "audit")
        await run.shows("Audit log", "note")
        clean()
        await run.press("enter")
        await run.shows("› Entry")
        clean()
        await run.press("w", "pagedown")  # each field in one line
        await run.shows("environment:")
        clean()


# -- a second person --------------------------------------------------------------------------------------------------


def request(**over: Any) -> ApprovalRequest:
    plan = plan_of("workload.rollback", cw.CHECKOUT, world.NOW)
    plan = msgspec.structs.replace(plan, digest=digest_of(plan))
    given: dict[str, Any] = {
        "id": "apr-41",
        "digest": plan.digest,
        "requester": "oncall@corp",
        "requested_at": world.NOW - 60,
        "expires_at": world.NOW + 840,
        "reason": "errors rise",
        "plan": msgspec.json.encode(plan).decode(),
    }
    return ApprovalRequest(**(given | over))


async def approvals(run: Run) -> None:
    await go(run, "approvals")
    await run.shows("apr-41", "◐ waiting", "14:00", "errors rise")
    await run.press("enter")


async def test_an_approver_confirms_what_this_terminal_plans_for_the_request() -> None:
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON, typed="checkout")
    facts = StoreState(approvals=(request(),))
    async with running(
        start="overview", actions=actions, prepare=lambda b: cw.prepare(b, None, facts)
    ) as run:
        await approvals(run)
        await run.shows("Approve apr-41 in PRODUCTION", "Type checkout", "Deny")
        assert run.app.focused is not None and run.app.focused.id == "cancel"
        await run.press(*"seen", "enter", *"checkout")
        run.app.screen.query_one("#go").focus()
        await run.press("enter")
        await run.until(lambda: actions.decided == [("apr-41", True, "seen")])
        assert actions.planned[-1][2] == {"digest": request().digest}  # what was on the screen


async def test_a_denial_needs_a_reason_and_no_name() -> None:
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON, typed="")
    async with running(
        start="overview",
        actions=actions,
        prepare=lambda b: cw.prepare(b, None, StoreState(approvals=(request(),))),
    ) as run:
        await approvals(run)
        await run.shows("Deny")
        run.app.screen.query_one("#other-0").focus()
        await run.press("enter")
        await run.shows("Deny apr-41")
        await run.until(lambda: actions.planned[-1][0] == "approval.deny")
        await run.shows("Reason")
        await run.press(*"not now")
        run.app.screen.query_one("#go").focus()
        await run.press("enter")
        await run.until(lambda: actions.decided == [("apr-41", False, "not now")])


async def test_a_request_that_cannot_be_shown_can_only_be_denied() -> None:
    actions = ToldService()
    actions.trouble = PlanRefused("made anew on this terminal it is another plan (requests)")
    async with running(
        start="overview",
        actions=actions,
        prepare=lambda b: cw.prepare(b, None, StoreState(approvals=(request(),))),
    ) as run:
        await approvals(run)
        await run.shows("✖ refused: made anew on this terminal it is another plan", "Deny")
        assert not run.app.screen.query_one("#go").display


async def test_without_a_server_that_stamps_there_is_no_second_person() -> None:
    async with running(start="overview", actions=ToldService()) as run:
        await go(run, "approvals")
        await run.shows("none waits", "no server stamps who approves")


@pytest.mark.parametrize(
    ("begun", "read", "health", "word", "sentence"),
    [
        (False, None, {}, "loading", "not read yet"),
        (True, False, {"shared_configured": True}, "loading", "not read yet"),
        (
            True,
            True,
            {"shared_configured": True, "shared": "it is down"},
            "not read",
            "not known: it is down",
        ),
        (True, True, {"shared_configured": True, "stamps": "postgresql"}, "none waits", "Nobody asks"),
        (True, True, {"stamps": "kubernetes"}, "none waits", "Nobody asks"),
        (True, True, {}, "none waits", "no server stamps"),
    ],
)
def test_that_nobody_asks_is_said_only_where_it_was_read(
    begun: bool, read: bool | None, health: dict[str, Any], word: str, sentence: str
) -> None:
    status = Observation[SourceInfo](complete=bool(read))
    sources = {"store": status} if read is not None else {}
    state = StoreState(health=StoreHealth(**health))
    picture = Picture(at=0.0, number=1, clusters={}, store_state=state, sources=sources)
    (header, _), told = none_shown(picture, begun=begun)
    assert word in header and sentence in told


# -- what was left, calendar, break-glass -----------------------------------------------------------------------------


async def test_intents_without_an_outcome_are_asked_about_at_the_start() -> None:
    facts = StoreState(unsettled=(entry(7, EntryKind.INTENT, "from 2.14.0 to 2.13.4"),))
    async with running(
        start="overview",
        actions=ToldService(),
        ledger=object(),
        prepare=lambda b: cw.prepare(b, None, facts),
    ) as run:
        await run.shows("Unsettled", "from 2.14.0 to 2.13.4", "? not read yet")
        await told(run, "1 intent has no outcome")
        await run.press("enter")
        await run.shows("What became of", "It was applied", "It was not applied")


async def test_the_calendar_has_a_page_with_the_next_five_slots() -> None:
    async with running(start="overview", judge=cw.Told()) as run:
        await go(run, "calendar")
        await run.shows("release CLOSED", "Tue 24 Nov 10:00-12:00 EST", "Thu 17 Dec 10:00-12:00 EST")


async def test_the_header_says_the_calendar_and_break_glass_with_its_clock() -> None:
    glass = BreakGlass(
        environment="production",
        by="oncall@corp",
        reason="down",
        since=world.NOW - 480,
        until=world.NOW + 3120,
    )
    facts = StoreState(break_glass={"production": glass})
    async with running(
        start="canary", judge=cw.Told(calendar=cw.OPEN), prepare=lambda b: cw.prepare(b, None, facts)
    ) as run:
        await run.shows("BREAK-GLASS 52:00", "release OPEN until 12:00")
        await run.press("2")
        await run.shows("BREAK-GLASS 52:00")


async def test_break_glass_asks_for_a_reason_and_the_environments_name() -> None:
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON)
    async with running(start="overview", actions=actions) as run:
        await go(run, "break-glass")
        await run.shows("Break the glass in PRODUCTION", "Type production")
        await run.press(*"site down", "enter", *"production", "enter", "enter")  # nobody looks for Tab
        await run.until(lambda: actions.break_glass == [("production", "site down")])
        await run.press("escape")
        await go(run, "review")
        await run.shows("Review break-glass in PRODUCTION")
        assert actions.planned[-1][0] == "environment.review-break-glass"


async def test_a_terminal_that_only_reads_breaks_no_glass() -> None:
    async with running(start="overview") as run:
        await go(run, "break-glass")
        await told(run, "only reads")


async def test_what_reading_cannot_tell_is_recorded_as_the_operator_says() -> None:
    facts = StoreState(unsettled=(entry(7, EntryKind.INTENT, "from 2.14.0 to 2.13.4"),))
    actions = ToldService(risk=Risk.TYPED_NAME_AND_REASON, typed="")
    async with running(
        start="overview", actions=actions, ledger=object(), prepare=lambda b: cw.prepare(b, None, facts)
    ) as run:
        await run.shows("Unsettled", "from 2.14.0")
        await run.press("enter")
        await run.shows("What became of", "It was applied", "It was not applied", "Reason")
        assert actions.planned[-1][0] == "intent.applied" and actions.planned[-1][1].name == "i-1"
        await run.press(*"seen it")
        run.app.screen.query_one("#go").focus()
        await run.press("enter")
        await run.until(lambda: bool(actions.executed))
        assert actions.executed[0][1].reason == "seen it"
