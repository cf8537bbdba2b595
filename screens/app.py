"""The application: tabs as modes, navigation, commands, and the one subscription to the board. Small on purpose."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from textual.binding import Binding, BindingType

from screens import commands, places
from screens.context import AppContext
from screens.dialogs import decide
from screens.frame.board_screen import BoardScreen
from screens.frame.messages import Messages
from screens.frame.subscriptions import Subscriptions
from screens.frame.update_relay import Feed
from screens.navigation import Navigation
from tfdash.board.board import Board
from tfdash.model.kinds import JUDGED
from tfdash.model.store_state import Entry
from tfdash.model.update import Update
from tfdash.sources.base import ALL, Scope
from tfdash.text import safe
from tfdash.views.header import HeaderState, header
from tfdash.views.tabs import Badge, badges
from widgets.commands import Command
from widgets.tabs import Tab
from widgets.textual_private import quick_escape_driver
from widgets.theme import NAMES, ThemedApp

if TYPE_CHECKING:
    from screens.dialogs.action_run import ActionRun
    from tfdash.changes import Recorder

log = logging.getLogger(__name__)

USAGE, FAILED = 64, 3


class TfdashApp(Navigation, ThemedApp):
    """``board`` is started after the first frame; ``switch_to`` names the environment or the context to start anew with."""

    ENABLE_COMMAND_PALETTE = False
    # Each stands beside its screen, but is read with the application: a screen with a CSS_PATH of its own would have all
    # styles parsed anew, 30 ms, when it is first opened.
    CSS_PATH: ClassVar[Any] = [
        "frame/board_screen.tcss",
        "lists/list_screen.tcss",
        "pages/overview/overview.tcss",
        "pages/workloads/revisions.tcss",
        "pages/releases/canary.tcss",
        "dialogs/dialogs.tcss",
    ]
    TITLE = "tfdash"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", "quit", id="app.quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "suspend", id="app.suspend", show=False),
        Binding("ctrl+l", "log_in", "log in", id="app.log_in", show=False),
    ]

    def __init__(self, board: Board, context: AppContext) -> None:
        gc.disable()  # until the first frame: nothing of what is made before it is garbage
        plain = context.theme == "ansi" or bool(os.environ.get("NO_COLOR"))
        self.context = context
        self.DEFAULT_MODE = self.mode_of_start()  # type: ignore[misc]  # of each run, not of the class: Textual reads it in __init__
        super().__init__(theme=context.theme, ansi_color=plain, driver_class=quick_escape_driver())
        self.board = board
        self.zone = ZoneInfo(context.zone)
        self.namespaces = context.namespaces
        self.subscriptions = Subscriptions(self)
        self.feed = Feed(board, self._deliver, context.frames_per_second)
        self.messages = Messages()
        self.action_runs: list[ActionRun] = []  # what this terminal carried out, newest last
        self.recorder: Recorder | None = None  # of the changes that pass by
        self.switch_to: tuple[str, str] = ("", "")  # (environment, context)
        self.elevate = False  # start anew, to act for a time
        self.failure: BaseException | None = None
        self.trouble = ""  # why nothing can be done here, where that is a fault of the program's own
        self._started = self._asked_to_settle = False
        self.add_modes()
        if context.keys:
            self.set_keymap(dict(context.keys))

    def run_in_terminal(self) -> int | None:
        """Run until quit; returns the exit code or None."""
        self.run(mouse=self.context.mouse)
        return self.return_code or None

    def now(self) -> float:
        return self.context.clock.now()

    def audit_entries(self) -> Sequence[Entry] | None:
        """The newest entries of the audit log, for what wants to know whether a change was ours; None: it is not read."""
        return self.context.entries() if self.context.entries is not None else None

    # -- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.feed.start()
        if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self.exit)
        self.call_after_refresh(self._first_frame)

    def _first_frame(self) -> None:
        """Only now what is heavy: the network, the watches, the validation."""
        if not self._started:
            self._started = True
            gc.enable()
            scope = ALL if self.context.namespaces is None else Scope(self.context.namespaces)
            self.board.want("tabs", dict.fromkeys(JUDGED, scope))
            threading.Thread(target=self._start, daemon=True, name="tfdash-start").start()
            self.set_interval(1.0, self._tick)

    def _start(self) -> None:
        self.board.start()
        from tfdash.changes import Recorder  # nothing that the first frame needs

        self.recorder = Recorder(self.now, self.board.picture)
        self.board.subscribe(self.recorder.follow)
        told = ""
        try:
            told = self.context.validate()
        except Exception as error:  # a terminal that cannot act must not look like one that only reads
            self.trouble = f"no action is offered: what acts could not be put together: {type(error).__name__}: {safe(str(error))}"
            log.exception("what acts could not be put together")
        if self.trouble:
            try:
                self.call_from_thread(self.tell, self.trouble, "warning")
            except RuntimeError:
                return
        if told:
            try:
                self.call_from_thread(self.exit, None, USAGE)
            except RuntimeError:  # it was left meanwhile; the composition tells what is wrong all the same
                return
        # what the next keys may need, while nobody waits for it
        for name in (
            "inspect.inspect",
            "logs.logs",
            "workloads.revisions",
            "workloads.workloads",
            "nodes.nodes",
            "workloads.containers",
            "program.program",
            "overview.overview",
            "releases.canary",
            "releases.verdict",
        ):
            importlib.import_module(f"screens.pages.{name}")

    def _handle_exception(self, error: Exception) -> None:
        """Textual would print frames with the values of variables, secrets among them; the composition reports it."""
        if self.failure is None and self._exit:  # a key behind "quit", on a screen that is closed already
            log.warning("while leaving: %s", type(error).__name__, exc_info=error)
        elif self.failure is None:
            self.failure = error
            self.exit(return_code=FAILED)

    def action_log_in(self) -> None:
        from screens.frame.login import log_in

        self.tell(log_in(self, self.board))

    def on_unmount(self) -> None:
        self.feed.stop()

    # -- updates ------------------------------------------------------------------------------------------------

    def _deliver(self, update: Update) -> None:
        top = self.top
        if top is None or not self.is_running or not top.is_mounted:
            return
        self.messages.follow(update, self.now())
        if not self._asked_to_settle:
            self._asked_to_settle = places.ask_to_settle(self, update)
        with self.batch_update():
            top.take(update)
            top.refresh_bars()

    def _tick(self) -> None:
        top = self.top
        if top is not None and top.is_mounted:
            top.refresh_bars()
            top.tick()

    @property
    def top(self) -> BoardScreen | None:
        """The board screen that is shown, also under a dialog."""
        for screen in reversed(self.screen_stack if self.is_running else []):
            if isinstance(screen, BoardScreen):
                return screen
        return None

    # -- what frames every screen -------------------------------------------------------------------------------

    def header_state(self) -> HeaderState:
        c = self.context
        state = header(
            self.board.picture,
            c.environment,
            self.now(),
            self.zone,
            colour=c.colour,
            mode=c.desk.mode if c.desk is not None else "READ-ONLY",
            demo=c.demo,
            calendar=self.board.assessment.calendar,
        )
        return state._replace(environment=c.word or state.environment)

    def tabs(self) -> list[Tab]:
        told: dict[str, tuple[Badge, ...]] = badges(self.board.assessment)
        return [Tab(target, name, digit, told.get(target, ())) for digit, target, name in self.TABS]

    # -- commands -----------------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        def namespaces() -> set[str]:
            clusters = self.board.picture.clusters.values()
            kinds = ("Namespace", "Deployment")
            return {key.namespace or key.name for c in clusters for kind in kinds for key in c.objects(kind)}

        places = lambda: (*self.context.environments, *self.context.contexts())  # noqa: E731
        releases = lambda: decide.names(self)  # noqa: E731
        return commands.commands(namespaces, places, NAMES, self.context.aliases, releases)

    def do(self, command: str, argument: str = "") -> None:
        """Do what was chosen after ``:``."""
        area, _, name = command.partition(".")
        match area:
            case "quit":
                self.exit()
            case "overview" | "canary":
                self.open_view(area)
            case "list":
                self._do_list(name, argument)
            case "alias":
                self._do_alias(self.context.aliases.get(name, ""))
            case "environments" if argument:
                self.use_environment(argument)
            case "elevate":
                self.start_elevated()
            case "theme":
                self.use_theme(argument)
            case "break-glass":
                places.break_glass(self, argument)
            case "decide" | "sign":
                decide.decide(self, command, argument)
            case place if place in places.PLACES:
                places.open_place(self, place)
            case "environments" | "sources" | "messages" | "help" | "changes":
                self.open_page(area)

    def _do_list(self, view: str, argument: str) -> None:
        """``po``, ``po tf-production``, ``po all``, ``po /web``."""
        place, slash, wanted = argument.partition("/")
        place = place.strip()
        if place:
            self.namespaces = None if place == "all" else (place,)
            if view == "namespaces":
                self.open_scoped()
                return
        self.open_view(view, filter_text=wanted if slash else "")

    def _do_alias(self, text: str) -> None:
        word, _, argument = text.strip().partition(" ")
        found = next(
            (c for c in self.commands() if word in c.aliases and not c.id.startswith("alias.")), None
        )
        if found is None:
            self.tell(f"the alias stands for {text!r}, which is no command", "warning")
        else:
            self.do(found.id, argument)

    def use_theme(self, name: str) -> None:
        if name in NAMES:
            self.theme = NAMES[name]
        else:
            self.tell(f"themes: {', '.join(NAMES)}")

    def use_environment(self, name: str) -> None:
        """Start anew with another environment or kubeconfig context: nothing of this one can leak into it."""
        c = self.context
        if name == c.environment or (name == c.context_name and name not in c.environments):
            self.tell(f"{name} is shown already")
        elif name in c.environments:
            self.switch_to = (name, "")
            self.exit()
        elif name in c.contexts():
            self.switch_to = ("", name)
            self.exit()
        else:
            known = (
                ", ".join((*c.environments, *c.contexts())) or "neither an environment nor a context is there"
            )
            self.tell(f"no environment or context {name!r}; there is: {known}", "warning")

    def start_elevated(self) -> None:
        """Start anew with a writer, for a time: this process has none and gets none."""
        desk = self.context.desk
        if desk is not None and desk.mode != "READ-ONLY":
            self.tell(f"{desk.mode.lower()} already")
        elif not self.context.may_elevate:
            self.tell("this terminal was started with --read-only: it never acts", "warning")
        else:
            self.elevate = True
            self.exit()

    # -- what is told -------------------------------------------------------------------------------------------

    def tell(self, text: str, level: str = "information") -> None:
        """A short notice; the messages page keeps it."""
        told = self.messages.add(self.now(), level, text)
        self.notify(
            told.text, markup=False, timeout=4, severity="warning" if level == "warning" else "information"
        )

    def copy_text(self, text: str, what: str) -> None:
        """To the clipboard; a notice says how."""
        from screens.frame.clipboard import copy_text

        copy_text(self, text, what)

    def action_help(self) -> None:
        self.open_page("help")

    def action_messages(self) -> None:
        self.open_page("messages")

    def action_sources(self) -> None:
        self.open_page("sources")


__all__ = ["TfdashApp"]
