"""The filter and the command prompt, typed at."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from textual import events
from textual.binding import Binding

from tests.tui.widgets.rows import COLUMNS, Rows
from tests.waiting import soon
from widgets.commands import Command, meant
from widgets.filter import FilterPrompt
from widgets.footer import Footer
from widgets.palette import CommandList, CommandPrompt
from widgets.table import Table
from widgets.textual_private import screen_text
from widgets.theme import ThemedApp

COMMANDS = (
    Command(
        "pods",
        "pods: list",
        ("po", "pods"),
        argument="namespace",
        complete=lambda typed: ["tf-batch", "tf-prod"],
    ),
    Command("ns", "namespaces: list", ("ns",)),
    Command("restart", "workload: restart [/x]", ("restart",), refused="read-only"),
)


class App(ThemedApp):
    BINDINGS: ClassVar = [
        Binding("slash", "filter", "filter", id="app.filter", key_display="/"),
        Binding("colon", "command", "go to", id="app.command", key_display=":"),
        Binding("escape", "back", "back", id="app.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows(100)
        self.said: list[Any] = []

    def compose(self) -> Any:
        yield CommandPrompt(COMMANDS)
        yield FilterPrompt()
        yield Table(COLUMNS, self.rows, title="Pods", noun="pods", sort="name")
        yield Footer()

    def on_mount(self) -> None:
        self.table = self.query_one(Table)
        self.table.set_rows(self.rows.rows)
        self.table.focus()

    def action_filter(self) -> None:
        self.query_one(FilterPrompt).open()

    def action_command(self) -> None:
        self.query_one(CommandPrompt).open()

    def action_back(self) -> None:
        self.said.append("back")

    def on_filter_prompt_changed(self, message: FilterPrompt.Changed) -> None:
        self.table.set_filter(message.filter)
        message.prompt.set_count(self.table.count_text)

    def on_filter_prompt_closed(self, message: FilterPrompt.Closed) -> None:
        self.said.append(("closed", message.kept))

    def on_table_filter_cleared(self, message: Table.FilterCleared) -> None:
        self.query_one(FilterPrompt).reset()

    def on_command_prompt_chosen(self, message: CommandPrompt.Chosen) -> None:
        self.said.append((message.command.id, message.argument))

    def on_command_prompt_closed(self, message: CommandPrompt.Closed) -> None:
        self.said.append("nothing")


async def test_filter_works_while_one_types_and_enter_keeps_it() -> None:
    app = App()
    async with app.run_test() as pilot:
        prompt = app.query_one(FilterPrompt)
        assert not prompt.is_open
        await pilot.press("slash", *"pod-0000")
        await soon(lambda: prompt._said.text == "10 of 100 pods", lambda: prompt._said.text)
        assert app.table.count_text == "10 of 100 pods"
        await pilot.press("enter")
        assert not prompt.is_open
        assert app.focused is app.table
        await soon(lambda: app.table.shown == 10, lambda: app.table.shown)  # filtered in slices
        assert app.said == [("closed", True)]
        await pilot.press("slash")
        assert prompt.value == "pod-0000"


async def test_escape_clears_then_closes() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("slash", "1", "escape")
        await pilot.pause()
        prompt = app.query_one(FilterPrompt)
        assert prompt.is_open
        await soon(lambda: app.table.shown == 100, lambda: app.table.shown)  # filtered in slices
        await pilot.press("escape")
        assert not prompt.is_open
        assert app.focused is app.table
        await pilot.press("escape")
        assert app.said == [("closed", False), "back"]


async def test_escape_on_the_table_clears_a_kept_filter_before_it_goes_back() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("slash", "1", "enter", "escape")
        await pilot.pause()
        await soon(lambda: app.table.shown == 100, lambda: app.table.shown)  # filtered in slices
        assert app.query_one(FilterPrompt).value == ""
        assert "back" not in app.said
        await pilot.press("escape")
        assert app.said[-1] == "back"


async def test_what_is_no_filter_is_named_and_changes_nothing() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("slash", *"pod-0000")
        prompt = app.query_one(FilterPrompt)
        # a busy machine may make one burst of keys, of which only the end counts: so the bracket comes after it was taken
        await soon(lambda: app.table.shown == 10, lambda: app.table.shown)
        await pilot.press("left_square_bracket")
        await soon(lambda: "No regular expression" in prompt._said.text, lambda: prompt._said.text)
        await pilot.press("1")
        await soon(lambda: prompt.value == "pod-0000[1" and prompt._due is None, lambda: prompt.value)
        assert "No regular expression" in prompt._said.text and app.table.shown == 10
        await pilot.press("]")
        await pilot.pause()
        await soon(lambda: app.table.shown == 1, lambda: app.table.shown)  # filtered in slices
        assert prompt._said.text == "1 of 100 pods"
        await pilot.press("[", "enter")
        assert prompt.value == "pod-0000[1]"


async def test_what_is_pasted_is_made_visible() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("slash")
        app.screen.focused.post_message(events.Paste("[b]\x1b]0;x\x07\u202e"))
        await pilot.pause()
        await pilot.pause()
        prompt = app.query_one(FilterPrompt)
        assert prompt.value == "[b]␛]0;x␇<U+202E>"
        assert not any(c in screen_text(app) for c in "\x1b\x07\u202e")


async def test_keys_that_are_typed_are_not_offered_meanwhile() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("slash")
        await pilot.pause()
        shown = [h.shown for h in app.query_one(Footer).hints]
        assert "/" not in shown
        assert "esc" in shown


async def test_commands_by_alias_and_argument() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("colon", *"ns", "enter")
        await pilot.press("colon", *"po tf-p", "enter")
        await pilot.press("colon", *"po", "tab", "down", "enter")
        await pilot.pause()
        assert app.said == [("ns", ""), ("pods", "tf-prod"), ("pods", "tf-prod")]
        assert app.focused is app.table
        assert app.query_one(CommandPrompt).history == ("ns", "po tf-prod")


async def test_keys_in_a_burst_are_taken_in_their_order() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("colon", *"po")
        prompt = app.query_one(CommandPrompt)
        await soon(lambda: prompt.value == "po", lambda: prompt.value)
        for key, letter in (("tab", "\t"), ("x", "x"), ("enter", "\r"), ("d", "d")):
            app.post_message(events.Key(key, letter))
        await soon(lambda: bool(app.said), lambda: prompt.value)
        assert app.said == [("pods", "x")] and not prompt.is_open


async def test_two_commands_never_look_alike_in_the_list() -> None:
    app = App()
    async with app.run_test(size=(60, 12)) as pilot:
        names = [f"certificaterequestpolicies{n}.policy.cert-manager.io" for n in (1, 2)]
        app.query_one(CommandPrompt).set_commands([Command(n, f"{n}: list", (n,)) for n in names])
        await pilot.press("colon", *"cert")
        listed = app.query_one(CommandList)
        await soon(lambda: len(listed.items) == 2, lambda: listed.items)
        await pilot.pause()
        first, middle, _ = listed._columns
        lines = [listed.render_line(y).text[3:] for y in (0, 1)]
        assert lines[0][:first] != lines[1][:first]
        assert lines[0][first : first + middle] != lines[1][first : first + middle]


SOME = (
    Command(
        "workloads",
        "deployments: list",
        ("deploy", "deployments"),
        complete=lambda _: ["shop-a", "shop-b", "web"],
    ),
    Command("decide", "rollback: decide", ("decide",), complete=lambda _: ["checkout"], changes=True),
    Command("elevate", "acting: elevate", ("elevate", "sudo"), changes=True),
    Command("ns", "namespaces: list or choose", ("ns", "namespaces")),
    Command("quit", "tfdash: quit", ("q", "quit")),
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ns", ("ns", "")),
        ("NAMESP", ("ns", "")),  # the only one that begins so
        ("namespaces: list or choose", ("ns", "")),
        ("dep", ("workloads", "")),
        ("deploy we", ("workloads", "web")),
        ("dep web", ("workloads", "web")),
        ("deploy elsewhere", ("workloads", "elsewhere")),  # what nobody proposed is what was meant
        ("deploy shop", "several begin so: shop-a, shop-b"),
        ("deploy shop-a", ("workloads", "shop-a")),
        ("de", "several begin so: deploy, decide"),
        ("ing", "no such command"),  # in the middle of "acting: elevate"
        ("acting", "no such command"),
        ("eev", "no such command"),
        ("elev", "tab, then enter: elevate changes something"),
        ("sud", "tab, then enter: sudo changes something"),
        ("elevate", ("elevate", "")),
        ("sudo", ("elevate", "")),
        ("deci checkout", "tab, then enter: decide changes something"),
        ("decide check", ("decide", "check")),  # what is decided upon is not guessed either
    ],
)
def test_enter_does_only_what_was_named(text: str, wanted: tuple[str, str] | str) -> None:
    found = meant(SOME, text)
    assert (found if isinstance(found, str) else (found.command.id, found.argument)) == wanted


async def test_what_changes_something_is_written_out_before_it_is_done() -> None:
    app = App()
    async with app.run_test() as pilot:
        prompt = app.query_one(CommandPrompt)
        prompt.set_commands(SOME)
        await pilot.press("colon", *"ing", "enter")
        assert prompt.is_open and "no such command" in prompt._said.text
        await pilot.press("backspace", "backspace", "backspace", *"elev", "down", "up", "enter")
        assert prompt.is_open and prompt.value == "elevate" and prompt._said.text == "enter: acting: elevate"
        assert not app.said
        await pilot.press("enter")
        await pilot.pause()
        assert app.said == [("elevate", "")]


async def test_history_is_walked_upwards_from_the_first_line() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("colon", *"ns", "enter", "colon", *"po x", "enter", "colon", "up")
        prompt = app.query_one(CommandPrompt)
        assert prompt.value == "po x"
        await pilot.press("up")
        assert prompt.value == "ns"
        await pilot.press("enter")
        await pilot.pause()
        assert app.said[-1] == ("ns", "")


async def test_escape_and_empty_enter_do_nothing() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("colon", "escape")
        await pilot.press("colon", "enter")
        await pilot.press("colon", *"zzz", "enter")
        prompt = app.query_one(CommandPrompt)
        assert app.said == ["nothing", "nothing"]
        assert prompt.is_open
        assert prompt._said.text == "no such command"


async def test_a_refused_command_says_why() -> None:
    app = App()
    async with app.run_test() as pilot:
        await pilot.press("colon", *"restart", "enter")
        prompt = app.query_one(CommandPrompt)
        assert prompt.is_open
        assert prompt._said.text == "refused: read-only"
        listed = app.query_one(CommandList)
        assert "workload: restart [/x]" in listed.render_line(0).text


@pytest.mark.parametrize("size", [(10, 4), (40, 10), (200, 50)])
async def test_the_list_hangs_from_the_left_at_any_size(size: tuple[int, int]) -> None:
    app = App()
    async with app.run_test(size=size) as pilot:
        await pilot.press("colon")
        await pilot.pause()
        listed = app.query_one(CommandList)
        assert listed.region.x == 0
        for y in range(listed.size.height):
            assert listed.render_line(y).cell_length == listed.size.width
