"""Loading, empty, refused, stale and lost look different; hostile text is text; any terminal size is survived."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from screens.pages.workloads.workloads import WorkloadsScreen
from tests.tui import world
from tests.tui.recorded import Recorded
from tests.tui.running import Run, running
from tests.tui.widgets.hostile import HOSTILE
from tfdash.model.capacity import (
    LimitRange,
    PersistentVolume,
    PersistentVolumeClaim,
    PriorityClass,
    ResourceQuota,
    StorageClass,
)
from tfdash.model.kube import Object, Pod
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import LogLine
from tfdash.model.subject import Key
from tfdash.model.usage import NodeMetrics, PodMetrics
from tfdash.views.kinds import VIEWS

REFUSED = Problem(
    kind=ProblemKind.FORBIDDEN, cause="may not list pods", remedy="ask for the role view", transient=False
)


async def test_a_list_under_way_is_never_an_empty_table() -> None:
    source = Recorded({})
    async with running(source, start="pods", settled=False) as run:
        await run.until(source.running.is_set)
        assert "loading" in run.text
        source.load("Pod", 1500, 10_000)
        await run.shows("loading 1,500 of about 10,000 pods")
        source.objects["Pod"] = {Key(p.namespace, p.name): p for p in world.objects()["Pod"]}
        source.show("Pod")
        await run.shows("9 pods", "main-db-0")
        await run.lacks("loading 1,500")


async def test_what_is_refused_says_what_to_do_and_what_is_empty_says_why() -> None:
    source = Recorded({**world.objects(), "Job": [], "Pod": []})
    async with running(source, start="jobs") as run:
        await run.shows("No jobs in any namespace: the list was read and is empty.")
        assert source.sink is not None
        source.show("Pod", value=None, complete=False, observed_at=None, problem=REFUSED)
        await run.press("colon", "p", "o", "enter")
        await run.shows("may not list pods", "ask for the role view")


class WithNamespaces(Recorded):
    """A cluster that lists its namespaces."""

    async def read_labelled(self, *asked: object, metadata: bool = False) -> tuple[dict[str, Any], ...]:
        return ({"metadata": {"name": "tf-production"}},)


def without_workloads() -> WithNamespaces:
    there = world.objects()
    return WithNamespaces({kind: list(there[kind])[:1] if kind == "Node" else [] for kind in there})


async def test_nothing_is_called_well_in_a_namespace_that_is_not_there() -> None:
    source = without_workloads()
    async with running(source, start="overview", namespaces=("tf-prodution",)) as run:
        await run.shows("? unknown  There is no namespace tf-prodution; the nearest is tf-production.")
        await run.lacks("othing in the playbook asks for you now")
        pod = world.objects()["Pod"][0]
        source.put(msgspec.structs.replace(pod, namespace="tf-prodution"))  # it was made since
        await run.lacks("There is no namespace")
    async with running(without_workloads(), start="overview", namespaces=("tf-production",)) as run:
        await run.shows("✔ ok  nothing in the playbook asks for you now", "Overview in tf-production")


async def test_a_lost_source_keeps_its_rows_and_shows_age_and_cause_and_the_messages_keep_it() -> None:
    async with running(start="pods") as run:
        lost = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused", since=world.NOW)
        run.source.fail("Pod", lost, observed_at=world.NOW - 240)
        await run.shows("? 4m old: connection refused", "main-db-0")
        await run.press("m")
        await run.shows("eu-1 pods: connection refused")
        await run.press("escape")
        run.source.show("Pod", frozenset())
        await run.lacks("connection refused")
        await run.press("m")
        await run.shows("eu-1 pods: read again")


async def test_an_old_value_says_how_old() -> None:
    async with running(start="pods") as run:
        run.source.show("Pod", frozenset(), observed_at=world.NOW - 200, interval=60.0)
        await run.shows("? 3m old")


async def test_the_cursor_stays_on_its_object_while_rows_come_and_go() -> None:
    async with running(start="pods") as run:
        await run.press("down", "down", "down")
        key = run.table.cursor_key
        auth = next(p for p in run.source.objects["Pod"].values() if p.name == "auth-6b5f-a")
        run.source.remove("Pod", Key(auth.namespace, auth.name))
        await run.shows("8 pods")
        assert run.table.cursor_key == key
        run.source.put(msgspec.structs.replace(auth, name="aaa-new", resource_version="7"))
        await run.shows("9 pods", "aaa-new")
        assert run.table.cursor_key == key


async def test_a_hidden_screen_catches_up_when_it_comes_on_top() -> None:
    async with running(start="deployments") as run:
        await run.press("9")
        await run.shows("3 nodes")
        run.source.remove("Deployment", Key(world.NS, "auth"))
        await run.until(lambda: len(run.app.board.assessment.workloads) == 4)
        await run.press("2")
        await run.shows("4 workloads")
        await run.lacks("auth:5.2.1")


def _hostile(obj: Object, text: str) -> Object:
    """Every text of an object, as far as a server would let it through and beyond."""
    changes: dict[str, object] = {"name": text, "labels": {text: text}}
    if isinstance(obj, Pod):
        status = msgspec.structs.replace(
            obj.statuses[0], state="waiting", reason=text, message=text, ready=False
        )
        changes |= {"statuses": (status,), "node": text, "reason": text, "message": text}
    for field in (
        "reason",
        "message",
        "schedule",
        "service",
        "cluster_ip",
        "os_image",
        "runtime",
        "change_cause",
    ):
        if hasattr(obj, field) and field not in changes:
            changes[field] = text
    return msgspec.structs.replace(obj, **changes)


_CAPACITY: tuple[type[Object], ...] = (
    ResourceQuota,
    LimitRange,
    PersistentVolumeClaim,
    PersistentVolume,
    StorageClass,
    PriorityClass,
    PodMetrics,
    NodeMetrics,
)


async def test_hostile_text_goes_literally_through_every_screen() -> None:
    texts = [t for t in HOSTILE if t.strip()]
    there = {kind.KIND: [kind(namespace=world.NS, name="one")] for kind in _CAPACITY}
    hostile = {
        kind: [_hostile(many[0], text) for text in texts] + many
        for kind, many in {**world.objects(), **there}.items()
        if many
    }
    source = Recorded(hostile)
    source.logs_of = {
        p.name: [LogLine(p.name, "main", None, text.replace("\n", " ")) for text in texts]
        for p in source.objects["Pod"].values()
    }

    def shown(run: Run) -> None:
        for character in ("\x1b", "\u202e", "\u200b", "\x9b", "\t", "\r"):
            assert character not in run.text

    async with running(source, start="overview") as run:
        for view in (*(view for view in VIEWS if view != "workloads"), "workloads"):
            run.app.open(view)
            if not any(hostile.get(kind) for kind in VIEWS[view].kinds):
                await run.shows("not installed")
                continue
            await run.listed()
            await run.press("home")
            shown(run)
            if view == "pods":
                await run.shows("[error] disk full", "oops [/foo]", "[@click=app.quit]ok[/]", "␛[31mred␛[0m")
        rows = {k.key.name: k for k in run.app.screen.rows.keys()}  # noqa: SIM118
        for text in ("oops [/foo]", "[@click=app.quit]ok[/]", "\x1b]0;title\x07", "\ud800"):
            run.table.move_to(rows[text])
            for verb in "dyewlv":
                await run.press(verb)
                await run.until(lambda: run.app.screen is not run.app.screen_stack[0])
                shown(run)
                await run.press("escape")
                await run.until(lambda: isinstance(run.app.screen, WorkloadsScreen))
        await run.press("c", "m")
        await run.shows("copied")
        assert run.app.is_running


async def test_the_smallest_terminal_and_back() -> None:
    async with running(start="deployments") as run:
        await run.lacks("reading …")
        before = run.text
        for keys in ((), ("down", "enter"), ("escape", "d"), ("escape", "question_mark"), ("escape", "up")):
            await run.press(*keys)
            for size in ((20, 5), (1, 1), (120, 40)):
                await run.pilot.resize_terminal(*size)
                await run.until(lambda size=size: run.app.size == size)
        await run.until(lambda: run.text == before, "the same screen as before")


async def test_without_colour_no_colour_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(start="deployments") as run:
        assert run.app.no_color
        await run.shows("▲ STUCK", "◐ moving")
        for y in range(run.app.size.height):
            for segment in run.app.screen._compositor.render_strips()[y]:
                style = segment.style
                for colour in () if style is None else (style.color, style.bgcolor):
                    assert colour is None or colour.is_default or len(set(colour.get_truecolor())) == 1


@pytest.mark.parametrize("theme", ["dark", "light", "ansi", "colour-blind"])
async def test_every_theme_draws_every_state(theme: str) -> None:
    async with running(start="deployments", theme=theme) as run:
        await run.shows("▲ STUCK", "◐ moving", "✔ ok", "▲ degraded", "PRODUCTION")
        await run.press("colon", *"theme light", "enter")
        await run.until(lambda: run.app.theme == "tfdash-light")


async def test_a_wrong_configuration_ends_it_with_its_exit_code() -> None:
    async with running(settled=False, validate=lambda: "config.toml: no such key") as run:
        await run.until(lambda: run.app._exit)
        assert run.app.return_code == 64


async def test_the_kinds_of_a_screen_are_wanted_while_it_is_shown() -> None:
    async with running(start="deployments") as run:
        assert "Service" not in run.source.wanted
        await run.press("colon", *"svc", "enter")
        await run.until(lambda: "Service" in run.source.wanted)
        await run.press("2")
        await run.until(lambda: "5 workloads" in run.text)
        assert "Service" in run.source.wanted  # for a while: going back is instant
