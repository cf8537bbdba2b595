"""Which kinds the board keeps current for us: those of the shown page, and for a while those of the ones left."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from textual.timer import Timer

from tfdash.board.board import Board
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects
from tfdash.sources.base import Scope

LINGER = 60.0  # seconds for which a page's kinds stay wanted after it was left: going back is instant


def _unreadable(seen: Observation[Objects] | None) -> bool:
    """What was asked for in vain is not worth waiting for: nobody comes back to rows, and it would stand in the header."""
    return seen is not None and seen.problem is not None and not seen.value


class Subscriber(Protocol):
    """A page that says which kinds it wants."""

    def wants(self) -> dict[str, Scope]: ...


class ScreenSubscriptions:
    """``show`` when a page comes on top, ``leave`` when it goes. ``later`` makes a timer of the screen's loop."""

    def __init__(self, board: Board, later: Callable[[float, Callable[[], None]], Timer]) -> None:
        self._board, self._later = board, later
        self._numbers = count(1)
        self._owners: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._timers: dict[str, Timer] = {}

    def _owner(self, page: Subscriber) -> str:
        owner = self._owners.get(page)
        if owner is None:
            owner = self._owners[page] = f"screen {next(self._numbers)}"
        return owner

    def show(self, page: Subscriber) -> None:
        owner = self._owner(page)
        if (timer := self._timers.pop(owner, None)) is not None:
            timer.stop()
        wants = page.wants()
        if wants:
            self._board.want(owner, wants)

    def leave(self, page: Subscriber) -> None:
        owner = self._owner(page)
        if (timer := self._timers.pop(owner, None)) is not None:
            timer.stop()

        left = self._board.picture.clusters.values()
        wants = page.wants()
        worth = {k: s for k, s in wants.items() if not any(_unreadable(c.kinds.get(k)) for c in left)}
        if len(worth) < len(wants):
            self._board.want(owner, worth)

        def end() -> None:
            self._timers.pop(owner, None)
            self._board.want(owner, {})

        self._timers[owner] = self._later(LINGER, end)
