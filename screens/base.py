"""What every screen has: header, tabs, prompt, footer, and its place in the stream of updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from screens.prompt import Prompt
from tfdash.model.update import Update
from tfdash.sources.base import Scope
from tfdash.views.table import Cell
from widgets.crumbs import Crumbs
from widgets.footer import Footer
from widgets.header import Header
from widgets.tabs import Tabs

if TYPE_CHECKING:
    from screens.app import TfdashApp

TABS = (("1", "overview", "Overview"), ("2", "workloads", "Deployments"), ("9", "nodes", "Nodes"))


class BoardScreen(Screen[None]):
    """A screen that shows what the board knows. Only the one on top is told of updates; the others catch up.

    Subclasses give ``crumb``, ``body``, ``wants``, ``take`` and, where they can be filtered, ``filter_by``.
    """

    CSS_PATH = "base.tcss"
    AUTO_FOCUS = "#body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="screen.back", show=False),
        Binding("colon", "command", "go to", id="screen.command", key_display=":"),
        Binding("slash", "filter", "filter", id="screen.filter", key_display="/"),
        Binding("question_mark", "app.help", "help", id="screen.help", key_display="?"),
        *(
            Binding(key, f"app.tab('{target}')", name, id=f"tab.{target}", show=False)
            for key, target, name in TABS
        ),
    ]
    tab = ""  # the tab that is lit while this screen is on top

    @property
    def tf(self) -> TfdashApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Tabs(id="tabs")
        yield Crumbs(id="crumbs")
        yield Prompt()
        yield from self.body()
        yield Footer(right=("screen.command", "screen.help"), id="footer")

    # -- what subclasses are ------------------------------------------------------------------------------------

    @property
    def crumb(self) -> str:
        return ""

    def body(self) -> ComposeResult:
        yield from ()

    def wants(self) -> dict[str, Scope]:
        """The kinds that must be kept current while this is shown."""
        return {}

    def take(self, update: Update) -> None:
        """Show what changed. Called on the screen's thread, only while on top."""

    def filter_by(self, text: str) -> str:
        """Apply a filter; returns what is wrong with it, or ""."""
        return "there is nothing to filter here"

    def filter_text(self) -> str:
        return ""

    # -- life ---------------------------------------------------------------------------------------------------

    def on_screen_resume(self) -> None:
        self.tf.shows(self)
        self.refresh_bars()

    def refresh_bars(self) -> None:
        """Header, tabs and crumbs as of now."""
        if not self.is_mounted:
            return
        self.query_one("#header", Header).update(self.tf.header_state())
        self.query_one("#tabs", Tabs).set_tabs(self.tf.tabs(), self.tab)
        self.query_one("#crumbs", Crumbs).update(self.tf.crumbs(), self.says())

    def says(self) -> list[Cell]:
        """What stands at the right of the crumbs: the screen's answer in one line."""
        return []

    def on_tabs_chosen(self, event: Tabs.Chosen) -> None:
        self.tf.action_tab(event.tab)

    def on_crumbs_chosen(self, event: Crumbs.Chosen) -> None:
        self.tf.back_to(event.index)

    # -- prompt -------------------------------------------------------------------------------------------------

    def action_command(self) -> None:
        self.query_one(Prompt).open(":", suggestions=self.tf.command_names())

    def action_filter(self) -> None:
        self.query_one(Prompt).open("/", self.filter_text())

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.mark == "/":
            self.query_one(Prompt).tell(self.filter_by(event.text))

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        prompt = self.query_one(Prompt)
        if event.mark == "/":
            if not self.filter_by(event.text):
                self._close_prompt()
            return
        told = self.tf.command(event.text)
        if told:
            prompt.tell(told)
        else:
            self._close_prompt()

    def on_prompt_cancelled(self, event: Prompt.Cancelled) -> None:
        if event.mark == "/":
            self.filter_by("")
        self._close_prompt()

    def _close_prompt(self) -> None:
        prompt = self.query_one_optional(Prompt)
        if prompt is not None:
            prompt.close()
        self.focus_body()

    def focus_body(self) -> None:
        found = self.query_one_optional("#body", Widget)
        if found is not None:
            found.focus()

    def action_back(self) -> None:
        """Clear the filter first, then leave; the first screen of a tab stays."""
        if self.filter_text():
            self.filter_by("")
        else:
            self.tf.back()
