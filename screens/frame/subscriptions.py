"""Which kinds the board keeps current for us: those of the shown screen, and for a while those of the ones left."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from textual.timer import Timer

if TYPE_CHECKING:
    from screens.app import TfdashApp
    from screens.frame.board_screen import BoardScreen

LINGER = 60.0  # seconds for which a screen's kinds stay wanted after it was left: going back is instant


class Subscriptions:
    """``show`` when a screen comes on top, ``leave`` when it goes."""

    def __init__(self, app: TfdashApp) -> None:
        self._app = app
        self._numbers = count(1)
        self._owners: WeakKeyDictionary[BoardScreen, str] = WeakKeyDictionary()
        self._timers: dict[str, Timer] = {}

    def _owner(self, screen: BoardScreen) -> str:
        owner = self._owners.get(screen)
        if owner is None:
            owner = self._owners[screen] = f"screen {next(self._numbers)}"
        return owner

    def show(self, screen: BoardScreen) -> None:
        owner = self._owner(screen)
        if (timer := self._timers.pop(owner, None)) is not None:
            timer.stop()
        wants = screen.wants()
        if wants:
            self._app.board.want(owner, wants)

    def leave(self, screen: BoardScreen) -> None:
        owner = self._owner(screen)
        if (timer := self._timers.pop(owner, None)) is not None:
            timer.stop()

        def end() -> None:
            self._timers.pop(owner, None)
            self._app.board.want(owner, {})

        self._timers[owner] = self._app.set_timer(LINGER, end)
