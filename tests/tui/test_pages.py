"""Every registered page is reached by its digit, its names after ``:``, and ``--screen``; each is drawn at 80x24."""

from __future__ import annotations

import pytest

from screens import registry
from tests.tui.running import Run, running
from tests.tui.test_golden import source_with_logs
from tfdash.views.pages import PAGES, ScreenSpec

PLACED = [spec for spec in registry.SPECS.values() if spec.command]
SMALL = (80, 24)


def shown(run: Run) -> str:
    top = run.app.top
    return top.page if top is not None else ""


async def drawn(run: Run, spec: ScreenSpec) -> None:
    """On top, in its place: as wide as the terminal, with the tabs, its crumbs and something below."""
    await run.until(lambda: shown(run) == spec.id and run.app.screen is run.app.top, spec.id)
    await run.until(lambda: len([line for line in run.text.splitlines()[3:] if line.strip()]) > 1, "a body")
    lines = run.text.splitlines()
    assert all(tab.title in lines[1] for tab in registry.TABS if tab.opens), lines[1]
    assert run.app.crumbs()[-1] in lines[2]


async def test_each_page_by_its_command() -> None:
    async with running(source_with_logs(), SMALL, start="overview") as run:
        for spec in PLACED:
            if spec in PAGES:
                await run.press("colon", *spec.aliases[0], "enter")
            else:  # the lists are many and alike; their names are tried without a terminal
                run.app.do(f"list.{spec.id}")
            await drawn(run, spec)


async def test_each_tab_by_its_digit_and_one_without_a_section_says_so() -> None:
    async with running(size=SMALL, start="overview") as run:
        for spec in reversed(registry.TABS):
            before = shown(run)
            await run.press(spec.digit)
            if spec.opens:
                await drawn(run, spec)
            else:
                await run.until(lambda spec=spec: any(spec.title in m.text for m in run.app.messages.all))
                assert shown(run) == before


@pytest.mark.parametrize("page", ["calendar", "audit", "svc"])
async def test_the_program_begins_with_the_page_that_was_asked_for(page: str) -> None:
    async with running(size=SMALL, start=page) as run:
        await drawn(run, registry.SPECS[registry.page_id(page)])
        await run.press("escape")
        await run.until(lambda: run.app.is_running and len(run.app.screen_stack) == 1)


async def test_a_page_is_not_opened_above_itself() -> None:
    async with running(size=SMALL, start="overview") as run:
        for _ in range(2):
            run.app.open("messages")
            await run.shows("No message yet")
        assert len(run.app.screen_stack) == 2


def test_what_is_opened_from_another_page_is_reached_by_keys_of_these_tests() -> None:
    """Their keys stand in test_keys, test_acting, test_audit and test_canary; a new one is added here with its test."""
    about = {spec.id for spec in PAGES if spec.opens and spec.id not in {s.id for s in PLACED}}
    assert about == {"containers", "revisions", "inspect", "logs", "verdict", "actions", "entry", "kind"}
