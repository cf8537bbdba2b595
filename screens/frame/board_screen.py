"""What every screen has: header, tabs, crumbs, prompts, footer, and its place in the stream of updates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from screens.registry import SPECS, TABS
from screens.shell import Shell
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.sources.base import Scope
from tfdash.views.filter import NO_FILTER, Filter
from tfdash.views.served_kinds import OLD
from tfdash.views.table import Cell
from widgets.commands import Command
from widgets.crumbs import Crumbs
from widgets.filter import FilterPrompt
from widgets.footer import Footer
from widgets.header import Header
from widgets.palette import CommandPrompt
from widgets.table import Table
from widgets.tabs import Tabs
from widgets.workers import begin

_IDLE = 0.7  # seconds after a screen was opened


class BoardScreen(Screen[None]):
    """A screen that shows what the board knows. Only the one on top is told of updates; the others catch up.

    Subclasses give ``crumb``, ``body`` (its main widget has the id ``body``), ``wants``, ``take``, ``catch_up`` and,
    where they can be filtered, ``apply_filter``.
    """

    AUTO_FOCUS = "#body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="screen.back", show=False, key_display="esc"),
        Binding("q", "back", "back", id="screen.back_q", show=False),
        # With priority, and taking the focus at once: letters typed in a hurry behind them must not be keys of the list.
        Binding("colon", "command", "go to", id="screen.command", key_display=":", priority=True),
        Binding("slash", "filter", "filter", id="screen.filter", key_display="/", priority=True),
        Binding("question_mark", "app.open('help')", "help", id="screen.help", key_display="?"),
        *(
            Binding(
                spec.digit,
                f"app.tab('{spec.id}')",
                spec.title.lower() if spec.opens else "",  # help lists no digit that leads nowhere yet
                id=f"tab.{spec.id}",
                show=False,
            )
            for spec in TABS
        ),
        Binding("0", "app.all_namespaces", "all namespaces", id="app.all_namespaces", show=False),
        Binding("m", "app.open('messages')", "messages", id="app.messages", show=False),
    ]
    page = ""  # the id of its registration
    opened_with: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})  # what it is about
    tab = ""  # the tab that is lit while this screen is on top
    filterable = False
    labels: tuple[str, ...] = ()  # by which its rows are filtered, where they are not those of objects
    scoped = False  # whether what it shows depends on the chosen namespace
    _nothing = True

    @property
    def shell(self) -> Shell:
        return cast("Shell", self.app)

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        if self.shell.replay is not None:
            from widgets.replay_bar import ReplayBar  # nothing that another terminal needs

            yield ReplayBar(id="replay")
        yield Tabs(id="tabs")
        yield Crumbs(id="crumbs")
        yield from self.body()
        yield Footer(
            right=("screen.command", "screen.help"), reason=self.refusal_of, word=self.word_of, id="footer"
        )

    # -- what subclasses are ------------------------------------------------------------------------------------

    @property
    def crumb(self) -> str:
        return ""

    @property
    def tall(self) -> int:
        """Lines that a page may reckon with: those of the terminal, but for the line of a replay."""
        return self.size.height - (self.shell.replay is not None)

    def body(self) -> ComposeResult:
        yield from ()

    def wants(self) -> dict[str, Scope]:
        """The kinds that must be kept current while this is shown: those of its registration, where we look."""
        names = self.shell.namespaces
        return dict.fromkeys(SPECS[self.page].wants if self.page else (), Scope(names))

    def take(self, update: Update) -> None:
        """Show what changed. Called on the screen's thread, only while on top."""

    def catch_up(self) -> None:
        """On top again: show whatever happened meanwhile."""

    def tick(self) -> None:
        """A second passed."""

    def point_to(self, view_id: str, filter_text: str = "", sort: str = "") -> None:
        """Show another kind here, for those that can."""

    def stand_on(self, subject: Subject) -> None:
        """Choose that object's row as soon as it is there, or say why it is not; for those that have rows."""

    def named_for(self, page: str) -> Subject | None:
        """Whom this page names that stands on that tab: the way there leads to its row."""
        return None

    def apply_filter(self, wanted: Filter) -> str:
        """Show what passes; returns the count for the prompt."""
        return ""

    @property
    def filter(self) -> Filter:
        return NO_FILTER

    def refusal_of(self, action: str) -> str:
        """Why a binding's action is refused now, for the footer; "" where it is not."""
        return ""

    def word_of(self, action: str) -> str:
        """Another word for a binding in the footer; "" for its own."""
        return ""

    def own_commands(self) -> list[Command]:
        """What can be said after ``:`` on this page alone."""
        return []

    def instead_of(self, text: str) -> str:
        """What to do instead of saying ``text``, which is no command here: it is an action on something else; "" where not."""
        from screens.dialogs.offers import where_offered  # brings what the first frame does without

        return where_offered(text, self.acting_on())

    def acting_on(self) -> Sequence[Subject]:
        """What the keys and words of actions are about."""
        return ()

    def note(self) -> str:
        """A pale remark behind the crumbs: why keys are refused."""
        return ""

    def says(self) -> list[Cell]:
        """What stands at the right of the crumbs: the screen's answer in one line."""
        return []

    # -- life ---------------------------------------------------------------------------------------------------

    def on_screen_resume(self) -> None:
        if self.app.screen is self:  # a screen that is passed over on the way back costs nothing
            self.catch_up()  # which may change what is wanted
            self.shell.subscriptions.show(self)
            self.refresh_bars()
            self.set_timer(_IDLE, self._prompts)

    def on_screen_suspend(self) -> None:
        self.shell.subscriptions.leave(self)

    def refresh_bars(self) -> None:
        """Header, tabs and crumbs as of now; each draws itself only where it changed."""
        if self.is_mounted:
            self.query_one("#header", Header).update(self.shell.header_state())
            if (replay := self.shell.replay) is not None:
                from widgets.replay_bar import ReplayBar

                self.query_one("#replay", ReplayBar).update(replay.words, replay.keys)
            self.query_one("#tabs", Tabs).set_tabs(self.shell.tabs(), self.tab)
            self.query_one("#crumbs", Crumbs).update(self.shell.crumbs(), self.says(), self.note())

    def on_table_row_highlighted(self, event: Table.RowHighlighted) -> None:
        if (event.key is None) is not self._nothing:  # Enter works only where there is a row
            self._nothing = event.key is None
            self.refresh_bindings()

    def on_tabs_chosen(self, event: Tabs.Chosen) -> None:
        self.shell.open_tab(event.tab)

    def on_crumbs_chosen(self, event: Crumbs.Chosen) -> None:
        self.shell.back_to(event.index)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("filter", "command") and isinstance(self.focused, Input):
            return False  # a letter like any other
        if action == "filter":
            return self.filterable
        return super().check_action(action, parameters)

    # -- prompts ------------------------------------------------------------------------------------------------

    async def _prompts(self) -> None:
        """Made when they are first needed, or in an idle moment: they would cost the first frame 30 ms."""
        if not self.query("#command"):
            both = [CommandPrompt(id="command"), *([FilterPrompt(id="filter")] if self.filterable else [])]
            await self.mount(*both, after="#crumbs")

    async def action_command(self, text: str = "") -> None:
        """``text``: already typed."""
        await self._prompts()
        prompt = self.query_one("#command", CommandPrompt)
        prompt.set_commands(self._commands())
        prompt.asks = True
        prompt.open(text)
        self.set_focus(prompt.query_one(Input))
        begin(self, partial(self._learn, prompt), "kinds")

    async def _learn(self, prompt: CommandPrompt) -> None:
        """All that the server serves, for what is typed next."""
        await self.shell.kinds.look(OLD)
        if prompt.is_open:
            prompt.learn(self._commands())

    def _commands(self) -> list[Command]:
        return [*self.shell.commands(), *self.own_commands()]

    def renew_commands(self) -> None:
        """Other commands of the page's own, where somebody is about to say one."""
        for prompt in self.query("#command").results(CommandPrompt):
            if prompt.is_open:
                prompt.set_commands(self._commands())

    def on_command_prompt_unknown(self, event: CommandPrompt.Unknown) -> None:
        begin(self, partial(self._find_kind, event.prompt, event.text), "ask")

    async def _find_kind(self, prompt: CommandPrompt, text: str) -> None:
        found = await self.shell.find_kind(text)
        if not prompt.is_open or prompt.value.strip() != text:
            return  # they went on
        if isinstance(found, str):
            prompt.say(self.instead_of(text) or found, "warn")
            return
        prompt.remember(text)
        prompt.close()
        self.shell.do(*found)

    def on_command_prompt_chosen(self, event: CommandPrompt.Chosen) -> None:
        self.do_command(event.command, event.argument)

    def do_command(self, command: Command, argument: str) -> None:
        """Do what was said after ``:``."""
        self.shell.do(command.id, argument)

    async def action_filter(self) -> None:
        await self._prompts()
        prompt = self.query_one("#filter", FilterPrompt)
        prompt.reset(self.filter)
        prompt.open()
        self.set_focus(prompt.query_one(Input))

    def on_filter_prompt_changed(self, event: FilterPrompt.Changed) -> None:
        event.prompt.set_count(self.apply_filter(event.filter))

    def action_back(self) -> None:
        """Clear the filter first, then leave; the first screen of a tab stays."""
        if self.filterable and not self.filter.empty:
            self.apply_filter(NO_FILTER)
        else:
            self.shell.back()
