"""The application: tabs as modes, navigation, commands, and the one subscription to the board. Small on purpose."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from textual.binding import Binding, BindingType

from screens import commands, registry
from screens.context import AppContext
from screens.frame.messages import Messages
from screens.frame.subscriptions import ScreenSubscriptions
from screens.frame.update_relay import UpdateRelay
from screens.navigation import Navigation
from tfdash.board.board import Board
from tfdash.model.action import Confirmation, Guarded
from tfdash.model.kinds import JUDGED
from tfdash.model.mode import ModeNow, Posture
from tfdash.model.store_state import Entry
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.sources.base import ALL, Scope
from tfdash.text import fault
from tfdash.views.header import HeaderState, header
from tfdash.views.pages import ScreenSpec
from tfdash.views.served_kinds import ServedKinds
from tfdash.views.tabs import Badge, badges
from widgets.commands import Command
from widgets.tabs import Tab
from widgets.textual_private import quick_escape_driver
from widgets.theme import NAMES, ThemedApp
from widgets.workers import begin

if TYPE_CHECKING:
    from screens.dialogs.action_run import ActionRun
    from screens.shell import ReplayControl
    from tfdash.changes.history import ChangeHistory

log = logging.getLogger(__name__)

USAGE, FAILED = 64, 3


class TfdashApp(Navigation, ThemedApp):
    """``board`` is started after the first frame; ``switch_to`` names the environment or the context to start anew with."""

    ENABLE_COMMAND_PALETTE = False
    # Each stands beside its screen, but is read with the application: a screen with a CSS_PATH of its own would have all
    # styles parsed anew, 30 ms, when it is first opened.
    CSS_PATH: ClassVar[Any] = sorted(Path(__file__).parent.rglob("*.tcss"))
    TITLE = "tfdash"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", "quit", id="app.quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "suspend", id="app.suspend", show=False),
        Binding("ctrl+l", "log_in", "log in", id="app.log_in", show=False),
    ]

    def __init__(self, board: Board, context: AppContext) -> None:
        gc.disable()  # until the first frame: nothing of what is made before it is garbage
        plain = context.ui.theme == "ansi" or bool(os.environ.get("NO_COLOR"))
        self.context = context
        self.DEFAULT_MODE = self.mode_of_start()  # type: ignore[misc]  # of each run, not of the class: Textual reads it in __init__
        super().__init__(theme=context.ui.theme, ansi_color=plain, driver_class=quick_escape_driver())
        self.board = board
        self.zone = ZoneInfo(context.zone)
        self.namespaces = context.namespaces
        self.kinds = ServedKinds(board)
        self.subscriptions = ScreenSubscriptions(board, self.set_timer)
        self.relay = UpdateRelay(board, self._deliver, context.ui.frames_per_second)
        self.messages = Messages()
        self.action_runs: list[ActionRun] = []  # what this terminal carried out, newest last
        self.change_history: ChangeHistory | None = None  # of the changes that pass by
        self.switch_to: tuple[str, str] = ("", "")  # (environment, context)
        self.elevate = False  # start anew, to act for a time
        self.failure: BaseException | None = None
        self.replay: ReplayControl | None = None  # where a recording is played
        self.trouble = ""  # why nothing can be done here, where that is a fault of the program's own
        self._started = self._asked_to_settle = False
        self.add_modes()
        if context.ui.keys:
            self.set_keymap(dict(context.ui.keys))

    def run_in_terminal(self) -> int | None:
        """Run until quit; returns the exit code or None."""
        self.run(mouse=self.context.ui.mouse)
        return self.return_code or None

    def now(self) -> float:
        return self.context.clock.now()

    def audit_entries(self) -> Sequence[Entry] | None:
        """The newest entries of the audit log, for what wants to know whether a change was ours; None: it is not read."""
        return self.context.entries() if self.context.entries is not None else None

    # -- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.relay.start()
        if self._first_page:
            self.open(self._first_page)
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
        from tfdash.changes.history import ChangeHistory  # nothing that the first frame needs

        self.change_history = ChangeHistory(self.now, self.board.picture)
        self.board.subscribe(self.change_history.follow)
        told = ""
        try:
            told = self.context.validate()
        except Exception as error:  # a terminal that cannot act must not look like one that only reads
            self.trouble = f"no action is offered: what acts could not be put together: {fault(error)}"
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
        for spec in registry.SPECS.values():  # what the next keys may need, while nobody waits for it
            if spec.opens:
                registry.page_class(spec)

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
        self.relay.stop()

    # -- updates ------------------------------------------------------------------------------------------------

    def _deliver(self, update: Update) -> None:
        top = self.top
        if top is None or not self.is_running or not top.is_mounted:
            return
        self.messages.follow(update, self.now())
        if not self._asked_to_settle:
            self._asked_to_settle = self._ask_to_settle(update)
        with self.batch_update():
            top.take(update)
            top.refresh_bars()

    def _tick(self) -> None:
        top = self.top
        if top is not None and top.is_mounted:
            top.refresh_bars()
            top.tick()

    # -- what frames every screen -------------------------------------------------------------------------------

    def header_state(self) -> HeaderState:
        c = self.context
        state = header(
            self.board.picture,
            c.environment,
            self.now(),
            self.zone,
            colour=c.colour,
            mode=c.actions.mode if c.actions is not None else ModeNow(),
            demo=c.demo,
            calendar=self.board.assessment.calendar,
            stale=self.board.assessment.stale,
        )
        return state._replace(environment=c.word or state.environment)

    def tabs(self) -> list[Tab]:
        said: dict[str, tuple[Badge, ...]] = badges(self.board.assessment)
        return [Tab(s.id, s.title, s.digit, said.get(s.id, ())) for s in registry.TABS if s.opens]

    def say_missing(self, spec: ScreenSpec) -> None:
        self.clear_notifications()  # one such notice at a time
        self.tell(f"{spec.digit} {spec.title}: tfdash has no page for this section of the playbook yet")

    # -- commands -----------------------------------------------------------------------------------------------

    def commands(self) -> list[Command]:
        return commands.commands(self)

    def do(self, command: str, argument: str = "") -> None:
        """Do what was chosen after ``:``, by the command's id."""
        commands.do(self, command, argument)

    async def find_kind(self, text: str) -> tuple[str, str] | str:
        return await commands.find_kind(self, text)

    def leave(self) -> None:
        self.exit()

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
        actions = self.context.actions
        if actions is not None and actions.mode.posture is not Posture.READ_ONLY:
            self.tell(f"{actions.mode.text.lower()} already")
        elif not self.context.may_elevate:
            self.tell("this terminal was started with --read-only: it never acts", "warning")
        else:
            begin(self, self._elevating, "elevate")

    async def _elevating(self) -> None:
        """Asked once, here; what is begun then asks nobody whether it may begin."""
        from screens.dialogs.ask import AskScreen

        told = "starts anew here, with a writer, for a time ([actions] elevation); each action still asks by itself"
        dialog = AskScreen(f"Act in {self.context.named}", [[told]], [("elevate", "Elevate")], reason=False)
        if await self.push_screen_wait(dialog) is not None:
            self.elevate = True
            self.exit()

    # -- actions under way --------------------------------------------------------------------------------------

    def carry_out(self, title: str, plans: Sequence[tuple[Guarded, Confirmation]]) -> None:
        """Begin what was confirmed, and show its progress in place of the dialog."""
        from screens.dialogs.action_run import ActionRun
        from screens.dialogs.progress import ProgressScreen

        run = ActionRun(self, title, plans)
        self.action_runs.append(run)
        del self.action_runs[:-20]
        self.switch_screen(ProgressScreen(run))
        run.start()

    def show_progress(self) -> None:
        """What was begun last, again."""
        if not self.action_runs:
            self.tell("nothing was begun on this terminal yet")
            return
        from screens.dialogs.progress import ProgressScreen

        self.push_screen(ProgressScreen(self.action_runs[-1]))

    def show_run_of(self, action: str, subject: Subject) -> bool:
        """That very action where it is under way on ``subject``; False where it is not."""
        going = next((r for r in reversed(self.action_runs) if not r.done and r.is_of(action, subject)), None)
        if going is None:
            return False
        from screens.dialogs.progress import ProgressScreen

        self.push_screen(ProgressScreen(going))
        return True

    def _ask_to_settle(self, update: Update) -> bool:
        """Intents of before without an outcome: show them, once. True when that was done."""
        left = update.picture.store_state.unsettled
        if (
            not left
            or len(self.screen_stack) > 1
            or self.context.actions is None
            or not self.context.actions.acts
        ):
            return False
        many = f"{len(left)} intents have" if len(left) > 1 else "1 intent has"
        self.tell(
            f"{many} no outcome: the program ended in between; settle them here (:unsettled)", "warning"
        )
        self.open("unsettled")
        return True

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


__all__ = ["TfdashApp"]
