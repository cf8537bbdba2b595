"""Kinds that no table of ours has: found behind ``:`` and on their page, listed as printed, read only."""

from __future__ import annotations

import pytest

from screens.pages.inspect.inspect import InspectScreen
from screens.pages.kinds.kind import KindScreen
from screens.pages.kinds.kinds import KindsScreen
from tests.tui import world
from tests.tui.recorded import Recorded
from tests.tui.running import Run, running
from tfdash.model.kube import PrintedRow, TableColumn
from tfdash.model.resources import ApiResource, Catalogue
from widgets.palette import CommandPrompt

READ = ("get", "list", "watch")
ID = "externalsecrets.external-secrets.io"
COLUMNS = (
    TableColumn("Ready"),
    TableColumn("Count", "integer"),
    TableColumn("Issuer", priority=1),
    TableColumn("Age", "date", ages=True),
)
CATALOGUE = Catalogue(
    (
        ApiResource("", "v1", "services", "Service", "service", ("svc",), True, READ),
        ApiResource("apps", "v1", "deployments", "Deployment", "deployment", ("deploy",), True, READ),
        ApiResource(
            "external-secrets.io", "v1", "externalsecrets", "ExternalSecret", "", ("es",), True, READ
        ),
        ApiResource("serving.knative.dev", "v1", "services", "Service", "service", ("ksvc",), True, READ),
        ApiResource("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", "", (), False, ("create",)),
    ),
    (("metrics.k8s.io/v1beta1", "the server behind it does not answer"),),
)


def cert(name: str, count: int, ready: str = "True") -> PrintedRow:
    return PrintedRow(
        namespace="tf-production",
        name=name,
        uid=f"u-{name}",
        resource_version="1",
        created=world.NOW - 600,
        columns=COLUMNS,
        cells=(ready, count, "letsencrypt", world.NOW - 600),
    )


class Served(Recorded):
    async def read_catalogue(self, max_age: float) -> Catalogue:
        return CATALOGUE


def source() -> Served:
    rows = [cert("web-9", 9), cert("web-10", 10, "✔ ok"), cert("api-1", 100, "[b]False")]
    return Served({**{k: list(v) for k, v in world.objects().items()}, ID: rows})


async def say(run: Run, text: str) -> None:
    await run.press(":", *(("slash" if c == "/" else "space" if c == " " else c) for c in text), "enter")


@pytest.mark.parametrize("word", ["es", "externalsecrets", "ExternalSecret", "es tf-production", ID])
async def test_a_kind_is_listed_by_every_name_that_kubectl_takes(word: str) -> None:
    async with running(source(), start="overview") as run:
        await say(run, word)
        await run.shows(f"› {ID}", "3 externalsecrets", "[b]False", "READY", "COUNT", "ISSUER")
        assert run.app.screen.page == "kind"
        await run.until(lambda: ID in run.source.wanted)  # the source is told on the board's loop


async def test_it_opens_as_text_and_nothing_else_is_offered() -> None:
    async with running(source(), start="overview") as run:
        await say(run, "es")
        await run.shows("3 externalsecrets")
        screen = run.app.screen
        assert isinstance(screen, KindScreen) and screen.offers == ()
        for key in ("l", "p", "v", "w", "b", "o", "h", "r", "s", "i", "x", "a"):
            await run.press(key)
        await run.until(lambda: run.app.screen is screen)
        await run.press("y")
        await run.until(lambda: isinstance(run.app.screen, InspectScreen))
        await run.press("l", "v", "w")
        await run.until(lambda: isinstance(run.app.screen, InspectScreen))
        await run.press("escape")
        await run.until(lambda: run.app.screen is screen)


async def test_numbers_sort_as_numbers_and_wide_columns_go_first_where_room_is_short() -> None:
    async with running(source(), start="overview") as run:
        await say(run, "es")
        await run.shows("3 externalsecrets")
        run.table.sort_by("count", descending=False)
        await run.until(
            lambda: [k.key.name for k in run.table.keys_in_view()] == ["web-9", "web-10", "api-1"]
        )
        await run.resize(60, 20)
        await run.lacks("ISSUER")
        await run.shows("READY", "AGE")


async def test_what_has_a_list_of_ours_is_that_and_the_other_is_found_by_its_full_name() -> None:
    async with running(source(), start="overview") as run:
        await say(run, "service")
        await run.until(lambda: run.app.screen.page == "services")
        await say(run, "deployments.apps")
        await run.until(lambda: run.app.screen.page == "workloads")
        await say(run, "services.serving.knative.dev")
        await run.shows("› services.serving.knative.dev")
        await say(run, "ksvc")
        await run.shows("› services.serving.knative.dev")
        assert len([s for s in run.app.screen_stack if isinstance(s, KindScreen)]) == 1


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("ess", "externalsecrets.external-secrets.io; not known"),  # the nearest, on a line of its own
        ("xyzzy", "not known: metrics.k8s.io"),
        ("tokenreviews", "cannot be listed, only: create"),
    ],
)
async def test_a_word_that_means_nothing_says_so_in_the_prompt(word: str, said: str) -> None:
    async with running(source(), start="overview", size=(200, 40)) as run:
        await say(run, word)
        prompt = run.app.screen.query_one("#command", CommandPrompt)
        await run.until(lambda: said in prompt._said.text, said)  # on the screen it is wrapped
        await run.press("escape")
        await run.until(lambda: run.app.screen.page == "overview")


async def test_all_that_is_served_stands_on_a_page_and_what_did_not_answer_is_named() -> None:
    async with running(source(), start="overview") as run:
        await say(run, "kinds")
        await run.until(lambda: isinstance(run.app.screen, KindsScreen) and run.table.shown == 5)
        await run.shows(
            "external-secrets.io/v1", "metrics.k8s.io/v1beta1 (the server behind it", "tokenreviews"
        )
        await run.press("slash", *"external-s", "enter")
        await run.until(
            lambda: run.table.shown == 1
        )  # of a burst only the end counts: what it brings comes before Enter
        await run.press("enter")
        await run.shows("3 externalsecrets")


async def test_sources_and_messages_name_it() -> None:
    async with running(source(), start="overview") as run:
        await say(run, "es")
        await run.shows("3 externalsecrets")
        await say(run, "sources")
        await run.shows(f"eu-1 {ID}")
