"""The page of resources, view by view at three sizes, and its keys."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from screens.pages.resources.resources import ResourcesScreen
from tests.tui import resourceworld
from tests.tui.recorded import REF, Recorded
from tests.tui.running import SIZES, compare, running
from tfdash.actions.registry import ACTIONS
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Key
from tfdash.views.resources.columns import VIEWS


@pytest.mark.parametrize("number", range(len(VIEWS)), ids=[view.id for view in VIEWS])
async def test_golden(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    view = VIEWS[number]
    async with running(
        resourceworld.source(), SIZES[0], judge=resourceworld.Told(), start="resources"
    ) as run:
        await run.shows("5 workloads")
        await run.press(*(["tab"] * number))
        await run.shows(f"[{view.title}")
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"resources-{view.id}-{width}x{height}", text)


async def test_golden_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with running(
        resourceworld.source(), SIZES[0], judge=resourceworld.Told(), start="resources"
    ) as run:
        await run.shows("5 workloads")
        await run.press("down", "enter")
        await run.shows("Resources › tf-production/checkout", "1 container")
        await run.lacks("reading …")
        shown = {}
        for size in SIZES:
            await run.resize(*size)
            shown[size] = await run.still()
        for (width, height), text in shown.items():
            compare(f"resource-{width}x{height}", text)


class _Late(resourceworld.Told):
    """Says something of resources once all of ``awaited`` was read."""

    awaited = "HorizontalPodAutoscaler"

    def assess(self, picture: Picture, change: Change, now: float) -> tuple[Assessment, Any]:
        assessment, changed = super().assess(picture, change, now)
        if (seen := picture.clusters[REF].kinds.get(self.awaited)) is not None and seen.complete:
            return assessment, changed
        return msgspec.structs.replace(assessment, verdicts={}), changed


class _Held(Recorded):
    """``Late.awaited`` comes when it is shown, all else at once."""

    def show(self, kind: str, changed: frozenset[Key] | None = None, **over: object) -> None:
        if kind != _Late.awaited or self.running.is_set():
            super().show(kind, changed, **over)


async def test_until_all_was_read_the_cursor_rests_where_the_worst_will_be() -> None:
    source = _Held(resourceworld.objects())
    async with running(source, (80, 24), settled=False, judge=_Late(), start="resources") as run:
        await run.shows("reading what is used", "main-db")
        first = run.table.cursor_key
        source.show(_Late.awaited)
        await run.shows("✖  110")
        await run.lacks("reading what is used")
        assert run.table.cursor_key == run.table.keys_in_view()[0] != first
        assert run.table.cursor_key.name == "ledger-export"


async def test_filter_by_number_sort_and_only_what_is_not_ok() -> None:
    async with running(
        resourceworld.source(), (120, 40), judge=resourceworld.Told(), start="resources"
    ) as run:
        await run.shows("5 workloads", "main-db")
        await run.press("slash", *"cpu>60", "enter")
        await run.shows("2 of 5 workloads")
        assert "ledger-export " not in run.text.split("─ ")[0].split("WORKLOAD")[1]
        for text, shown in (
            ("cpu>500m", "1 of 5"),
            ("cpu%>=98.8", "1 of 5"),
            ("cpu<100m", "1 of 5"),
            ("cpu<1", "0 of 5"),
        ):
            await run.press("escape", "slash", *text, "enter")
            await run.shows(f"{shown} workloads")
        await run.press("escape", "C")
        await run.until(lambda: run.table.sorted_by == ("cpu", True), "sorted by cpu")
        first = run.table.keys_in_view()[0]
        assert first.name == "checkout"
        await run.press("z")
        await run.shows("3 of 5 workloads")
        await run.press("shift+tab")
        await run.shows("[right-sizing", "1 proposal")
        await run.press("tab")
        await run.shows("[workloads")
        await run.press("colon", *"rightsize", "enter")
        await run.shows("[right-sizing", "1 proposal")


_ACTED_ON = {
    "workloads": ("Deployment", {"s": "workload.scale", "b": "workload.rollback", "": "workload.set-resources"}),
    "namespaces": ("Namespace", {"s": "namespace.scale-down", "b": "namespace.restore", "": "namespace.keep-up"}),
    "nodes": ("Node", {"": "node.drain"}),
    "quotas": ("ResourceQuota", {"s": "quota.hard"}),
    "hpas": ("HorizontalPodAutoscaler", {"s": "autoscaler.bounds"}),
    "rightsize": ("Deployment", {"s": "workload.scale", "": "workload.set-resources"}),
}  # fmt: skip


async def test_a_row_of_each_view_is_acted_on_as_the_object_that_it_is() -> None:
    async with running(
        resourceworld.source(), (120, 40), judge=resourceworld.Told(), start="resources"
    ) as run:
        await run.shows("5 workloads", "main-db")
        screen = run.app.screen
        assert isinstance(screen, ResourcesScreen)
        for view in VIEWS:
            await run.until(lambda view=view: screen.view is view and run.table.shown > 0, view.id)  # type: ignore[misc]
            kind, keys = _ACTED_ON[view.id]
            rows = run.table.keys_in_view()
            at = next(n for n, subject in enumerate(rows) if subject.kind == kind)
            await run.press(*["down"] * at)
            await run.until(lambda row=rows[at]: run.table.cursor_key == row, view.id)  # type: ignore[misc]
            (subject,) = screen.acting_on()
            assert subject.uid and subject._replace(uid="") == rows[at]
            offered = {action.id: action.key for action in ACTIONS.values() if kind in action.kinds}
            assert {id: key for key, id in keys.items()}.items() <= offered.items()
            await run.press("tab")


async def test_without_colour_the_same_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(
        resourceworld.source(), SIZES[0], judge=resourceworld.Told(), start="resources"
    ) as run:
        await run.shows("5 workloads")
        compare("resources-workloads-80x24", await run.still())
        for line in run.app.screen._compositor.render_strips():
            for style in (segment.style for segment in line if segment.style is not None):
                for colour in (style.color, style.bgcolor):
                    assert colour is None or colour.is_default or len(set(colour.get_truecolor())) == 1
