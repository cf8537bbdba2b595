"""The wall: an application of its own that looks on. It has no writer, no action, no palette and no mouse to be turned off."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Hashable, Sequence
from functools import partial
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from screens.frame.update_relay import UpdateRelay
from screens.wall.context import WallContext
from tfdash.anonymise.anonymiser import Anonymiser
from tfdash.model.kinds import JUDGED
from tfdash.model.update import Update
from tfdash.views.wall.content import WallContent, WallEnvironment, as_of, breaches_of, content, stands
from tfdash.views.wall.face import face
from tfdash.views.wall.lines import WallLook
from tfdash.views.wall.looks import Looks
from tfdash.views.wall.turns import Turns, WallPlace
from tfdash.views.wall.warnings import WallWarning
from widgets.textual_private import quick_escape_driver
from widgets.theme import ThemedApp
from widgets.wallface import WallFace
from widgets.workers import begin

_ANEW = 5.0  # seconds after which all is looked at again though no news came: ages and old data
_SILENT = 30.0  # seconds for which a board's loop may owe an answer before we are no longer called alive
_SHIFT = (
    3600.0  # seconds after which a turn stands a cell further to the side, so that no cell is lit for ever
)
_TYPED = 2048  # bytes in a second: answers of the terminal and a key that is held down, no paste
_IGNORED = ("SIGINT", "SIGQUIT", "SIGTSTP")


class WallScreen(Screen[None], inherit_bindings=False):
    """One widget, and no key of Textual's own."""

    def compose(self) -> ComposeResult:
        yield WallFace()


