"""An open run whose file is another one now: it says so, shows the difference, and goes on by it where a person says so."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from screens.dialogs.form import FormScreen
from screens.pages.recovery.run import RunPage
from screens.pages.recovery.texts import DifferencePage
from tests.tui import recoveryworld as rw
from tests.tui.running import SIZES
from tests.tui.test_recovery import at, at_all_sizes
from tfdash.playbook.procedures.reading import read_procedure
from widgets.confirm import Dialog

OTHER = (
    rw.FAILURE.replace("it is this service that fails", "it is this service, and nothing it rests on")
    .replace("delete the failed pods that were isolated", "delete them")
    .replace(
        'id = "serves"\ntitle = "it serves again',
        'id = "journeys"\ntitle = "what users do works"\nkind = "manual"\ntext = "walk through it"\n\n'
        '[[steps]]\nid = "serves"\ntitle = "it serves again',
    )
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(Dialog, "patience", 0.0)


def changed(service: rw.ToldRuns, text: str = OTHER) -> None:
    """The file of the run is ``text`` now."""
    made = next(iter(service.journals.values()))
    other = msgspec.structs.replace(
        read_procedure(made.state.procedure.id, text), file="service-failure.toml"
    )
    service._procedures = [other]


async def shown(run: Any, service: rw.ToldRuns, text: str = OTHER) -> None:
    changed(service, text)
    screen = run.app.screen
    assert isinstance(screen, RunPage)
    screen.catch_up()
    await run.shows("its file is another one now", "v what its file says now")


async def test_a_run_whose_file_is_the_same_says_nothing_of_it() -> None:
    async with at("decision") as (run, service):
        changed(service, rw.FAILURE)
        run.app.screen.catch_up()
        await run.press("v")
        assert isinstance(run.app.screen, RunPage)
        await run.lacks("another one now")


async def test_the_difference_is_shown_first_and_then_the_run_goes_on_by_it() -> None:
    async with at("decision", SIZES[0]) as (run, service):
        await shown(run, service)
        await at_all_sizes(run, "run-other-file")
        await run.press("v")
        await run.until(lambda: isinstance(run.app.screen, DifferencePage), "the difference")
        await run.shows(
            '~ the step seen "it is this service, and', "; it is done, which stays", "+ the step journeys"
        )
        await at_all_sizes(run, "run-difference")
        await run.press("o")
        await run.until(lambda: isinstance(run.app.screen, FormScreen), "the dialog")
        await at_all_sizes(run, "run-dialog-difference")
        await run.press(*"it says more", "enter", "enter")
        await run.until(lambda: isinstance(run.app.screen, RunPage), "back at the run")
        said = service.called[-1]
        assert said[0] == "changed" and said[2].reason == "it says more"
        assert said[3] == {"digest": service.procedures()[0].digest}


async def test_what_is_under_way_is_never_changed_under_it() -> None:
    async with at("running") as (run, service):
        await shown(
            run, service, OTHER.replace('action = "workload.rollback"', 'action = "workload.restart"')
        )
        await run.press("v")
        await run.shows("✖ The run cannot go on by it: roll it back is under way")
        await run.press("o")
        assert isinstance(run.app.screen, DifferencePage) and not service.called


@pytest.mark.parametrize("title", ["\x1b[31mred\x1b[0m", "[bold]loud[/] \u202eback", "a\nb\tc"])
async def test_what_a_file_says_is_shown_literally(title: str) -> None:
    text = rw.FAILURE.replace('"it is this service that fails"', json.dumps(title))
    async with at("decision") as (run, service):
        await shown(run, service, text)
        await run.press("v")
        await run.until(lambda: isinstance(run.app.screen, DifferencePage), "the difference")
        for key in ("", "o"):
            await run.press(*key)
            page = await run.still()
            assert "\x1b" not in page and "\u202e" not in page and page.count("\n") == 40
        assert isinstance(run.app.screen, FormScreen)
