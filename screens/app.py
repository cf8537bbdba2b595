"""The application: modes, navigation, palette, and the one subscription to the board. Small on purpose."""

from __future__ import annotations

import asyncio
import contextvars
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual.binding import Binding, BindingType
from textual.screen import Screen

from screens import commands
from screens.base import TABS, BoardScreen
from screens.context import AppContext
from screens.messages import Messages
from tfdash.board import Board
from tfdash.model.subject import Subject
from tfdash.model.update import Update, merged
from tfdash.model.verdict import Level
from tfdash.views import state as states
from tfdash.views.header import HeaderState, header
from tfdash.views.kinds import VIEWS
from tfdash.views.scope import EVERYTHING, Restriction
from widgets.tabs import Tab
from widgets.theme import NAMES, ThemedApp

_LINGER = 60.0  # seconds for which a screen's kinds stay wanted after it was left: going back is instant
_TAB_SECTIONS = {"workloads": ("releases", "serving"), "nodes": ("nodes",)}
USAGE = 64


class TfdashApp(ThemedApp):
    """``board`` is started after the first frame; ``switch_to`` names the environment to start anew with."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", "quit", id="app.quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "suspend", id="app.suspend", show=False),
        Binding("m", "messages", "messages", id="app.messages", show=False),
    ]

    def __init__(self, board: Board, context: AppContext) -> None:
        super().__init__(theme=context.theme, ansi_color=context.theme == "ansi")
        self.board, self.context = board, context
        self.zone = ZoneInfo(context.zone)
        self.namespaces = context.namespaces
        self.switch_to = ""
        self.messages = Messages()
        self._pending: Update | None = None
        self._lock = threading.Lock()
        self._armed = False
        self._delivered = 0.0
        self.failure: BaseException | None = None
        self._started = False
        if context.keys:
            self.set_keymap(dict(context.keys))

    def run_in_terminal(self) -> int | None:
        """Run until quit; returns the exit code or None."""
        self.run(mouse=self.context.mouse)
        return self.return_code or None

    def now(self) -> float:
        return self.context.clock.now()

    # -- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self._loop_of_screen = asyncio.get_running_loop()
        self._own_context = contextvars.copy_context()  # timers made on behalf of the board need the app in theirs
        self._unsubscribe = self.board.subscribe(self._heard)
        if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
            self._loop_of_screen.add_signal_handler(signal.SIGTERM, self.exit)
        self.push_screen(self._root(self.context.start))
        self.call_after_refresh(self._first_frame)

    def _first_frame(self) -> None:
        """Only now what is heavy: the network, the watches, the validation."""
        if self._started:
            return
        self._started = True
        threading.Thread(target=self._start, daemon=True, name="tfdash-start").start()
        self.set_interval(1.0, self._tick)

    def _start(self) -> None:
        self.board.start()
        told = self.context.validate()
        if told:
            self.call_from_thread(self.exit, None, USAGE)

    def _handle_exception(self, error: Exception) -> None:
        """Textual would print frames with the values of variables, secrets among them; the composition reports it."""
        if self.failure is None:
            self.failure = error
            self.exit(return_code=3)

    def on_unmount(self) -> None:
        self._unsubscribe()

    # -- updates ------------------------------------------------------------------------------------------------

    def _heard(self, update: Update) -> None:
        """On the board's thread: keep it, and wake the screen at most so many times a second."""
        with self._lock:
            self._pending = update if self._pending is None else merged(self._pending, update)
            if self._armed:
                return
            self._armed = True
        try:
            self._loop_of_screen.call_soon_threadsafe(self._arm, context=self._own_context)
        except RuntimeError:  # the screen is closing
            return

    def _arm(self) -> None:
        wait = self._delivered + 1.0 / self.context.frames_per_second - time.monotonic()
        if wait > 0:
            self._loop_of_screen.call_later(wait, self._deliver, context=self._own_context)
        else:
            self._deliver()

    def _deliver(self) -> None:
        with self._lock:
            update, self._pending, self._armed = self._pending, None, False
        self._delivered = time.monotonic()
        top = self.top
        if update is None or top is None or not self.is_running:
            return
        with self.batch_update():
            top.take(update)
            top.refresh_bars()

    def _tick(self) -> None:
        top = self.top
        if top is not None:
            top.refresh_bars()
            tick: Callable[[], None] | None = getattr(top, "tick", None)
            if tick is not None:
                tick()

    @property
    def top(self) -> BoardScreen | None:
        """The board screen that is shown, also under a dialog."""
        for screen in reversed(self.screen_stack if self.is_running else []):
            if isinstance(screen, BoardScreen):
                return screen
        return None

    def shows(self, screen: BoardScreen) -> None:
        """A screen came on top: its kinds are wanted; those of the one before linger for a while."""
        owner = f"screen {id(screen)}"
        wants = screen.wants()
        if wants:
            self.board.want(owner, wants)
            self.set_timer(_LINGER, lambda: self._unwant(owner, screen))

    def _unwant(self, owner: str, screen: BoardScreen) -> None:
        if self.top is screen:
            self.set_timer(_LINGER, lambda: self._unwant(owner, screen))
        else:
            self.board.want(owner, {})

    # -- what frames every screen -------------------------------------------------------------------------------

    def header_state(self) -> HeaderState:
        c = self.context
        state = header(
            self.board.picture,
            c.environment,
            self.now(),
            self.zone,
            colour=c.colour,
            mode="READ-ONLY",
            demo=c.demo,
        )
        return state._replace(environment=c.word or state.environment)

    def tabs(self) -> list[Tab]:
        sections = {s.id: s for s in self.board.assessment.sections}
        found = []
        for digit, target, name in TABS:
            badges = []
            for id_ in _TAB_SECTIONS.get(target, tuple(sections) if target == "overview" else ()):
                section = sections.get(id_)
                if section is not None and section.level >= Level.UNKNOWN and section.sentence != "loading":
                    state = states.of_level(Level(section.level))
                    badges.append((-section.level, f"{state.glyph}{section.count or ''}", state.token))
            shown = tuple((text, token) for _, text, token in sorted(set(badges))[:2])
            found.append(Tab(target, name, digit, shown))
        return found

    def crumbs(self) -> list[str]:
        parts = [s.crumb for s in self.screen_stack if isinstance(s, BoardScreen) and s.crumb]
        if self.namespaces is not None and parts:
            parts.insert(1, ", ".join(self.namespaces))
        return parts

    # -- navigation ---------------------------------------------------------------------------------------------

    def _root(self, name: str) -> Screen[None]:
        """The first screen of a tab or a list by its name."""
        if name == "overview":
            from screens.overview import OverviewScreen

            return OverviewScreen()
        return self._list(commands.LISTS.get(name, name), Restriction(self.namespaces))

    def _list(self, view_id: str, restriction: Restriction) -> Screen[None]:
        view = VIEWS.get(view_id, VIEWS["workloads"])
        if not view.namespaced:
            restriction = restriction._replace(namespaces=None)
        if view.id == "workloads":
            from screens.workloads import WorkloadsScreen

            return WorkloadsScreen(view, restriction)
        from screens.listing import ListScreen

        return ListScreen(view, restriction)

    def go_root(self, screen: Screen[None]) -> None:
        """Leave everything and show ``screen`` alone."""
        while len(self.screen_stack) > 2:
            self.pop_screen()
        self.switch_screen(screen)

    def action_tab(self, target: str) -> None:
        self.go_root(self._root(target))

    def open_list(self, view_id: str, restriction: Restriction = EVERYTHING) -> None:
        self.push_screen(self._list(view_id, restriction))

    def open_inspect(self, subject: Subject, what: str) -> None:
        from screens.inspect import InspectScreen

        self.push_screen(InspectScreen(subject, what))

    def open_logs(self, subject: Subject, previous: bool) -> None:
        from screens.logs import LogScreen

        self.push_screen(LogScreen(subject, previous))

    def use_namespace(self, name: str) -> None:
        """Narrow every list to one namespace, or widen to all (``""``), and show the list that was left."""
        self.namespaces = (name,) if name else None
        below = [s for s in self.screen_stack if isinstance(s, BoardScreen)]
        view = getattr(below[-1], "view", None)
        target = "workloads" if view is None or view.id == "namespaces" else view.id
        self.go_root(self._list(target, Restriction(self.namespaces)))

    def back(self) -> None:
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def back_to(self, index: int) -> None:
        shift = 1 if self.namespaces is not None and index > 0 else 0
        while len(self.screen_stack) > 2 + max(0, index - shift):
            self.pop_screen()

    def command_names(self) -> list[str]:
        return commands.names(self.context.aliases)

    def command(self, text: str) -> str:
        """Do what was typed after ``:``; returns what is wrong with it, or ""."""
        if not text:
            return ""
        found = commands.meaning(text, self.context.aliases)
        if found is None:
            return f"no command {text.split()[0]!r}; ? lists them"
        target, argument = found
        match target:
            case "quit":
                self.exit()
            case "help":
                self.action_help()
            case "messages":
                self.action_messages()
            case "sources":
                self.action_sources()
            case "overview":
                self.action_tab("overview")
            case "theme":
                return self._use_theme(argument)
            case "environments":
                return self._use_environment(argument)
            case _:
                if argument:
                    self.namespaces = None if argument == "all" else (argument,)
                self.call_next(self.go_root, self._list(target, Restriction(self.namespaces)))
        return ""

    def _use_theme(self, name: str) -> str:
        if name not in NAMES:
            return f"themes: {', '.join(NAMES)}"
        self.theme = NAMES[name]
        return ""

    def _use_environment(self, name: str) -> str:
        names = self.context.environments
        if name not in names:
            return f"environments: {', '.join(names) or 'none is configured'}"
        self.switch_to = name
        self.exit()
        return ""

    # -- what is told -------------------------------------------------------------------------------------------

    def tell(self, text: str, level: str = "information") -> None:
        """A short notice; the messages panel keeps it."""
        self.messages.add(self.now(), level, text)
        self.notify(
            text, markup=False, timeout=4, severity="warning" if level == "warning" else "information"
        )

    def action_help(self) -> None:
        from screens.textual_pages import HelpScreen

        top = self.top
        if top is not None:
            self.push_screen(HelpScreen(top))

    def action_messages(self) -> None:
        from screens.textual_pages import MessagesScreen

        self.push_screen(MessagesScreen())

    def action_sources(self) -> None:
        from screens.textual_pages import SourcesScreen

        self.push_screen(SourcesScreen())
