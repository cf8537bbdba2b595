"""The calendar's views at three sizes, its keys, and the way from a finding to what is on record."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from screens.pages.calendar.calendar import CalendarScreen
from tests.tui import calendarworld as cw
from tests.tui import world
from tests.tui.running import SIZES, Run, compare, running
from tests.tui.told_service import ToldService
from tests.tui.widgets.hostile import HOSTILE
from tfdash.judging.judge import Judge
from tfdash.model.action import Offer
from tfdash.model.maintenance import AccountStart, Completion, EvidenceKind, MaintenanceRecord, item_subject
from tfdash.model.store_state import StoreState
from tfdash.playbook.maintenance.cadence import Each
from tfdash.playbook.maintenance.policy import MaintenanceItem, MaintenancePolicy
from tfdash.playbook.policies import Policies
from tfdash.views.calendar.head import VIEWS
from tfdash.views.filter import Filter
from widgets.prose import Prose

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
VACUUM = item_subject("vacuum-analyze", "production")


@asynccontextmanager
async def calendar(
    size: tuple[int, int] = (120, 40), start: str = "calendar", **over: Any
) -> AsyncIterator[Run]:
    given: dict[str, Any] = {"judge": cw.judge(), "policies": cw.POLICIES, "prepare": cw.prepare}
    async with running(size=size, start=start, **(given | over)) as run:
        if start == "calendar":
            await run.shows("2 overdue")
        yield run


def screen(run: Run) -> CalendarScreen:
    found = run.app.screen
    assert isinstance(found, CalendarScreen)
    return found


@pytest.mark.parametrize("view", [view.id for view in VIEWS])
async def test_golden(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with calendar(SIZES[0]) as run:
        screen(run).point_to(view)
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"calendar-{view}-{width}x{height}", text)


async def test_golden_of_a_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with calendar(SIZES[0]) as run:
        await run.press("enter")
        await run.shows("Periods:")
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"calendar-promise-{width}x{height}", text)


async def test_a_promise_offers_what_may_be_said_of_it_under_the_keys_of_the_agenda() -> None:
    sign = Offer(action="maintenance.sign-off", title="maintenance: sign off", key="o")
    for page in ("promise", "agenda"):
        actions = ToldService(offered=(sign,), kinds=("MaintenanceItem",))
        async with calendar(SIZES[0], actions=actions) as run:
            if page == "promise":
                run.app.open("promise", VACUUM)
                await run.shows("Periods:")
            else:
                screen(run).stand_on(VACUUM)
                await run.until(lambda: screen(run).table.cursor_key == VACUUM, "its row")
            await run.shows("o sign off", "a actions")
            await run.press("o")
            await run.until(lambda at=actions: bool(at.planned), "the plan")  # type: ignore[misc]
            assert [(action, at._replace(uid="")) for action, at, _ in actions.planned] == [
                (sign.action, VACUUM)
            ]


async def test_the_chosen_day_is_scrolled_by_keys_and_begins_at_its_begin() -> None:
    async with calendar(SIZES[0]) as run:
        screen(run).point_to("month")
        await run.shows("Mon 23 Nov 2026  today")
        day = screen(run).query_one("#day", Prose)
        await run.until(lambda: day.max_scroll_y > 0, "more than there is room for")
        await run.press("pagedown")
        await run.until(lambda: day.scroll_y > 0, "further down")
        await run.press("pageup")
        await run.until(lambda: day.scroll_y == 0, "the begin")
        await run.press("pagedown", "right")
        await run.until(lambda: day.scroll_y == 0, "the begin of another day")


async def test_a_small_terminal_begins_with_the_agenda_until_a_person_chooses() -> None:
    async with calendar(SIZES[0]) as run:
        await run.shows("[agenda")
        await run.resize(120, 40)
        await run.shows("[month]", "November 2026")
        await run.press("tab")
        await run.shows("[week]", "Mon 23 Nov to Sun 29 Nov 2026")
        await run.resize(80, 24)
        await run.shows("[week]")
        await run.press("shift+tab", "shift+tab")
        await run.shows("[audit]")


async def test_arrows_move_the_day_brackets_the_month_and_t_comes_back() -> None:
    async with calendar() as run:
        await run.shows("Mon 23 Nov 2026  today")
        await run.press("right")
        await run.shows("Tue 24 Nov 2026  in 1d", "R release window 10:00-12:00")
        await run.press("down")
        await run.shows("Tue 1 Dec 2026  in 8d", "December 2026", "release window 10:00-12:00", "is closed")
        await run.press("left_square_bracket", "left_square_bracket")
        await run.shows("Thu 1 Oct 2026", "October 2026")
        await run.press("up", "left")
        await run.shows("Wed 23 Sep 2026", "61d ago")
        await run.press("t")
        await run.shows("Mon 23 Nov 2026  today", "November 2026")
        await run.press("tab", "right_square_bracket")
        await run.shows("Mon 30 Nov to Sun 6 Dec 2026", "blackout at the month's end")
        await run.press("down")
        await run.shows("Tue 1 Dec 2026")


async def test_the_last_of_a_month_stays_within_the_shorter_one() -> None:
    async with calendar() as run:
        for _ in range(8):
            await run.press("right")
        await run.shows("Tue 1 Dec 2026")
        await run.press("left", "left_square_bracket", *["right"] * 1, "right_square_bracket")
        await run.shows("Mon 30 Nov 2026")


async def test_enter_on_a_day_opens_what_is_dated_on_it_or_asks_which() -> None:
    async with calendar() as run:
        await run.press("right", "right", "enter")
        await run.until(
            lambda: any("no promise is dated on Wed 25 Nov" in m.text for m in run.app.messages.all)
        )
        await run.press("t", "enter")
        await run.until(lambda: not isinstance(run.app.screen, CalendarScreen), "the choice")
        await run.shows("Vacuum analyze · production", "▲ overdue")
        await run.press("enter")
        await run.shows(
            "Calendar › Vacuum analyze · production", "Periods:", "Playbook:  “Vacuum analyze: Weekly”"
        )
        await run.press("escape")
        await run.shows("[month]")


async def test_a_finding_of_the_overview_leads_to_its_row() -> None:
    async with calendar((160, 50), start="overview") as run:
        await run.shows("Vacuum analyze, production: overdue since", "2 overdue")
        run.table.move_to(VACUUM)
        await run.press("enter")
        await run.shows("[agenda")
        await run.until(lambda: run.table.cursor_key == VACUUM)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-l kind=database,environment=staging", 4),
        ("-l owner=dba", 8),
        ("-l state=overdue", 2),
        ("vacuum", 2),
        ("in<2d", 7),
    ],
)
async def test_the_agenda_is_filtered_as_other_lists_are(text: str, shown: int) -> None:
    async with calendar((160, 50)) as run:
        screen(run).point_to("agenda")
        screen(run).apply_filter(Filter(text))
        await run.until(lambda: run.table.shown == shown, f"{shown} rows")


async def test_days_show_what_passes_the_filter_alone() -> None:
    async with calendar() as run:
        await run.shows("Review of privileged access")
        await run.press("slash", *"vacuum", "enter")
        await run.shows("Vacuum analyze")
        await run.lacks("Review of privileged access")
        await run.shows("2 of 47 promises  /vacuum")  # days alone would look as if nothing else were promised
        await run.press("escape")
        await run.shows("Review of privileged access")


@pytest.mark.parametrize(
    "keys", [("slash", *"no such thing", "enter"), ("slash", *"-l kind=operations", "enter")]
)
async def test_a_day_of_which_the_filter_leaves_nothing_says_so(keys: tuple[str, ...]) -> None:
    async with calendar() as run:
        await run.press(*keys)
        await run.shows("the filter leaves nothing on this day")
        await run.press("escape")
        await run.lacks("the filter leaves")


async def test_the_help_names_the_labels_of_promises() -> None:
    async with calendar() as run:
        await run.press("question_mark")
        await run.press("G")
        await run.shows("on Calendar: item, kind, owner, environment, cluster, place, state")


async def test_days_of_only_what_is_not_ok_say_so() -> None:
    async with calendar() as run:
        await run.press("z")
        await run.shows("only what is not ok")


async def test_what_came_too_late_for_its_period_is_on_record_and_says_so() -> None:
    item = cw.POLICIES.maintenance.items["quota-review"]
    subject = item_subject("quota-review", "production")
    policy = replace(cw.POLICIES.maintenance, items={"quota-review": item})
    done = Completion(
        subject=subject,
        done_at=world.NOW - 80 * world.DAY,
        recorded_at=world.NOW - world.DAY,
        evidence=EvidenceKind.SIGNED,
        by="ana@corp",
        note="found the protocol",
    )
    record = MaintenanceRecord(
        completions={subject: (done,)},
        started={subject: (AccountStart(world.NOW - 200 * world.DAY, world.NOW - 200 * world.DAY),)},
        known=True,
    )
    policies = replace(cw.POLICIES, maintenance=policy)
    async with calendar(
        start="overview",
        judge=Judge(policies=policies),
        policies=policies,
        prepare=lambda board: board.put_store_state(StoreState(maintenance=record)),
    ) as run:
        run.app.open("promise", subject)
        await run.shows("✖ 2026-09     missed", "recorded too late for 2026-09", "found the protocol")


async def test_nothing_is_said_before_it_was_read() -> None:
    async with running(start="calendar", prepare=lambda board: board.put_store_state(StoreState())) as run:
        await run.press("tab", "tab")
        await run.shows("What is on record of the dated promises is read now.")
        await run.lacks("✔ ok")


async def test_before_the_configuration_is_read_the_page_is_there() -> None:
    async with running(start="calendar", policies=None) as run:
        for _ in VIEWS:
            await run.press("tab", "right", "enter", "t")
        await run.shows("5 Calendar")


def hostile_world() -> tuple[Policies, MaintenanceRecord]:
    items, completions, started = {}, {}, {}
    for number, text in enumerate(HOSTILE):
        name = f"{number}{text}".replace("/", "|")
        items[name] = MaintenanceItem(
            when=Each("week"), title=f"t{text}", sentence=text, owner=text, places=(f"p{text}",)
        )
        subject = item_subject(name, "production", place=f"p{text}")
        started[subject] = (AccountStart(world.NOW - 60 * world.DAY, world.NOW - 60 * world.DAY),)
        completions[subject] = tuple(
            Completion(
                subject=subject,
                done_at=world.NOW - days * world.DAY,
                recorded_at=world.NOW - days * world.DAY,
                evidence=EvidenceKind.SIGNED,
                by=text,
                note=text,
                link=text,
                digest=text,
            )
            for days in (1, 9, 30)
        )
    policy = MaintenancePolicy(cw.POLICIES.maintenance.zone, 24, None, items)
    record = MaintenanceRecord(completions=completions, started=started, known=True)
    return replace(cw.POLICIES, maintenance=policy, environments=("production",)), record


@pytest.mark.usefixtures("painted")
@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_hostile_strings_are_text_in_every_view(size: tuple[int, int]) -> None:
    policies, record = hostile_world()
    async with running(
        size=size,
        start="calendar",
        judge=Judge(policies=policies),
        policies=policies,
        prepare=lambda board: board.put_store_state(StoreState(maintenance=record)),
    ) as run:
        await run.shows("5 Calendar")
        for view in VIEWS:
            screen(run).point_to(view.id)
            await run.shows(f"[{view.title}")
            assert not CONTROL.search(await run.still())
        screen(run).point_to("month")
        await run.press("left", "enter")
        await run.until(lambda: not isinstance(run.app.screen, CalendarScreen), "the choice")
        assert not CONTROL.search(await run.still())
        await run.press("escape")
        for subject in record.completions:
            run.app.open("promise", subject)
            await run.shows("w wrap")
            assert not CONTROL.search(await run.still())
            await run.press("escape")
        assert run.app.is_running
