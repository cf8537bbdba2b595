"""Every registered page is reached by its digit, its names after ``:``, and ``--screen``; each is drawn at 80x24."""

from __future__ import annotations

import pytest

from screens import registry
from screens.frame.acting_screen import ActingScreen
from tests.tui import canaryworld as cw
from tests.tui.recorded import REF
from tests.tui.running import Run, running
from tests.tui.test_golden import source_with_logs
from tfdash.model.observation import ListProgress
from tfdash.model.subject import Key, Subject
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
    # names give way before counts do
    assert all(f"{tab.digit} {tab.title[:4]}" in lines[1] for tab in registry.TABS if tab.opens), lines[1]
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
    """Their keys stand in test_keys, test_acting, test_audit, test_canary, test_resources, test_calendar, test_recovery and test_recovery_newer; a new one is added here with its test."""
    about = {spec.id for spec in PAGES if spec.opens and spec.id not in {s.id for s in PLACED}}
    assert about == {
        "containers",
        "revisions",
        "inspect",
        "logs",
        "verdict",
        "actions",
        "entry",
        "kind",
        "resource",
        "promise",
        "procedure",
        "run",
        "step",
        "handover",
        "journal",
        "difference",
    }


def cursor(run: Run) -> str:
    screen = run.app.screen
    chosen = screen.acting_on() if isinstance(screen, ActingScreen) else ()
    return chosen[0].name if len(chosen) == 1 else ""


@pytest.mark.parametrize("key", ["9", "enter"])
async def test_the_way_from_a_finding_leads_to_its_row(key: str) -> None:
    """By the tab's digit and from its line: from a list that was left elsewhere, under a filter, and where it comes later."""
    source = source_with_logs()
    async with running(source, SMALL, start="nodes") as run:
        await run.listed()
        await run.until(lambda: cursor(run) == "node-1")
        await run.press("1")
        await run.shows("1 cordoned")
        await run.press(*(["down", "down"] if key == "enter" else []), key)
        await run.until(lambda: shown(run) == "nodes" and cursor(run) == "node-3", "its row")
        await run.press("home", "slash", *"node-1", "enter")
        await run.until(lambda: run.table.shown == 1)
        await run.press("1")
        await run.until(lambda: shown(run) == "overview")
        await run.press(key)
        await run.until(lambda: any("node-3 is hidden by the filter" in m.text for m in run.app.messages.all))
        await run.press("escape")
        await run.until(lambda: run.table.shown == 3 and cursor(run) == "node-3", "behind the filter")


@pytest.mark.parametrize(
    ("keys", "page", "name"), [(["9"], "nodes", "node-3"), (["2"], "workloads", "checkout")]
)
async def test_a_page_that_was_never_shown_begins_on_the_row_that_is_named(
    keys: list[str], page: str, name: str
) -> None:
    async with running(source_with_logs(), SMALL, start="overview") as run:
        await run.shows("1 cordoned")
        await run.press(*keys)
        await run.until(lambda: shown(run) == page and cursor(run) == name, f"{name} on {page}")


async def test_a_row_that_comes_later_is_stood_on_and_one_that_is_gone_is_said() -> None:
    source = source_with_logs()
    async with running(source, SMALL, start="nodes") as run:
        await run.listed()
        node = source.objects["Node"][Key("", "node-3")]
        subject = Subject(REF, "Node", "", "node-3")
        source.remove("Node", Key("", "node-3"))
        await run.until(lambda: run.table.shown == 2)
        source.show("Node", complete=False, progress=ListProgress(2, 3))
        run.app.open("nodes", row=subject)
        source.put(node)
        await run.until(lambda: cursor(run) == "node-3", "it came")
        source.remove("Node", Key("", "node-3"))
        await run.until(lambda: run.table.shown == 2)
        run.app.open("nodes", row=subject)
        await run.until(
            lambda: any("Node node-3 is not in this list" in m.text for m in run.app.messages.all)
        )


async def test_the_way_to_a_release_leads_to_that_release() -> None:
    two = (cw.release(), cw.BREACH), (cw.release(cw.AUTH), cw.BREACH)
    async with running(size=SMALL, start="canary", judge=cw.Told(*two), prepare=cw.prepare) as run:
        for release, _ in two:
            run.app.open("overview")
            await run.until(lambda: shown(run) == "overview")
            run.app.open("canary", row=release.subject)
            await run.until(lambda name=release.subject.name: cursor(run) == name, "that release")
        run.app.open("canary", row=cw.AUTH._replace(name="gone"))
        await run.until(lambda: any("gone is not among the releases" in m.text for m in run.app.messages.all))


async def test_a_key_that_is_held_opens_a_page_once() -> None:
    async with running(source_with_logs(), SMALL, start="pods") as run:
        await run.listed()
        about = Subject(REF, "Pod", "tf-production", "web")
        for _ in range(5):
            run.app.open("logs", about)
        assert [screen.page for screen in run.app.roots] == ["pods", "logs"]
        run.app.open("logs", about._replace(name="other"))
        assert [screen.page for screen in run.app.roots] == ["pods", "logs", "logs"]
