"""Keys: where they lead, how one comes back, and that what is typed in a hurry arrives."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from screens.lists.list_screen import ListScreen
from screens.pages.inspect.inspect import InspectScreen
from screens.pages.logs.logs import LogScreen
from screens.pages.logs.streams import by_time
from screens.pages.overview.overview import OverviewScreen
from screens.pages.workloads.containers import ContainersScreen
from screens.pages.workloads.revisions import RevisionsScreen
from screens.pages.workloads.workloads import WorkloadsScreen
from tests.tui.running import Run, running
from tests.tui.test_golden import source_with_logs
from tfdash.model.requests import LogLine


def top(run: Run) -> type:
    return type(run.app.screen)


async def test_digits_choose_tabs_and_each_tab_stays_where_it_was() -> None:
    async with running() as run:
        assert top(run) is OverviewScreen
        await run.press("2", "enter")  # on the row that the Overview names
        await run.shows("Pods of checkout")
        await run.press("9")
        await run.shows("3 nodes")
        await run.press("1")
        await run.until(lambda: top(run) is OverviewScreen)
        await run.press("2")
        await run.shows("Pods of checkout")
        await run.press("2")  # the digit of the tab that is shown: to its first screen
        await run.until(lambda: top(run) is WorkloadsScreen)
        assert run.table.cursor_key.key.name == "checkout"


async def test_enter_drills_down_and_escape_comes_back_without_ever_quitting() -> None:
    async with running(source_with_logs(), start="deployments") as run:
        await run.press("down", "enter")
        await run.shows("4 pods")
        await run.press("enter")
        await run.until(lambda: top(run) is ContainersScreen)
        await run.press("enter")
        await run.until(lambda: top(run) is LogScreen)
        await run.shows("card declined")
        for expected in (ContainersScreen, ListScreen, WorkloadsScreen, WorkloadsScreen):
            await run.press("escape")
            await run.until(lambda expected=expected: top(run) is expected)
        assert run.app.is_running


@pytest.mark.parametrize(
    ("key", "screen", "text"),
    [
        ("d", InspectScreen, "Selector:"),
        ("y", InspectScreen, "apiVersion"),
        ("e", InspectScreen, "ScalingReplicaSet"),
        ("w", InspectScreen, "kubectl says"),
        ("v", RevisionsScreen, "2.13.4 → 2.14.0"),
        ("l", LogScreen, "4 streams"),
        ("p", LogScreen, "previous run"),
    ],
)
async def test_each_verb_has_its_key(key: str, screen: type, text: str) -> None:
    async with running(source_with_logs(), start="deployments") as run:
        await run.press("down", key)
        await run.shows(text)
        assert top(run) is screen
        await run.press("q")
        await run.until(lambda: top(run) is WorkloadsScreen)


async def test_keys_that_would_act_do_nothing_yet() -> None:
    async with running(start="deployments") as run:
        await run.lacks("reading …")
        before = run.text
        await run.press("down", "up", *"rsbhoix")
        await run.until(lambda: top(run) is WorkloadsScreen)
        assert run.text == before


async def burst(run: Run, text: str) -> None:
    """Keys in one go, as a terminal sends what is pasted or typed in a hurry."""
    names = {"/": "slash", ":": "colon", "-": "minus", "\r": "enter", " ": "space"}
    for character in text:
        key = names.get(character, character)
        run.app.post_message(events.Key(key, character if character.isprintable() else None))
    await run.pilot.pause()


async def test_a_filter_typed_in_a_hurry_is_a_filter() -> None:
    async with running(start="pods") as run:
        await burst(run, "/checkout-6")
        await run.shows("3 of 9 pods")
        await run.press("enter")
        assert run.table.shown == 3
        await run.press("escape")
        await run.until(lambda: run.table.shown == 9)
        assert top(run) is ListScreen


async def test_a_command_typed_in_a_hurry_is_that_command() -> None:
    async with running(start="deployments") as run:
        await burst(run, ":svc\r")
        await run.shows("1 service")
        await burst(run, ":po tf-production\r")
        await run.shows("9 pods", "tf-production")
        assert run.app.namespaces == ("tf-production",)
        await run.press("0")
        await run.until(lambda: run.app.namespaces is None)
        await run.press("escape")
        await run.until(lambda: top(run) is WorkloadsScreen)


async def test_a_namespace_is_chosen_with_enter_and_holds_for_every_list() -> None:
    async with running(start="pods") as run:
        await run.press("colon", "n", "s", "enter")
        await run.shows("3 namespaces")
        await run.press("down", "enter")  # tf-batch
        await run.shows("Pods › tf-batch", "No pods in tf-batch")
        await run.press("2")
        await run.shows("Deployments › tf-batch", "No workloads in tf-batch")
        await run.press("0")
        await run.shows("5 workloads")


async def test_quit_by_command_and_by_ctrl_c() -> None:
    for keys in (("colon", "q", "enter"), ("ctrl+c",)):
        async with running() as run:
            await run.press(*keys)
            assert not run.app.is_running or run.app._exit


async def test_another_environment_starts_anew() -> None:
    async with running() as run:
        await run.press("colon", *"ctx", "space", *"stag", "enter")
        await run.until(lambda: run.app.switch_to == ("staging", ""))


async def test_a_context_of_the_kubeconfig_starts_anew_and_is_listed() -> None:
    contexts = {"contexts": lambda: ("eu-1", "laptop", "staging"), "context_name": "eu-1"}
    async with running(**contexts) as run:
        await run.press("colon", *"ctx", "enter")
        await run.shows("laptop", "eu-1", "✔ shown now")
        assert run.text.count("staging") == 1  # an environment and a context of one name: the environment
        await run.press("colon", *"ctx", "space", *"laptop", "enter")
        await run.until(lambda: run.app.switch_to == ("", "laptop"))


async def test_an_alias_of_the_users_own_and_a_key_of_the_users_own() -> None:
    aliases, keys = {"prod": "po tf-production"}, {"list.describe": "D"}
    async with running(start="deployments", aliases=aliases, keys=keys) as run:
        await run.press("D")
        await run.until(lambda: top(run) is InspectScreen)
        await run.press("escape", "colon", *"prod", "enter")
        await run.shows("Pods › tf-production")


async def test_help_is_made_of_the_live_bindings() -> None:
    async with running(start="deployments", keys={"list.describe": "D"}) as run:
        await run.press("question_mark")
        await run.shows("list.describe")
        line = next(line for line in run.text.splitlines() if "list.describe" in line)
        assert line.split()[0] == "D"


async def test_what_is_told_in_passing_is_kept() -> None:
    async with running(start="pods") as run:
        await run.press("c", "m")
        await run.shows("copied auth-6b5f-a through the terminal")


async def test_a_search_in_a_text_goes_on_with_n() -> None:
    async with running(start="deployments") as run:
        await run.press("down", "y")
        await run.shows("FEATURE_TAX")
        await run.press("slash", *"name", "enter", "n")
        await run.shows("/name")
        await run.press("escape")
        await run.lacks("/name")
        assert top(run) is InspectScreen


async def test_logs_are_saved_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with running(source_with_logs(), start="deployments") as run:
        await run.press("down", "l")
        await run.until(lambda: run.text.count("level=") == 8)
        await run.press("ctrl+s")
        await run.until(lambda: bool(list(tmp_path.iterdir())))
    saved = next(tmp_path.iterdir())  # noqa: ASYNC240 - nothing else runs by now
    assert saved.stat().st_mode & 0o077 == 0
    assert saved.read_text().count("card declined") == 4


async def test_crumbs_lead_back_by_mouse() -> None:
    async with running(start="deployments") as run:
        await run.press("down", "enter", "enter")
        await run.until(lambda: top(run) is ContainersScreen)
        await run.pilot.click("#crumbs", offset=(3, 0))
        await run.until(lambda: top(run) is WorkloadsScreen)
        await run.pilot.click("#tabs", offset=(40, 0))
        await run.until(lambda: top(run) is not WorkloadsScreen)


def test_merged_logs_stand_in_the_order_of_their_times() -> None:
    def line(source: str, at: float | None, text: str) -> tuple[str, LogLine]:
        return source, LogLine(source, "main", at, text)

    lines = [
        line("a", 1.0, "a1"),
        line("a", 4.0, "a4"),
        line("a", None, "note"),
        line("b", 2.0, "b2"),
        line("b", 5.0, "b5"),
    ]
    assert [one.text for _, one in by_time(lines)] == ["a1", "b2", "a4", "note", "b5"]


async def test_one_key_shows_only_what_is_not_ok_the_worst_first() -> None:
    async with running(start="deployments") as run:
        await run.shows("5 workloads")
        await run.press("z")
        await run.shows("only what is not ok", "ledger-export")
        await run.lacks("main-db")
        await run.press("z")
        await run.shows("5 workloads", "main-db")


async def test_an_unknown_namespace_is_named_with_the_nearest() -> None:
    async with running(start="deployments") as run:
        await run.shows("5 workloads")
        await burst(run, ":po po po\r")
        await burst(run, ":po tf-prodution\r")
        await burst(run, ":messages\r")
        await run.shows(
            "no namespace tf-prodution; the nearest is tf-production", "po po can be no namespace"
        )