class WallApp(ThemedApp, inherit_bindings=False):
    ENABLE_COMMAND_PALETTE = False
    TITLE = "tfdash wall"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c,ctrl+q", "quit", "quit", show=False, priority=True)
    ]

    def __init__(self, context: WallContext) -> None:
        plain = context.theme == "ansi" or bool(os.environ.get("NO_COLOR"))
        super().__init__(theme=context.theme, ansi_color=plain, driver_class=quick_escape_driver(_TYPED))
        self.context = context
        self.zone = ZoneInfo(context.zone)
        self.failure: BaseException | None = None
        environments = range(len(context.watched))
        table = context.aliases
        self._names = [None if table is None else Anonymiser(table) for _ in context.watched]
        self.turns = Turns(
            [WallPlace(e, page) for e in environments for page in context.pages], context.rotate
        )
        self.looks = Looks()
        self._relays = [UpdateRelay(w.board, self._heard, 1) for w in context.watched]
        self._shown: WallContent | None = None
        self._news, self._looked = True, float("-inf")
        self._asked = [0.0] * len(context.watched)  # monotonic; 0: no answer is owed
        self._walked = 0.0  # since when aliases are put in on a thread; 0: none does
        self._shift = 0

    def run_in_terminal(self) -> int | None:
        """Run until it is ended; returns the exit code or None."""
        self.run(mouse=False)
        return self.return_code or None

    def get_default_screen(self) -> WallScreen:
        return WallScreen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.context.kiosk

    # -- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self.exit)
            if self.context.kiosk:
                for name in _IGNORED:  # not SIG_IGN: what we start would have it from us
                    loop.add_signal_handler(getattr(signal, name), _nothing)
        for relay in self._relays:
            relay.start()
        self.call_after_refresh(self._first_frame)

    def _first_frame(self) -> None:
        for watched in self.context.watched:
            watched.board.want("wall", dict.fromkeys(JUDGED, watched.scope))
            watched.board.start()
        self.set_interval(1.0, self.look)
        self.look()

    def on_unmount(self) -> None:
        for relay in self._relays:
            relay.stop()
        if self.context.watchdog is not None:
            self.context.watchdog.stopping()

    def on_resize(self) -> None:
        self.call_after_refresh(self._paint)

    def _handle_exception(self, error: Exception) -> None:
        """The composition reports it: Textual would print the values of variables."""
        if self.failure is None:
            self.failure = error
            self.exit()

    # -- looking ------------------------------------------------------------------------------------------------

    def _heard(self, update: Update) -> None:
        self._news = True

    def environments(self) -> list[WallEnvironment]:
        """As they may be shown. By aliases it takes a second where a name is new (10,000 pods), and one thread at a time may ask."""
        shown = []
        seen = [(w.board.picture, w.board.assessment) for w in self.context.watched]
        if self.context.aliases is not None:  # names of one environment may stand in the words of another
            with self.context.aliases.gathered():
                for names, one in zip(self._names, seen, strict=True):
                    if names is not None:
                        names.learn_of(*one)
        for w, names, (picture, assessment) in zip(self.context.watched, self._names, seen, strict=True):
            word = w.word
            if names is not None:
                picture, assessment = names.shown(picture, assessment)
                told = names.text(word)  # mostly the environment's name in capitals
                word = (told if told != word else names.table.alias(word, "environment")).upper()
            shown.append(WallEnvironment(word, w.colour, picture, assessment))
        return shown

    def look(self) -> None:
        """Once a second: whose turn it is, and the clock. All else only where something is new, or not looked at for a while."""
        at, now = self.context.monotonic(), self.context.clock.now()
        due = at - self._looked >= _ANEW or at - (self.turns.began or at) >= self.context.rotate
        if self._shown is not None:
            self._shown = self._shown._replace(as_of=as_of(self._shown.current_at, now, self.zone))
        if self._news or due or self._shown is None:
            self._begin_look(at)
        self._paint()
        self._live(at)

    def _begin_look(self, at: float) -> None:
        """By aliases on a thread: until it has done so, what was made before is shown with its age."""
        if self._walked:
            return
        self._news = False
        warnings = self.context.warnings()
        if self.context.aliases is None:
            self._look_at_all(self.environments(), warnings)
        else:
            self._walked = at
            begin(self, partial(self._walk, warnings), "aliases")

    async def _walk(self, warnings: Sequence[WallWarning]) -> None:
        try:
            self._look_at_all(*await asyncio.to_thread(lambda: (self.environments(), self._named(warnings))))
        except Exception as error:
            self._handle_exception(error)
        self._walked = 0.0  # not where it was cancelled: that thread may go on
        self._paint()

    def _look_at_all(self, environments: Sequence[WallEnvironment], warnings: Sequence[WallWarning]) -> None:
        at, now = self.context.monotonic(), self.context.clock.now()
        before = self.turns.shown
        settled = not any(e.loading for e in environments)
        leaving = stands(environments[before.environment], before, now)
        if self.turns.look(at, breaches_of(environments), settled):
            self.looks.leave(before, now, leaving)
            self._shift = int(now // _SHIFT) % 2
        place = self.turns.shown
        one = environments[place.environment]
        changed: frozenset[Hashable] = self.looks.changed(place, stands(one, place, now))
        self._shown = content(
            environments,
            place,
            now,
            self.zone,
            changed=changed,
            since=self.looks.since(place),
            taken=self.turns.taken,
            warnings=warnings,
            detailed=place.page == self.context.pages[0],
        )
        self._looked = at

    def _named(self, told: Sequence[WallWarning]) -> Sequence[WallWarning]:
        names = self._names[0]
        if names is None:
            return told
        foreign = names.table.foreign  # the server's words of rights name what no picture has
        return [
            w._replace(at=names.text(w.at), short=names.text(w.short), detail=foreign(w.detail)) for w in told
        ]

    def _paint(self) -> None:
        if self._shown is None or not self.is_running:
            return
        found = self.screen.query(WallFace)
        if found:
            width, height = self.size
            found.first().show(face(self._shown, WallLook(width, height, self.context.ascii, self._shift)))

    # -- alive --------------------------------------------------------------------------------------------------

    def _live(self, at: float) -> None:
        """This loop goes, as we are in it; the boards' do where they answer, and so does who puts in aliases."""
        for number, asked in enumerate(self._asked):
            if not asked:
                self._asked[number] = at
                begin(self, partial(self._ask, number), f"alive {number}")
        owed = (*self._asked, self._walked)
        if self.context.watchdog is not None and all(at - asked < _SILENT for asked in owed if asked):
            self.context.watchdog.beat()

    async def _ask(self, number: int) -> None:
        await self.context.watched[number].board.on_loop(asyncio.sleep(0))
        self._asked[number] = 0.0


def _nothing() -> None:
    """What a key of the kiosk does."""
