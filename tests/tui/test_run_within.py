"""A fix by another procedure on the page of a run: begun from its step, led to, and led back from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from screens.dialogs.form import FormScreen
from screens.pages.recovery.run import RunPage
from tests.tui import recoveryworld as rw
from tests.tui.running import SIZES, Run, compare, running
from tests.unit.playbook.procedures.running import Run as RunEvents
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.reading import read_procedure
from widgets.confirm import Dialog, TypedInput

MANUAL = rw.FAILURE[
    rw.FAILURE.index('kind = "manual"\ntext = "Start the release') : rw.FAILURE.index(
        '[[steps]]\nid = "both"'
    )
]
BEGINS = 'kind = "procedure"\nbegins = ["release", "rollback"]\ntext = "The fix goes out, watched."\non_failure = "ask"\n\n'
TEXT = rw.FAILURE.replace(MANUAL, BEGINS)
RELEASE = """
title = "standard release"
holds = ["{service}"]

[[inputs]]
id = "service"
title = "the service"
type = "workload"

[[inputs]]
id = "version"
title = "the version"
type = "version"

[[steps]]
id = "reviewed"
title = "code review completed and approved"
kind = "manual"
text = "by whom?"

[[steps]]
id = "deploy"
title = "{version} comes out"
kind = "manual"
text = "how?"
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(Dialog, "patience", 0.0)


def at_fix() -> RunEvents:
    outer = rw.at_decision(rw.failure(TEXT))
    rw.said(outer, "decided", "how", ago=560, branch="forth", reason="2.14.1 is built")
    return outer


def inner_of(outer: RunEvents) -> RunEvents:
    return rw.failure(
        RELEASE,
        procedure="release",
        inputs={"service": [rw.CHECKOUT], "version": ["2.14.1"]},
        reason="the leak is mended",
        within={"run": outer.id, "step": "fix"},
    )


def waits_for(outer: RunEvents, inner: RunEvents) -> None:
    rw.said(outer, "claimed", "fix", ago=540, fence=1)
    what = f"waits for standard release (run {inner.id})"
    rw.said(outer, "begun", "fix", ago=530, attempt=1, fence=1, sentence=what, mark={"inner": inner.id})


@asynccontextmanager
async def page(*runs: RunEvents, **over: Any) -> AsyncIterator[tuple[Run, rw.ToldRuns]]:
    shipped = library().procedures
    own = read_procedure("service-failure", TEXT)
    service = rw.ToldRuns(*runs, procedures=[own, shipped["release"], shipped["rollback"]])
    service.over = over
    async with running(size=SIZES[1], start="recovery", runs=service) as run:
        run.app.open("run", runs[0].id)
        await run.until(lambda: isinstance(run.app.screen, RunPage), "the run")
        yield run, service


async def test_it_is_begun_from_its_step_with_what_the_run_knows() -> None:
    async with page(at_fix(), may=("begin", "skip"), lines=("begins release or rollback",)) as (run, service):
        await run.shows("the fix is released", "enter begin it", "x skip it")
        await run.press("enter")
        await run.shows("by which procedure?", "standard release", "rollback")
        await run.press("enter")
        await run.until(lambda: isinstance(run.app.screen, FormScreen), "what it asks")
        fields = {field.id: field.value for field in run.app.screen.query(TypedInput)}
        assert fields["field-service"] == rw.CHECKOUT
        assert not service.called


async def test_each_leads_to_the_other() -> None:
    outer = at_fix()
    inner = inner_of(outer)
    waits_for(outer, inner)
    stands = (
        f"standard release (run {inner.id}): 0 of 2 steps over, next “code review completed and approved”"
    )
    async with page(outer, inner, may=("skip",), lines=(stands,), refused="it is under way") as (run, _):
        await run.shows("enter to the run that was begun for it", "0 of 2 steps over")
        for size in SIZES[:2]:
            await run.resize(*size)
            compare(f"run-within-outer-{size[0]}x{size[1]}", await run.still())
        await run.press("enter")
        await run.shows("carried out as the step “the fix is released” of single service failure")
        for size in SIZES[:2]:
            await run.resize(*size)
            compare(f"run-within-inner-{size[0]}x{size[1]}", await run.still())
        await run.press("u")
        await run.shows("enter to the run that was begun for it")
        await run.press("b")
        await run.shows("goes on by itself, until somebody ends it", inner.id)


async def test_of_one_whose_runbook_was_given_up_that_is_said() -> None:
    outer = at_fix()
    inner = inner_of(outer)
    rw.said(outer, "aborted", ago=100, sentence="another way")
    async with page(inner, outer) as (run, _):
        await run.shows("aborted: this one goes on by itself")
