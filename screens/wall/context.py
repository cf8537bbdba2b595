"""What the composition hands to the wall. No I/O here, and nothing that could act."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tfdash.anonymise.table import AliasTable
from tfdash.board.board import Board
from tfdash.clock import Clock
from tfdash.sources.base import ALL, Scope
from tfdash.views.wall.warnings import WallWarning
from tfdash.watchdog import Watchdog


@dataclass(frozen=True)
class WatchedEnvironment:
    """One environment on the wall, with a board of its own. ``word`` and ``colour`` are those of its block."""

    word: str
    colour: str
    board: Board
    scope: Scope = ALL


@dataclass(frozen=True)
class WallContext:
    """``pages`` in the order of their turns, ``rotate`` seconds each. ``kiosk``: no key does anything. ``ascii``: for a console whose font
    has no signs. ``warnings``: what of our own access and of what we write is to be told, asked for at each look; it never waits. ``aliases``: by
    which all is shown, where names are not to be read."""

    watched: Sequence[WatchedEnvironment]
    clock: Clock
    zone: str
    pages: Sequence[str]
    rotate: float
    theme: str = "dark"
    kiosk: bool = False
    ascii: bool = False
    watchdog: Watchdog | None = None
    aliases: AliasTable | None = None
    warnings: Callable[[], Sequence[WallWarning]] = lambda: ()
    monotonic: Callable[[], float] = time.monotonic  # seconds of a clock that never steps: turns go by it
